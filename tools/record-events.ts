import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { createKubeClient, type KubeClient } from '../operator/kube/client.ts';
import { listPages } from '../operator/kube/pager.ts';
import { systemClock } from '../operator/schema/clock.ts';
import { type LookUpObject, isSameObject } from '../operator/source/live-object.ts';
import { createObjectLookUp } from '../operator/source/object-lookup.ts';
import { comparePositions } from '../operator/source/position.ts';
import { type Cluster, startCluster } from '../test/cluster/cluster.ts';

/**
 * Records Events of a real API server in test/event/recorded/, with the metadata of the objects that they are about, and
 * what kubernetes-event-exporter makes of them. The controller manager writes most of them; those that take a kubelet or
 * a scheduler are written here in the same form. Needs Go.
 */
interface RecordedEvent {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly involvedObject: {
    readonly kind: string;
    readonly apiVersion?: string;
    readonly namespace?: string;
    readonly name: string;
    readonly uid?: string;
  };
  readonly reason: string;
}

const folder = join(import.meta.dirname, '../test/event/recorded');
const golden = join(import.meta.dirname, '../test/event/golden');
/** What must be among the Events before the recording ends. */
const wanted = [
  'Deployment ScalingReplicaSet',
  'ReplicaSet SuccessfulCreate',
  'ReplicaSet FailedCreate',
  'StatefulSet SuccessfulCreate',
  'DaemonSet SuccessfulCreate',
  'Job SuccessfulCreate',
  'Job DeadlineExceeded',
  'Job Suspended',
  'CronJob SuccessfulCreate',
  'PersistentVolumeClaim FailedBinding',
  'HorizontalPodAutoscaler FailedGetResourceMetric',
  'HorizontalPodAutoscaler FailedGetScale',
  'PodDisruptionBudget NoPods',
  'Node RegisteredNode',
];
const longestWaitMs = 150_000;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const noLog = { debug: () => undefined, info: () => undefined, warn: say, error: say };

