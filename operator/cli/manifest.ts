import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments, type Document, type YAMLParseError } from 'yaml';

import { apiGroup, apiVersion, type CustomResource } from '../api/resource.ts';

/** A Secret as a manifest gives it. */
export interface SecretManifest {
  readonly kind: 'Secret';
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
}

/** What manifests hold that Eventroute takes an interest in. */
export interface Manifests {
  readonly receivers: readonly CustomResource[];
  readonly routes: readonly CustomResource[];
  readonly secrets: readonly SecretManifest[];
  readonly namespaces: readonly {
    readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  }[];
}

/** A manifest that cannot be used; the message names the file and the line. */
class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

interface Manifest {
  readonly apiVersion?: unknown;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly data?: unknown;
  readonly stringData?: unknown;
}

/**
 * Reads manifests from files and folders (`*.yaml`, `*.yml`, `*.json`, not below sub-folders), as `kubectl apply -f`
 * does. Objects without a namespace get `defaultNamespace`; kinds of others are passed over.
 */
export async function readManifests(paths: readonly string[], defaultNamespace: string): Promise<Manifests> {
  const files = (await Promise.all(paths.map(listFiles))).flat();
  const read = (await Promise.all(files.map(readFileObjects))).flat();
  const objects = read.map(({ object, file }) => ({
    object: withNamespace(object, file, defaultNamespace),
    file,
  }));
  const ofKind = <T>(kind: string): T[] =>
    objects.filter(({ object }) => object.kind === kind).map(({ object }) => object as T);
  refuseDuplicates(objects);
  return {
    receivers: ofKind('EventReceiver'),
    routes: ofKind('EventRoute'),
    secrets: ofKind('Secret'),
    namespaces: ofKind('Namespace'),
  };
}

async function listFiles(path: string): Promise<string[]> {
  const info = await stat(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if (!info.isDirectory()) return [path];
  const all = await readdir(path).catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  const names = all.filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  if (names.length === 0) throw new ManifestError(`${path} holds no *.yaml, *.yml or *.json file`);
  return names.map((name) => join(path, name));
}

function unreadable(path: string, cause: unknown): ManifestError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const why: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file or folder',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
  };
  return new ManifestError(`${path} cannot be read: ${why[code] ?? code}`, { cause });
}

async function readFileObjects(file: string): Promise<{ object: unknown; file: string }[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw unreadable(file, cause);
  });
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw yamlError(file, error);
    const object = toData(file, document);
    const items = isList(object) ? object.items : [object];
    return items.filter((item) => item !== null).map((item) => ({ object: item, file }));
  });
}

function toData(file: string, document: Document.Parsed): unknown {
  try {
    return document.toJS();
  } catch (cause) {
    // aliases that lead nowhere, or that would blow a small file up
    const told = cause instanceof Error ? cause.message : String(cause);
    throw new ManifestError(`${file} is not valid YAML: ${told}`, { cause });
  }
}

function isList(object: unknown): object is { readonly items: readonly unknown[] } {
  if (!isMap(object)) return false;
  return (
    typeof object['kind'] === 'string' && object['kind'].endsWith('List') && Array.isArray(object['items'])
  );
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function yamlError(file: string, { linePos, message }: YAMLParseError): ManifestError {
  const { line = 0, col = 0 } = linePos?.[0] ?? {};
  const [told = ''] = message.split('\n');
  const where = `${file}:${line}:${col}`;
  return new ManifestError(`${where} is not valid YAML: ${told.replace(/ at line \d+, column \d+:$/, '')}`);
}

const ours = new Set(['EventReceiver', 'EventRoute']);

function withNamespace(object: unknown, file: string, defaultNamespace: string): Manifest {
  if (!isMap(object) || typeof object['kind'] !== 'string')
    throw new ManifestError(`${file} has an object without \`kind\``);
  const { kind } = object;
  const metadata = isMap(object['metadata']) ? object['metadata'] : {};
  const { name, namespace } = metadata;
  if (typeof name !== 'string' || name === '')
    throw new ManifestError(`${file} has a ${kind} without a metadata.name that is text`);
  const known = {
    generation: 1,
    ...metadata,
    name,
    namespace: typeof namespace === 'string' && namespace !== '' ? namespace : defaultNamespace,
  };
  const manifest: Manifest = { ...object, kind, metadata: known };
  if (ours.has(kind)) checkVersion(manifest, file);
  if (kind === 'Secret') checkSecret(manifest, file);
  return manifest;
}

function checkVersion(manifest: Manifest, file: string): void {
  if (manifest.apiVersion === `${apiGroup}/${apiVersion}`) return;
  throw new ManifestError(
    `${file} has ${manifest.kind} ${manifest.metadata.name} of apiVersion ${String(manifest.apiVersion)}; this operator knows ${apiGroup}/${apiVersion}`,
  );
}

function checkSecret({ metadata, ...secret }: Manifest, file: string): void {
  for (const field of ['data', 'stringData'] as const) {
    const values = secret[field] ?? {};
    const isText = isMap(values) && Object.values(values).every((value) => typeof value === 'string');
    if (!isText)
      throw new ManifestError(`${file} has Secret ${metadata.name} whose ${field} is no map of texts`);
  }
  const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
  for (const [key, value] of Object.entries(secret.data ?? {})) {
    if (base64.test(String(value).replaceAll(/\s/g, ''))) continue;
    throw new ManifestError(
      `${file} has Secret ${metadata.name} whose data[${JSON.stringify(key)}] is not Base64: plain text belongs in stringData`,
    );
  }
}

function refuseDuplicates(objects: readonly { readonly object: Manifest; readonly file: string }[]): void {
  const files = new Map<string, string>();
  for (const { object, file } of objects) {
    const { namespace, name } = object.metadata;
    const id = `${object.kind} ${namespace}/${name}`;
    const first = files.get(id);
    if (first !== undefined)
      throw new ManifestError(`${id} is there twice, in ${first} and in ${file}: keep one of them`);
    files.set(id, file);
  }
}
