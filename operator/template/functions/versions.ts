import { type GoField, type GoMethod, type GoStructType } from '../../schema/go-type.ts';
import { fn, type FunctionTable } from '../function-type.ts';
import { GoPointer, GoStruct } from '../value.ts';
import { compareVersions, formatVersion, parseVersion, type SemanticVersion } from './semantic-version.ts';
import { meetsConstraint } from './version-constraint.ts';

const uint64 = { kind: 'uint64' } as const;
const text = { kind: 'string' } as const;
const bool = { kind: 'bool' } as const;

const asVersion = (data: unknown): SemanticVersion => data as SemanticVersion;
const other = (values: readonly unknown[]): SemanticVersion => asVersion(values[0]);

const part = (name: string, key: keyof SemanticVersion, result: GoMethod['result']): GoMethod => ({
  name,
  result,
  call: (receiver) => receiver[key],
});

const compare = (name: string, holds: (order: number) => boolean): GoMethod => ({
  name,
  takes: 1,
  result: bool,
  call: (receiver, _encode, values) => holds(compareVersions(asVersion(receiver), other(values))),
});

/** A version without suffixes, as Go's IncMajor and its kin make it. */
const increase =
  (change: (version: SemanticVersion) => Partial<SemanticVersion>): GoMethod['call'] =>
  (receiver) => {
    const version = asVersion(receiver);
    const next = { ...version, prerelease: '', metadata: '', ...change(version) };
    return { ...next, original: (version.original.startsWith('v') ? 'v' : '') + formatVersion(next) };
  };

const fields: readonly GoField[] = [
  { name: 'major', json: 'major', type: uint64, unexported: true },
  { name: 'minor', json: 'minor', type: uint64, unexported: true },
  { name: 'patch', json: 'patch', type: uint64, unexported: true },
  { name: 'pre', json: 'prerelease', type: text, unexported: true },
  { name: 'metadata', json: 'metadata', type: text, unexported: true },
  { name: 'original', json: 'original', type: text, unexported: true },
];

const methods: GoMethod[] = [
  part('Major', 'major', uint64),
  part('Minor', 'minor', uint64),
  part('Patch', 'patch', uint64),
  part('Prerelease', 'prerelease', text),
  part('Metadata', 'metadata', text),
  part('Original', 'original', text),
  { name: 'String', result: text, call: (receiver) => formatVersion(asVersion(receiver)) },
  compare('LessThan', (order) => order < 0),
  compare('LessThanEqual', (order) => order <= 0),
  compare('GreaterThan', (order) => order > 0),
  compare('GreaterThanEqual', (order) => order >= 0),
  compare('Equal', (order) => order === 0),
  {
    name: 'Compare',
    takes: 1,
    result: { kind: 'int' },
    call: (receiver, _encode, values) => compareVersions(asVersion(receiver), other(values)),
  },
];

/** Masterminds' semver.Version. */
const versionType: GoStructType = {
  kind: 'struct',
  name: 'semver.Version',
  fields,
  methods,
  jsonText: 'String',
};
methods.push(
  {
    name: 'IncMajor',
    result: versionType,
    call: increase(({ major }) => ({ major: major + 1n, minor: 0n, patch: 0n })),
  },
  {
    name: 'IncMinor',
    result: versionType,
    call: increase(({ minor }) => ({ minor: minor + 1n, patch: 0n })),
  },
  {
    name: 'IncPatch',
    result: versionType,
    // A prerelease becomes the release that it announces.
    call: increase(({ prerelease, patch }) => (prerelease === '' ? { patch: patch + 1n } : {})),
  },
);

/** Sprig's functions for semantic versions. */
export const versions: FunctionTable = {
  semver: fn('string: any', (source: string) => {
    const data = parseVersion(source) as unknown as Readonly<Record<string, unknown>>;
    return new GoPointer({ kind: 'pointer', to: versionType }, new GoStruct(versionType, data, true));
  }),
  semverCompare: fn('string string: bool', meetsConstraint),
};
