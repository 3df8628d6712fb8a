import { setTimeout as sleep } from 'node:timers/promises';

import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { installChart, rootNamespace } from '../e2e/operator-process.ts';
import { type Api, openApi } from './api.ts';
import { createOperators, type Operators, type OperatorsOptions } from './operators.ts';
import { createProducer, type Producer } from './producer.ts';
import { createRandom } from './random.ts';
import { type ReceiverName } from './schedule.ts';
import { type Receipt, type Sink, startSearch, startWebhook } from './sinks.ts';
import { createTruth, type Truth } from './truth.ts';

/** The namespace in which Events happen. */
export const chaosNamespace = 'chaos';
/** The Secret that holds the token of `hook`. */
export const tokenSecret = 'hook-token';
/** Writes a second. */
export const rate = 300;

/** Everything that the chaos is about. */
export interface ChaosWorld extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly api: Api;
  readonly operators: Operators;
  readonly sinks: Readonly<Record<ReceiverName, Sink>>;
  readonly truth: Truth;
  readonly producer: Producer;
  /** What the sinks took, in that order. */
  readonly receipts: readonly Receipt[];
  /** Resolves when a receiver has taken a key. */
  taken(receiver: ReceiverName, key: string): Promise<void>;
}

/** The path of an object of ours in the root namespace. */
export function pathOf(plural: 'eventroutes' | 'eventreceivers', name = ''): string {
  const collection = `/apis/eventroute.dev/v1beta1/namespaces/${rootNamespace}/${plural}`;
  return name === '' ? collection : `${collection}/${name}`;
}

/** What a chaos is started with. */
export interface ChaosOptions extends OperatorsOptions {
  readonly seed: number;
}

/** Starts a cluster with the chart, sinks, receivers and routes; no operator runs yet. */
export async function startChaosWorld({ seed, ...options }: ChaosOptions): Promise<ChaosWorld> {
  const { now } = options;
  const stack = new AsyncDisposableStack();
  try {
    const cluster = stack.use(await startCluster({ controllers: false }));
    const api = stack.use(await openApi(cluster));
    const receipts: Receipt[] = [];
    const waiting = new Map<string, () => void>();
    const onReceipt = (receipt: Receipt): void => {
      receipts.push(receipt);
      waiting.get(`${receipt.receiver} ${receipt.key}`)?.();
    };
    const made = { random: createRandom(seed ^ 0x5eed), now, onReceipt };
    const sinks = {
      hook: stack.use(await startWebhook({ ...made, receiver: 'hook' })),
      small: stack.use(await startWebhook({ ...made, receiver: 'small' })),
      search: stack.use(await startSearch({ ...made, receiver: 'search' })),
    };
    sinks.hook.token = 'token-0';
    await installChart(cluster);
    await apply(cluster, manifests(sinks));
    const operators = stack.use(await createOperators(cluster, options));
    const truth = createTruth();
    const random = createRandom(seed + 1);
    const producer = createProducer({ api, truth, random, rate, now, namespace: chaosNamespace });
    const whole = stack.move();
    return {
      ...{ cluster, api, operators, sinks, truth, producer, receipts },
      taken(receiver, key) {
        if (receipts.some((receipt) => receipt.receiver === receiver && receipt.key === key))
          return Promise.resolve();
        return new Promise((resolve) => waiting.set(`${receiver} ${key}`, resolve));
      },
      [Symbol.asyncDispose]: () => whole.disposeAsync(),
    };
  } catch (thrown) {
    await stack.disposeAsync();
    throw thrown;
  }
}

/** Waits until all routes and receivers are ready. */
export async function waitUntilReady(api: Api, timeoutMs = 30_000): Promise<void> {
  interface Listed {
    readonly metadata: { readonly name: string };
    readonly status?: { readonly conditions?: readonly { type: string; status: string; message: string }[] };
  }
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    const answers = await Promise.all(
      ['eventroutes', 'eventreceivers'].map((plural) =>
        api.insist('GET', `/apis/eventroute.dev/v1beta1/${plural}`),
      ),
    );
    const objects = answers.flatMap(({ body }) => (body as { items: Listed[] }).items);
    const unready = objects.filter(
      ({ status }) => status?.conditions?.find(({ type }) => type === 'Ready')?.status !== 'True',
    );
    if (unready.length === 0) return;
    if (Date.now() > deadlineMs) throw new Error(`never ready: ${JSON.stringify(unready)}`);
    await sleep(100);
  }
}

