import { fn, type FunctionContext, type FunctionTable, type GoFunction } from '../function-type.ts';
import { compareText } from '../go-string.ts';
import { GoError } from '../template-error.ts';
import { indirect, kindOf, unaddressed } from '../value-type.ts';
import { anySlice, GoSlice, goTypes, textSlice, type Value } from '../value.ts';
import { toInteger, toText, toTexts } from './conversion.ts';
import { deepEqual } from './deep.ts';
import { isEmpty } from './defaults.ts';

/** The items of a slice of any type; everything else is refused as Sprig does. */
function itemsOf(list: Value, action: string, { budget }: FunctionContext): Value[] {
  if (list === undefined || list === null) {
    throw new GoError('runtime error: invalid memory address or nil pointer dereference; the list is nil');
  }
  if (!(list instanceof GoSlice)) throw new GoError(`Cannot ${action} on type ${kindOf(list)}`);
  budget.spend(list.items.length);
  return list.type.of.kind === 'struct' ? list.items.map(unaddressed) : list.items;
}

const nilSlice = (): GoSlice => new GoSlice(goTypes.anySlice, [], true);

const push = (list: Value, value: Value, context: FunctionContext): Value =>
  anySlice([...itemsOf(list, 'push', context), value]);

const prepend = (list: Value, value: Value, context: FunctionContext): Value =>
  anySlice([value, ...itemsOf(list, 'prepend', context)]);

const first = (list: Value, context: FunctionContext): Value =>
  itemsOf(list, 'find first', context)[0] ?? null;
const last = (list: Value, context: FunctionContext): Value =>
  itemsOf(list, 'find last', context).at(-1) ?? null;

function rest(list: Value, context: FunctionContext): Value {
  const items = itemsOf(list, 'find rest', context);
  return items.length === 0 ? nilSlice() : anySlice(items.slice(1));
}

function initial(list: Value, context: FunctionContext): Value {
  const items = itemsOf(list, 'find initial', context);
  return items.length === 0 ? nilSlice() : anySlice(items.slice(0, -1));
}

const reverse = (list: Value, context: FunctionContext): Value =>
  anySlice([...itemsOf(list, 'find reverse', context)].reverse());

const compact = (list: Value, context: FunctionContext): Value =>
  anySlice(itemsOf(list, 'compact', context).filter((item) => !isEmpty(item)));

const holds = (items: readonly Value[], needle: Value, { budget }: FunctionContext): boolean =>
  items.some((item) => deepEqual(needle, item, budget));

function uniq(list: Value, context: FunctionContext): Value {
  const seen: Value[] = [];
  for (const item of itemsOf(list, 'find uniq', context)) {
    if (!holds(seen, item, context)) seen.push(item);
  }
  return anySlice(seen);
}

const without = (list: Value, omitted: Value[], context: FunctionContext): Value =>
  anySlice(itemsOf(list, 'find without', context).filter((item) => !holds(omitted, item, context)));

const has = (needle: Value, list: Value, context: FunctionContext): boolean =>
  list !== null && list !== undefined && holds(itemsOf(list, 'find has', context), needle, context);

function slice(list: Value, indices: Value[], context: FunctionContext): Value {
  const items = itemsOf(list, 'slice', context);
  if (items.length === 0) return null;
  const start = indices.length > 0 ? toInteger(indices[0]) : 0n;
  const end = indices.length > 1 ? toInteger(indices[1]) : BigInt(items.length);
  if (start < 0n || start > end || end > BigInt(items.length)) {
    throw new GoError(`reflect.Value.Slice: slice index out of bounds [${start}:${end}] of ${items.length}`);
  }
  return new GoSlice((list as GoSlice).type, items.slice(Number(start), Number(end)));
}

function concat(lists: Value[], context: FunctionContext): Value {
  const items = lists.flatMap((list) => itemsOf(list, 'concat', context));
  return items.length === 0 ? nilSlice() : anySlice(items);
}

/** What a size that is not positive gives by Go's arithmetic: nothing, all at once, or a panic. */
function oddChunks(items: Value[], size: number): Value[] {
  const count = Math.floor((items.length - 1) / size) + 1;
  if (size < 0 && count === 0) return [];
  if (count === 1 && items.length > 0 && items.length < -size) return [anySlice(items)];
  throw new GoError('runtime error: makeslice: len out of range; the size of a chunk must be positive');
}

function chunk(size: bigint, list: Value, context: FunctionContext): Value {
  const items = itemsOf(list, 'chunk', context);
  const length = Number(size);
  if (length <= 0) return new GoSlice(goTypes.sliceOfSlices, oddChunks(items, length));
  const chunks: Value[] = [];
  for (let at = 0; at < items.length; at += length) chunks.push(anySlice(items.slice(at, at + length)));
  return new GoSlice(goTypes.sliceOfSlices, chunks);
}

function sortAlpha(list: Value, { budget }: FunctionContext): Value {
  const target = indirect(list);
  if (!(target instanceof GoSlice)) return textSlice([toText(list, budget)]);
  const items = toTexts(target, budget);
  budget.spend(items.length * Math.ceil(Math.log2(items.length + 2)));
  return textSlice([...items].sort(compareText));
}

const list = fn('any...: list', (values: Value[]) => anySlice(values));

/** Each of these exists a second time as `mustX`; both fail alike inside a template. */
const withMust: Readonly<Record<string, GoFunction>> = {
  append: fn('any any: list', push),
  push: fn('any any: list', push),
  prepend: fn('any any: list', prepend),
  first: fn('any: any', first),
  last: fn('any: any', last),
  rest: fn('any: list', rest),
  initial: fn('any: list', initial),
  reverse: fn('any: list', reverse),
  compact: fn('any: list', compact),
  uniq: fn('any: list', uniq),
  without: fn('any any...: list', without),
  has: fn('any any: bool', has),
  slice: fn('any any...: any', slice),
  chunk: fn('int any: list', chunk),
};

const mustName = (name: string): string => `must${name.charAt(0).toUpperCase()}${name.slice(1)}`;

/** Sprig's list functions. */
export const lists: FunctionTable = {
  list,
  tuple: list,
  concat: fn('any...: any', concat),
  sortAlpha: fn('any: textList', sortAlpha),
  ...withMust,
  ...Object.fromEntries(Object.entries(withMust).map(([name, found]) => [mustName(name), found])),
};
