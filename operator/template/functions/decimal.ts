import { GoError } from '../template-error.ts';

/** A decimal number: `digits` times ten to `exponent`. */
export interface DecimalNumber {
  readonly digits: bigint;
  readonly exponent: number;
}

/** Digits after the point to which a division goes. */
const divisionDigits = 16;
/** Digits beyond which a product is refused: hostile factors would make it grow without end. */
const maxDigits = 10_000;

/** Reads the shortest decimal that stands for a float. */
export function decimalOf(value: number): DecimalNumber {
  if (!Number.isFinite(value)) throw new GoError(`cannot create a Decimal from ${value}`);
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}

/** The float that is nearest to a decimal. */
export const floatOf = ({ digits, exponent }: DecimalNumber): number => Number(`${digits}e${exponent}`);

function align(left: DecimalNumber, right: DecimalNumber): readonly [bigint, bigint, number] {
  const exponent = Math.min(left.exponent, right.exponent);
  const scale = ({ digits, exponent: own }: DecimalNumber): bigint => digits * 10n ** BigInt(own - exponent);
  return [scale(left), scale(right), exponent];
}

/** Adds two decimals. */
export function addDecimals(left: DecimalNumber, right: DecimalNumber): DecimalNumber {
  const [first, second, exponent] = align(left, right);
  return { digits: first + second, exponent };
}

/** Subtracts a decimal from another. */
export const subtractDecimals = (left: DecimalNumber, right: DecimalNumber): DecimalNumber =>
  addDecimals(left, { digits: -right.digits, exponent: right.exponent });

/** Multiplies two decimals. */
export function multiplyDecimals(left: DecimalNumber, right: DecimalNumber): DecimalNumber {
  const digits = left.digits * right.digits;
  if (digits.toString(16).length > maxDigits) throw new GoError('product has too many digits');
  return { digits, exponent: left.exponent + right.exponent };
}

/** Divides two decimals to 16 digits after the point, halves away from zero. */
export function divideDecimals(left: DecimalNumber, right: DecimalNumber): DecimalNumber {
  if (right.digits === 0n) throw new GoError('decimal division by 0');
  const shift = left.exponent - right.exponent + divisionDigits;
  const numerator = shift >= 0 ? left.digits * 10n ** BigInt(shift) : left.digits;
  const denominator = shift >= 0 ? right.digits : right.digits * 10n ** BigInt(-shift);
  const quotient = numerator / denominator;
  const rest = numerator % denominator;
  const size = (value: bigint): bigint => (value < 0n ? -value : value);
  const away = size(rest) * 2n >= size(denominator) && rest !== 0n;
  const sign = numerator < 0n === denominator < 0n ? 1n : -1n;
  return { digits: away ? quotient + sign : quotient, exponent: -divisionDigits };
}
