/** When a template failed: it does not read, it can never work, or it failed on this event. */
export type TemplateStage = 'parse' | 'compile' | 'execute';

/** Where in its source a template is wrong: line from 1, column in bytes as Go counts them (from 0). */
export interface TemplatePlace {
  readonly line: number;
  readonly column: number;
}

/** Says what is wrong with a template and where. */
export class TemplateError extends Error {
  readonly stage: TemplateStage;
  readonly line: number;
  readonly column: number;
  /** The message without the place. */
  readonly detail: string;

  constructor(detail: string, where: TemplatePlace & { stage: TemplateStage; cause?: unknown }) {
    super(
      `template line ${where.line}, column ${where.column}: ${detail}`,
      where.cause === undefined ? undefined : { cause: where.cause },
    );
    this.name = 'TemplateError';
    this.stage = where.stage;
    this.line = where.line;
    this.column = where.column;
    this.detail = detail;
  }
}

/** What a function or an operation of a template refuses with; the engine adds the place and makes a TemplateError. */
export class GoError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'GoError';
  }
}

/** A limit of the rendering was reached; no function of a template may hide that. */
export class LimitError extends GoError {
  constructor(message: string) {
    super(message);
    this.name = 'LimitError';
  }
}

/** Finds line and column of an offset (in UTF-16 units) of a template's source. */
export function placeOf(source: string, offset: number): TemplatePlace {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  let line = 1;
  for (let at = before.indexOf('\n'); at >= 0; at = before.indexOf('\n', at + 1)) line += 1;
  return { line, column: Buffer.byteLength(before.slice(lineStart)) };
}
