/** A zone: its name, and its offset and abbreviation at a moment. */
export interface Zone {
  readonly name: string;
  at(seconds: number): { readonly offsetSeconds: number; readonly abbreviation: string };
}

/** UTC. */
export const utc: Zone = { name: 'UTC', at: () => ({ offsetSeconds: 0, abbreviation: 'UTC' }) };

/** Seconds from 1970 of Go's zero time, January 1 of the year 1. */
export const zeroSeconds = -62_135_596_800;

/** A moment with nanoseconds, seen in a zone; `name` is its Go type. */
export class GoTime {
  readonly name: 'time.Time' | 'v1.Time' | 'v1.MicroTime';
  /** Seconds from 1970. */
  readonly seconds: number;
  readonly nanos: number;
  readonly zone: Zone;

  constructor(seconds: number, nanos: number, more: { zone?: Zone; name?: GoTime['name'] } = {}) {
    this.seconds = seconds;
    this.nanos = nanos;
    this.zone = more.zone ?? utc;
    this.name = more.name ?? 'time.Time';
  }

  get isZero(): boolean {
    return this.seconds === zeroSeconds && this.nanos === 0;
  }

  /** The same moment as another Go type, or in another zone. */
  as(change: { zone?: Zone; name?: GoTime['name'] }): GoTime {
    return new GoTime(this.seconds, this.nanos, { zone: this.zone, name: this.name, ...change });
  }
}

/** A moment's calendar fields in its zone. */
export interface Calendar {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  /** 1 is January 1. */
  readonly yearDay: number;
  readonly offsetSeconds: number;
  readonly abbreviation: string;
}

const secondsPerDay = 86_400;
const mod = (value: number, by: number): number => ((value % by) + by) % by;

/** Counts days from 1970-01-01; months and days outside their range carry over. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const carried = year + Math.floor((month - 1) / 12);
  const inYear = mod(month - 1, 12) + 1;
  const y = inYear <= 2 ? carried - 1 : carried;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (inYear + (inYear > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

function civilFromDays(days: number): readonly [number, number, number] {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return [year, month, dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1];
}

/** Reads a moment's calendar fields in its own zone. */
export function calendarOf(time: GoTime): Calendar {
  const { offsetSeconds, abbreviation } = time.zone.at(time.seconds);
  const local = time.seconds + offsetSeconds;
  const days = Math.floor(local / secondsPerDay);
  const rest = local - days * secondsPerDay;
  const [year, month, day] = civilFromDays(days);
  return {
    year,
    month,
    day,
    hour: Math.floor(rest / 3600),
    minute: Math.floor((rest % 3600) / 60),
    second: rest % 60,
    weekday: mod(days + 4, 7),
    yearDay: days - daysFromCivil(year, 1, 1) + 1,
    offsetSeconds,
    abbreviation,
  };
}

/** Makes a moment of calendar fields in a zone; fields outside their range carry over, as time.Date does. */
export function timeFromCalendar(
  fields: Pick<Calendar, 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second'>,
  nanos: number,
  zone: Zone,
): GoTime {
  const days = daysFromCivil(fields.year, fields.month, fields.day);
  const local = days * secondsPerDay + fields.hour * 3600 + fields.minute * 60 + fields.second;
  // The offset depends on the moment that is looked for: guess, then correct once, as Go does.
  const guess = zone.at(local).offsetSeconds;
  const corrected = zone.at(local - guess).offsetSeconds;
  return new GoTime(local - corrected, nanos, { zone });
}

/** Makes the moment of a JavaScript date. */
export function timeFromDate(date: Date): GoTime {
  const ms = date.getTime();
  const seconds = Math.floor(ms / 1000);
  return new GoTime(seconds, (ms - seconds * 1000) * 1_000_000);
}

/** Makes a zone of one offset. */
export const fixedZone = (offsetSeconds: number, name = ''): Zone => ({
  name,
  at: () => ({ offsetSeconds, abbreviation: name }),
});

const rfc3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** Reads an RFC 3339 time of the API server into UTC, as Kubernetes clients do; anything else is the zero time. */
export function parseApiTime(text: unknown, name: GoTime['name']): GoTime {
  const match = typeof text === 'string' ? rfc3339.exec(text) : null;
  if (match === null) return new GoTime(zeroSeconds, 0, { name });
  const [, year, month, day, hour, minute, second, fraction = '', sign, zoneHours, zoneMinutes] = match;
  const days = daysFromCivil(Number(year), Number(month), Number(day));
  const offset = (Number(zoneHours ?? 0) * 3600 + Number(zoneMinutes ?? 0) * 60) * (sign === '-' ? -1 : 1);
  const seconds = days * secondsPerDay + Number(hour) * 3600 + Number(minute) * 60 + Number(second) - offset;
  return new GoTime(seconds, Number(fraction.padEnd(9, '0')), { name });
}
