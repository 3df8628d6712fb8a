/** Decimal digits of a number: 0.d1d2d3... times ten to `point`. */
export interface Decimal {
  readonly digits: string;
  readonly point: number;
}

const view = new DataView(new ArrayBuffer(8));

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
export function shortestDecimal(value: number): Decimal {
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

function writeGeneral(value: number, precision: number, letter: string): string {
  const shortest = precision < 0;
  const wanted = precision === 0 ? 1 : precision;
  const decimal = shortest ? shortestDecimal(value) : roundDecimal(exactDecimal(value), wanted);
  const count = decimal.digits.length;
  let threshold = shortest ? 6 : wanted;
  if (!shortest && threshold > count && count >= decimal.point) threshold = count;
  const exponent = count === 0 ? -1 : decimal.point - 1;
  if (count > 0 && (exponent < -4 || exponent >= threshold)) {
    return writeExponent(decimal, count - 1, letter);
  }
  return writeFixed(decimal, Math.max(count - decimal.point, 0));
}

/** Splits a finite, non-negative float into its 53 bits and the power of two that they are counted in. */
function splitFloat(value: number): readonly [bigint, number] {
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponentBits = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  return [exponentBits === 0 ? fraction : fraction | 0x10_0000_0000_0000n, Math.max(exponentBits, 1) - 1075];
}

/** Writes a float in hexadecimal: `0x1.8p+00`. */
function writeHex(value: number, precision: number): string {
  let [mantissa, exponent] = splitFloat(value);
  exponent = mantissa === 0n ? 0 : exponent + 52;
  while (mantissa !== 0n && mantissa < 1n << 52n) {
    mantissa <<= 1n;
    exponent -= 1;
  }
  if (precision >= 0 && precision < 13) {
    const drop = BigInt((13 - precision) * 4);
    const half = 1n << (drop - 1n);
    const rest = mantissa & ((1n << drop) - 1n);
    mantissa >>= drop;
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa += 1n;
    mantissa <<= drop;
  }
  if (mantissa >= 1n << 53n) {
    mantissa >>= 1n;
    exponent += 1;
  }
  const digits = (mantissa & 0xf_ffff_ffff_ffffn).toString(16).padStart(13, '0');
  const fraction =
    precision < 0 ? digits.replace(/0+$/, '') : digits.slice(0, precision).padEnd(precision, '0');
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `0x${mantissa >> 52n}${fraction === '' ? '' : '.'}${fraction}p${exponent < 0 ? '-' : '+'}${size}`;
}

function writeBinary(value: number): string {
  const [mantissa, exponent] = splitFloat(value);
  return `${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`;
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
  const lower = verb.toLowerCase();
  if (lower === 'g') return sign(value) + writeGeneral(size, precision, verb === 'G' ? 'E' : 'e');
  if (lower === 'b') return sign(value) + writeBinary(size);
  if (lower === 'x') {
    const hex = writeHex(size, precision);
    return sign(value) + (verb === 'X' ? hex.toUpperCase() : hex);
  }
  const decimal = precision < 0 ? shortestDecimal(size) : exactDecimal(size);
  if (lower === 'f') {
    const places = precision < 0 ? Math.max(decimal.digits.length - decimal.point, 0) : precision;
    return sign(value) + writeFixed(roundDecimal(decimal, decimal.point + places), places);
  }
  const places = precision < 0 ? Math.max(decimal.digits.length - 1, 0) : precision;
  return sign(value) + writeExponent(roundDecimal(decimal, places + 1), places, verb === 'E' ? 'E' : 'e');
}
