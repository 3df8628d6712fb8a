import { printValue } from '../formatter.ts';
import { sprint } from '../sprint.ts';
import { fn, type FunctionContext, type FunctionTable } from '../function-type.ts';
import { parseFloat64, parseInt64, wrapInt64 } from '../go-number.ts';
import { decodeBytes } from '../go-string.ts';
import { type Budget } from '../limits.ts';
import { stringOf } from '../stringer.ts';
import { GoError } from '../template-error.ts';
import { indirect } from '../value-type.ts';
import { GoPointer, GoScalar, GoSlice, int64, textSlice, type Value } from '../value.ts';

const minInt64 = -(2n ** 63n);

/** The bytes of a `[]uint8`. */
const bytesOfSlice = (slice: GoSlice): Uint8Array =>
  Uint8Array.from(slice.items, (item) => Number(item instanceof GoScalar ? item.value : 0));

/** Sprig's strval: text as it is, what has a String method by it, all else as `%v`. */
export function toText(value: Value, budget: Budget): string {
  if (typeof value === 'string') return value;
  if (value instanceof GoSlice && value.type.of.kind === 'uint8') return decodeBytes(bytesOfSlice(value));
  if (value instanceof GoPointer && value.target === undefined && value.type.to.kind === 'time') {
    throw new GoError('nil pointer has no text; guard it with {{ if }} or {{ with }}');
  }
  return stringOf(value, (inner) => printValue(inner, budget)) ?? printValue(value, budget);
}

/** What Sprig reads of a text number: `4.00` is 4. */
const trimZeroDecimal = (text: string): string => text.replace(/\.0+$/, '');

/** Go's conversion of a float; what does not fit becomes the smallest integer. */
function integerOfFloat(value: number): bigint {
  if (!Number.isFinite(value)) return minInt64;
  const integer = BigInt(Math.trunc(value));
  return integer >= minInt64 && integer < -minInt64 ? integer : minInt64;
}

const plainInteger = new Set(['int', 'int32', 'int64', 'uint8', 'uint64']);

function scalarInteger({ type, value }: GoScalar): bigint {
  const counted = type.name === undefined || type.name === 'time.Month' || type.name === 'time.Weekday';
  return counted && plainInteger.has(type.kind) && typeof value === 'bigint' ? wrapInt64(value) : 0n;
}

/** Sprig's conversion to an integer; what is none is 0. */
export function toInteger(given: Value): bigint {
  const value = indirect(given);
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return integerOfFloat(value);
  if (typeof value === 'string') return parseInt64(trimZeroDecimal(value), 0) ?? 0n;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  return value instanceof GoScalar ? scalarInteger(value) : 0n;
}

/** Sprig's conversion to a float; what is none is 0. */
export function toFloat(given: Value): number {
  const value = indirect(given);
  if (typeof value === 'number') return value;
  if (typeof value === 'string') return parseFloat64(value) ?? 0;
  return Number(toInteger(value));
}

/** Sprig's conversion to a list of texts; nil items are left out. */
export function toTexts(value: Value, budget: Budget): string[] {
  if (value instanceof GoSlice) {
    budget.spend(value.items.length);
    const isText = value.type.of.kind === 'string';
    const items = isText ? value.items : value.items.filter((item) => item !== undefined && item !== null);
    return items.map((item) => toText(item, budget));
  }
  return value === undefined || value === null ? [] : [toText(value, budget)];
}

/** Functions that make one type of another. */
export const conversions: FunctionTable = {
  toString: fn('any: string', (value: Value, { budget }: FunctionContext) => toText(value, budget)),
  toStrings: fn('any: textList', (value: Value, { budget }: FunctionContext) =>
    textSlice(toTexts(value, budget)),
  ),
  atoi: fn('string: int', (text: string) => parseInt64(text, 10, true) ?? 0n),
  int: fn('any: int', (value: Value) => toInteger(value)),
  int64: fn('any: int64', (value: Value) => int64(toInteger(value))),
  float64: fn('any: float64', (value: Value) => toFloat(value)),
  toDecimal: fn('any: int64', (value: Value, { budget }: FunctionContext) =>
    int64(parseInt64(sprint([value], budget), 8) ?? 0n),
  ),
};
