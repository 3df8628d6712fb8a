import { RE2JS } from 're2js';
import { GoError } from '../template-error.ts';
import {
  comparePrerelease,
  compareVersions,
  parseVersion,
  type SemanticVersion,
} from './semantic-version.ts';

const version =
  'v?([0-9|x|X|\\*]+)(\\.[0-9|x|X|\\*]+)?(\\.[0-9|x|X|\\*]+)?' +
  '(-([0-9A-Za-z\\-]+(\\.[0-9A-Za-z\\-]+)*))?(\\+([0-9A-Za-z\\-]+(\\.[0-9A-Za-z\\-]+)*))?';
const operators = '=||!=|>|<|>=|=>|<=|=<|~|~>|\\^';
const oneShape = RE2JS.compile(`^\\s*(${operators})\\s*(${version})\\s*$`);
const rangeShape = RE2JS.compile(`\\s*(${version})\\s+-\\s+(${version})\\s*`);
const findShape = RE2JS.compile(`(${operators})\\s*(${version})`);
const allShape = RE2JS.compile(
  `^(\\s*(${operators})\\s*(${version})\\s*)((?:\\s+|,\\s*)(${operators})\\s*(${version})\\s*)*$`,
);
/** Longer constraints are refused. */
const maxLength = 1_000;

interface Constraint {
  readonly operator: string;
  readonly than: SemanticVersion;
  /** Which part is open (`1.x`): everything behind it is too. */
  readonly open: 'major' | 'minor' | 'patch' | undefined;
}

const isOpen = (part: string): boolean => /^\.?[xX*]?$/.test(part);

function parseOne(text: string): Constraint {
  if (text === '') return { operator: '', than: parseVersion('0.0.0'), open: 'major' };
  const match = oneShape.matcher(text);
  if (!match.find()) throw new GoError(`improper constraint: ${text}`);
  const group = (index: number): string => match.group(index) ?? '';
  const operator = group(1);
  const [major, minor, patch, prerelease] = [group(3), group(4), group(5), group(6)];
  try {
    if (isOpen(major)) return { operator, than: parseVersion(`0.0.0${prerelease}`), open: 'major' };
    if (isOpen(minor)) return { operator, than: parseVersion(`${major}.0.0${prerelease}`), open: 'minor' };
    if (isOpen(patch))
      return { operator, than: parseVersion(`${major}${minor}.0${prerelease}`), open: 'patch' };
    return { operator, than: parseVersion(group(2)), open: undefined };
  } catch (error) {
    throw new GoError(
      `constraint ${text} does not parse: ${error instanceof GoError ? error.message : 'unknown'}`,
    );
  }
}

/** `1.2 - 2.3` means `>= 1.2, <= 2.3`. */
function rewriteRanges(text: string): string {
  let result = text;
  const matcher = rangeShape.matcher(text);
  while (matcher.find()) {
    const [low, high] = [matcher.group(1) ?? '', matcher.group(11) ?? ''];
    result = result.replace(matcher.group(0) ?? '', () => `>= ${low}, <= ${high} `);
  }
  return result;
}

function parseAlternative(text: string): Constraint[] {
  if (!allShape.matcher(text).find()) throw new GoError(`improper constraint: ${text}`);
  const parts: string[] = [];
  const matcher = findShape.matcher(text);
  while (matcher.find()) parts.push(matcher.group(0) ?? '');
  return (parts.length === 0 ? [text] : parts).map(parseOne);
}

type Check = (version: SemanticVersion, constraint: Constraint) => boolean;

const isTilde: Check = (found, { than, open }) => {
  if (compareVersions(found, than) < 0) return false;
  const anything = than.major === 0n && than.minor === 0n && than.patch === 0n;
  if (anything && (open === undefined || open === 'major')) return true;
  return found.major === than.major && (found.minor === than.minor || open === 'minor');
};

const isCaret: Check = (found, { than, open }) => {
  if (compareVersions(found, than) < 0) return false;
  if (than.major > 0n || open === 'minor') return found.major === than.major;
  if (found.major > 0n) return false;
  if (than.minor > 0n || open === 'patch') return found.minor === than.minor;
  return found.minor === 0n && found.patch === than.patch;
};

const isGreater: Check = (found, { than, open }) => {
  if (open === undefined) return compareVersions(found, than) > 0;
  if (found.major !== than.major) return found.major > than.major;
  if (open === 'minor') return false;
  if (open === 'patch') return found.minor > than.minor;
  return compareVersions(found, than) > 0;
};

const isAtMost: Check = (found, { than, open }) => {
  if (open === undefined) return compareVersions(found, than) <= 0;
  if (found.major > than.major) return false;
  return found.major !== than.major || found.minor <= than.minor || open === 'minor';
};

const isNot: Check = (found, { than, open }) => {
  if (open === undefined) return compareVersions(found, than) !== 0;
  if (found.prerelease !== '' && than.prerelease === '') return false;
  if (found.major !== than.major) return true;
  if (open === 'minor') return false;
  if (found.minor !== than.minor) return true;
  if (open !== 'patch') return compareVersions(found, than) !== 0;
  const prereleases = found.prerelease !== '' || than.prerelease !== '';
  return prereleases && comparePrerelease(found.prerelease, than.prerelease) !== 0;
};

const isSame: Check = (found, constraint) =>
  constraint.open === undefined ? compareVersions(found, constraint.than) === 0 : isTilde(found, constraint);

const isAtLeast: Check = (found, { than }) => compareVersions(found, than) >= 0;

const checks: Readonly<Record<string, Check>> = {
  '': isSame,
  '=': isSame,
  '!=': isNot,
  '>': isGreater,
  '<': (found, { than }) => compareVersions(found, than) < 0,
  '>=': isAtLeast,
  '=>': isAtLeast,
  '<=': isAtMost,
  '=<': isAtMost,
  '~': isTilde,
  '~>': isTilde,
  '^': isCaret,
};

function meets(found: SemanticVersion, constraint: Constraint): boolean {
  const { operator, than } = constraint;
  // Who does not ask for prereleases gets none.
  if (operator !== '!=' && found.prerelease !== '' && than.prerelease === '') return false;
  return checks[operator]?.(found, constraint) ?? false;
}

/** Tells whether a version meets constraints such as `^1.2 || >=2.1, <3`. */
export function meetsConstraint(constraint: string, text: string): boolean {
  if (constraint.length > maxLength) throw new GoError(`constraint is longer than ${maxLength} characters`);
  const alternatives = rewriteRanges(constraint).split('||').map(parseAlternative);
  const found = parseVersion(text);
  return alternatives.some((all) => all.every((one) => meets(found, one)));
}
