import { type CustomResource } from '../../operator/api/resource.ts';
import { createControl, type Control, type ControlOptions } from '../../operator/control/control.ts';
import { type OwnEvent, type SecretData, type World } from '../../operator/control/world.ts';
import { createClusterEvent } from '../../operator/event/core-event.ts';
import { createOccurrence, type Occurrence } from '../../operator/event/occurrence.ts';
import { type Condition } from '../../operator/status/condition.ts';
import { type Clock } from '../../operator/schema/clock.ts';
import { type ReceiverStatus } from '../../operator/status/receiver-status.ts';
import { type RouteStatus } from '../../operator/status/route-status.ts';
import { createMetrics, type Metrics } from '../../operator/telemetry/metrics.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';
import { createRecordingLog, type RecordingLog } from '../kube/recording-log.ts';

type Status = ReceiverStatus & RouteStatus;

/** A status that was written. */
export interface Write {
  readonly id: string;
  readonly atMs: number;
  readonly status: Status;
}

/** A world without an API server, which keeps what it is told. */
export interface FakeWorld extends World {
  readonly secrets: Map<string, SecretData>;
  readonly labels: Map<string, Record<string, string>>;
  readonly writes: Write[];
  readonly events: (OwnEvent & { readonly id: string })[];
  /** How often Secrets and namespaces were asked for. */
  readonly asked: string[];
  /** Awaited before each answer; may throw. */
  before: (what: string) => Promise<void> | void;
  status(kind: 'EventRoute' | 'EventReceiver', name: string): Status;
}

export interface Rig {
  readonly clock: FakeClock;
  readonly world: FakeWorld;
  readonly log: RecordingLog;
  readonly metrics: Metrics;
  readonly control: Control;
  receiver(name: string, spec: unknown, more?: ObjectParts): Promise<void>;
  route(name: string, spec: unknown, more?: ObjectParts): Promise<void>;
  /** Lets changes settle and their statuses be written. */
  settle(): Promise<void>;
  ready(kind: 'EventRoute' | 'EventReceiver', name: string): Condition;
  condition(kind: 'EventRoute' | 'EventReceiver', name: string, type: string): Condition;
  /** The value of a metric's only series, or of the one with these labels. */
  metric(name: string, labels?: string): Promise<number | undefined>;
}

export interface ObjectParts {
  readonly namespace?: string;
  readonly generation?: number;
  readonly status?: unknown;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly creationTimestamp?: string;
}

/** The controllers on a fake clock and a fake world, standing by; the root namespace is `root`. */
export function createRig(more: Partial<ControlOptions> = {}): Rig {
  const clock = createFakeClock();
  const world = createFakeWorld(clock);
  const log = createRecordingLog();
  const metrics = createMetrics('test');
  const control = createControl({
    world,
    clock,
    random: () => 0.5,
    log,
    metrics,
    rootNamespace: 'root',
    localSinkNamespaces: [],
    addressGuard: () => undefined,
    ...more,
  });
  const generations = new Map<string, number>();
  const object = (kind: string, name: string, spec: unknown, parts: ObjectParts): CustomResource<never> => {
    const { namespace = 'root', status, labels, annotations, creationTimestamp } = parts;
    const id = `${kind} ${namespace}/${name}`;
    const generation = parts.generation ?? (generations.get(id) ?? 0) + 1;
    generations.set(id, generation);
    const metadata = {
      name,
      namespace,
      generation,
      uid: `${id}-uid`,
      labels,
      annotations,
      creationTimestamp,
    };
    return { apiVersion: 'eventroute.dev/v1beta1', kind, metadata, spec, status: status as never };
  };
  const condition: Rig['condition'] = (kind, name, type) => {
    const found = world.status(kind, name).conditions?.find((one) => one.type === type);
    if (found === undefined) throw new Error(`${kind} ${name} has no condition ${type}`);
    return found;
  };
  return {
    clock,
    world,
    log,
    metrics,
    control,
    receiver: (name, spec, more = {}) => control.applyReceiver(object('EventReceiver', name, spec, more)),
    route: (name, spec, more = {}) => control.applyRoute(object('EventRoute', name, spec, more)),
    settle: () => clock.advance(100),
    condition,
    ready: (kind, name) => condition(kind, name, 'Ready'),
    async metric(name, labels = '') {
      const lines = (await metrics.render(true)).split('\n');
      const line = lines.find((text) => text.startsWith(name) && text.includes(labels));
      return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
    },
  };
}

/** A rig that is already active. */
export async function createActiveRig(): Promise<Rig> {
  const rig = createRig();
  await rig.control.activate();
  return rig;
}

/** Creates a world that has no object yet. */
export function createFakeWorld(clock: Pick<Clock, 'now'>): FakeWorld {
  const idOf = ({ kind, metadata }: CustomResource): string =>
    `${kind} ${metadata.namespace}/${metadata.name}`;
  const world: FakeWorld = {
    secrets: new Map(),
    labels: new Map(),
    writes: [],
    events: [],
    asked: [],
    before: () => undefined,
    async secret({ namespace, name }) {
      world.asked.push(`secret ${namespace}/${name}`);
      await world.before('secret');
      return world.secrets.get(`${namespace}/${name}`);
    },
    async namespaceLabels(namespace) {
      world.asked.push(`namespace ${namespace}`);
      await world.before('namespace');
      return world.labels.get(namespace) ?? {};
    },
    async writeStatus(object, status) {
      await world.before(`write ${idOf(object)}`);
      world.writes.push({ id: idOf(object), atMs: clock.now(), status: structuredClone(status) });
      return 'written';
    },
    recordEvent: (object, event) => void world.events.push({ id: idOf(object), ...event }),
    status(kind, name) {
      const id = `${kind} ${name.includes('/') ? name : `root/${name}`}`;
      const last = world.writes.findLast((write) => write.id === id);
      if (last === undefined) throw new Error(`no status of ${id} was written`);
      return last.status;
    },
  };
  return world;
}

let made = 0;

/** An occurrence of a new Event about a pod. */
export function podEvent(
  fields: { readonly namespace?: string; readonly reason?: string; readonly time?: string } = {},
): Occurrence {
  made += 1;
  const { namespace = 'shop', reason = 'BackOff', time = '2026-01-01T00:00:00Z' } = fields;
  return createOccurrence(
    createClusterEvent({
      metadata: { name: `event-${made}`, namespace, uid: `uid-${made}`, resourceVersion: String(made) },
      involvedObject: { kind: 'Pod', namespace, name: `pod-${made}`, uid: `pod-${made}`, apiVersion: 'v1' },
      reason,
      message: 'Back-off restarting failed container',
      type: 'Warning',
      count: 1,
      lastTimestamp: time,
    }),
  );
}
