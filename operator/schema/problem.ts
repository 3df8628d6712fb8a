import { type Reason } from './reasons.ts';

/** One thing that is wrong with what a user wrote. */
export interface Problem {
  /** Where, as the user wrote it: `spec.routes[0].drop[1].reason`. */
  readonly path: string;
  /** What is wrong and what to do: lower-case start, no period, never a secret. */
  readonly message: string;
  /** The reason that a condition gives for it. @default InvalidSpec */
  readonly reason?: Reason;
}

/** Joins a path and a key as a user would write it: `spec.sink` + `slack`, `spec.match` + 0, `labels` + `a.b/c`. */
export function joinPath(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (!/^[A-Za-z_][\w-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

/** Writes problems as one text, for a condition's message or a terminal; at most `limit` of them are spelt out. */
export function describeProblems(problems: readonly Problem[], limit = 5): string {
  const told = problems
    .slice(0, limit)
    .map(({ path, message }) => (path === '' ? message : `${path} ${message}`));
  const rest = problems.length - told.length;
  return rest > 0 ? `${told.join('; ')}; and ${rest} more` : told.join('; ');
}
