import { type ClusterEvent } from '../operator/event/cluster-event.ts';
import { type Occurrence } from '../operator/event/occurrence.ts';
import { compileRoute } from '../operator/routing/compile-route.ts';
import { type RouteSpec } from '../operator/routing/route-fields.ts';
import { createTree } from '../operator/routing/tree.ts';

/**
 * Measures routing of 50 rules, relative to a bound of the same run: the same 50 decisions written by hand with string
 * comparisons, which no rule engine can beat. Prints events per second and CPU time per event.
 */
const rounds = 400_000;
const repetitions = 5;

const kinds = [
  'Pod',
  'Deployment',
  'ReplicaSet',
  'Node',
  'Job',
  'CronJob',
  'StatefulSet',
  'PersistentVolumeClaim',
];
const reasons = [
  'Scheduled',
  'Pulled',
  'Created',
  'Started',
  'BackOff',
  'FailedMount',
  'Unhealthy',
  'Killing',
];

const children: RouteSpec[] = Array.from({ length: 12 }, (_, team) => ({
  name: `team-${team}`,
  drop: [{ reason: 'Scheduled|Pulled|Created|Started' }],
  match: [{ namespace: `^team-${team}-.*` }],
  routes: [
    {
      match: [
        { kind: '^(Pod|Job)$', message: '(?i)back-?off.*container', receiver: `team-${team}` },
        { kind: 'Deployment|ReplicaSet', labels: { tier: 'critical' }, receiver: 'oncall' },
      ],
    },
  ],
}));

const spec: RouteSpec = {
  drop: [{ namespace: '^kube-', type: 'Normal' }],
  match: [{ receiver: 'archive', minCount: 0 }],
  routes: children,
};

function makeEvent(index: number): ClusterEvent {
  const pick = (values: readonly string[], step: number): string =>
    values[(index * step) % values.length] ?? '';
  const namespace = `team-${index % 15}-${index % 3 === 0 ? 'prod' : 'test'}`;
  return {
    uid: `uid-${index}`,
    namespace,
    name: `web-${index}`,
    resourceVersion: String(index),
    reason: pick(reasons, 3),
    message: `Back-off restarting failed container web in pod web-${index % 97}_shop(1f0c)`,
    type: index % 4 === 0 ? 'Warning' : 'Normal',
    action: '',
    count: 1 + (index % 5),
    component: 'kubelet',
    host: `node-${index % 20}`,
    reportingController: 'kubelet',
    reportingInstance: '',
    involvedObject: {
      kind: pick(kinds, 5),
      namespace,
      name: `web-${index % 97}`,
      uid: '',
      apiVersion: 'v1',
      resourceVersion: '',
      fieldPath: '',
      labels: { tier: index % 2 === 0 ? 'critical' : 'low', app: 'web' },
      annotations: {},
      ownerReferences: [],
      deleted: false,
    },
    namespaceLabels: undefined,
    clusterName: '',
    data: {},
  };
}

const occurrences: Occurrence[] = Array.from({ length: 1_000 }, (_, index) => ({
  event: makeEvent(index),
  key: `uid-${index}-1`,
  number: 1,
  time: new Date(0),
  position: String(index),
}));

const { route, problems } = compileRoute({ namespace: 'eventroute', name: 'bench', clusterWide: true, spec });
if (route === undefined) throw new Error(JSON.stringify(problems));
const tree = createTree([route]);

function decideByHand({ event }: Occurrence): number {
  if (event.namespace.startsWith('kube-') && event.type.includes('Normal')) return 0;
  let receivers = event.count >= 0 ? 1 : 0;
  for (const prefix of prefixes) receivers += decideTeamByHand(event, prefix);
  return receivers;
}

const prefixes = children.map((_, team) => `team-${team}-`);
const noisy = ['Scheduled', 'Pulled', 'Created', 'Started'];

function decideTeamByHand(event: ClusterEvent, prefix: string): number {
  if (noisy.some((reason) => event.reason.includes(reason)) || !event.namespace.startsWith(prefix)) return 0;
  const { kind, labels } = event.involvedObject;
  if (kind === 'Pod' || kind === 'Job') return event.message.includes('Back-off') ? 1 : 0;
  return kind.includes('Deployment') || kind.includes('ReplicaSet')
    ? Number(labels?.['tier'] === 'critical')
    : 0;
}

interface Measurement {
  readonly perSecond: number;
  readonly cpuUs: number;
}

function measure(decide: (occurrence: Occurrence) => number): Measurement {
  let [perSecond, cpuUs, sink] = [0, Infinity, 0];
  for (let repetition = 0; repetition < repetitions; repetition += 1) {
    const started = performance.now();
    const cpu = process.cpuUsage();
    for (let index = 0; index < rounds; index += 1) {
      const occurrence = occurrences[index % occurrences.length];
      if (occurrence !== undefined) sink += decide(occurrence);
    }
    const { user, system } = process.cpuUsage(cpu);
    perSecond = Math.max(perSecond, rounds / ((performance.now() - started) / 1_000));
    cpuUs = Math.min(cpuUs, (user + system) / rounds);
  }
  if (sink === 0) throw new Error('the benchmark decided nothing');
  return { perSecond, cpuUs };
}

const rules = 2 + children.length * 4;
const bound = measure(decideByHand);
const ours = measure((occurrence) => tree.route(occurrence).deliveries.length);
const line = (what: string, { perSecond, cpuUs }: Measurement): string =>
  `${what.padEnd(28)} ${Math.round(perSecond / 1_000)
    .toString()
    .padStart(7)} k events/s  ${cpuUs.toFixed(2).padStart(6)} us CPU/event`;

console.log(line(`routing, ${rules} rules`, ours));
console.log(line('bound: the same by hand', bound));
console.log(`ratio ${(bound.perSecond / ours.perSecond).toFixed(1)} times the bound`);
