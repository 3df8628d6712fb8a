import { createControl, type Control } from '../../operator/control/control.ts';
import { type SecretData } from '../../operator/control/world.ts';
import { type Tally } from '../../operator/delivery/tally.ts';
import { createClusterEvent } from '../../operator/event/core-event.ts';
import { createOccurrence, type Occurrence } from '../../operator/event/occurrence.ts';
import { type Clock, sleep } from '../../operator/schema/clock.ts';
import { type Reason } from '../../operator/schema/reasons.ts';
import { type SinkName } from '../../operator/sinks/registry.ts';
import { type Condition } from '../../operator/status/condition.ts';
import { createMetrics } from '../../operator/telemetry/metrics.ts';
import { createFakeWorld, type FakeWorld } from '../control/rig.ts';
import { createFastClock } from '../fast-clock.ts';
import { createRecordingLog } from '../kube/recording-log.ts';

/** Secrets by their names. */
export type Secrets = Readonly<Record<string, SecretData>>;

/** A system, real or a stand-in, as the whole way from an occurrence to a receiver meets it. */
export interface DeliveryPeer extends AsyncDisposable {
  /** `spec.sink.<name>` as a user writes it, with references to `secrets`. */
  readonly written: Readonly<Record<string, unknown>>;
  readonly secrets?: Secrets;
  /** Further fields of `spec.delivery`. */
  readonly delivery?: Readonly<Record<string, unknown>>;
  /** What the system holds: the identity of each event, as often as the event is there. Read by the system's own means. */
  readonly arrived: () => Promise<readonly string[]> | readonly string[];
  /** The system stops, or can no longer be reached. */
  readonly goDown?: () => Promise<void> | void;
  readonly comeBack?: () => Promise<void> | void;
  /** From now on the system takes other credentials only; resolves to the Secrets that hold them. */
  readonly rotate?: () => Promise<Secrets> | Secrets;
  /** Secrets with credentials that the system refuses. */
  readonly wrongSecrets?: Secrets;
  /** The system asks to slow down for a moment: what it then gets it refuses. */
  readonly throttle?: () => Promise<void> | void;
}

/** What is asked of a sink and its system together. */
export interface DeliveryContract {
  readonly sinkName: SinkName;
  readonly start: () => Promise<DeliveryPeer>;
  /** How an event is told from others where it arrives; its idempotency key when left out. */
  readonly identify?: (occurrence: Occurrence) => string;
  /** How fast time passes: 1 with real systems (the default), more with stand-ins. */
  readonly speed?: number;
  /** The reason of wrong credentials. */
  readonly unauthorized?: Reason;
  /** What is tested; all of it when left out. Name what is tested elsewhere away, so that no test passes without having run. */
  readonly aspects?: readonly Aspect[];
}

const aspects = ['Outage', 'Credentials', 'Rotation', 'Throttling'] as const;
type Aspect = (typeof aspects)[number];

const eventsPerSecond = 200;
const outageMs = 20_000;
const aroundOutageMs = 3_000;
const rotationMs = 3_000;
/** How soon after `kubectl apply` a condition has to say what is wrong. */
const conditionMs = 10_000;
const drainMs = 90_000;

/**
 * Tests the whole way, from occurrences through routing, delivery and the sink to the system: an outage of 20 seconds
 * under 200 events a second, wrong credentials, throttling, and credentials that change under load.
 */
