import { type CustomResource } from '../api/resource.ts';
import { listManifestFiles, readText } from '../manifest/manifest-files.ts';
import { type NamespaceManifest, readManifestSet } from '../manifest/manifest-set.ts';
import { type SecretManifest } from '../manifest/secret-data.ts';

/** What manifests hold that Eventroute takes an interest in. */
export interface Manifests {
  readonly receivers: readonly CustomResource[];
  readonly routes: readonly CustomResource[];
  readonly secrets: readonly SecretManifest[];
  readonly namespaces: readonly NamespaceManifest[];
}

/** A manifest that cannot be used; the message names the file and the line. */
class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

/**
 * Reads manifests from files and folders (`*.yaml`, `*.yml`, `*.json`, not below sub-folders), as `kubectl apply -f`
 * does. Objects without a namespace get `defaultNamespace`; kinds of others are passed over. Throws for the first that
 * cannot be used: `eventroute validate` tells of all.
 */
export async function readManifests(paths: readonly string[], defaultNamespace: string): Promise<Manifests> {
  const files = await listManifestFiles(paths);
  const texts = await Promise.all(files.map(async (file) => ({ file, text: await readText(file) })));
  const set = readManifestSet(texts, defaultNamespace);
  const problem = set.problems.find(({ kind }) => kind !== 'passedOver');
  if (problem !== undefined) {
    const { place, title = '', message } = problem;
    const where = `${place.file}:${place.line}:${place.column}`;
    throw new ManifestError([where, title, message].filter((part) => part !== '').join(' '));
  }
  const valuesOf = <T>(manifests: readonly { readonly value: T }[]): T[] =>
    manifests.map(({ value }) => value);
  return {
    receivers: valuesOf(set.receivers),
    routes: valuesOf(set.routes),
    secrets: valuesOf(set.secrets),
    namespaces: valuesOf(set.namespaces),
  };
}