async function apply(cluster: Cluster, items: readonly object[]): Promise<void> {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  const { code, stderr } = await cluster.kubectl(['apply', '-f', '-'], list);
  if (code !== 0) throw new Error(`kubectl apply failed: ${stderr}`);
}

function manifests(sinks: ChaosWorld['sinks']): object[] {
  const delivery = { timeout: '1s', retry: { initial: '100ms', max: '1s' }, concurrency: 16 };
  const receiver = (name: ReceiverName, spec: object): object => ({
    apiVersion: 'eventroute.dev/v1beta1',
    kind: 'EventReceiver',
    metadata: { name, namespace: rootNamespace },
    spec,
  });
  const route = (name: string, namespace: string, spec: object): object => ({
    apiVersion: 'eventroute.dev/v1beta1',
    kind: 'EventRoute',
    metadata: { name, namespace },
    spec,
  });
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: chaosNamespace, labels: { team: chaosNamespace } },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: tokenSecret, namespace: rootNamespace },
      stringData: { token: sinks.hook.token },
    },
    receiver('hook', {
      sink: {
        webhook: {
          endpoint: sinks.hook.url,
          bearer: { tokenSecretRef: { name: tokenSecret, key: 'token' } },
        },
      },
      delivery,
    }),
    receiver('search', {
      sink: { elasticsearch: { hosts: [sinks.search.url], index: 'chaos' } },
      delivery: { ...delivery, batch: { maxWait: '50ms' } },
    }),
    // a route of another namespace sends here, whose labels have to be read; and the buffer is soon full
    receiver('small', {
      sink: {
        webhook: {
          endpoint: sinks.small.url,
          encoding: 'NDJSON',
          layout: {
            key: '{{ .IdempotencyKey }}',
            run: '{{ .ClusterName }}',
            uid: '{{ .UID }}',
            number: '{{ if .Series }}{{ .Series.Count }}{{ else if .Count }}{{ .Count }}{{ else }}1{{ end }}',
            message: '{{ .Message }}',
          },
        },
      },
      delivery: { ...delivery, batch: { maxWait: '100ms' }, buffer: { maxEvents: 1_000 } },
      allowedRoutes: {
        namespaces: { from: 'Selector', selector: { matchLabels: { team: chaosNamespace } } },
      },
    }),
    route('chaos', rootNamespace, baseSpec),
    route('tenant', chaosNamespace, { match: [{ receiver: `${rootNamespace}/small` }] }),
  ];
}

const isHere = { namespace: `^${chaosNamespace}$` };

/** The EventRoute `chaos` as it is at first. */
const baseSpec = {
  match: [
    { ...isHere, receiver: 'hook' },
    { ...isHere, receiver: 'search' },
  ],
};

/** Changes of the EventRoute `chaos` that change nothing about who gets which Events of the chaos. */
export const harmlessSpecs: readonly object[] = [
  { drop: [{ reason: '^NeverHappens$' }] },
  { drop: null, match: [...baseSpec.match, { reason: '^NeverHappens$', receiver: 'hook' }] },
  { drop: null, match: baseSpec.match.toReversed() },
  { drop: null, match: [], routes: [{ match: baseSpec.match }] },
  { drop: null, match: baseSpec.match, routes: null },
];

/** Another EventRoute that sends to `hook` what `hook` gets anyway. */
export const secondRoute = {
  apiVersion: 'eventroute.dev/v1beta1',
  kind: 'EventRoute',
  metadata: { name: 'second', namespace: rootNamespace },
  spec: { match: [{ ...isHere, type: 'Warning', receiver: 'hook' }] },
};
