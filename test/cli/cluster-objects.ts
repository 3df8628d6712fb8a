import { KubeError } from '../../operator/kube/kube-error.ts';

/** Objects of a cluster as its API server lists them, for tests of commands that show them. */

const base = '/apis/eventroute.dev/v1beta1';

/** The path of a list: of a namespace, or of all. */
export function listPath(plural: 'eventroutes' | 'eventreceivers', namespace?: string): string {
  return namespace === undefined ? `${base}/${plural}` : `${base}/namespaces/${namespace}/${plural}`;
}

/** What the API server answers to a list; its items have no kind. */
export function listOf(items: readonly unknown[]): unknown {
  return { apiVersion: 'eventroute.dev/v1beta1', kind: 'List', metadata: { resourceVersion: '7' }, items };
}

/** A client of an API server that only answers what it holds, by path; anything else is forbidden or not there. */
export function createReadingClient(answers: Readonly<Record<string, unknown>>) {
  return {
    request: <T>(_method: string, path: string): Promise<T> => {
      const found = answers[path];
      if (found === 'forbidden') return Promise.reject(new KubeError(path, { failure: 'forbidden' }));
      if (found === undefined) return Promise.reject(new KubeError(path, { failure: 'notFound' }));
      return Promise.resolve(found as T);
    },
  };
}

/** The Ready condition of a status. */
export function ready(
  status: 'True' | 'False' | 'Unknown',
  { reason = 'Ready', message = 'All is well', generation = 1 } = {},
) {
  return {
    conditions: [
      {
        type: 'Ready',
        status,
        reason,
        message,
        lastTransitionTime: '2026-01-31T12:00:00Z',
        observedGeneration: generation,
      },
    ],
  };
}

function metadataOf(key: string) {
  const [namespace = '', name = ''] = key.split('/');
  return {
    namespace,
    name,
    uid: `uid of ${key}`,
    generation: 1,
    resourceVersion: '5',
    creationTimestamp: '2026-01-31T12:00:00Z',
  };
}

/** An object as a list has it. */
export function listed(key: string, { spec, status }: { spec?: unknown; status?: unknown }) {
  return { metadata: metadataOf(key), spec, status };
}

const isDown = { reason: 'ConnectionRefused', message: 'hooks.example.com refused the connection' };

/** A cluster of two teams: the platform's routes see all, and the shop's on-call receiver is down. */
export const cluster = {
  platformRoute: listed('eventroute-system/everything', {
    spec: {
      drop: [{ type: 'Normal', reason: 'Pulled|Created' }],
      match: [{ receiver: 'archive' }],
      routes: [
        { name: 'pages', match: [{ type: 'Warning', minCount: 3, receiver: 'shop/oncall' }] },
        { match: [{ kind: '!Pod', labels: { tier: 'critical', canary: '' } }, { receiver: 'gone' }] },
      ],
    },
    status: {
      ...ready('False', { reason: 'ReceiverNotFound', message: 'there is no EventReceiver gone' }),
      scope: 'Cluster',
      receiversReady: '1/3',
      matched: 20871,
      dropped: 12,
      delivered: 20834,
      failed: 41,
      pending: 37,
      nodes: [{ name: 'pages', matched: 44, dropped: 3 }],
      receivers: [
        { name: 'eventroute-system/gone', ready: false, reason: 'ReceiverNotFound', pending: 0 },
        { name: 'shop/oncall', ready: false, reason: 'ConnectionRefused', pending: 37 },
        { name: 'eventroute-system/archive', ready: true, reason: 'Ready', pending: 0 },
      ],
    },
  }),
  shopRoute: listed('shop/orders', {
    spec: { mode: 'Shadow', match: [{ receiver: 'eventroute-system/archive' }] },
    status: {
      ...ready('True'),
      scope: 'Namespace',
      receiversReady: '1/1',
      matched: 5,
      receivers: [{ name: 'eventroute-system/archive', ready: true, reason: 'Ready', pending: 2 }],
    },
  }),
  archive: listed('eventroute-system/archive', {
    status: { ...ready('True'), sink: 'file', delivered: 20834, lastSuccessTime: '2026-01-31T12:00:00Z' },
  }),
  oncall: listed('shop/oncall', {
    status: { ...ready('False', isDown), sink: 'slack', delivered: 0, failed: 41, pending: 37 },
  }),
  spare: listed('shop/spare', { status: { ...ready('True'), sink: 'stdout' } }),
} as const;

const routes = [cluster.platformRoute, cluster.shopRoute];
const receivers = [cluster.oncall, cluster.archive, cluster.spare];
const of = (namespace: string, objects: readonly { metadata: { namespace: string } }[]) =>
  listOf(objects.filter(({ metadata }) => metadata.namespace === namespace));

/** What the API server answers to who may read everything. */
export const wholeCluster: Readonly<Record<string, unknown>> = {
  [listPath('eventroutes')]: listOf(routes),
  [listPath('eventreceivers')]: listOf(receivers),
  [listPath('eventroutes', 'shop')]: of('shop', routes),
  [listPath('eventreceivers', 'shop')]: of('shop', receivers),
  [listPath('eventroutes', 'eventroute-system')]: of('eventroute-system', routes),
  [listPath('eventreceivers', 'eventroute-system')]: of('eventroute-system', receivers),
};

/** What it answers to who may read the shop alone. */
export const shopOnly: Readonly<Record<string, unknown>> = {
  ...wholeCluster,
  [listPath('eventroutes')]: 'forbidden',
  [listPath('eventreceivers')]: 'forbidden',
  [listPath('eventroutes', 'eventroute-system')]: 'forbidden',
  [listPath('eventreceivers', 'eventroute-system')]: 'forbidden',
};
