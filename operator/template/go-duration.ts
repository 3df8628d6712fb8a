const nano = 1n;
const micro = 1_000n;
const milli = 1_000_000n;
/** Nanoseconds of a second. */
export const second = 1_000_000_000n;
/** Nanoseconds of a minute. */
export const minute = 60n * second;
/** Nanoseconds of an hour. */
export const hour = 60n * minute;

function decimal(value: bigint, unit: bigint): string {
  const whole = value / unit;
  const rest = (value % unit).toString().padStart(unit.toString().length - 1, '0');
  const fraction = unit === 1n ? '' : rest.replace(/0+$/, '');
  return fraction === '' ? whole.toString() : `${whole}.${fraction}`;
}

/** Writes nanoseconds as Go's Duration.String does: `1h2m0.5s`. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (size < micro) return `${sign}${size}ns`;
  if (size < milli) return `${sign}${decimal(size, micro)}µs`;
  if (size < second) return `${sign}${decimal(size, milli)}ms`;
  const hours = size / hour;
  const minutes = (size % hour) / minute;
  const seconds = `${decimal(size % minute, second)}s`;
  if (hours > 0n) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0n ? `${sign}${minutes}m${seconds}` : sign + seconds;
}

const units: Readonly<Record<string, bigint>> = {
  ns: nano,
  us: micro,
  µs: micro,
  μs: micro,
  ms: milli,
  s: second,
  m: minute,
  h: hour,
};

const bound = 2n ** 63n;
const maxFractionDigits = 30;

function readPart(whole: string, fraction: string, unit: bigint): bigint {
  const short = fraction.slice(0, maxFractionDigits);
  return BigInt(whole || '0') * unit + (BigInt(short || '0') * unit) / 10n ** BigInt(short.length);
}

const shape = /^(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const part = /([0-9]*)(?:\.([0-9]*))?([a-zµμ]+)/g;

/** Adds up the parts of a duration; undefined when that is too much. */
function sumParts(text: string): bigint | undefined {
  let total = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of text.matchAll(part)) {
    if (whole.length > 20) return undefined;
    total += readPart(whole, fraction, units[unit] ?? 0n);
    if (total > bound) return undefined;
  }
  return total;
}

/**
 * Reads a duration as Go's time.ParseDuration does: `1h30m`, `-1.5h`, `300ms`.
 * @returns nanoseconds, or undefined when the text is none.
 */
export function parseGoDuration(text: string): bigint | undefined {
  const body = text.replace(/^[+-]/, '');
  if (body === '0') return 0n;
  const total = shape.test(body) ? sumParts(body) : undefined;
  if (total !== undefined && text.startsWith('-')) return -total;
  return total === bound ? undefined : total;
}
