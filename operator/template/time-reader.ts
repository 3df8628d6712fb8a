import { daysFromCivil, fixedZone, GoTime, timeFromCalendar, utc } from './go-time.ts';
import { GoError } from './template-error.ts';

/** What a text says about a time; -1 is nothing. */
export class TimeReader {
  readonly text: string;
  at = 0;
  year = 0;
  month = -1;
  day = -1;
  yearDay = -1;
  hour = 0;
  minute = 0;
  second = 0;
  nanos = 0;
  half: 'AM' | 'PM' | undefined;
  isUtc = false;
  offsetSeconds: number | undefined;
  zoneName = '';

  constructor(text: string) {
    this.text = text;
  }

  fail(what: string): never {
    throw new GoError(`parsing time ${JSON.stringify(this.text)}: ${what}`);
  }

  /** Takes what a sticky pattern finds at this place. */
  take(pattern: RegExp, what: string): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined)
      return this.fail(`cannot parse ${JSON.stringify(this.text.slice(this.at))} as ${what}`);
    this.at += found.length;
    return found;
  }

  number(pattern: RegExp, ...[what, low, high]: [string, number, number]): number {
    const value = Number(this.take(pattern, what));
    return value < low || value > high ? this.fail(`${what} out of range`) : value;
  }

  name(names: readonly string[], what: string): number {
    const rest = this.text.slice(this.at, this.at + 9).toLowerCase();
    const index = names.findIndex((name) => rest.startsWith(name.toLowerCase()));
    if (index < 0) return this.fail(`cannot parse ${JSON.stringify(this.text.slice(this.at))} as ${what}`);
    this.at += names[index]?.length ?? 0;
    return index;
  }

  skip(prefix: string): void {
    let rest = prefix;
    while (rest !== '') {
      const next = this.text.charAt(this.at);
      if (rest.startsWith(' ')) {
        if (next !== '' && next !== ' ') this.fail(`cannot find ${JSON.stringify(prefix)}`);
        rest = rest.replace(/^ +/, '');
        while (this.text.charAt(this.at) === ' ') this.at += 1;
        continue;
      }
      if (next !== rest.charAt(0)) this.fail(`cannot find ${JSON.stringify(prefix)}`);
      rest = rest.slice(1);
      this.at += 1;
    }
  }
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const daysIn = (year: number, month: number): number =>
  daysFromCivil(year, month + 1, 1) - daysFromCivil(year, month, 1);

/** Finds month and day of a day of the year. */
function dayOfYear(reader: TimeReader): readonly [number, number] {
  const { year, yearDay } = reader;
  if (yearDay < 1 || yearDay > (isLeap(year) ? 366 : 365)) reader.fail('day-of-year out of range');
  let [month, day] = [1, yearDay];
  for (; day > daysIn(year, month); month += 1) day -= daysIn(year, month);
  return [month, day];
}

/** Settles month and day, of which the text may say one, the other, or the day of the year. */
function settleDay(reader: TimeReader): readonly [number, number] {
  if (reader.yearDay < 0) return [Math.max(1, reader.month), reader.day < 0 ? 1 : reader.day];
  const [month, day] = dayOfYear(reader);
  if (reader.month >= 0 && reader.month !== month) reader.fail('day-of-year does not match month');
  if (reader.day >= 0 && reader.day !== day) reader.fail('day-of-year does not match day');
  return [month, day];
}

function settleHour({ hour, half }: TimeReader): number {
  if (half === 'PM' && hour < 12) return hour + 12;
  return half === 'AM' && hour === 12 ? 0 : hour;
}

/** Puts a time in the zone that its text names. */
function settleZone(time: GoTime, { isUtc, offsetSeconds, zoneName }: TimeReader): GoTime {
  if (isUtc) return time;
  if (offsetSeconds !== undefined) return withOffset(time, offsetSeconds, zoneName);
  if (zoneName === '' || zoneName === 'UTC') return time;
  const offset = /^GMT[+-]/.test(zoneName) ? Number(zoneName.slice(3)) * 3600 : 0;
  return time.as({ zone: fixedZone(offset, zoneName) });
}

function withOffset(time: GoTime, offsetSeconds: number, zoneName: string): GoTime {
  const isUtc = offsetSeconds === 0 && (zoneName === '' || zoneName === 'UTC');
  const zone = isUtc ? utc : fixedZone(offsetSeconds, zoneName);
  return new GoTime(time.seconds - offsetSeconds, time.nanos, { zone });
}

/** Makes a time of what was read. */
export function settleTime(reader: TimeReader): GoTime {
  const [month, day] = settleDay(reader);
  const { year, minute, second, nanos } = reader;
  if (day < 1 || day > daysIn(year, month)) reader.fail('day out of range');
  const time = timeFromCalendar({ year, month, day, hour: settleHour(reader), minute, second }, nanos, utc);
  return settleZone(time, reader);
}
