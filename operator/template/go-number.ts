import { type NumberValue } from './nodes.ts';

const maxInt64 = 2n ** 63n - 1n;
const minInt64 = -(2n ** 63n);
const maxUint64 = 2n ** 64n - 1n;
/** No integer of 64 bits has more digits than this in any base; longer ones are not worth reading. */
const maxDigits = 64;
const tooLarge = 2n ** 65n;

/** Wraps an integer to 64 signed bits, as Go's arithmetic does. */
export const wrapInt64 = (value: bigint): bigint => BigInt.asIntN(64, value);

const digits: Readonly<Record<number, RegExp>> = {
  2: /^[01]+$/,
  8: /^[0-7]+$/,
  10: /^[0-9]+$/,
  16: /^[0-9a-fA-F]+$/,
};
const prefixes: Readonly<Record<number, string>> = { 2: '0b', 8: '0o', 10: '', 16: '0x' };

/** Underscores may stand only between digits, or between a base prefix and a digit. */
const underscoresAreRight = (text: string): boolean =>
  !text.includes('_') || /^(0[xXoObB]_?|0_?)?[0-9a-fA-F]+(_[0-9a-fA-F]+)*$/.test(text);

function splitBase(text: string): readonly [number, string] {
  if (/^0[xX]/.test(text)) return [16, text.slice(2)];
  if (/^0[bB]/.test(text)) return [2, text.slice(2)];
  if (/^0[oO]/.test(text)) return [8, text.slice(2)];
  if (/^0./.test(text)) return [8, text.slice(1)];
  return [10, text];
}

function magnitude(text: string, base: number): bigint | undefined {
  if (!underscoresAreRight(text) || (base !== 0 && text.includes('_'))) return undefined;
  const [actual, body] = base === 0 ? splitBase(text) : [base, text];
  const plain = body.replaceAll('_', '');
  if (digits[actual]?.test(plain) !== true) return undefined;
  const significant = plain.replace(/^0+(?=.)/, '');
  if (significant.length > maxDigits) return tooLarge;
  return BigInt((prefixes[actual] ?? '') + significant);
}

/**
 * Reads a signed 64-bit integer as Go's strconv.ParseInt does; base 0 knows `0x`, `0o`, `0b`, `0` and underscores.
 * @returns undefined when the text is none; a number that is too large gives the nearest bound with `clamp`.
 */
export function parseInt64(text: string, base = 10, clamp = false): bigint | undefined {
  const size = magnitude(text.replace(/^[+-]/, ''), base);
  if (size === undefined) return undefined;
  const value = text.startsWith('-') ? -size : size;
  if (wrapInt64(value) === value) return value;
  if (!clamp) return undefined;
  return value > 0n ? maxInt64 : minInt64;
}

/** Reads an unsigned 64-bit integer as Go's strconv.ParseUint does. */
export function parseUint64(text: string, base = 10): bigint | undefined {
  const value = magnitude(text, base);
  return value === undefined || value > maxUint64 ? undefined : value;
}

const decimalFloat = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const hexFloat = /^([+-]?)0[xX]([0-9a-fA-F]*)(?:\.([0-9a-fA-F]*))?[pP]([+-]?[0-9]+)$/;
const namedFloat = /^([+-]?)(inf|infinity|nan)$/i;
const maxHexDigits = 300;

function parseHexFloat(text: string): number | undefined {
  const [, sign, whole = '', fraction = '', exponent] = hexFloat.exec(text) ?? [];
  const mantissa = whole + fraction;
  if (mantissa === '' || mantissa.length > maxHexDigits) return undefined;
  const size = Number(BigInt(`0x${mantissa}`)) * 2 ** (Number(exponent) - 4 * fraction.length);
  return sign === '-' ? -size : size;
}

/** Underscores in floats must stand between digits; a base prefix counts as one. */
function withoutUnderscores(text: string): string | undefined {
  if (!text.includes('_')) return text;
  const digit = /^[+-]?0[xX]/.test(text) ? '[0-9a-fA-FxX]' : '[0-9]';
  const wrong = new RegExp(`(?<!${digit})_|_(?!${digit.replace('xX', '')})`);
  return wrong.test(text) ? undefined : text.replaceAll('_', '');
}

/**
 * Reads a float as Go's strconv.ParseFloat does, hexadecimal ones and `inf`, `nan` included.
 * @returns undefined when the text is none or is too large.
 */
export function parseFloat64(given: string): number | undefined {
  const text = withoutUnderscores(given);
  if (text === undefined) return undefined;
  if (decimalFloat.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? value : undefined;
  }
  const named = namedFloat.exec(text);
  if (named !== null) {
    if (named[2]?.toLowerCase() === 'nan') return NaN;
    return named[1] === '-' ? -Infinity : Infinity;
  }
  return hexFloat.test(text) ? parseHexFloat(text) : undefined;
}

const integerOf = (value: number, max: bigint, min: bigint): bigint | undefined => {
  if (!Number.isInteger(value)) return undefined;
  const integer = BigInt(value);
  return integer > max || integer < min ? undefined : integer;
};

const fromFloat = (float: number): NumberValue => ({
  float,
  int: integerOf(float, maxInt64, minInt64),
  uint: integerOf(float, maxUint64, 0n),
});

/**
 * Reads a number literal of a template.
 * @returns its values, or the complaint as text.
 */
export function readNumber(text: string, complex: boolean): NumberValue | string {
  if (complex || text.endsWith('i')) return `complex number ${text} is not supported; use a real one`;
  const int = parseInt64(text, 0);
  const uint = parseUint64(text, 0) ?? (int === 0n ? 0n : undefined);
  if (int !== undefined || uint !== undefined) return { int, uint, float: Number(int ?? uint) };
  const float = parseFloat64(text);
  if (float === undefined) return `illegal number syntax: ${JSON.stringify(text)}`;
  if (!/[.eEpP]/.test(text)) return `integer overflow: ${JSON.stringify(text)}`;
  return fromFloat(float);
}
