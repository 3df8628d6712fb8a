import { joinPath } from '../schema/problem.ts';
import { refused } from '../template/functions/refused.ts';

/** A template that calls what templates may not call here. */
export interface RefusedCall {
  readonly path: string;
  readonly name: string;
}

const action = /\{\{([^{}]*)\}\}/g;
// what stands in quotes calls nothing
const quoted = /"(?:[^"\\]|\\.)*"|`[^`]*`/g;
const names: ReadonlySet<string> = new Set(Object.keys(refused).filter((name) => name !== 'fail'));

/** Finds the templates in a value that call functions which the exporter has and which end with an error here. */
export function findRefusedCalls(value: unknown, path = ''): RefusedCall[] {
  if (typeof value === 'string') return callsIn(value).map((name) => ({ path, name }));
  if (Array.isArray(value))
    return value.flatMap((item, index) => findRefusedCalls(item, joinPath(path, index)));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => findRefusedCalls(inner, joinPath(path, key)));
}

function callsIn(text: string): string[] {
  const words = [...text.matchAll(action)].flatMap(
    ([, inside = '']) => inside.replaceAll(quoted, ' ').match(/(?<![.$\w])[A-Za-z]\w*/g) ?? [],
  );
  return [...new Set(words)].filter((word) => names.has(word));
}
