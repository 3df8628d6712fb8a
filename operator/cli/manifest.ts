import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAllDocuments, type YAMLParseError } from 'yaml';

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
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

interface Manifest {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly items?: readonly Manifest[];
}

/**
 * Reads manifests from files and folders (`*.yaml`, `*.yml`, `*.json`, not below sub-folders), as `kubectl apply -f`
 * does. Objects without a namespace get `defaultNamespace`; kinds of others are passed over.
 */
export async function readManifests(paths: readonly string[], defaultNamespace: string): Promise<Manifests> {
  const files = (await Promise.all(paths.map(listFiles))).flat();
  const objects = (await Promise.all(files.map(readFileObjects))).flat();
  const named = objects.map(({ object, file }) => withNamespace(object, file, defaultNamespace));
  const ofKind = <T>(kind: string): T[] => named.filter((object) => object.kind === kind) as T[];
  return {
    receivers: ofKind('EventReceiver'),
    routes: ofKind('EventRoute'),
    secrets: ofKind('Secret'),
    namespaces: ofKind('Namespace'),
  };
}

async function listFiles(path: string): Promise<string[]> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new ManifestError(`${path} cannot be read: there is no such file or folder`, { cause });
  });
  if (!info.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  if (names.length === 0) throw new ManifestError(`${path} holds no *.yaml, *.yml or *.json file`);
  return names.map((name) => join(path, name));
}

async function readFileObjects(file: string): Promise<{ object: Manifest; file: string }[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new ManifestError(`${file} cannot be read`, { cause });
  });
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw yamlError(file, error);
    const object = document.toJS() as Manifest | null;
    const isList = object?.kind?.endsWith('List') === true;
    const items = isList ? (object.items ?? []) : [object];
    return items.filter((item) => item !== null).map((item) => ({ object: item, file }));
  });
}

function yamlError(file: string, { linePos, message }: YAMLParseError): ManifestError {
  const { line = 0, col = 0 } = linePos?.[0] ?? {};
  return new ManifestError(`${file}:${line}:${col} is not valid YAML: ${message.split('\n')[0] ?? ''}`);
}

const ours = new Set(['EventReceiver', 'EventRoute']);

function withNamespace(object: Manifest, file: string, namespace: string): Manifest {
  if (object.kind === undefined) throw new ManifestError(`${file} has an object without \`kind\``);
  if (object.metadata?.name === undefined)
    throw new ManifestError(`${file} has a ${object.kind} without metadata.name`);
  if (ours.has(object.kind) && object.apiVersion !== `${apiGroup}/${apiVersion}`) {
    throw new ManifestError(
      `${file} has ${object.kind} ${object.metadata.name} of apiVersion ${String(object.apiVersion)}; this operator knows ${apiGroup}/${apiVersion}`,
    );
  }
  return { ...object, metadata: { generation: 1, namespace, ...object.metadata } as Manifest['metadata'] };
}
