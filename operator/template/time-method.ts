import { coerce } from './coercion.ts';
import { type ParameterType } from './function-type.ts';
import { calendarOf, GoTime, timeFromCalendar, utc } from './go-time.ts';
import { formatDuration, hour, minute, second } from './go-duration.ts';
import { wrapInt64 } from './go-number.ts';
import { type NumberValue } from './nodes.ts';
import { GoError } from './template-error.ts';
import { formatTime, formatTimeText } from './time-layout.ts';
import { stringOf } from './stringer.ts';
import { GoScalar, goTypes, int64, type Value } from './value.ts';

/** An argument of a method: a value, or a number literal that becomes what the method asks for. */
export type CallArgument = Value | NumberLiteral;

/** A number as it stands in the template. */
export class NumberLiteral {
  readonly number: NumberValue;
  /** What it is where no type is asked for. */
  readonly plain: Value;

  constructor(number: NumberValue, plain: Value) {
    this.number = number;
    this.plain = plain;
  }
}

/** The arguments of a method; `onArgument` is told which one is looked at. */
export interface MethodCall {
  readonly values: readonly CallArgument[];
  readonly onArgument: (index: number) => void;
}

interface Method<Receiver> {
  readonly takes: readonly ParameterType[];
  readonly call: (receiver: Receiver, ...values: never[]) => Value;
}

const method = <Receiver>(call: Method<Receiver>['call'], ...takes: ParameterType[]): Method<Receiver> => ({
  takes,
  call,
});

const int = BigInt;
const nanosPerSecond = 1_000_000_000n;
const maxDuration = 2n ** 63n - 1n;

const nanosOf = (time: GoTime): bigint => BigInt(time.seconds) * nanosPerSecond + BigInt(time.nanos);

/** Moves a time by nanoseconds. */
export function addDuration(time: GoTime, nanoseconds: bigint): GoTime {
  const total = nanosOf(time) + nanoseconds;
  const rest = ((total % nanosPerSecond) + nanosPerSecond) % nanosPerSecond;
  return new GoTime(Number((total - rest) / nanosPerSecond), Number(rest), { zone: time.zone });
}

/** The duration between two times, held within Go's bounds. */
export function difference(left: GoTime, right: GoTime): bigint {
  const span = nanosOf(left) - nanosOf(right);
  if (span > maxDuration) return maxDuration;
  return span < -maxDuration - 1n ? -maxDuration - 1n : span;
}

const duration = (value: bigint): GoScalar => new GoScalar(goTypes.duration, value);

function addDate(time: GoTime, ...[years, months, days]: [bigint, bigint, bigint]): GoTime {
  const calendar = calendarOf(time);
  return timeFromCalendar(
    {
      ...calendar,
      year: calendar.year + Number(years),
      month: calendar.month + Number(months),
      day: calendar.day + Number(days),
    },
    time.nanos,
    time.zone,
  );
}

/** Cuts a time down to a multiple of a duration since the year 1. */
function truncateTime(time: GoTime, by: bigint): GoTime {
  if (by <= 0n) return time;
  const sinceYearOne = nanosOf(time) + 62_135_596_800n * nanosPerSecond;
  return addDuration(time, -(((sinceYearOne % by) + by) % by));
}

/** Rounds a time to a multiple of a duration, halves up. */
function roundTime(time: GoTime, by: bigint): GoTime {
  if (by <= 0n) return time;
  const down = truncateTime(time, by);
  const rest = difference(time, down);
  return addDuration(down, rest * 2n < by ? 0n : by);
}

const compareTimes = (left: GoTime, right: GoTime): number => {
  const span = nanosOf(left) - nanosOf(right);
  return span === 0n ? 0 : span < 0n ? -1 : 1;
};

const common: Readonly<Record<string, Method<GoTime>>> = {
  Unix: method((time) => int64(BigInt(time.seconds))),
  UnixMilli: method((time) => int64(BigInt(time.seconds) * 1000n + BigInt(Math.floor(time.nanos / 1e6)))),
  UnixMicro: method((time) =>
    int64(BigInt(time.seconds) * 1_000_000n + BigInt(Math.floor(time.nanos / 1e3))),
  ),
  UnixNano: method((time) => int64(wrapInt64(nanosOf(time)))),
  IsZero: method((time) => time.isZero),
  String: method((time) => formatTimeText(time)),
  Format: method((time, layout: string) => formatTime(time, layout), 'string'),
  UTC: method((time) => time.as({ zone: utc, name: 'time.Time' })),
  Local: method((time) => time.as({ zone: utc, name: 'time.Time' })),
  Year: method((time) => int(calendarOf(time).year)),
  Month: method((time) => new GoScalar(goTypes.month, int(calendarOf(time).month))),
  Day: method((time) => int(calendarOf(time).day)),
  Hour: method((time) => int(calendarOf(time).hour)),
  Minute: method((time) => int(calendarOf(time).minute)),
  Second: method((time) => int(calendarOf(time).second)),
  Nanosecond: method((time) => int(time.nanos)),
  Weekday: method((time) => new GoScalar(goTypes.weekday, int(calendarOf(time).weekday))),
  YearDay: method((time) => int(calendarOf(time).yearDay)),
  Add: method((time, by: bigint) => addDuration(time, by), 'duration'),
  AddDate: method(addDate, 'int', 'int', 'int'),
  Sub: method((time, other: GoTime) => duration(difference(time, other)), 'time'),
  After: method((time, other: GoTime) => compareTimes(time, other) > 0, 'time'),
  Compare: method((time, other: GoTime) => int(compareTimes(time, other)), 'time'),
  Truncate: method((time, by: bigint) => truncateTime(time, by), 'duration'),
  Round: method((time, by: bigint) => roundTime(time, by), 'duration'),
  GoString: method((time) => formatTimeText(time)),
};

