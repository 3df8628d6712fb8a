import { type Position } from './source.ts';

const decimal = /^\d+$/;

/** Tells whether a text is a position that can be compared. */
export function isPosition(text: string): boolean {
  return decimal.test(text);
}

/**
 * Compares resourceVersions, or places in a file, as the API defines it since Kubernetes 1.35: decimal numbers of any
 * length. The empty position is before all others, and so is one that is no number.
 */
export function comparePositions(one: Position, other: Position): number {
  if (one === other) return 0;
  // Without leading zeros, which no API server writes, the longer number is the greater one.
  if (isPlain(one) && isPlain(other)) return one.length - other.length || (one < other ? -1 : 1);
  const [left, right] = [toNumber(one), toNumber(other)];
  return left < right ? -1 : Number(left > right);
}

function isPlain(position: Position): boolean {
  return position.charCodeAt(0) !== 0x30 && decimal.test(position);
}

function toNumber(position: Position): bigint {
  return decimal.test(position) ? BigInt(position) : -1n;
}
