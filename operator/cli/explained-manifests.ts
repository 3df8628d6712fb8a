import { keyText, type CustomResource } from '../api/resource.ts';
import { lintManifests } from '../lint/lint.ts';
import { offline, type Surroundings } from '../lint/surroundings.ts';
import { joinManifestSets, type ManifestSet, sortManifests } from '../manifest/manifest-set.ts';
import { type ClusterReader } from './cluster-reader.ts';
import { UsageError } from './exit.ts';
import { lintOptionsOf, type ManifestFlags, readManifestFlags } from './manifest-flags.ts';

/**
 * Puts together what Events of some namespaces are explained by: files, and with a cluster what they lack. Only routes of an
 * Event's own namespace and of the root can see it, so the caller needs no more rights than these.
 */
export async function gatherManifests(
  flags: ManifestFlags & { readonly filename?: readonly string[] },
  cluster: ClusterReader | undefined,
  namespaces: ReadonlySet<string>,
): Promise<ManifestSet> {
  const files = await readManifestFlags(flags.filename ?? [], flags, cluster);
  checkFiles(files, flags.filename);
  if (cluster === undefined) return files;
  const isRouted = flags.filename === undefined;
  const routes = isRouted ? await routesOf(cluster, [...namespaces, flags.rootNamespace]) : [];
  const set = joinManifestSets([files, fromCluster(routes)]);
  return joinManifestSets([set, fromCluster(await receiversOf(cluster, set, flags))]);
}

function checkFiles({ problems, routes }: ManifestSet, paths: readonly string[] | undefined): void {
  const broken = problems.find(({ kind }) => kind !== 'passedOver');
  if (broken !== undefined) {
    const { place, title = '', message } = broken;
    throw new Error(`${place.file}:${place.line}:${place.column} ${title} ${message}`);
  }
  if (paths === undefined || routes.length > 0) return;
  throw new UsageError(`${paths.join(', ')} holds no EventRoute`);
}

async function routesOf(cluster: ClusterReader, namespaces: readonly string[]): Promise<CustomResource[]> {
  const wanted = new Set(namespaces.filter((namespace) => namespace !== ''));
  const lists = await Promise.all([...wanted].map((namespace) => cluster.routes(namespace)));
  return lists.flat();
}

async function receiversOf(
  cluster: ClusterReader,
  set: ManifestSet,
  flags: ManifestFlags,
): Promise<CustomResource[]> {
  const { routes } = await lintManifests({ ...set, receivers: [] }, lintOptionsOf(flags, offline));
  const known = new Set(set.receivers.map(({ key }) => keyText(key)));
  const missing = new Set([...routes.values()].flatMap(({ named }) => named));
  const found = await Promise.all(
    [...missing]
      .filter((key) => !known.has(key))
      .map((key) => {
        const [namespace = '', name = ''] = key.split('/');
        return cluster.receiver({ namespace, name });
      }),
  );
  return found.filter((receiver) => typeof receiver === 'object');
}

/** Objects of the cluster have no line; `kubectl edit` is where they are mended. */
function fromCluster(objects: readonly CustomResource[]): ManifestSet {
  const place = { file: 'the cluster', line: 1, column: 1 };
  const values = objects.map((value) => ({ value, place, locate: () => place }));
  return sortManifests(values, { files: [], defaultNamespace: '' });
}

/** Secrets are read only to show payloads. */
export function withoutSecrets(cluster: ClusterReader, isRendering: boolean): Surroundings {
  if (isRendering) return cluster;
  return {
    remedy: cluster.remedy,
    remedyOfMissing: cluster.remedyOfMissing,
    secret: () => Promise.resolve('unknown'),
    receiver: (key) => cluster.receiver(key),
    namespaceLabels: (namespace) => cluster.namespaceLabels(namespace),
  };
}
