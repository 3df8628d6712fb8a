import { type GoTime } from './go-time.ts';
import { settleTime, TimeReader } from './time-reader.ts';
import { layoutElements, monthNames, weekdayNames } from './time-layout.ts';

const twoDigits = /[0-9]{2}/y;
const oneOrTwo = /[0-9]{1,2}/y;
const short = (names: readonly string[]): string[] => names.map((name) => name.slice(0, 3));

type Read = (reader: TimeReader, element: string, next: string | undefined) => void;

const readYear: Read = (reader) => {
  const year = Number(reader.take(twoDigits, 'year'));
  reader.year = year >= 69 ? 1900 + year : 2000 + year;
};

function readFraction(reader: TimeReader, digits: string): void {
  reader.nanos = Number(digits.slice(0, 9).padEnd(9, '0'));
}

/** Takes a point or comma and all digits behind it; gives the digits. */
function takeFraction(reader: TimeReader): string {
  const fraction = /[.,]([0-9]+)/y;
  fraction.lastIndex = reader.at;
  const match = fraction.exec(reader.text);
  if (match === null) return '';
  const [whole, digits = ''] = match;
  reader.at += whole.length;
  readFraction(reader, digits);
  return digits;
}

const readSecond: Read = (reader, element, next) => {
  reader.second = reader.number(element === '05' ? twoDigits : oneOrTwo, 'second', 0, 59);
  // Go takes a fraction that the layout does not name.
  if (!/^[.,]/.test(next ?? '')) takeFraction(reader);
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
  reader.yearDay = Number(reader.take(element === '002' ? /[0-9]{3}/y : /[0-9]{1,3}/y, 'day of year'));
};

const readHour12: Read = (reader, element) => {
  reader.hour = reader.number(element === '03' ? twoDigits : oneOrTwo, 'hour', 0, 12);
};

const readMinute: Read = (reader, element) => {
  reader.minute = reader.number(element === '04' ? twoDigits : oneOrTwo, 'minute', 0, 59);
};

const readHalf: Read = (reader, element) => {
  const half = reader.take(element === 'PM' ? /AM|PM/y : /am|pm/y, element);
  reader.half = half.toUpperCase() === 'PM' ? 'PM' : 'AM';
};

const readZone: Read = (reader) => {
  if (reader.text.startsWith('UTC', reader.at)) {
    reader.at += 3;
    reader.isUtc = true;
    return;
  }
  const zone =
    /ChST|MeST|GMT([+-]([01]?[0-9]|2[0-3])(?![0-9]))?|[+-]([01]?[0-9]|2[0-3])(?![0-9])|[A-Z]{4}T(?![A-Z])|([A-Z]{3}T|WITA)(?![A-Z])|[A-Z]{3}(?![A-Z])/y;
  reader.zoneName = reader.take(zone, 'zone');
};

const readers: Readonly<Record<string, Read>> = {
  '2006': (reader) => (reader.year = Number(reader.take(/[0-9]{4}/y, 'year'))),
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

/** What an offset looks like, by the digits of its layout element and whether a colon parts them. */
const offsetShapes: Readonly<Record<string, RegExp>> = {
  '2': /[+-][0-9]{2}/y,
  '4': /[+-][0-9]{4}/y,
  '4:': /[+-][0-9]{2}:[0-9]{2}/y,
  '6': /[+-][0-9]{6}/y,
  '6:': /[+-][0-9]{2}:[0-9]{2}:[0-9]{2}/y,
};

function readOffset(reader: TimeReader, element: string): void {
  if (element.startsWith('Z') && reader.text.charAt(reader.at) === 'Z') {
    reader.at += 1;
    reader.isUtc = true;
    return;
  }
  const shape = `${element.replace(/\D/g, '').length}${element.includes(':') ? ':' : ''}`;
  const text = reader.take(offsetShapes[shape] ?? /(?!)/y, 'zone offset');
  reader.offsetSeconds = offsetOf(reader, text.replaceAll(':', ''));
}

/** Reads `+hhmmss`; Go lets 24 hours and 60 minutes pass. */
function offsetOf(reader: TimeReader, text: string): number {
  const part = (from: number): number => Number(text.slice(from, from + 2) || '0');
  const [hours, minutes, seconds] = [part(1), part(3), part(5)];
  if (hours > 24 || minutes > 60 || seconds > 60) reader.fail('time zone offset out of range');
  const offset = hours * 3600 + minutes * 60 + seconds;
  return text.startsWith('-') ? -offset : offset;
}

function readSubsecond(reader: TimeReader, element: string): void {
  const found = takeFraction(reader);
  if (element.charAt(1) === '9') return;
  const wanted = element.length - 1;
  if (found.length < wanted) reader.fail('cannot find the fraction of a second');
  // Digits beyond those of the layout belong to what follows.
  reader.at -= found.length - wanted;
  readFraction(reader, found.slice(0, wanted));
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
  return settleTime(reader);
}