export function describeDelivery(name: string, contract: DeliveryContract): void {
  const { start, speed = 1, unauthorized = 'Unauthorized' } = contract;
  const chosen = contract.aspects ?? aspects;
  const when = (aspect: Aspect): jest.It => (chosen.includes(aspect) ? it : ignored);
  const timeoutMs = (outageMs + 2 * drainMs) / speed + 60_000;

  describe(`deliveries to ${name}`, () => {
    when('Outage')(
      'lose nothing while the system is away for 20 seconds',
      async () => {
        await using peer = await start();
        if (peer.goDown === undefined) return;
        await using run = await startRun(contract, peer);
        await run.condition({ status: 'True' });
        await run.feed(aroundOutageMs);
        await peer.goDown();
        await run.feed(outageMs);
        await peer.comeBack?.();
        await run.feed(aroundOutageMs);

        await run.expectAllArrived();

        expect(run.tally()).toMatchObject({ droppedByReason: {}, pending: 0 });
      },
      timeoutMs,
    );

    when('Credentials')(
      'tell of wrong credentials within 10 seconds, and go on when they are put right',
      async () => {
        await using peer = await start();
        if (peer.wrongSecrets === undefined) return;
        await using run = await startRun(contract, { ...peer, secrets: peer.wrongSecrets });
        await run.feed(500);

        const { message } = await run.condition({ status: 'False', reason: unauthorized });
        run.setSecrets(peer.secrets ?? {});
        await run.condition({ status: 'True' });
        await run.expectAllArrived();

        expectNoValue(message, peer.wrongSecrets);
      },
      timeoutMs,
    );

    when('Rotation')(
      'lose nothing while credentials change under load',
      async () => {
        await using peer = await start();
        if (peer.rotate === undefined) return;
        await using run = await startRun(contract, peer);
        await run.condition({ status: 'True' });
        const feeding = run.feed(2 * rotationMs);
        await sleep(run.clock, rotationMs);
        run.setSecrets(await peer.rotate());
        await feeding;

        await run.expectAllArrived();

        expect(run.tally()).toMatchObject({ droppedByReason: {}, pending: 0 });
      },
      timeoutMs,
    );

    when('Throttling')(
      'lose nothing while the system asks to slow down',
      async () => {
        await using peer = await start();
        if (peer.throttle === undefined) return;
        await using run = await startRun(contract, peer);
        await run.condition({ status: 'True' });
        const feeding = run.feed(2 * rotationMs);
        await sleep(run.clock, rotationMs);
        await peer.throttle();
        await feeding;

        await run.expectAllArrived();

        expect(run.tally()).toMatchObject({ droppedByReason: {}, pending: 0 });
      },
      timeoutMs,
    );
  });
}

/** Takes the place of `it` for what is not tested here. */
const ignored = (() => undefined) as unknown as jest.It;

interface Run extends AsyncDisposable {
  readonly clock: Clock;
  setSecrets(secrets: Secrets): void;
  /** Brings occurrences at an even pace for some time. */
  feed(forMs: number): Promise<void>;
  /** Waits until the receiver's Ready condition says so. */
  condition(wanted: { readonly status: string; readonly reason?: Reason }): Promise<Condition>;
  tally(): Tally;
  /** Waits until each occurrence is where it belongs. */
  expectAllArrived(): Promise<void>;
}

let runs = 0;

