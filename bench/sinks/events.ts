import { createClusterEvent } from '../../operator/event/core-event.ts';
import { createOccurrence, type Occurrence } from '../../operator/event/occurrence.ts';

const objects = 4_000;

/** An Event as it comes from a watch: its texts lie in memory as JSON.parse leaves them. */
function coreEvent(number: number): Record<string, unknown> {
  const object = number % objects;
  const name = `checkout-${object}`;
  const core = {
    metadata: {
      name: `${name}.17f3a9${number}`,
      namespace: 'payments',
      uid: `8a1f6e0c-2f4b-4d57-9c1e-${String(number).padStart(12, '0')}`,
      resourceVersion: String(800_000 + number),
      creationTimestamp: '2026-03-01T10:00:00Z',
    },
    involvedObject: {
      kind: 'Pod',
      namespace: 'payments',
      name,
      uid: `c0ffee00-7d21-4c90-8a3b-${String(object).padStart(12, '0')}`,
      apiVersion: 'v1',
      resourceVersion: String(700_000 + object),
      fieldPath: 'spec.containers{web}',
    },
    reason: 'BackOff',
    message: `Back-off restarting failed container web in pod ${name}_payments(c0ffee00-7d21-4c90-8a3b)`,
    source: { component: 'kubelet', host: `node-${number % 50}` },
    firstTimestamp: '2026-03-01T10:00:00Z',
    lastTimestamp: '2026-03-01T10:20:30Z',
    count: 3,
    type: 'Warning',
    reportingComponent: 'kubelet',
    reportingInstance: `node-${number % 50}`,
  };
  return JSON.parse(JSON.stringify(core)) as Record<string, unknown>;
}

/** What enrichment finds at the Pod: labels and annotations as charts, controllers and networks leave them there. */
const object = {
  labels: {
    'app.kubernetes.io/name': 'checkout',
    'app.kubernetes.io/instance': 'checkout-prod',
    'app.kubernetes.io/version': '4.17.2',
    'app.kubernetes.io/component': 'web',
    'app.kubernetes.io/part-of': 'shop',
    'app.kubernetes.io/managed-by': 'Helm',
    'pod-template-hash': '7d4b9c6f58',
    team: 'payments',
  },
  annotations: {
    'checksum/config': '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'cni.projectcalico.org/containerID': '60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752',
    'cni.projectcalico.org/podIP': '10.244.3.17/32',
    'cni.projectcalico.org/podIPs': '10.244.3.17/32,fd00:10:244:3::11/128',
    'kubectl.kubernetes.io/restartedAt': '2026-02-27T08:14:02Z',
    'prometheus.io/path': '/metrics',
    'prometheus.io/port': '9102',
    'prometheus.io/scrape': 'true',
  },
  ownerReferences: [
    {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      name: 'checkout-7d4b9c6f58',
      uid: 'd7a8fbb3-07d7-4094-96ca-2f0b6c0a1c11',
      controller: true,
      blockOwnerDeletion: true,
    },
  ],
  deleted: false,
};

/** Events that come one after the other, and are kept by nobody but who takes them. */
export interface Supply {
  readonly left: number;
  /** Takes the next of them, as many as there are. */
  take(count: number): Occurrence[];
}

/** Creates a supply of so many events, of which nothing has been read yet. */
export function createSupply(count: number): Supply {
  const waiting = Array.from({ length: count }, (_, number) =>
    createOccurrence(createClusterEvent(coreEvent(number), { clusterName: 'prod-eu', object })),
  ).reverse();
  return {
    get left() {
      return waiting.length;
    },
    take: (wanted) => waiting.splice(-wanted).reverse(),
  };
}