async function kubectl(cluster: Cluster, args: readonly string[], input?: string): Promise<void> {
  const { code, stderr } = await cluster.kubectl(args, input);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} failed: ${stderr}`);
}

async function list(client: KubeClient): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  const { signal } = new AbortController();
  const options = { client, path: '/api/v1/events', query: {}, pageSize: 500, signal };
  await listPages<RecordedEvent>({ ...options, onPage: ({ items }) => void events.push(...items) });
  return events.sort((one, other) =>
    comparePositions(one.metadata.resourceVersion, other.metadata.resourceVersion),
  );
}

/** Kubelet and scheduler are not there, so this writes what they would, through both APIs. */
async function writeNodeEvents(client: KubeClient): Promise<void> {
  const pods = await client.request<{
    items: { metadata: { name: string; uid: string; resourceVersion: string } }[];
  }>('GET', '/api/v1/namespaces/shop/pods');
  const pod = pods.items.find(({ metadata }) => metadata.name.startsWith('web-'))?.metadata;
  if (pod === undefined) throw new Error('the Deployment web has no Pod');
  const now = new Date();
  const seconds = `${now.toISOString().slice(0, 19)}Z`;
  const micros = `${now.toISOString().slice(0, 23)}042Z`;
  const object = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', ...pod };
  await client.request('POST', '/api/v1/namespaces/shop/events', {
    body: {
      metadata: { name: `${pod.name}.18a5c0ffee000001`, namespace: 'shop' },
      involvedObject: { ...object, fieldPath: 'spec.containers{web}' },
      reason: 'BackOff',
      message: `Back-off restarting failed container web in pod ${pod.name}_shop(<${pod.uid}> & "web")`,
      source: { component: 'kubelet', host: 'node-1' },
      firstTimestamp: seconds,
      lastTimestamp: seconds,
      count: 12,
      type: 'Warning',
      reportingComponent: 'kubelet',
      reportingInstance: 'node-1',
    },
  });
  await client.request('POST', '/apis/events.k8s.io/v1/namespaces/shop/events', {
    body: {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { name: `${pod.name}.18a5c0ffee000002`, namespace: 'shop' },
      eventTime: micros,
      reportingController: 'default-scheduler',
      reportingInstance: 'default-scheduler-control-1',
      action: 'Scheduling',
      reason: 'FailedScheduling',
      regarding: object,
      related: { apiVersion: 'v1', kind: 'Node', name: 'node-1' },
      note: '0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.',
      type: 'Warning',
      series: { count: 4, lastObservedTime: micros },
    },
  });
  await client.request('POST', '/api/v1/namespaces/default/events', {
    body: {
      metadata: { name: 'node-1.18a5c0ffee000003', namespace: 'default' },
      involvedObject: { kind: 'Node', name: 'node-1', uid: 'node-1' },
      reason: 'Starting',
      message: 'Starting kubelet.',
      source: { component: 'kubelet', host: 'node-1' },
      firstTimestamp: seconds,
      lastTimestamp: seconds,
      count: 1,
      type: 'Normal',
      reportingComponent: 'kubelet',
      reportingInstance: 'node-1',
    },
  });
}

async function waitForAll(client: KubeClient): Promise<void> {
  const untilMs = Date.now() + longestWaitMs;
  for (;;) {
    const events = await list(client);
    const seen = new Set(events.map(({ involvedObject, reason }) => `${involvedObject.kind} ${reason}`));
    const missing = wanted.filter((entry) => !seen.has(entry));
    if (missing.length === 0) return;
    if (Date.now() > untilMs) throw new Error(`no controller wrote ${missing.join(', ')}`);
    say(`${events.length} Events; waiting for ${missing.join(', ')}`);
    await sleep(5_000);
  }
}

/** Puts what is known of the live object where the exporter's document has it. */
async function enrich(event: RecordedEvent, lookUp: LookUpObject): Promise<unknown> {
  const { kind, apiVersion = 'v1', namespace = '', name, uid = '' } = event.involvedObject;
  const found = await lookUp({ apiVersion, kind, namespace, name }, new AbortController().signal);
  if (found === 'unknownKind') return event;
  const isGone = found === 'notFound' || !isSameObject(found, { uid, name });
  const metadata = isGone ? { deleted: true } : found.metadata;
  return { ...event, involvedObject: { ...event.involvedObject, ...metadata } };
}

async function record(cluster: Cluster): Promise<void> {
  const client = createKubeClient({ kubeconfig: cluster.kubeconfig, log: noLog });
  const workload = await readFile(join(folder, 'workload.yaml'), 'utf8');
  await kubectl(cluster, ['apply', '-f', '-'], workload);
  await waitForAll(client);
  await kubectl(cluster, ['scale', 'deployment/web', '-n', 'shop', '--replicas=4']);
  await kubectl(cluster, ['set', 'image', 'deployment/web', '-n', 'shop', 'web=example.com/web:2']);
  await kubectl(cluster, [
    'patch',
    'job/paused',
    '-n',
    'shop',
    '--type=merge',
    '-p',
    '{"spec":{"suspend":false}}',
  ]);
  await writeNodeEvents(client);
  await kubectl(cluster, ['delete', 'job/slow', '-n', 'shop', '--wait=true']);
  await sleep(5_000);

  const lookUp = createObjectLookUp({ client, clock: systemClock });
  const lines: string[] = [];
  for (const event of await list(client)) lines.push(`${JSON.stringify(await enrich(event, lookUp))}\n`);
  client.close();
  const text = lines.join('');
  await writeFile(join(folder, 'events.jsonl'), text);
  await writeFile(join(folder, 'expected.jsonl'), convert(text));
  say(`Recorded ${lines.length} Events`);
}

/** Asks the exporter's own Go types what its JSON of these Events is. */
function convert(events: string): string {
  const { status, stdout, stderr } = spawnSync('go', ['run', '.'], {
    cwd: golden,
    input: events,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`go run . failed in ${golden}: ${stderr}`);
  return stdout;
}

await using cluster = await startCluster({ log: say });
await record(cluster);
