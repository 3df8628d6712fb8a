/** A moment as the API server writes it, finer than a Date. */
interface Moment {
  /** Since 1970, without the fraction. */
  readonly seconds: number;
  readonly nanoseconds: number;
}

const pattern = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

// What API servers really send is already as Go writes it; days 29 to 31 take the way that knows the months.
const usual =
  '(?!0001-01-01)\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\\d|2[0-8])T(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d';
const usualTime = new RegExp(`^${usual}Z$`);
const usualMicroTime = new RegExp(`^${usual}\\.\\d{6}Z$`);

/** Go's zero time, 0001-01-01T00:00:00Z, which its JSON writes as null. */
const goZeroSeconds = -62_135_596_800;
/** The last second that four digits of a year can write. */
const lastSeconds = 253_402_300_799;
const firstSeconds = -62_167_219_200;

/** Reads a metav1.Time as Go writes it again: UTC, whole seconds; null when it is absent, zero or no time. */
export function readTime(value: unknown): string | null {
  if (typeof value === 'string' && usualTime.test(value)) return value;
  const moment = parseMoment(value);
  return moment === undefined ? null : `${isoSeconds(moment)}Z`;
}

/** Reads a metav1.MicroTime as Go writes it again: UTC, six digits; null when it is absent, zero or no time. */
export function readMicroTime(value: unknown): string | null {
  if (typeof value === 'string' && usualMicroTime.test(value)) return value;
  const moment = parseMoment(value);
  if (moment === undefined) return null;
  const micros = Math.floor(moment.nanoseconds / 1_000);
  return `${isoSeconds(moment)}.${String(micros).padStart(6, '0')}Z`;
}

/** Reads a time as a Date (whole milliseconds); undefined when it is absent, zero or no time. */
export function readDate(value: unknown): Date | undefined {
  if (typeof value === 'string' && usualTime.test(value)) return new Date(value);
  const moment = parseMoment(value);
  if (moment === undefined) return undefined;
  return new Date(moment.seconds * 1_000 + Math.floor(moment.nanoseconds / 1_000_000));
}

function isoSeconds(moment: Moment): string {
  return new Date(moment.seconds * 1_000).toISOString().slice(0, 19);
}

function parseMoment(value: unknown): Moment | undefined {
  if (typeof value !== 'string' || value.length > 64) return undefined;
  const match = pattern.exec(value);
  if (match === null) return undefined;
  const local = civilSeconds(match);
  const offset = offsetSeconds(match);
  if (local === undefined || offset === undefined) return undefined;
  const seconds = local - offset;
  const nanoseconds = Number((match[7] ?? '').slice(0, 9).padEnd(9, '0'));
  return isWritable(seconds, nanoseconds) ? { seconds, nanoseconds } : undefined;
}

function isWritable(seconds: number, nanoseconds: number): boolean {
  if (seconds === goZeroSeconds && nanoseconds === 0) return false;
  return seconds >= firstSeconds && seconds <= lastSeconds;
}

function civilSeconds(match: RegExpExecArray): number | undefined {
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as Six;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  // setUTCFullYear, because Date.UTC takes the years 0 to 99 for 1900 to 1999.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.getTime() / 1_000 + hour * 3_600 + minute * 60 + second;
}

type Six = [number, number, number, number, number, number];

function offsetSeconds(match: RegExpExecArray): number | undefined {
  const [sign, hours, minutes] = [match[8], Number(match[9] ?? 0), Number(match[10] ?? 0)];
  if (hours > 24 || minutes > 59) return undefined;
  return (sign === '-' ? -1 : 1) * (hours * 3_600 + minutes * 60);
}
