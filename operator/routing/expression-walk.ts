import { Failure, type Evaluate, exhausted, isMap, type Scope, spend } from './expression-value.ts';

/** A comprehension that is ready to run. */
export interface Comprehension {
  readonly range: Evaluate;
  /** Where the current item stands among the scope's variables. */
  readonly slot: number;
  readonly step: Evaluate;
  readonly transform?: Evaluate;
}

const notBoolean = new Failure('a condition gives no boolean');

function itemsOf(scope: Scope, range: Evaluate): readonly unknown[] | Failure {
  const value = range(scope);
  if (value instanceof Failure) return value;
  if (Array.isArray(value)) return value as readonly unknown[];
  if (isMap(value)) return spend(scope, 4) ? Object.keys(value) : exhausted;
  return new Failure('only lists and maps can be walked through');
}

function judge(scope: Scope, { slot, step }: Comprehension, item: unknown): boolean | Failure {
  if (!spend(scope, 1)) return exhausted;
  scope.slots[slot] = item;
  const verdict = step(scope);
  if (typeof verdict === 'boolean' || verdict instanceof Failure) return verdict;
  return notBoolean;
}

/** Makes `exists` (`decisive` is true) or `all` (false): one decisive item outweighs failures of others, as in CEL. */
export function quantify(comprehension: Comprehension, decisive: boolean): Evaluate {
  return (scope) => {
    const items = itemsOf(scope, comprehension.range);
    if (items instanceof Failure) return items;
    let failure: Failure | undefined;
    for (const item of items) {
      const verdict = judge(scope, comprehension, item);
      if (verdict === exhausted || verdict === decisive) return verdict;
      if (verdict instanceof Failure) failure ??= verdict;
    }
    return failure ?? !decisive;
  };
}

/** Makes `exists_one`. */
export function existsOne(comprehension: Comprehension): Evaluate {
  const filter = select(comprehension);
  return (scope) => {
    const kept = filter(scope);
    return Array.isArray(kept) ? kept.length === 1 : kept;
  };
}

/** Makes `filter`, and `map` with a condition when there is a transform. */
export function select(comprehension: Comprehension): Evaluate {
  return (scope) => {
    const items = itemsOf(scope, comprehension.range);
    if (items instanceof Failure) return items;
    const kept: unknown[] = [];
    for (const item of items) {
      const verdict = judge(scope, comprehension, item);
      if (verdict instanceof Failure) return verdict;
      if (!verdict) continue;
      const value = comprehension.transform === undefined ? item : comprehension.transform(scope);
      if (value instanceof Failure) return value;
      kept.push(value);
    }
    return kept;
  };
}
