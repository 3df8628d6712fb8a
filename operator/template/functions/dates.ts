import { fn, type FunctionContext, type FunctionTable } from '../function-type.ts';
import { formatDuration, hour, minute, parseGoDuration, second } from '../go-duration.ts';
import { GoTime, timeFromDate, utc, zeroSeconds } from '../go-time.ts';
import { parseInt64, wrapInt64 } from '../go-number.ts';
import { GoError } from '../template-error.ts';
import { formatTime } from '../time-layout.ts';
import { addDuration, difference } from '../time-method.ts';
import { parseTime } from '../time-parse.ts';
import { GoScalar, type Value } from '../value.ts';
import { findZone } from '../zone.ts';

const seconds = (value: bigint): GoTime => new GoTime(Number(value), 0);

/** An integer of one of some Go types without a name of their own. */
function plainInteger(value: Value, kinds: readonly string[]): bigint | undefined {
  if (typeof value === 'bigint') return kinds.includes('int') ? value : undefined;
  if (!(value instanceof GoScalar) || value.type.name !== undefined) return undefined;
  return kinds.includes(value.type.kind) ? (value.value as bigint) : undefined;
}

/** What Sprig takes for a date; anything else, a Kubernetes time too, is now. */
function dateOf(value: Value, kinds: readonly string[], { now }: FunctionContext): GoTime {
  if (value instanceof GoTime && value.name === 'time.Time') return value;
  const epoch = plainInteger(value, kinds);
  return epoch === undefined ? timeFromDate(now()) : seconds(epoch);
}

function dateInZone(layout: string, date: Value, ...[zone, context]: [string, FunctionContext]): string {
  const time = dateOf(date, ['int', 'int32', 'int64'], context);
  context.budget.text(layout.length * 10);
  return formatTime(time.as({ zone: findZone(zone) ?? utc }), layout);
}

const dayLayout = '2006-01-02';

function modify(duration: string, time: GoTime): GoTime {
  const by = parseGoDuration(duration);
  if (by === undefined) throw new GoError(`time: invalid duration ${JSON.stringify(duration)}`);
  return addDuration(time, by);
}

function modifyOrKeep(duration: string, time: GoTime): GoTime {
  const by = parseGoDuration(duration);
  return by === undefined ? time : addDuration(time, by);
}

const roundToSecond = (value: bigint): bigint => {
  const rest = value % second;
  const size = rest < 0n ? -rest : rest;
  const down = value - rest;
  if (size + size < second) return down;
  return value < 0n ? down - second : down + second;
};

function ago(date: Value, context: FunctionContext): string {
  const time = dateOf(date, ['int', 'int64'], context);
  return formatDuration(roundToSecond(difference(timeFromDate(context.now()), time)));
}

function durationText(value: Value): string {
  const given =
    typeof value === 'string' ? (parseInt64(value, 10, true) ?? 0n) : plainInteger(value, ['int64']);
  return formatDuration(wrapInt64((given ?? 0n) * second));
}

function spanOf(value: Value, { now }: FunctionContext): bigint {
  if (typeof value === 'string') return parseGoDuration(value) ?? 0n;
  if (value instanceof GoTime && value.name === 'time.Time') return difference(timeFromDate(now()), value);
  return plainInteger(value, ['int64']) ?? 0n;
}

const spans = [
  [365n * 24n * hour, 'y'],
  [30n * 24n * hour, 'mo'],
  [24n * hour, 'd'],
  [hour, 'h'],
  [minute, 'm'],
  [second, 's'],
] as const;

function durationRound(value: Value, context: FunctionContext): string {
  const span = spanOf(value, context);
  const size = span < 0n ? -span : span;
  const found = spans.find(([unit]) => size > unit);
  return found === undefined ? '0s' : `${size / found[0]}${found[1]}`;
}

function toDate(layout: string, text: string): GoTime {
  try {
    return parseTime(layout, text);
  } catch (error) {
    if (error instanceof GoError) return new GoTime(zeroSeconds, 0);
    throw error;
  }
}

const inZone = fn('string any string: string', dateInZone);
const modifying = fn('string time: time', modifyOrKeep);
const mustModify = fn('string time: time', modify);

/** Sprig's date functions; the clock's own zone is UTC. */
export const dates: FunctionTable = {
  ago: fn('any: string', ago),
  date: fn('string any: string', (layout: string, date: Value, context: FunctionContext) =>
    dateInZone(layout, date, 'Local', context),
  ),
  dateInZone: inZone,
  date_in_zone: inZone,
  dateModify: modifying,
  date_modify: modifying,
  mustDateModify: mustModify,
  must_date_modify: mustModify,
  duration: fn('any: string', durationText),
  durationRound: fn('any: string', durationRound),
  htmlDate: fn('any: string', (date: Value, context: FunctionContext) =>
    dateInZone(dayLayout, date, 'Local', context),
  ),
  htmlDateInZone: fn('any string: string', (date: Value, zone: string, context: FunctionContext) =>
    dateInZone(dayLayout, date, zone, context),
  ),
  now: fn(': time', ({ now }: FunctionContext) => timeFromDate(now())),
  toDate: fn('string string: time', toDate),
  mustToDate: fn('string string: time', parseTime),
  unixEpoch: fn('time: string', (time: GoTime) => String(time.seconds)),
};
