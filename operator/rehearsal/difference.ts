import { isRecord } from '../event/json-value.ts';
import { compilePattern } from '../routing/pattern.ts';
import { joinPath } from '../schema/problem.ts';

/** A part that is not as it was expected. */
export interface Difference {
  readonly path: string;
  /** For people. */
  readonly expected: string;
  readonly got: string;
}

/**
 * Finds what of some expected parts is missing or different: of a map the named keys count, of a list all entries, of a
 * text all of it unless the expectation is a `/pattern/`; null expects nothing to be there.
 */
export function findDifferences(expected: unknown, got: unknown, path: string): Difference[] {
  if (expected === null) return got === null || got === undefined ? [] : [differ(path, 'nothing', got)];
  if (isRecord(expected)) {
    if (!isRecord(got)) return [differ(path, show(expected), got)];
    return Object.entries(expected).flatMap(([key, value]) =>
      findDifferences(value, Object.hasOwn(got, key) ? got[key] : undefined, joinPath(path, key)),
    );
  }
  if (Array.isArray(expected)) return compareLists(expected, got, path);
  if (typeof expected === 'string') return compareText(expected, got, path);
  return expected === got ? [] : [differ(path, show(expected), got)];
}

function compareLists(expected: readonly unknown[], got: unknown, path: string): Difference[] {
  if (!Array.isArray(got)) return [differ(path, show(expected), got)];
  if (got.length !== expected.length)
    return [differ(path, `${expected.length} entries: ${show(expected)}`, got)];
  return expected.flatMap((value, index) => findDifferences(value, got[index], joinPath(path, index)));
}

function compareText(expected: string, got: unknown, path: string): Difference[] {
  const [, pattern] = /^\/(.+)\/$/s.exec(expected) ?? [];
  if (pattern === undefined) return expected === got ? [] : [differ(path, show(expected), got)];
  const compiled = compilePattern(pattern);
  if ('problem' in compiled) return [differ(path, `${expected}, which ${compiled.problem}`, got)];
  const text = typeof got === 'string' ? got : JSON.stringify(got);
  return got !== undefined && compiled.matcher.test(text)
    ? []
    : [differ(path, `a match of ${expected}`, got)];
}

function differ(path: string, expected: string, got: unknown): Difference {
  return { path, expected, got: got === undefined ? 'nothing' : show(got) };
}

function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
}

const maxShown = 500;
