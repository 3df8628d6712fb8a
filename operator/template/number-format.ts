import { splitFloat, writeBinary, writeHex } from './float-bits.ts';

/** Decimal digits of a number: 0.d1d2d3... times ten to `point`. */
export interface Decimal {
  readonly digits: string;
  readonly point: number;
}

const stripZeros = (digits: string, point: number): Decimal => {
  const significant = digits.replace(/0+$/, '');
  return significant === '' ? { digits: '', point: 0 } : { digits: significant, point };
};

/** Writes every digit of a finite, non-negative float; doubles have at most 767 of them. */
function exactDecimal(value: number): Decimal {
  if (value === 0) return { digits: '', point: 0 };
  const [mantissa, exponent] = splitFloat(value);
  if (exponent >= 0) {
    const digits = (mantissa << BigInt(exponent)).toString();
    return stripZeros(digits, digits.length);
  }
  const digits = (mantissa * 5n ** BigInt(-exponent)).toString();
  return stripZeros(digits, digits.length + exponent);
}

/** Writes the fewest digits that read back as the same float. */
function shortestDecimal(value: number): Decimal {
  const [mantissa = '', exponent] = value.toExponential().split('e');
  const digits = mantissa.replace('.', '');
  return value === 0 ? { digits: '', point: 0 } : stripZeros(digits, Number(exponent) + 1);
}

/** Rounds to a number of digits, halves to even as Go does. */
function roundDecimal({ digits, point }: Decimal, keep: number): Decimal {
  if (keep < 0) return { digits: '', point: 0 };
  if (digits.length <= keep) return { digits, point };
  const rest = digits.slice(keep);
  const half = /^50*$/.test(rest);
  const lastIsOdd = keep > 0 && '13579'.includes(digits[keep - 1] ?? '');
  const up = half ? lastIsOdd : rest.charAt(0) >= '5';
  if (!up) return stripZeros(digits.slice(0, keep), point);
  const raised = (BigInt(digits.slice(0, keep) || '0') + 1n).toString().padStart(keep, '0');
  return stripZeros(raised, point + (raised.length - keep));
}

function writeFixed({ digits, point }: Decimal, precision: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (precision <= 0) return whole;
  const fraction = '0'.repeat(Math.max(0, -point)) + digits.slice(Math.max(0, point));
  return `${whole}.${fraction.slice(0, precision).padEnd(precision, '0')}`;
}

function writeExponent({ digits, point }: Decimal, precision: number, letter: string): string {
  const exponent = digits === '' ? 0 : point - 1;
  const fraction = digits.slice(1).slice(0, precision).padEnd(precision, '0');
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${digits.charAt(0) || '0'}${precision > 0 ? '.' : ''}${fraction}${letter}${exponent < 0 ? '-' : '+'}${size}`;
}

const sign = (value: number): string => (value < 0 || Object.is(value, -0) ? '-' : '');

/** The power of ten from which `%g` writes an exponent. */
function exponentFrom({ digits, point }: Decimal, precision: number): number {
  if (precision < 0) return 6;
  return precision > digits.length && digits.length >= point ? digits.length : precision;
}

function writeGeneral(value: number, precision: number, letter: string): string {
  const wanted = precision === 0 ? 1 : precision;
  const decimal = wanted < 0 ? shortestDecimal(value) : roundDecimal(exactDecimal(value), wanted);
  const count = decimal.digits.length;
  const exponent = decimal.point - 1;
  if (count > 0 && (exponent < -4 || exponent >= exponentFrom(decimal, wanted))) {
    return writeExponent(decimal, count - 1, letter);
  }
  return writeFixed(decimal, Math.max(count - decimal.point, 0));
}

function writePlaces(size: number, letter: string, precision: number): string {
  const decimal = precision < 0 ? shortestDecimal(size) : exactDecimal(size);
  const { digits, point } = decimal;
  if (letter === 'f') {
    const places = precision < 0 ? Math.max(digits.length - point, 0) : precision;
    return writeFixed(roundDecimal(decimal, point + places), places);
  }
  const places = precision < 0 ? Math.max(digits.length - 1, 0) : precision;
  return writeExponent(roundDecimal(decimal, places + 1), places, letter);
}

/**
 * Writes a float as Go's strconv.FormatFloat does.
 * @param verb one of `b e E f F g G x X`
 * @param precision digits after the point (`g`: significant digits); -1 writes the fewest that read back the same
 */
export function formatFloat(value: number, verb: string, precision: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value < 0 ? '-Inf' : '+Inf';
  const size = Math.abs(value);
  switch (verb) {
    case 'g':
    case 'G':
      return sign(value) + writeGeneral(size, precision, verb === 'G' ? 'E' : 'e');
    case 'b':
      return sign(value) + writeBinary(size);
    case 'x':
      return sign(value) + writeHex(size, precision);
    case 'X':
      return sign(value) + writeHex(size, precision).toUpperCase();
    default:
      return sign(value) + writePlaces(size, verb.replace('F', 'f'), precision);
  }
}
