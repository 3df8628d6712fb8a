/** Why a part of an expression has no value. A value itself, not thrown: absent fields are everyday, and must stay cheap. */
export class Failure {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** The one failure that `&&`, `||`, `exists` and `all` do not absorb: the expression worked for too long. */
export const exhausted = new Failure('the expression took too much work for this event');

/** A length of time within an expression. */
export class Span {
  readonly ms: number;

  constructor(ms: number) {
    this.ms = ms;
  }
}

/** What one evaluation works with. */
export interface Scope {
  event: unknown;
  /** The variables of comprehensions that are being walked. */
  readonly slots: unknown[];
  /** Work that is left, in units of about 50 ns. */
  left: number;
}

/** A compiled part of an expression; it answers a value or a `Failure`. */
export type Evaluate = (scope: Scope) => unknown;

/** Takes work off what is left; false when nothing is left. */
export function spend(scope: Scope, units: number): boolean {
  scope.left -= units;
  return scope.left >= 0;
}

/** What reading or comparing a text costs. */
export function textCost(text: string): number {
  return 1 + (text.length >> 6);
}

/** Tells a map (an object of the document) from lists, times and null. */
export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Date) &&
    !(value instanceof Span)
  );
}

/** Reads a key of a map as an expression may: own keys only, and null counts as absent. */
export function readKey(map: unknown, key: string): unknown {
  if (!isMap(map) || !Object.hasOwn(map, key)) return undefined;
  return map[key] ?? undefined;
}

/** Names the type of a value for messages. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'list';
  if (value instanceof Date) return 'timestamp';
  if (value instanceof Span) return 'duration';
  if (typeof value === 'number') return 'int';
  return typeof value === 'object' ? 'map' : typeof value;
}

/** Compares two values as CEL does, lists and maps by their members. */
export function isEqual(scope: Scope, left: unknown, right: unknown): boolean | Failure {
  if (!spend(scope, typeof left === 'string' ? textCost(left) : 1)) return exhausted;
  if (Array.isArray(left) && Array.isArray(right)) return equalLists(scope, left, right);
  if (isMap(left) && isMap(right)) return equalMaps(scope, left, right);
  const [first, second] = [comparable(left), comparable(right)];
  return first === second && typeName(left) === typeName(right);
}

function equalLists(scope: Scope, left: readonly unknown[], right: readonly unknown[]): boolean | Failure {
  if (left.length !== right.length) return false;
  for (const [index, item] of left.entries()) {
    const same = isEqual(scope, item, right[index]);
    if (same !== true) return same;
  }
  return true;
}

function equalMaps(
  scope: Scope,
  left: Readonly<Record<string, unknown>>,
  right: Readonly<Record<string, unknown>>,
): boolean | Failure {
  const keys = Object.keys(left);
  if (!spend(scope, keys.length)) return exhausted;
  if (keys.length !== Object.keys(right).length) return false;
  for (const key of keys) {
    if (!Object.hasOwn(right, key)) return false;
    const same = isEqual(scope, left[key], right[key]);
    if (same !== true) return same;
  }
  return true;
}

/** What stands for a value in a comparison: milliseconds for times. */
export function comparable(value: unknown): unknown {
  if (value instanceof Date) return value.getTime();
  return value instanceof Span ? value.ms : value;
}

/** Evaluates parts one after another; the first failure is the answer. */
export function evaluateAll(scope: Scope, parts: readonly Evaluate[]): unknown[] | Failure {
  const values: unknown[] = [];
  for (const part of parts) {
    const value = part(scope);
    if (value instanceof Failure) return value;
    values.push(value);
  }
  return values;
}
