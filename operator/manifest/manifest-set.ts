import { apiGroup, apiVersion, keyText, type CustomResource, type ObjectKey } from '../api/resource.ts';
import { checkSecret, type SecretManifest } from './secret-data.ts';
import { readSource, type Place, type SourceValue } from './source-text.ts';

/** An object of a file. */
export interface Manifest<Value = unknown> {
  readonly value: Value;
  readonly key: ObjectKey;
  /** `EventRoute payments/rollouts`. */
  readonly title: string;
  readonly place: Place;
  /** Finds the place of a field. */
  readonly locate: SourceValue['locate'];
}

/** A Namespace, as far as grants and rules ask for it. */
export interface NamespaceManifest {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

/** Something that keeps an object from being read. */
export interface ManifestProblem {
  readonly kind: 'yaml' | 'manifest' | 'duplicate' | 'passedOver';
  readonly place: Place;
  readonly message: string;
  /** The object, where it is known which. */
  readonly title?: string;
}

/** All that files hold that Eventroute takes an interest in. */
export interface ManifestSet {
  readonly files: readonly string[];
  readonly routes: readonly Manifest<CustomResource>[];
  readonly receivers: readonly Manifest<CustomResource>[];
  readonly secrets: readonly Manifest<SecretManifest>[];
  readonly namespaces: readonly Manifest<NamespaceManifest>[];
  readonly problems: readonly ManifestProblem[];
}

/** A file with its text. */
export interface ManifestFile {
  readonly file: string;
  readonly text: string;
}

/** Reads the objects of files. Those without a namespace get `defaultNamespace`; kinds of others are passed over. */
export function readManifestSet(files: readonly ManifestFile[], defaultNamespace: string): ManifestSet {
  const problems: ManifestProblem[] = [];
  const values: SourceValue[] = [];
  for (const { file, text } of files) {
    const source = readSource(text, file);
    problems.push(...source.problems.map((problem) => ({ kind: 'yaml' as const, ...problem })));
    values.push(...source.values);
  }
  return sortManifests(values, {
    files: files.map(({ file }) => file),
    problems,
    defaultNamespace,
  });
}

/** Sorts values that were read already, such as objects that stand inside of another file. */
export function sortManifests(
  values: readonly SourceValue[],
  options: {
    readonly files: readonly string[];
    readonly problems?: readonly ManifestProblem[];
    readonly defaultNamespace: string;
  },
): ManifestSet {
  const problems = [...(options.problems ?? [])];
  const byKind: Record<Kind, Manifest[]> = { EventRoute: [], EventReceiver: [], Secret: [], Namespace: [] };
  const seen = new Map<string, Place>();
  for (const value of values) {
    const read = readManifest(value, options.defaultNamespace);
    if (read === undefined) continue;
    if ('problem' in read) {
      problems.push(read.problem);
      continue;
    }
    const { kind, manifest } = read;
    const first = seen.get(manifest.title);
    if (first === undefined) byKind[kind].push(manifest);
    else problems.push(duplicate(manifest, first));
    seen.set(manifest.title, first ?? manifest.place);
  }
  return {
    files: options.files,
    routes: byKind.EventRoute as Manifest<CustomResource>[],
    receivers: byKind.EventReceiver as Manifest<CustomResource>[],
    secrets: byKind.Secret as Manifest<SecretManifest>[],
    namespaces: byKind.Namespace as Manifest<NamespaceManifest>[],
    problems,
  };
}

/** Puts sets together; an object that two of them hold is a problem of the later one. */
export function joinManifestSets(sets: readonly ManifestSet[]): ManifestSet {
  const seen = new Map<string, Place>();
  const problems = sets.flatMap((set) => set.problems);
  const take = <T>(lists: readonly (readonly Manifest<T>[])[]): Manifest<T>[] =>
    lists.flat().filter((manifest) => {
      const first = seen.get(manifest.title);
      seen.set(manifest.title, first ?? manifest.place);
      if (first !== undefined) problems.push(duplicate(manifest, first));
      return first === undefined;
    });
  return {
    files: [...new Set(sets.flatMap(({ files }) => files))],
    routes: take(sets.map(({ routes }) => routes)),
    receivers: take(sets.map(({ receivers }) => receivers)),
    secrets: take(sets.map(({ secrets }) => secrets)),
    namespaces: take(sets.map(({ namespaces }) => namespaces)),
    problems,
  };
}

function duplicate({ title, place }: Manifest, first: Place): ManifestProblem {
  const where = `${first.file}:${first.line}`;
  return { kind: 'duplicate', place, title, message: `is there twice, first in ${where}: keep one of them` };
}

const kinds = ['EventRoute', 'EventReceiver', 'Secret', 'Namespace'] as const;
type Kind = (typeof kinds)[number];
const ours: ReadonlySet<Kind> = new Set<Kind>(['EventRoute', 'EventReceiver']);

type Read = { readonly kind: Kind; readonly manifest: Manifest } | { readonly problem: ManifestProblem };
type Data = Readonly<Record<string, unknown>>;

function readManifest(source: SourceValue, defaultNamespace: string): Read | undefined {
  const { value } = source;
  if (!isData(value) || typeof value['kind'] !== 'string') return withoutKind(source);
  const kind = kinds.find((known) => known === value['kind']);
  if (kind === undefined || !isOfKnownGroup(value, kind)) return nearKind(source, value['kind']);
  const metadata = isData(value['metadata']) ? value['metadata'] : {};
  const { name } = metadata;
  if (typeof name !== 'string' || !isObjectName(name)) return badName(source, kind, name);
  const key = { name, namespace: textOr(defaultNamespace, metadata['namespace']) };
  const known = { ...value, kind, metadata: { generation: 1, ...metadata, ...key } };
  const title = kind === 'Namespace' ? `Namespace ${name}` : `${kind} ${keyText(key)}`;
  return judgeManifest({ value: known, key, title, place: source.place, locate: source.locate }, kind);
}

function judgeManifest(manifest: Manifest<Data>, kind: Kind): Read {
  const { title, value } = manifest;
  const objection = kind === 'Secret' ? checkSecret(value) : checkVersion(value, kind);
  if (objection === undefined) return { kind, manifest };
  const { path, message } = objection;
  return { problem: { kind: 'manifest', place: manifest.locate(path), title, message } };
}

function checkVersion(value: Data, kind: Kind): { path: string; message: string } | undefined {
  const written = value['apiVersion'];
  if (!ours.has(kind) || written === `${apiGroup}/${apiVersion}`) return undefined;
  const found = typeof written === 'string' ? `apiVersion ${written}` : 'no apiVersion';
  return {
    path: 'apiVersion',
    message: `has ${found}; this version of eventroute knows ${apiGroup}/${apiVersion}`,
  };
}

function textOr(fallback: string, value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : fallback;
}

/** Another group may have a kind of the same name, which is none of our business. */
function isOfKnownGroup(value: Data, kind: Kind): boolean {
  const written = value['apiVersion'];
  if (ours.has(kind))
    return typeof written !== 'string' || written.startsWith(`${apiGroup}/`) || !written.includes('/');
  return written === undefined || written === 'v1';
}

function withoutKind(source: SourceValue): Read {
  const { value, place } = source;
  const isOurs = isData(value) && String(value['apiVersion']).startsWith(`${apiGroup}/`);
  if (isOurs) return { problem: { kind: 'manifest', place, message: 'has an object without `kind`' } };
  return {
    problem: {
      kind: 'passedOver',
      place,
      message: 'is no manifest, since it has no `kind`: it was passed over',
    },
  };
}

/** `Eventroute` and `EventRoutes` are no kinds, and nobody else would say so before the API server does. */
function nearKind(source: SourceValue, written: string): Read | undefined {
  const group = isData(source.value) ? source.value['apiVersion'] : undefined;
  if (typeof group !== 'string' || !group.startsWith(`${apiGroup}/`)) return undefined;
  const message = `has the kind ${written}, which is not known; it takes EventRoute and EventReceiver`;
  return { problem: { kind: 'manifest', place: source.locate('kind'), message } };
}

function badName(source: SourceValue, kind: Kind, name: unknown): Read | undefined {
  // Secrets and Namespaces of others may be templates of something else
  if (!ours.has(kind)) return undefined;
  const message =
    typeof name === 'string' && name !== ''
      ? `${kind} has the name ${JSON.stringify(name)}: names are small letters, digits, - and ., and begin and end with a letter or digit`
      : `${kind} has no metadata.name that is text`;
  return { problem: { kind: 'manifest', place: source.locate('metadata.name'), message } };
}

/** A DNS subdomain (RFC 1123), as the API server wants names of objects. */
function isObjectName(name: string): boolean {
  return name.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(name);
}

function isData(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
