import { parseUint64 } from '../go-number.ts';
import { GoError } from '../template-error.ts';
import { compareText } from '../go-string.ts';

/** A semantic version; absent parts are 0. */
export interface SemanticVersion {
  readonly major: bigint;
  readonly minor: bigint;
  readonly patch: bigint;
  readonly prerelease: string;
  readonly metadata: string;
  readonly original: string;
}

const suffix = '(?:-([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*))?(?:\\+([0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*))?';
const versionShape = new RegExp(`^v?([0-9]+)(?:\\.([0-9]+))?(?:\\.([0-9]+))?${suffix}$`);
/** Longer versions are refused, so that no pattern has much to do. */
const maxLength = 256;

const segment = (text: string | undefined): bigint => {
  const value = parseUint64(text ?? '0');
  if (value === undefined) throw new GoError(`error parsing version segment ${text ?? ''}`);
  return value;
};

/** Reads a version, with or without `v` and all three parts. */
export function parseVersion(text: string): SemanticVersion {
  const match = text.length > maxLength ? null : versionShape.exec(text);
  if (match === null) throw new GoError('Invalid Semantic Version');
  const [, major, minor, patch, prerelease = '', metadata = ''] = match;
  if (prerelease.split('.').some((part) => /^0[0-9]+$/.test(part))) {
    throw new GoError('Version segment starts with 0');
  }
  const parts = { major: segment(major), minor: segment(minor), patch: segment(patch) };
  return { ...parts, prerelease, metadata, original: text };
}

/** Writes a version in full. */
export function formatVersion({ major, minor, patch, prerelease, metadata }: SemanticVersion): string {
  const pre = prerelease === '' ? '' : `-${prerelease}`;
  return `${major}.${minor}.${patch}${pre}${metadata === '' ? '' : `+${metadata}`}`;
}

function comparePart(left: string, right: string): number {
  if (left === right) return 0;
  if (left === '') return -1;
  if (right === '') return 1;
  const [first, second] = [parseUint64(left), parseUint64(right)];
  if (first === undefined && second === undefined) return compareText(left, right);
  if (second === undefined) return -1;
  if (first === undefined) return 1;
  return first > second ? 1 : -1;
}

/** Orders two prereleases; neither is empty. */
export function comparePrerelease(left: string, right: string): number {
  const [first, second] = [left.split('.'), right.split('.')];
  for (let at = 0; at < Math.max(first.length, second.length); at += 1) {
    const order = comparePart(first[at] ?? '', second[at] ?? '');
    if (order !== 0) return order;
  }
  return 0;
}

/** Orders two versions; metadata does not count. */
export function compareVersions(left: SemanticVersion, right: SemanticVersion): number {
  for (const part of ['major', 'minor', 'patch'] as const) {
    if (left[part] !== right[part]) return left[part] < right[part] ? -1 : 1;
  }
  if (left.prerelease === right.prerelease) return 0;
  if (left.prerelease === '') return 1;
  return right.prerelease === '' ? -1 : comparePrerelease(left.prerelease, right.prerelease);
}
