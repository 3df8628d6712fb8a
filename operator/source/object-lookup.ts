import { readObjectMetadata } from '../event/object-metadata.ts';
import { type KubeClient } from '../kube/client.ts';
import { isKubeFailure, KubeError } from '../kube/kube-error.ts';
import { type KubeObject, resourcePath } from '../kube/kube-object.ts';
import { type ApiResource, createApiResources } from './api-resources.ts';
import { type Clock } from '../schema/clock.ts';
import { type LookUpObject, type ObjectReference } from './live-object.ts';

/** The metadata alone, whatever the object holds: no Secret's data crosses the wire. */
const metadataOnly = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';

/** Creates the look-up of an object's metadata at the API server. */
export function createObjectLookUp(options: {
  client: Pick<KubeClient, 'request'>;
  clock: Clock;
}): LookUpObject {
  const { client } = options;
  const resources = createApiResources(options);
  return async (reference, signal) => {
    const resource = await resources.find(reference.apiVersion, reference.kind, signal);
    if (resource === undefined) return 'unknownKind';
    const path = objectPath(reference, resource);
    if (path === undefined) return 'unknownKind';
    try {
      const { metadata } = await client.request<KubeObject>('GET', path, { accept: metadataOnly, signal });
      return { uid: metadata.uid ?? '', metadata: readObjectMetadata(metadata) };
    } catch (thrown) {
      if (isKubeFailure(thrown, 'notFound')) return 'notFound';
      if (isKubeFailure(thrown, 'forbidden')) throw forbid(thrown, reference, resource);
      throw thrown;
    }
  };
}

/** Events are written by anybody, so their names are not trusted to be names. */
function objectPath(reference: ObjectReference, { plural, namespaced }: ApiResource): string | undefined {
  const { namespace, name } = reference;
  if ([name, namespace].some((part) => part === '.' || part === '..')) return undefined;
  if (name === '' || (namespaced && namespace === '')) return undefined;
  return resourcePath(
    { ...splitApiVersion(reference.apiVersion), plural },
    { name, ...(namespaced && { namespace }) },
  );
}

function forbid(
  cause: KubeError,
  { apiVersion, namespace }: ObjectReference,
  { plural }: ApiResource,
): KubeError {
  const { group } = splitApiVersion(apiVersion);
  const where = namespace === '' ? '' : ` in namespace ${namespace}`;
  return new KubeError(
    `the ServiceAccount may not get ${plural}${where}: ` +
      `add apiGroups: ["${group}"], resources: ["${plural}"], verbs: ["get"] to its role`,
    { failure: 'forbidden', status: cause.status, reason: cause.reason, cause },
  );
}

function splitApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  return { group: apiVersion.slice(0, Math.max(0, slash)), version: apiVersion.slice(slash + 1) };
}
