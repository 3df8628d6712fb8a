import { appendFile } from 'node:fs/promises';

import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { eventually } from './eventually.ts';
import { installChart, type OperatorProcess, rootNamespace, startOperator } from './operator-process.ts';
import { startWebhookRecorder, type WebhookRecorder } from './webhook-recorder.ts';

/** A cluster with the chart installed, the operator running and a webhook to send to. */
export interface World extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly webhook: WebhookRecorder;
  operator: OperatorProcess;
  /** Applies manifests with kubectl; throws when it does not take them. */
  apply(...objects: readonly Manifest[]): Promise<void>;
  /** Reads an object of ours; undefined when there is none. */
  read(kind: Kind, name: string, namespace?: string): Promise<ReadObject | undefined>;
  /** Waits until a condition of an object says so, and resolves to it. */
  condition(kind: Kind, name: string, wanted: WantedCondition): Promise<Condition>;
  /** Creates an Event as a controller does. */
  createEvent(event: EventOptions): Promise<void>;
  /** Lists the Events of a namespace. */
  events(namespace: string): Promise<ListedEvent[]>;
}

/** The plural of a kind of ours. */
export type Kind = 'eventroutes' | 'eventreceivers';

/** An object as a user writes it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** A condition of an object's status. */
export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

/** An object of ours as the API server has it. */
export interface ReadObject {
  readonly metadata: { readonly generation: number };
  readonly status: { readonly conditions: readonly Condition[] } & Readonly<Record<string, unknown>>;
}

/** What is waited for. */
export interface WantedCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly timeoutMs?: number;
}

/** An Event that a test makes. */
export interface EventOptions {
  readonly name: string;
  readonly namespace: string;
  readonly reason: string;
  readonly message?: string;
  readonly type?: 'Normal' | 'Warning';
}

/** An Event as the API server lists it. */
export interface ListedEvent {
  readonly metadata: { readonly uid: string; readonly name: string; readonly resourceVersion: string };
  readonly reason: string;
  readonly count?: number;
  readonly involvedObject: { readonly kind: string; readonly name: string };
  readonly reportingComponent: string;
}

/** Starts a world; `chartFlags` go to `helm install`. */
export async function startWorld(chartFlags: readonly string[] = []): Promise<World> {
  const stack = new AsyncDisposableStack();
  try {
    const cluster = stack.use(await startCluster());
    const webhook = stack.use(await startWebhookRecorder());
    await installChart(cluster, chartFlags);
    const world: World = {
      cluster,
      webhook,
      operator: await startOperator(cluster),
      apply: (...objects) => apply(cluster, objects),
      read: (kind, name, namespace = rootNamespace) => read(cluster, kind, { name, namespace }),
      async condition(kind, name, { type, status, reason, timeoutMs }) {
        return eventually(
          async () => {
            const object = await read(cluster, kind, { name, namespace: rootNamespace });
            const found = object?.status.conditions.find((condition) => condition.type === type);
            expect(found).toMatchObject({
              status,
              ...(reason === undefined ? {} : { reason }),
              observedGeneration: object?.metadata.generation,
            });
            return found!;
          },
          { timeoutMs },
        );
      },
      createEvent: (event) => createEvent(cluster, event),
      async events(namespace) {
        const answer = await cluster.request(`/api/v1/namespaces/${namespace}/events`);
        return (answer.json() as { items: ListedEvent[] }).items;
      },
      [Symbol.asyncDispose]: () => whole.disposeAsync(),
    };
    stack.defer(async () => {
      await world.operator.stop('SIGKILL');
    });
    const whole = stack.move();
    return world;
  } catch (thrown) {
    await stack.disposeAsync();
    throw thrown;
  }
}

/**
 * Ends a world, or what there is of it when its start failed. Where EVENTROUTE_E2E_LOG names a file, what the operator
 * printed is added to it.
 */
export async function endWorld(world: World | undefined): Promise<void> {
  const logFile = process.env.EVENTROUTE_E2E_LOG;
  if (world !== undefined && logFile !== undefined) await appendFile(logFile, world.operator.output());
  await world?.[Symbol.asyncDispose]();
}

/** Writes an EventReceiver of the root namespace that sends to the webhook. */
export function webhookReceiver(
  name: string,
  endpoint: string,
  spec: Readonly<Record<string, unknown>> = {},
): Manifest {
  return {
    apiVersion: 'eventroute.dev/v1beta1',
    kind: 'EventReceiver',
    metadata: { name, namespace: rootNamespace },
    spec: { sink: { webhook: { endpoint } }, ...spec },
  };
}

/** Writes an EventRoute of the root namespace. */
export function route(name: string, spec: Readonly<Record<string, unknown>>): Manifest {
  return {
    apiVersion: 'eventroute.dev/v1beta1',
    kind: 'EventRoute',
    metadata: { name, namespace: rootNamespace },
    spec,
  };
}

/** Writes a Namespace. */
export function namespace(name: string, labels: Readonly<Record<string, string>> = {}): Manifest {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

async function apply(cluster: Cluster, objects: readonly Manifest[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const { code, stderr } = await cluster.kubectl(['apply', '-f', '-'], list);
  if (code !== 0) throw new Error(`kubectl apply failed: ${stderr}`);
}

async function read(
  cluster: Cluster,
  kind: Kind,
  key: { name: string; namespace: string },
): Promise<ReadObject | undefined> {
  const path = `/apis/eventroute.dev/v1beta1/namespaces/${key.namespace}/${kind}/${key.name}`;
  const answer = await cluster.request(path);
  return answer.status === 200 ? (answer.json() as ReadObject) : undefined;
}

async function createEvent(cluster: Cluster, event: EventOptions): Promise<void> {
  const now = new Date().toISOString().replace(/\.\d+/, '');
  const answer = await cluster.request(`/api/v1/namespaces/${event.namespace}/events`, {
    method: 'POST',
    body: {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: event.name, namespace: event.namespace },
      involvedObject: {
        apiVersion: 'v1',
        kind: 'Namespace',
        name: event.namespace,
        namespace: event.namespace,
      },
      reason: event.reason,
      message: event.message ?? `${event.name} happened`,
      type: event.type ?? 'Normal',
      source: { component: 'test' },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    },
  });
  if (answer.status !== 201) throw new Error(`the API server refused an Event: ${answer.text}`);
}