const onlyTime: Readonly<Record<string, Method<GoTime>>> = {
  ...common,
  Before: method((time, other: GoTime) => compareTimes(time, other) < 0, 'time'),
  Equal: method((time, other: GoTime) => compareTimes(time, other) === 0, 'time'),
};

const onlyApiTime: Readonly<Record<string, Method<GoTime>>> = {
  ...common,
  Time: method((time) => time.as({ name: 'time.Time' })),
};

const floatOf = (value: bigint, unit: bigint): number =>
  Number(value / unit) + Number(value % unit) / Number(unit);

const durations: Readonly<Record<string, Method<bigint>>> = {
  Hours: method((value) => floatOf(value, hour)),
  Minutes: method((value) => floatOf(value, minute)),
  Seconds: method((value) => floatOf(value, second)),
  Milliseconds: method((value) => int64(value / 1_000_000n)),
  Microseconds: method((value) => int64(value / 1_000n)),
  Nanoseconds: method((value) => int64(value)),
  String: method((value) => formatDuration(value)),
  Abs: method((value) => duration(value < 0n ? -value : value)),
  Truncate: method((value, by: bigint) => duration(by <= 0n ? value : value - (value % by)), 'duration'),
};

function argument(value: CallArgument, type: ParameterType): Value {
  if (!(value instanceof NumberLiteral)) return coerce(value, type);
  if (type === 'int' || type === 'duration' || type === 'int64') {
    if (value.number.int === undefined)
      throw new GoError(`expected integer; found ${String(value.number.float)}`);
    return value.number.int;
  }
  return coerce(value.plain, type);
}

/** Tells whether a time, a duration, a month or a weekday has a method. */
export function hasTimeMethod(receiver: GoTime | GoScalar, name: string): boolean {
  if (receiver instanceof GoTime) return Object.hasOwn(timeTable(receiver), name);
  if (receiver.type.name === 'time.Duration') return Object.hasOwn(durations, name);
  return name === 'String' && stringOf(receiver, () => '') !== undefined;
}

/** Calls a method of a time, a duration, a month or a weekday; undefined when it has no such method. */
export function callTimeMethod(
  receiver: GoTime | GoScalar,
  name: string,
  values: MethodCall | undefined,
): { result: Value } | undefined {
  const table = receiver instanceof GoTime ? timeTable(receiver) : undefined;
  const found = table !== undefined && Object.hasOwn(table, name) ? table[name] : undefined;
  if (receiver instanceof GoTime && found !== undefined)
    return { result: apply(found, receiver, { name, values }) };
  return receiver instanceof GoScalar ? callScalarMethod(receiver, name, values) : undefined;
}

const timeTable = (time: GoTime): Readonly<Record<string, Method<GoTime>>> =>
  time.name === 'time.Time' ? onlyTime : onlyApiTime;

function callScalarMethod(
  receiver: GoScalar,
  name: string,
  values: MethodCall | undefined,
): { result: Value } | undefined {
  const text = stringOf(receiver, () => '');
  if (text === undefined || typeof receiver.value !== 'bigint') return undefined;
  if (receiver.type.name !== 'time.Duration') return name === 'String' ? { result: text } : undefined;
  const found = Object.hasOwn(durations, name) ? durations[name] : undefined;
  return found === undefined ? undefined : { result: apply(found, receiver.value, { name, values }) };
}

function apply<Receiver>(
  { takes, call }: Method<Receiver>,
  receiver: Receiver,
  { name, values: given }: { name: string; values: MethodCall | undefined },
): Value {
  const values = given?.values ?? [];
  if (values.length !== takes.length) {
    throw new GoError(`wrong number of args for ${name}: want ${takes.length} got ${values.length}`);
  }
  const ready = takes.map((type, index) => {
    given?.onArgument(index);
    return argument(values[index], type);
  });
  return call(receiver, ...(ready as never[]));
}
