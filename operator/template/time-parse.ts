import { daysFromCivil, fixedZone, GoTime, timeFromCalendar, utc } from './go-time.ts';
import { GoError } from './template-error.ts';
import { layoutElements, monthNames, weekdayNames } from './time-layout.ts';

/** What a text says about a time; -1 is nothing. */
class TimeReader {
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

  /** Takes what a pattern finds at this place. */
  take(pattern: RegExp, what: string): string {
    const sticky = new RegExp(pattern.source, 'y');
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.text)?.[0];
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

const twoDigits = /[0-9]{2}/;
const oneOrTwo = /[0-9]{1,2}/;
const short = (names: readonly string[]): string[] => names.map((name) => name.slice(0, 3));

type Read = (reader: TimeReader, element: string, next: string | undefined) => void;

const readYear: Read = (reader) => {
  const year = Number(reader.take(twoDigits, 'year'));
  reader.year = year >= 69 ? 1900 + year : 2000 + year;
};

function readFraction(reader: TimeReader, digits: string): void {
  reader.nanos = Number(digits.slice(0, 9).padEnd(9, '0'));
}

const readSecond: Read = (reader, element, next) => {
  reader.second = reader.number(element === '05' ? twoDigits : oneOrTwo, 'second', 0, 59);
  if (/^[.,]/.test(next ?? '')) return;
  // Go takes a fraction that the layout does not name.
  const fraction = /[.,]([0-9]+)/y;
  fraction.lastIndex = reader.at;
  const match = fraction.exec(reader.text);
  if (match === null) return;
  reader.at += match[0].length;
  readFraction(reader, match[1] ?? '');
};

const readMonth: Read = (reader, element) => {
  reader.month = reader.number(element === '01' ? twoDigits : oneOrTwo, 'month', 1, 12);
};

const readDay: Read = (reader, element) => {
  if (element === '_2' && reader.text.charAt(reader.at) === ' ') reader.at += 1;
  reader.day = reader.number(element === '02' ? twoDigits : oneOrTwo, 'day', 0, 99);
};

const readYearDay: Read = (reader, element) => {
  for (
    let skipped = 0;
    element === '__2' && skipped < 2 && reader.text.charAt(reader.at) === ' ';
    skipped += 1
  ) {
    reader.at += 1;
  }
  reader.yearDay = Number(reader.take(element === '002' ? /[0-9]{3}/ : /[0-9]{1,3}/, 'day of year'));
};

const readHour12: Read = (reader, element) => {
  reader.hour = reader.number(element === '03' ? twoDigits : oneOrTwo, 'hour', 0, 12);
};

const readMinute: Read = (reader, element) => {
  reader.minute = reader.number(element === '04' ? twoDigits : oneOrTwo, 'minute', 0, 59);
};

const readHalf: Read = (reader, element) => {
  const half = reader.take(element === 'PM' ? /AM|PM/ : /am|pm/, element);
  reader.half = half.toUpperCase() === 'PM' ? 'PM' : 'AM';
};

const readZone: Read = (reader) => {
  if (reader.text.startsWith('UTC', reader.at)) {
    reader.at += 3;
    reader.isUtc = true;
    return;
  }
  const zone =
    /ChST|MeST|GMT([+-]([01]?[0-9]|2[0-3])(?![0-9]))?|[+-]([01]?[0-9]|2[0-3])(?![0-9])|[A-Z]{4}T(?![A-Z])|([A-Z]{3}T|WITA)(?![A-Z])|[A-Z]{3}(?![A-Z])/;
  reader.zoneName = reader.take(zone, 'zone');
};

const readers: Readonly<Record<string, Read>> = {
  '2006': (reader) => (reader.year = Number(reader.take(/[0-9]{4}/, 'year'))),
  '06': readYear,
  January: (reader) => (reader.month = reader.name(monthNames, 'month') + 1),
  Jan: (reader) => (reader.month = reader.name(short(monthNames), 'month') + 1),
  '1': readMonth,
  '01': readMonth,
  Monday: (reader) => reader.name(weekdayNames, 'weekday'),
  Mon: (reader) => reader.name(short(weekdayNames), 'weekday'),
  '2': readDay,
  _2: readDay,
  '02': readDay,
  __2: readYearDay,
  '002': readYearDay,
  '15': (reader) => (reader.hour = reader.number(oneOrTwo, 'hour', 0, 23)),
  '3': readHour12,
  '03': readHour12,
  '4': readMinute,
  '04': readMinute,
  '5': readSecond,
  '05': readSecond,
  PM: readHalf,
  pm: readHalf,
  MST: readZone,
};

function readOffset(reader: TimeReader, element: string): void {
  if (element.startsWith('Z') && reader.text.charAt(reader.at) === 'Z') {
    reader.at += 1;
    reader.isUtc = true;
    return;
  }
  const digits = element.replace(/\D/g, '').length;
  const colon = element.includes(':') ? ':' : '';
  const parts = Array.from({ length: digits / 2 }, () => '[0-9]{2}').join(colon);
  const text = reader.take(new RegExp(`[+-]${parts}`), 'zone offset');
  const [hours = 0, minutes = 0, seconds = 0] = (text.match(/[0-9]{2}/g) ?? []).map(Number);
  if (hours > 24 || minutes > 60 || seconds > 60) reader.fail('time zone offset out of range');
  reader.offsetSeconds = (hours * 3600 + minutes * 60 + seconds) * (text.startsWith('-') ? -1 : 1);
}

function readSubsecond(reader: TimeReader, element: string): void {
  if (element.charAt(1) === '9') {
    const fraction = /[.,]([0-9]+)/y;
    fraction.lastIndex = reader.at;
    const match = fraction.exec(reader.text);
    if (match === null) return;
    reader.at += match[0].length;
    return readFraction(reader, match[1] ?? '');
  }
  const text = reader.take(new RegExp(`[.,][0-9]{${element.length - 1}}`), 'fraction of a second');
  readFraction(reader, text.slice(1));
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
const daysIn = (year: number, month: number): number =>
  daysFromCivil(year, month + 1, 1) - daysFromCivil(year, month, 1);

/** Settles month and day, of which the text may say one, the other, or the day of the year. */
function settleDay(reader: TimeReader): readonly [number, number] {
  if (reader.yearDay < 0) return [Math.max(1, reader.month), reader.day < 0 ? 1 : reader.day];
  const { year, yearDay } = reader;
  if (yearDay < 1 || yearDay > (isLeap(year) ? 366 : 365)) reader.fail('day-of-year out of range');
  let month = 1;
  let day = yearDay;
  while (day > daysIn(year, month)) {
    day -= daysIn(year, month);
    month += 1;
  }
  if (reader.month >= 0 && reader.month !== month) reader.fail('day-of-year does not match month');
  if (reader.day >= 0 && reader.day !== day) reader.fail('day-of-year does not match day');
  return [month, day];
}

function settle(reader: TimeReader): GoTime {
  const [month, day] = settleDay(reader);
  const { year, minute, second, nanos } = reader;
  if (day < 1 || day > daysIn(year, month)) reader.fail('day out of range');
  let { hour } = reader;
  if (reader.half === 'PM' && hour < 12) hour += 12;
  if (reader.half === 'AM' && hour === 12) hour = 0;
  const time = timeFromCalendar({ year, month, day, hour, minute, second }, nanos, utc);
  if (reader.isUtc) return time;
  const { offsetSeconds, zoneName } = reader;
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

/** Reads a time by a Go layout, in UTC where the text names no zone; throws GoError when it does not fit. */
export function parseTime(layout: string, text: string): GoTime {
  const reader = new TimeReader(text);
  const elements = [...layout.matchAll(layoutElements)];
  let from = 0;
  for (const [index, match] of elements.entries()) {
    const [element] = match;
    reader.skip(layout.slice(from, match.index));
    from = match.index + element.length;
    const next = elements[index + 1];
    const following = next?.[0];
    const read = readers[element];
    if (read !== undefined) read(reader, element, following);
    else if (/^[.,]/.test(element)) readSubsecond(reader, element);
    else readOffset(reader, element);
  }
  reader.skip(layout.slice(from));
  if (reader.at < text.length) reader.fail(`extra text: ${JSON.stringify(text.slice(reader.at))}`);
  return settle(reader);
}
