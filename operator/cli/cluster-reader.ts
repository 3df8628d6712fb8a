import { eventReceiverKind } from '../api/event-receiver.ts';
import { eventRouteKind } from '../api/event-route.ts';
import { apiGroup, apiVersion, keyText, type CustomResource, type ObjectKey } from '../api/resource.ts';
import { createKubeClient, type KubeClient } from '../kube/client.ts';
import { isKubeFailure } from '../kube/kube-error.ts';
import { type KubeList, type KubeObject, resourcePath } from '../kube/kube-object.ts';
import { getSecret } from '../kube/secrets.ts';
import { type Surroundings } from '../lint/surroundings.ts';
import { version } from '../telemetry/version.ts';
import { type Log } from '../telemetry/log.ts';

/** A cluster, read with the rights of whoever calls the command. */
export interface ClusterReader extends Surroundings {
  readonly client: KubeClient;
  /** The namespace of the kubeconfig's context. */
  readonly namespace: string;
  /** Reads an Event; undefined when there is none. Throws a KubeError. */
  event(key: ObjectKey): Promise<Record<string, unknown> | undefined>;
  /** Lists the EventRoutes of a namespace; none when they may not be read. */
  routes(namespace: string): Promise<readonly CustomResource[]>;
  /** What could not be told because the caller may not read it, in sentences. */
  readonly gaps: Set<string>;
}

/** Where the cluster is. */
export interface ClusterReaderOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly log: Log;
}

const routes = { group: apiGroup, version: apiVersion, plural: eventRouteKind.plural };
const receivers = { group: apiGroup, version: apiVersion, plural: eventReceiverKind.plural };

/** Creates the reader of a cluster; throws a KubeError when no kubeconfig leads to one. */
export function createClusterReader(options: ClusterReaderOptions): ClusterReader {
  const client = createKubeClient({ ...options, userAgent: `eventroute/${version}` });
  const gaps = new Set<string>();
  const get = <T>(path: string): Promise<T> => client.request<T>('GET', path);

  /** What may not be read is a gap in the answer, and none of the command's business otherwise. */
  const unlessForbidden = async <T>(
    read: () => Promise<T>,
    what: string,
  ): Promise<T | 'unknown' | undefined> => {
    try {
      return await read();
    } catch (thrown) {
      if (isKubeFailure(thrown, 'notFound')) return undefined;
      if (!isKubeFailure(thrown, 'forbidden')) throw thrown;
      gaps.add(`You may not ${what}`);
      return 'unknown';
    }
  };

  return {
    client,
    namespace: client.namespace,
    gaps,
    remedy: 'ask for the right to read it',
    remedyOfMissing: 'create it, or correct the name',
    secret: (key) =>
      unlessForbidden(() => getSecret(client, key.namespace, key.name), `get Secret ${keyText(key)}`),
    receiver: (key) =>
      unlessForbidden(
        () => get<CustomResource>(resourcePath(receivers, key)),
        `get EventReceiver ${keyText(key)}`,
      ),
    async namespaceLabels(namespace) {
      const found = await unlessForbidden(
        () =>
          get<KubeObject>(
            resourcePath({ group: '', version: 'v1', plural: 'namespaces' }, { name: namespace }),
          ),
        `get Namespace ${namespace}: rules and grants that ask for its labels cannot be judged`,
      );
      return typeof found === 'string' ? found : (found?.metadata.labels ?? {});
    },
    async event(key) {
      const path = resourcePath({ group: '', version: 'v1', plural: 'events' }, key);
      try {
        return await get<Record<string, unknown>>(path);
      } catch (thrown) {
        if (isKubeFailure(thrown, 'notFound')) return undefined;
        throw thrown;
      }
    },
    async routes(namespace) {
      const list = await unlessForbidden(
        () => get<KubeList<CustomResource>>(resourcePath(routes, { namespace })),
        `list EventRoutes in namespace ${namespace}: those are not shown`,
      );
      return typeof list === 'object' ? list.items.map(withKind) : [];
    },
  };
}

/** The items of a list come without apiVersion and kind. */
function withKind(object: CustomResource): CustomResource {
  return { ...object, apiVersion: `${apiGroup}/${apiVersion}`, kind: eventRouteKind.kind };
}
