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
  const missing = flags.width - Array.from(text).length;
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

function integerSign(value: bigint, { plus, space }: FormatFlags): string {
  if (value < 0n) return '-';
  if (plus) return '+';
  return space ? ' ' : '';
}

function integerPrefix(digits: string, verb: string, { sharp }: FormatFlags): string {
  if (verb === 'o') return sharp && !digits.startsWith('0') ? '0' : '';
  return sharp || verb === 'O' ? (prefixes[verb] ?? '') : '';
}

/** Writes an integer for `%d %b %o %O %x %X`. */
export function formatInteger(value: bigint, verb: string, flags: FormatFlags): string {
  const unfilled = { ...flags, zero: false };
  if (flags.precision === 0 && value === 0n) return pad('', unfilled);
  const sign = integerSign(value, flags);
  const plain = (value < 0n ? -value : value).toString(bases[verb] ?? 10);
  const digits = plain.padStart(integerPrecision(flags, sign !== ''), '0');
  const prefix = integerPrefix(digits, verb, flags);
  return pad(sign + prefix + (verb === 'X' ? digits.toUpperCase() : digits), unfilled);
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

/** The letter that strconv knows: `%v` is `%g`, `%F` is `%f`. */
const floatLetters: Readonly<Record<string, string>> = { v: 'g', F: 'f' };

/** Writes a float for `%b %e %f %g %x` and their capitals, and `%v`. */
export function formatFloatVerb(value: number, verb: string, flags: FormatFlags): string {
  const letter = floatLetters[verb] ?? verb;
  const precision = flags.precision ?? (/^[gGxXb]$/.test(letter) ? -1 : 6);
  const written = formatFloat(value, letter, precision);
  const sign = signOf(written, flags);
  const digits = written.replace(/^[+-]/, '');
  if (!Number.isFinite(value)) {
    const bare = digits === 'NaN' && !flags.space && !flags.plus;
    return pad((bare ? '' : sign) + digits, { ...flags, zero: false });
  }
  return signedFloat(sign, flags.sharp ? sharpen(digits, letter, precision) : digits, flags);
}

function signedFloat(sign: string, digits: string, flags: FormatFlags): string {
  if (sign === '+' && !flags.plus) return pad(digits, flags);
  if (!flags.zero || flags.minus || flags.width === undefined) return pad(sign + digits, flags);
  // Zeros go between the sign and the digits.
  return sign + digits.padStart(flags.width - 1, '0');
}

const truncate = (text: string, { precision }: FormatFlags): string =>
  precision === undefined ? text : Array.from(text).slice(0, precision).join('');

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

  if (flags.sharp && !/[\x00-\x08\x0a-\x1f\x7f`\ufeff\udc80-\udcff]/.test(cut))
    return pad(`\`${cut}\``, flags);
  return pad(quoteGo(cut, flags.plus), flags);
}