async function startRun(contract: DeliveryContract, peer: DeliveryPeer): Promise<Run> {
  const { sinkName, identify = ({ key }) => key, speed = 1 } = contract;
  const clock = createFastClock(speed);
  const world = createFakeWorld(clock);
  const control = createTestControl(clock, world);
  const prefix = `run-${process.pid}-${(runs += 1)}`;
  const fed: Occurrence[] = [];
  const setSecrets = (secrets: Secrets): void => {
    for (const [name, data] of Object.entries(secrets)) world.secrets.set(`root/${name}`, data);
  };
  setSecrets(peer.secrets ?? {});
  await control.activate();
  await control.applyReceiver(
    object('EventReceiver', {
      sink: { [sinkName]: peer.written },
      delivery: { retry: { initial: '200ms', max: '2s' }, ...peer.delivery },
    }),
  );
  await control.applyRoute(object('EventRoute', { match: [{ receiver: 'peer' }] }));
  const tally = (): Tally => {
    const receiver = control.receivers.get('root/peer');
    if (receiver === undefined) throw new Error('the receiver is gone');
    return receiver.tally();
  };
  return {
    clock,
    setSecrets,
    tally,
    async feed(forMs) {
      const startedMs = clock.now();
      const before = fed.length;
      for (let passedMs = 0; passedMs < forMs; passedMs = clock.now() - startedMs) {
        const due = before + Math.floor((passedMs / 1_000) * eventsPerSecond);
        while (fed.length <= due) {
          const occurrence = createTestOccurrence(prefix, fed.length);
          fed.push(occurrence);
          control.dispatch(occurrence);
        }
        await sleep(clock, 20);
      }
    },
    condition: (wanted) => awaitCondition(clock, world, wanted),
    async expectAllArrived() {
      await until(clock, drainMs, () => tally().pending === 0);
      const expected = fed.map(identify).sort();
      const arrived = async () => [...new Set(await peer.arrived())].filter(belongs).sort();
      const known = new Set(expected);
      const belongs = (id: string): boolean => known.has(id);
      await until(clock, drainMs, async () => (await arrived()).length >= expected.length);

      expect(await arrived()).toEqual(expected);
      const { received, delivered, droppedByReason, pending } = tally();
      const dropped = Object.values(droppedByReason).reduce((sum, count) => sum + count, 0);
      expect(received - delivered - dropped - pending).toBe(0);
    },
    [Symbol.asyncDispose]: () => control.stop({ graceMs: 0, writesStatuses: false }),
  };
}

function createTestControl(clock: Clock, world: FakeWorld): Control {
  return createControl({
    world,
    clock,
    random: Math.random,
    log: createRecordingLog(),
    metrics: createMetrics('test'),
    rootNamespace: 'root',
    localSinkNamespaces: [],
    addressGuard: () => undefined,
  });
}

function object(kind: string, spec: unknown): never {
  const metadata = { name: 'peer', namespace: 'root', generation: 1, uid: `${kind}-uid` };
  return { apiVersion: 'eventroute.dev/v1beta1', kind, metadata, spec } as never;
}

function createTestOccurrence(prefix: string, number: number): Occurrence {
  const name = `${prefix}-${number}`;
  return createOccurrence(
    createClusterEvent({
      metadata: { name, namespace: 'shop', uid: name, resourceVersion: String(number + 1) },
      involvedObject: {
        kind: 'Pod',
        namespace: 'shop',
        name: `pod-${number % 50}`,
        uid: `pod-${number % 50}`,
      },
      reason: 'BackOff',
      message: `Back-off restarting failed container ${name}`,
      type: 'Warning',
      count: 1,
      firstTimestamp: new Date().toISOString(),
      lastTimestamp: new Date().toISOString(),
    }),
  );
}

async function awaitCondition(
  clock: Clock,
  world: FakeWorld,
  { status, reason }: { readonly status: string; readonly reason?: Reason },
): Promise<Condition> {
  const ready = (): Condition | undefined => {
    const last = world.writes.findLast(({ id }) => id === 'EventReceiver root/peer');
    return last?.status.conditions?.find(({ type }) => type === 'Ready');
  };
  const isWanted = (): boolean => {
    const condition = ready();
    return condition?.status === status && (reason === undefined || condition.reason === reason);
  };
  await until(clock, status === 'True' ? drainMs : conditionMs, isWanted);
  expect(ready()).toMatchObject({ status, ...(reason !== undefined && { reason }) });
  return ready() as Condition;
}

async function until(clock: Clock, limitMs: number, isTrue: () => Promise<boolean> | boolean): Promise<void> {
  const deadlineMs = clock.now() + limitMs;
  while (!(await isTrue()) && clock.now() < deadlineMs) await sleep(clock, 100);
}

function expectNoValue(text: string, secrets: Secrets): void {
  for (const value of Object.values(secrets).flatMap((data) => Object.values(data))) {
    if (value.length >= 6) expect(text).not.toContain(value);
  }
}
