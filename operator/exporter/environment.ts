import { type Findings } from './finding.ts';

/** A text in which variables were replaced, and where its parts stood before. */
export interface ExpandedText {
  readonly text: string;
  /** The line, from 1, at which a place of the expanded text stood in the original. */
  lineAt(offset: number): number;
}

/** What variables are replaced with. */
export interface ExpandOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Variables that are not set stay, in a form that `withPlaceholders` writes out, instead of becoming empty. */
  readonly keepsUnset: boolean;
  readonly findings: Findings;
}

// Private-use characters are plain text to YAML wherever they stand, which ${ } is not.
const [markStart, markEnd] = ['\u{E000}', '\u{E001}'];

/** Writes the variables that were kept as the user wrote them. */
export function withPlaceholders(text: string): string {
  return text.includes(markStart) ? text.replaceAll(markStart, '').replaceAll(markEnd, '') : text;
}

/** Tells whether a text holds a variable that was kept. */
export function hasPlaceholder(text: string): boolean {
  return text.includes(markStart);
}

/** Go's os.Expand: a name in braces, one special character or digit, or as many letters, digits and underscores as follow. */
const variable = /\$(?:\{([*#$@!?\-0-9])\}|\{([^}]*)\}|(\{)|([*#$@!?\-0-9])|([A-Za-z0-9_]+))/g;

interface Piece extends Start {
  /** Where it begins in the original. */
  readonly from: number;
  /** It came from the environment, so all of it stands where the variable stood. */
  readonly isValue: boolean;
}

/**
 * Replaces `$NAME` and `${NAME}` in the whole text, as the exporter does before it reads the YAML (os.ExpandEnv): what is
 * not set becomes empty, there is no escape, and a `$` before anything that is no name stays.
 */
export function expandEnvironment(original: string, options: ExpandOptions): ExpandedText {
  const lines = lineStarts(original);
  const pieces: Piece[] = [{ at: 0, from: 0, isValue: false }];
  let text = '';
  let done = 0;
  for (const match of original.matchAll(variable)) {
    const [written] = match;
    const value = valueOf(match, { ...options, line: lineOf(lines, match.index), original });
    text += original.slice(done, match.index);
    pieces.push({ at: text.length, from: match.index, isValue: true });
    text += value;
    done = match.index + written.length;
    pieces.push({ at: text.length, from: done, isValue: false });
  }
  text += original.slice(done);
  return {
    text,
    lineAt(offset) {
      const { at, from, isValue } = pieces[lastAtMost(pieces, offset)] ?? { at: 0, from: 0, isValue: false };
      return lineOf(lines, isValue ? from : from + offset - at);
    },
  };
}

interface VariablePlace extends ExpandOptions {
  readonly line: number;
  readonly original: string;
}

function valueOf(match: RegExpExecArray, place: VariablePlace): string {
  const [written, special, braced, , digit, plain] = match;
  const { environment, keepsUnset, findings, line } = place;
  const name = special ?? braced ?? digit ?? plain ?? '';
  const value = environment[name];
  if (value !== undefined) return value;
  const isName = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
  if (isInComment(match.index, place.original)) return '';
  if (!isName) {
    findings.add(
      'warning',
      { line, path: '' },
      `${JSON.stringify(written)} reads as a variable of the environment and is removed, as the exporter does; ` +
        'there is no way to write such a $ in this file',
    );
    return '';
  }
  if (keepsUnset) {
    findings.add(
      'warning',
      { line, path: '' },
      `the environment variable ${name} is not set here, so ${written} stays in what is written: replace it by the ` +
        'value that the exporter gets, or convert again with the variable set',
    );
    return `${markStart}${written}${markEnd}`;
  }
  findings.add(
    'warning',
    { line, path: '' },
    `the environment variable ${name} is not set, so ${written} becomes empty, as in the exporter: set it` +
      (written === `$${name}` ? ', or if it is a variable of a template, write it in an EventReceiver' : ''),
  );
  return '';
}

function isInComment(at: number, text: string): boolean {
  const lineStart = text.lastIndexOf('\n', at - 1) + 1;
  return text.slice(lineStart, at).trimStart().startsWith('#');
}

interface Start {
  /** Where it begins. */
  readonly at: number;
}

function lineStarts(text: string): Start[] {
  const starts = [{ at: 0 }];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push({ at: at + 1 });
  return starts;
}

function lineOf(starts: readonly Start[], offset: number): number {
  return lastAtMost(starts, offset) + 1;
}

/** Finds, in pieces sorted by `at`, the last that begins at or before an offset. */
function lastAtMost(pieces: readonly Start[], offset: number): number {
  let [low, high] = [0, pieces.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((pieces[middle]?.at ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
