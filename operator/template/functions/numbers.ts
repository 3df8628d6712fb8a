import { fn, type FunctionContext, type FunctionTable } from '../function-type.ts';
import { wrapInt64 } from '../go-number.ts';
import { GoError } from '../template-error.ts';
import { GoSlice, goTypes, int64, type Value } from '../value.ts';
import { toFloat, toInteger } from './conversion.ts';
import {
  addDecimals,
  decimalOf,
  type DecimalNumber,
  divideDecimals,
  floatOf,
  multiplyDecimals,
  subtractDecimals,
} from './decimal.ts';

type Operation = (left: DecimalNumber, right: DecimalNumber) => DecimalNumber;

const fold = (first: number, rest: readonly Value[], operation: Operation): number =>
  floatOf(
    rest.reduce<DecimalNumber>((left, right) => operation(left, decimalOf(toFloat(right))), decimalOf(first)),
  );

const nonZero = (value: bigint): bigint => {
  if (value === 0n) throw new GoError('runtime error: integer divide by zero');
  return value;
};

const extreme = (
  first: Value,
  rest: readonly Value[],
  wins: (candidate: bigint, best: bigint) => boolean,
): Value =>
  int64(
    rest.reduce<bigint>((best, value) => {
      const candidate = toInteger(value);
      return wins(candidate, best) ? candidate : best;
    }, toInteger(first)),
  );

const isBigger = (candidate: bigint, best: bigint): boolean => candidate > best;
const max = (first: Value, rest: Value[]): Value => extreme(first, rest, isBigger);

function range(start: bigint, stop: bigint, ...[step, { budget }]: [bigint, FunctionContext]): bigint[] {
  const up = stop >= start;
  if (up ? step <= 0n : step >= 0n) return [];
  const count = up ? (stop - start + step - 1n) / step : (start - stop - step - 1n) / -step;
  budget.spend(Number(count));
  return Array.from({ length: Number(count) }, (_, index) => start + BigInt(index) * step);
}

const intSlice = (items: bigint[]): GoSlice => new GoSlice(goTypes.intSlice, items);

/** Where a sequence starts, how far it steps and where it ends, by the number of its parameters. */
function sequenceBounds([first = 0n, second = 0n, third = 0n, ...more]: bigint[], count: number): bigint[] {
  if (count === 0 || more.length > 0) return [];
  if (count === 3) return [first, second, third];
  const [start, end] = count === 1 ? [1n, first] : [first, second];
  return [start, end < start ? -1n : 1n, end];
}

function sequence(params: bigint[], context: FunctionContext): string {
  const [start, step = 0n, end = 0n] = sequenceBounds(params, params.length);
  if (start === undefined || (end < start && step > 0n)) return '';
  return range(start, end + (end < start ? -1n : 1n), step, context).join(' ');
}

function round(value: Value, places: bigint, options: number[]): number {
  const [roundOn = 0.5] = options;
  const power = 10 ** Number(places);
  const digit = power * toFloat(value);
  const fraction = digit - Math.trunc(digit);
  return (fraction >= roundOn ? Math.ceil(digit) : Math.floor(digit)) / power;
}

function randomInteger(min: bigint, max: bigint, { random }: FunctionContext): bigint {
  const span = wrapInt64(max - min);
  if (span <= 0n) throw new GoError('invalid argument to Intn; the second number must be the larger one');
  // 53 random bits at a time are enough: what a template picks from is small.
  return min + BigInt(Math.floor(random() * Number(span)));
}

/** Go's math.Max and math.Min treat NaN and zeros as JavaScript's do. */
const floats = (first: Value, rest: readonly Value[], pick: (...values: number[]) => number): number =>
  rest.reduce<number>((best, value) => pick(best, toFloat(value)), toFloat(first));

/** Sprig's arithmetic; whole numbers are int64 and wrap as Go's do. */
export const numbers: FunctionTable = {
  add1: fn('any: int64', (value: Value) => int64(wrapInt64(toInteger(value) + 1n))),
  add: fn('any...: int64', (values: Value[]) =>
    int64(values.reduce<bigint>((sum, value) => wrapInt64(sum + toInteger(value)), 0n)),
  ),
  sub: fn('any any: int64', (left: Value, right: Value) =>
    int64(wrapInt64(toInteger(left) - toInteger(right))),
  ),
  div: fn('any any: int64', (left: Value, right: Value) =>
    int64(wrapInt64(toInteger(left) / nonZero(toInteger(right)))),
  ),
  mod: fn('any any: int64', (left: Value, right: Value) =>
    int64(toInteger(left) % nonZero(toInteger(right))),
  ),
  mul: fn('any any...: int64', (first: Value, rest: Value[]) =>
    int64(rest.reduce<bigint>((product, value) => wrapInt64(product * toInteger(value)), toInteger(first))),
  ),
  randInt: fn('int int: int', randomInteger),
  add1f: fn('any: float64', (value: Value) => fold(toFloat(value), [1n], addDecimals)),
  addf: fn('any...: float64', (values: Value[]) => fold(0, values, addDecimals)),
  subf: fn('any any...: float64', (first: Value, rest: Value[]) =>
    fold(toFloat(first), rest, subtractDecimals),
  ),
  divf: fn('any any...: float64', (first: Value, rest: Value[]) =>
    fold(toFloat(first), rest, divideDecimals),
  ),
  mulf: fn('any any...: float64', (first: Value, rest: Value[]) =>
    fold(toFloat(first), rest, multiplyDecimals),
  ),
  biggest: fn('any any...: int64', max),
  max: fn('any any...: int64', max),
  min: fn('any any...: int64', (first: Value, rest: Value[]) =>
    extreme(first, rest, (candidate, best) => candidate < best),
  ),
  maxf: fn('any any...: float64', (first: Value, rest: Value[]) => floats(first, rest, Math.max)),
  minf: fn('any any...: float64', (first: Value, rest: Value[]) => floats(first, rest, Math.min)),
  ceil: fn('any: float64', (value: Value) => Math.ceil(toFloat(value))),
  floor: fn('any: float64', (value: Value) => Math.floor(toFloat(value))),
  round: fn('any int float64...: float64', round),
  until: fn('int: list', (count: bigint, context: FunctionContext) =>
    intSlice(range(0n, count, count < 0n ? -1n : 1n, context)),
  ),
  untilStep: fn('int int int: list', (start: bigint, stop: bigint, ...rest: [bigint, FunctionContext]) =>
    intSlice(range(start, stop, ...rest)),
  ),
  seq: fn('int...: string', sequence),
};
