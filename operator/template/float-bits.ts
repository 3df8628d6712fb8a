const view = new DataView(new ArrayBuffer(8));

/** Splits a finite, non-negative float into its 53 bits and the power of two that they are counted in. */
export function splitFloat(value: number): readonly [bigint, number] {
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponentBits = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  return [exponentBits === 0 ? fraction : fraction | 0x10_0000_0000_0000n, Math.max(exponentBits, 1) - 1075];
}

const bitsOfFraction = 52;

/** Rounds 53 bits to some hexadecimal digits after the point, halves to even. */
function roundBits(mantissa: bigint, precision: number): bigint {
  if (precision < 0 || precision >= 13) return mantissa;
  const drop = BigInt((13 - precision) * 4);
  const half = 1n << (drop - 1n);
  const rest = mantissa & ((1n << drop) - 1n);
  const kept = mantissa >> drop;
  const up = rest > half || (rest === half && (kept & 1n) === 1n);
  return (kept + (up ? 1n : 0n)) << drop;
}

/** Writes the size of a float in hexadecimal: `0x1.8p+00`. */
export function writeHex(value: number, precision: number): string {
  let [mantissa, exponent] = splitFloat(value);
  const missing = mantissa === 0n ? 0 : bitsOfFraction + 1 - mantissa.toString(2).length;
  mantissa = roundBits(mantissa << BigInt(missing), precision);
  exponent = mantissa === 0n ? 0 : exponent + bitsOfFraction - missing;
  if (mantissa >> BigInt(bitsOfFraction + 1) !== 0n) {
    mantissa >>= 1n;
    exponent += 1;
  }
  const digits = (mantissa & 0xf_ffff_ffff_ffffn).toString(16).padStart(13, '0');
  const fraction =
    precision < 0 ? digits.replace(/0+$/, '') : digits.slice(0, precision).padEnd(precision, '0');
  const size = String(Math.abs(exponent)).padStart(2, '0');
  const point = fraction === '' ? '' : '.';
  return `0x${mantissa >> BigInt(bitsOfFraction)}${point}${fraction}p${exponent < 0 ? '-' : '+'}${size}`;
}

/** Writes the size of a float as its bits and a power of two: `6755399441055744p-52`. */
export function writeBinary(value: number): string {
  const [mantissa, exponent] = splitFloat(value);
  return `${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`;
}
