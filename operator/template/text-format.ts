import { quoteGo, quoteRune, isPrintable } from './go-quote.ts';
import { encodeText } from './go-string.ts';
import { formatFloat } from './number-format.ts';

/** Flags, width and precision of one verb of printf. */
export interface FormatFlags {
  readonly width: number | undefined;
  readonly precision: number | undefined;
  readonly minus: boolean;
  readonly plus: boolean;
  readonly sharp: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  /** `%+v` and `%#v`, where the flag belongs to the verb and not to the numbers inside. */
  readonly plusV: boolean;
  readonly sharpV: boolean;
}

/** A verb without any flag. */
export const plainFlags: FormatFlags = {
  width: undefined,
  precision: undefined,
  minus: false,
  plus: false,
  sharp: false,
  space: false,
  zero: false,
  plusV: false,
  sharpV: false,
};

/** Fills a text up to the width. */
export function pad(text: string, flags: FormatFlags): string {
  if (flags.width === undefined) return text;
  const missing = flags.width - [...text].length;
  if (missing <= 0) return text;
  if (flags.minus) return text + ' '.repeat(missing);
  return (flags.zero ? '0' : ' ').repeat(missing) + text;
}

const bases: Readonly<Record<string, number>> = { d: 10, v: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };
const prefixes: Readonly<Record<string, string>> = { b: '0b', x: '0x', X: '0X', O: '0o' };

function integerPrecision(flags: FormatFlags, hasSign: boolean): number {
  if (flags.precision !== undefined) return flags.precision;
  if (!flags.zero || flags.minus || flags.width === undefined) return 0;
  return hasSign ? flags.width - 1 : flags.width;
}

/** Writes an integer for `%d %b %o %O %x %X`. */
export function formatInteger(value: bigint, verb: string, flags: FormatFlags): string {
  if (flags.precision === 0 && value === 0n) return pad('', { ...flags, zero: false });
  const size = value < 0n ? -value : value;
  const sign = value < 0n ? '-' : flags.plus ? '+' : flags.space ? ' ' : '';
  let digits = size.toString(bases[verb] ?? 10);
  if (verb === 'X') digits = digits.toUpperCase();
  digits = digits.padStart(integerPrecision(flags, sign !== ''), '0');
  let prefix = flags.sharp || verb === 'O' ? (prefixes[verb] ?? '') : '';
  if (flags.sharp && verb === 'o' && !digits.startsWith('0')) prefix = '0';
  return pad(sign + prefix + digits, { ...flags, zero: false });
}

/** Writes a code point for `%U`. */
export function formatUnicode(value: bigint, flags: FormatFlags): string {
  const digits = BigInt.asUintN(64, value)
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(4, flags.precision ?? 0), '0');
  const point = Number(value);
  const char = point >= 0 && point <= 0x10_ffff ? String.fromCodePoint(point) : '\ufffd';
  const shown = flags.sharp && point <= 0x10_ffff && isPrintable(char) ? ` '${char}'` : '';
  return pad(`U+${digits}${shown}`, { ...flags, zero: false });
}

const runeOf = (value: bigint): number => (value < 0n || value > 0x10_ffffn ? 0xfffd : Number(value));

/** Writes a character for `%c` and `%q`. */
export function formatRune(value: bigint, verb: string, flags: FormatFlags): string {
  const point = runeOf(value);
  if (verb === 'q') return pad(quoteRune(point, flags.plus), flags);
  const surrogate = point >= 0xd800 && point < 0xe000;
  return pad(surrogate ? '\ufffd' : String.fromCodePoint(point), flags);
}

function sharpen(body: string, verb: string, precision: number): string {
  const [mantissa = '', tail = ''] = /^([^e]*)(e.*)?$/i.exec(body)?.slice(1) ?? [];
  let result = mantissa.includes('.') ? mantissa : `${mantissa}.`;
  if (/^[gG]$/.test(verb)) {
    const significant = result.replace(/[^0-9]/g, '').replace(/^0+(?=.)/, '').length;
    const wanted = precision < 0 ? 6 : precision;
    result += '0'.repeat(Math.max(0, wanted - significant));
  }
  return result + tail;
}

function signOf(written: string, flags: FormatFlags): string {
  if (written.startsWith('-')) return '-';
  return flags.space && !flags.plus ? ' ' : '+';
}

/** Writes a float for `%e %f %g` and their capitals; `%v` is `%g`. */
export function formatFloatVerb(value: number, verb: string, flags: FormatFlags): string {
  const letter = verb === 'v' ? 'g' : verb === 'F' ? 'f' : verb;
  const precision = flags.precision ?? (/^[gGxXb]$/.test(letter) ? -1 : 6);
  const written = formatFloat(value, letter, precision);
  const sign = signOf(written, flags);
  const digits = written.replace(/^[+-]/, '');
  if (!Number.isFinite(value)) {
    const bare = digits === 'NaN' && !flags.space && !flags.plus;
    return pad((bare ? '' : sign) + digits, { ...flags, zero: false });
  }
  const body = flags.sharp ? sharpen(digits, letter, precision) : digits;
  if (sign === '+' && !flags.plus) return pad(body, flags);
  // Zeros go between the sign and the digits.
  if (flags.zero && !flags.minus && flags.width !== undefined)
    return sign + body.padStart(flags.width - 1, '0');
  return pad(sign + body, flags);
}

const truncate = (text: string, { precision }: FormatFlags): string =>
  precision === undefined ? text : [...text].slice(0, precision).join('');

function hexText(text: string | Uint8Array, verb: string, flags: FormatFlags): string {
  let bytes = typeof text === 'string' ? encodeText(text) : Buffer.from(text);
  if (flags.precision !== undefined) bytes = bytes.subarray(0, flags.precision);
  if (bytes.length === 0) return pad('', flags);
  const prefix = flags.sharp ? `0${verb}` : '';
  const pairs = Array.from(bytes, (byte) => {
    const pair = byte.toString(16).padStart(2, '0');
    return verb === 'X' ? pair.toUpperCase() : pair;
  });
  return pad(prefix + pairs.join(flags.space ? ` ${prefix}` : ''), flags);
}

/** Writes a text for `%v %s %q %x %X`; undefined for every other verb. */
export function formatText(text: string, verb: string, flags: FormatFlags): string | undefined {
  switch (verb) {
    case 'v':
      return flags.sharpV ? formatQuoted(text, flags) : pad(truncate(text, flags), flags);
    case 's':
      return pad(truncate(text, flags), flags);
    case 'q':
      return formatQuoted(text, flags);
    case 'x':
    case 'X':
      return hexText(text, verb, flags);
    default:
      return undefined;
  }
}

function formatQuoted(text: string, flags: FormatFlags): string {
  const cut = truncate(text, flags);
  // eslint-disable-next-line no-control-regex -- Go's CanBackquote looks for these
  if (flags.sharp && !/[\x00-\x08\x0a-\x1f\x7f`\ufeff\udc80-\udcff]/.test(cut))
    return pad(`\`${cut}\``, flags);
  return pad(quoteGo(cut, flags.plus), flags);
}
