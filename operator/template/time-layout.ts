import { calendarOf, type Calendar, type GoTime } from './go-time.ts';

/** English names of the months, from January. */
export const monthNames = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
] as const;

/** English names of the days of the week, from Sunday. */
export const weekdayNames = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
] as const;

/** The elements of a Go layout, longest first where one begins another; a fraction of seconds is found apart. */
export const layoutElements =
  /January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|2006|__2|_2(?!006)|Z070000|Z07:00:00|Z0700|Z07:00|Z07|-070000|-07:00:00|-0700|-07:00|-07|002|0[1-6]|15|PM|pm|[1-5]|[.,](?:0+|9+)(?![0-9])/g;

const two = (value: number, fill = '0'): string => String(value).padStart(2, fill);

function formatYear(year: number): string {
  const digits = String(Math.abs(year)).padStart(4, '0');
  return year < 0 ? `-${digits}` : digits;
}

/** Writes an offset from UTC in the shape of a layout element such as `-07:00` or `Z0700`. */
function formatOffset(element: string, offsetSeconds: number): string {
  if (element.startsWith('Z') && offsetSeconds === 0) return 'Z';
  const colon = element.includes(':') ? ':' : '';
  const digits = element.replace(/\D/g, '').length;
  const size = Math.abs(offsetSeconds);
  let text = (offsetSeconds < 0 ? '-' : '+') + two(Math.floor(size / 3600));
  if (digits >= 4) text += colon + two(Math.floor((size % 3600) / 60));
  return digits >= 6 ? text + colon + two(size % 60) : text;
}

const hour12 = (hour: number): number => hour % 12 || 12;

type Writer = (calendar: Calendar) => string;

const writers: Readonly<Record<string, Writer>> = {
  January: ({ month }) => monthNames[month - 1] ?? '',
  Jan: ({ month }) => (monthNames[month - 1] ?? '').slice(0, 3),
  '1': ({ month }) => String(month),
  '01': ({ month }) => two(month),
  Monday: ({ weekday }) => weekdayNames[weekday] ?? '',
  Mon: ({ weekday }) => (weekdayNames[weekday] ?? '').slice(0, 3),
  '2': ({ day }) => String(day),
  _2: ({ day }) => two(day, ' '),
  '02': ({ day }) => two(day),
  __2: ({ yearDay }) => String(yearDay).padStart(3, ' '),
  '002': ({ yearDay }) => String(yearDay).padStart(3, '0'),
  '15': ({ hour }) => two(hour),
  '3': ({ hour }) => String(hour12(hour)),
  '03': ({ hour }) => two(hour12(hour)),
  '4': ({ minute }) => String(minute),
  '04': ({ minute }) => two(minute),
  '5': ({ second }) => String(second),
  '05': ({ second }) => two(second),
  '2006': ({ year }) => formatYear(year),
  '06': ({ year }) => two(((year % 100) + 100) % 100),
  PM: ({ hour }) => (hour >= 12 ? 'PM' : 'AM'),
  pm: ({ hour }) => (hour >= 12 ? 'pm' : 'am'),
  MST: ({ abbreviation, offsetSeconds }) => abbreviation || formatOffset('-0700', offsetSeconds),
};

function writeFraction(element: string, nanos: number): string {
  const digits = String(nanos)
    .padStart(9, '0')
    .slice(0, element.length - 1);
  if (element.charAt(1) === '0') return element.charAt(0) + digits.padEnd(element.length - 1, '0');
  const short = digits.replace(/0+$/, '');
  return short === '' ? '' : element.charAt(0) + short;
}

/** Writes a time by a Go layout such as `2006-01-02T15:04:05Z07:00`. */
export function formatTime(time: GoTime, layout: string): string {
  const calendar = calendarOf(time);
  return layout.replace(layoutElements, (element) => {
    const writer = writers[element];
    if (writer !== undefined) return writer(calendar);
    if (/^[.,]/.test(element)) return writeFraction(element, time.nanos);
    return formatOffset(element, calendar.offsetSeconds);
  });
}

/** Writes a time as its String method does. */
export function formatTimeText(time: GoTime): string {
  return formatTime(time, '2006-01-02 15:04:05.999999999 -0700 MST');
}
