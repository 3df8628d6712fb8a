import { fn, type FunctionContext, type FunctionTable } from '../function-type.ts';
import { compareText } from '../go-string.ts';
import { type Budget } from '../limits.ts';
import { GoError } from '../template-error.ts';
import { isTrue, typeNameOf } from '../value-type.ts';
import { anyMap, anySlice, GoMap, GoPointer, GoStruct, textSlice, type Value } from '../value.ts';
import { GoTime } from '../go-time.ts';
import { toText } from './conversion.ts';

function dict(values: Value[], { budget }: FunctionContext): Value {
  const entries = new Map<string, Value>();
  for (let at = 0; at < values.length; at += 2) {
    entries.set(toText(values[at], budget), at + 1 < values.length ? values[at + 1] : '');
  }
  return anyMap(entries);
}

function set(map: GoMap, key: string, ...[value]: [Value, FunctionContext]): Value {
  if (map.isNil) throw new GoError('assignment to entry in nil map');
  map.entries.set(key, value);
  return map;
}

function unset(map: GoMap, key: string): Value {
  map.entries.delete(key);
  return map;
}

/** Go gives the keys of a map in any order; we give them sorted. */
const sortedKeys = (map: GoMap): string[] => [...map.entries.keys()].sort(compareText);

const keys = (maps: Value[], { budget }: FunctionContext): Value =>
  textSlice(
    maps.flatMap((map) => {
      const found = sortedKeys(map as GoMap);
      budget.spend(found.length);
      return found;
    }),
  );

const pick = (map: GoMap, names: string[]): Value =>
  anyMap(names.filter((name) => map.entries.has(name)).map((name) => [name, map.entries.get(name)] as const));

const omit = (map: GoMap, names: string[], { budget }: FunctionContext): Value => {
  budget.spend(map.entries.size);
  const omitted = new Set(names);
  return anyMap([...map.entries].filter(([name]) => !omitted.has(name)));
};

const pluck = (key: string, maps: Value[]): Value =>
  anySlice(maps.flatMap((map) => ((map as GoMap).entries.has(key) ? [(map as GoMap).entries.get(key)] : [])));

/** What mergo takes for empty: also pointers to it. */
const isBlank = (value: Value): boolean => {
  if (value instanceof GoPointer) return value.target === undefined || isBlank(value.target);
  if (value instanceof GoTime) return value.isZero;
  return !(value instanceof GoStruct) && !isTrue(value);
};

interface Merging {
  readonly overwrite: boolean;
  readonly budget: Budget;
}

/** Merges a map into another as mergo does: what is there stays, unless it is empty or `overwrite` says so. */
function mergeInto(
  target: GoMap,
  source: GoMap,
  { merging, depth }: { merging: Merging; depth: number },
): void {
  merging.budget.depth(depth);
  merging.budget.spend(source.entries.size + 1);
  for (const [key, value] of [...source.entries]) {
    const old = target.entries.get(key);
    if (value === null || value === undefined) {
      if (merging.overwrite) target.entries.set(key, value);
      continue;
    }
    mergeEntry(target, { key, old, value }, { merging, depth });
  }
}

function mergeEntry(
  target: GoMap,
  { key, old, value }: { key: string; old: Value; value: Value },
  { merging, depth }: { merging: Merging; depth: number },
): void {
  const bothMaps = value instanceof GoMap && old instanceof GoMap;
  if (bothMaps) mergeInto(old, value, { merging, depth: depth + 1 });
  const blank = !target.entries.has(key) || isBlank(old);
  if (blank || (merging.overwrite && !bothMaps)) target.entries.set(key, value);
}

const merger =
  (overwrite: boolean) =>
  (target: GoMap, sources: Value[], { budget }: FunctionContext): Value => {
    let result = target;
    for (const source of sources) {
      if (result.isNil && !(source as GoMap).isNil) result = anyMap([]);
      mergeInto(result, source as GoMap, { merging: { overwrite, budget }, depth: 0 });
    }
    return result;
  };

function dig(values: Value[]): Value {
  if (values.length < 3) throw new GoError('dig needs at least three arguments');
  let at = values.at(-1);
  for (const key of values.slice(0, -2)) {
    if (!(at instanceof GoMap) || typeNameOf(at) !== 'map[string]interface {}') {
      throw new GoError(
        `interface conversion: interface {} is ${typeNameOf(at)}, not map[string]interface {}`,
      );
    }
    if (typeof key !== 'string') {
      throw new GoError(`interface conversion: interface {} is ${typeNameOf(key)}, not string`);
    }
    if (!at.entries.has(key)) return values.at(-2);
    at = at.entries.get(key);
  }
  return at;
}

/** Sprig's dictionary functions. Labels are a `map[string]string`, which Go does not take for a dictionary. */
export const dicts: FunctionTable = {
  dict: fn('any...: map', dict),
  get: fn('map string: any', (map: GoMap, key: string) => (map.entries.has(key) ? map.entries.get(key) : '')),
  set: fn('map string any: map', set),
  unset: fn('map string: map', unset),
  hasKey: fn('map string: bool', (map: GoMap, key: string) => map.entries.has(key)),
  pluck: fn('string map...: list', pluck),
  keys: fn('map...: textList', keys),
  values: fn('map: list', (map: GoMap) => anySlice(sortedKeys(map).map((key) => map.entries.get(key)))),
  pick: fn('map string...: map', pick),
  omit: fn('map string...: map', omit),
  merge: fn('map map...: any', merger(false)),
  mustMerge: fn('map map...: any', merger(false)),
  mergeOverwrite: fn('map map...: any', merger(true)),
  mustMergeOverwrite: fn('map map...: any', merger(true)),
  dig: fn('any...: any', dig),
};
