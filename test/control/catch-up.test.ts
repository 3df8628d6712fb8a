import fc from 'fast-check';

import { createCatchUpWorker, type CatchUpWorker } from '../../operator/control/catch-up.ts';
import { type Gap } from '../../operator/control/gap.ts';
import { type History } from '../../operator/control/history.ts';
import { type Checkpoint } from '../../operator/delivery/course.ts';
import { createDelivery, type Delivery } from '../../operator/delivery/delivery.ts';
import { resolvePolicy } from '../../operator/delivery/policy.ts';
import { createClusterEvent } from '../../operator/event/core-event.ts';
import { createOccurrence, type Occurrence } from '../../operator/event/occurrence.ts';
import { DeliveryError, type Sink } from '../../operator/sink-kit/index.ts';
import { fakeLog } from '../delivery/fakes.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';

const hourMs = 3_600_000;

/** An API server that holds the latest state of each Event, as the real one does. */
class FakeCluster implements History {
  readonly #events = new Map<string, { number: number; version: number; writtenMs: number }>();
  readonly #clock: FakeClock;
  #version = 100;
  /** Called for each item of a replay: what happens then happens while it is under way. */
  during: () => void = () => undefined;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  get version(): string {
    return String(this.#version);
  }

  /** Makes an Event happen, for the first time or once more. */
  happen(uid: string): Occurrence {
    this.#version += 1;
    const number = (this.#events.get(uid)?.number ?? 0) + 1;
    this.#events.set(uid, { number, version: this.#version, writtenMs: this.#clock.now() });
    return this.#occurrence(uid);
  }

  latest(): string[] {
    return [...this.#events].map(([uid, { number }]) => `${uid}-${number}`).sort();
  }

  forgetOlderThan(ageMs: number): void {
    for (const [uid, { writtenMs }] of this.#events) {
      if (this.#clock.now() - writtenMs > ageMs) this.#events.delete(uid);
    }
  }

  async replay({ after, signal, onOccurrence }: Parameters<History['replay']>[0]) {
    const upTo = this.version;
    const listed = [...this.#events].sort(([, one], [, other]) => one.version - other.version);
    const reachesBack = listed.some(([, { version }]) => version <= Number(after));
    for (const uid of listed.filter(([, { version }]) => version > Number(after)).map(([uid]) => uid)) {
      this.during();
      await Promise.resolve();
      signal.throwIfAborted();
      // what was written since the list is not in it
      const occurrence = this.#occurrence(uid);
      if (Number(occurrence.position) > Number(upTo)) continue;
      if (onOccurrence(occurrence) === 'enough') return { upTo, reachesBack, isWhole: false };
    }
    return { upTo, reachesBack, isWhole: true };
  }

  compare(one: string, other: string): number {
    return Number(one) - Number(other);
  }

  #occurrence(uid: string): Occurrence {
    const { number = 0, version = 0 } = this.#events.get(uid) ?? {};
    const metadata = { uid, name: uid, namespace: 'shop', resourceVersion: String(version) };
    const involvedObject = { kind: 'Pod', namespace: 'shop', name: uid, uid: `pod-of-${uid}` };
    return createOccurrence(createClusterEvent({ metadata, involvedObject, count: number, message: 'x' }));
  }
}

/** One life of the operator: from its start to its crash. */
interface Life {
  readonly delivery: Delivery;
  readonly worker: CatchUpWorker;
  readonly death: AbortController;
}

interface RigOptions {
  readonly maxEvents?: number;
  readonly concurrency?: number;
}

/** Receivers `shop/a` and `shop/b` behind a cluster; `down` names those whose systems refuse everything. */
function createRig({ maxEvents = 4, concurrency = 2 }: RigOptions = {}) {
  const clock = createFakeClock();
  const cluster = new FakeCluster(clock);
  const down = new Set<string>();
  const delivered: {
    readonly receiver: string;
    readonly key: string;
    readonly missed: number | undefined;
  }[] = [];
  const gaps: { readonly receiver: string; readonly gap: Gap }[] = [];
  const policy = resolvePolicy({ buffer: { maxEvents }, concurrency, retry: { maxAge: '168h', max: '1s' } });
  const receivers = ['shop/a', 'shop/b'];
  let life: Life | undefined;
  const duringReplays: string[] = [];
  cluster.during = () => {
    const uid = duringReplays.shift();
    if (uid !== undefined) rig.happen(uid);
  };

  const sinkOf = (receiver: string): Sink<string> => ({
    endpoint: receiver,
    encode: ({ key }) => ({ payload: key, bytes: 1 }),
    send: async (batch) => {
      await Promise.resolve();
      if (down.has(receiver)) throw DeliveryError.retry('down', 'Unreachable');
      for (const { event } of batch) {
        delivered.push({ receiver, key: event.key, missed: event.missedOccurrences });
      }
    },
    close: () => Promise.resolve(),
  });

  const rig = {
    clock,
    cluster,
    down,
    delivered,
    gaps,
    duringReplays,
    get delivery() {
      if (life === undefined) throw new Error('it is not running');
      return life.delivery;
    },
    start(checkpoints: ReadonlyMap<string, Checkpoint> = new Map()) {
      const death = new AbortController();
      const delivery = createDelivery({
        clock,
        random: () => 0.5,
        log: fakeLog(),
        observer: {},
        canReplay: true,
      });
      for (const receiver of receivers) {
        const pipeline = delivery.ensure(receiver, policy);
        const checkpoint = checkpoints.get(receiver);
        if (checkpoint !== undefined) pipeline.catchUp.startAt(checkpoint);
        pipeline.useSink(sinkOf(receiver));
      }
      const worker = createCatchUpWorker({
        history: cluster,
        delivery,
        destinationsOf: () => receivers.map((receiver) => ({ receiver, routes: ['shop/all'] })),
        eventTtlMs: hourMs,
        onGap: (receiver, gap) => gaps.push({ receiver, gap }),
        clock,
        log: fakeLog(),
        signal: death.signal,
      });
      life = { delivery, worker, death };
      delivery.advance(cluster.version);
      worker.begin(cluster.version);
    },
    /** Everything that was not saved is gone. */
    crash() {
      life?.death.abort();
      for (const receiver of receivers) life?.delivery.pipeline(receiver)?.useSink(undefined);
      life = undefined;
    },
    happen(uid: string) {
      const occurrence = cluster.happen(uid);
      if (life === undefined) return;
      const destinations = receivers.map((receiver) => ({ receiver, routes: ['shop/all'] }));
      life.delivery.accept(occurrence, destinations);
      life.delivery.advance(occurrence.position);
    },
    checkpoints(): Map<string, Checkpoint> {
      const entries = receivers.map(
        (receiver) => [receiver, life?.delivery.pipeline(receiver)?.checkpoint()] as const,
      );
      return new Map(entries.filter((entry): entry is [string, Checkpoint] => entry[1] !== undefined));
    },
    async pass(seconds: number) {
      for (let second = 0; second < seconds; second += 1) {
        life?.worker.tick();
        await clock.advance(1_000);
      }
    },
    keysOf: (receiver: string) => delivered.filter((one) => one.receiver === receiver).map(({ key }) => key),
  };
  return rig;
}

describe('catching up', () => {
  it('gives a receiver that was full what came meanwhile, and delays nobody else', async () => {
    const rig = createRig();
    rig.start();
    rig.down.add('shop/a');
    for (let number = 1; number <= 20; number += 1) {
      rig.happen(`e${number}`);
      await rig.clock.settle();
    }
    await rig.pass(1);

    expect(rig.keysOf('shop/b')).toHaveLength(20);
    expect(rig.delivery.pipeline('shop/a')?.tally()).toMatchObject({ received: 4, pending: 4, dropped: 0 });
    rig.down.clear();
    await rig.pass(60);

    expect([...new Set(rig.keysOf('shop/a'))].sort()).toEqual(rig.cluster.latest());
    expect(rig.keysOf('shop/a')).toHaveLength(20);
    expect(rig.keysOf('shop/b')).toHaveLength(20);
  });

  it('goes on after a crash where each receiver was, with the same keys', async () => {
    const rig = createRig({ maxEvents: 100 });
    rig.start();
    rig.down.add('shop/a');
    for (let number = 1; number <= 5; number += 1) rig.happen(`e${number}`);
    await rig.pass(2);
    const saved = rig.checkpoints();
    rig.crash();
    rig.happen('while-away');
    rig.down.clear();
    rig.start(saved);
    rig.happen('after');
    await rig.pass(10);

    expect(rig.keysOf('shop/a').sort()).toEqual(rig.cluster.latest());
    expect(rig.keysOf('shop/b').sort()).toEqual(rig.cluster.latest());
  });

  it('delivers a repeat that was missed once, with its highest count and how many were missed', async () => {
    const rig = createRig({ maxEvents: 2 });
    rig.start();
    rig.down.add('shop/a');
    for (const uid of ['x', 'y', 'z', 'z', 'z']) rig.happen(uid);
    await rig.pass(2);
    rig.down.clear();
    await rig.pass(10);

    const got = rig.delivered.filter(({ receiver }) => receiver === 'shop/a');
    expect(got.sort((one, other) => one.key.localeCompare(other.key))).toEqual([
      { receiver: 'shop/a', key: 'x-1', missed: undefined },
      { receiver: 'shop/a', key: 'y-1', missed: undefined },
      { receiver: 'shop/a', key: 'z-3', missed: 2 },
    ]);
  });

  it('begins with the oldest Event for a receiver that wants all', async () => {
    const rig = createRig({ maxEvents: 100 });
    rig.happen('before');
    rig.start(new Map([['shop/a', { position: '0', time: new Date(0) }]]));
    await rig.pass(3);

    expect(rig.keysOf('shop/a')).toEqual(['before-1']);
    expect(rig.keysOf('shop/b')).toEqual([]);
    expect(rig.gaps).toEqual([]);
  });

  it('reports a gap when the API server may have forgotten something', async () => {
    const rig = createRig();
    rig.start();
    rig.happen('old');
    await rig.pass(1);
    const saved = rig.checkpoints();
    rig.crash();
    rig.happen('lost');
    await rig.clock.advance(hourMs + 60_000);
    rig.cluster.forgetOlderThan(hourMs);
    rig.happen('new');
    rig.start(saved);
    await rig.pass(3);

    expect(rig.keysOf('shop/a')).toEqual(['old-1', 'new-1']);
    expect(rig.gaps.map(({ receiver, gap }) => [receiver, gap.reason])).toEqual([
      ['shop/a', 'HistoryExpired'],
      ['shop/b', 'HistoryExpired'],
    ]);
  });

  it('reports no gap while something from before is left, however long it was away', async () => {
    const rig = createRig();
    rig.start();
    rig.happen('old');
    await rig.pass(1);
    const saved = rig.checkpoints();
    rig.crash();
    await rig.clock.advance(2 * hourMs);
    rig.happen('new');
    rig.start(saved);
    await rig.pass(3);

    expect(rig.gaps).toEqual([]);
    expect(rig.keysOf('shop/a')).toEqual(['old-1', 'new-1']);
  });

  it('reports a gap when the API server counts from an earlier version again', async () => {
    const rig = createRig();
    rig.start(new Map([['shop/a', { position: '999999', time: new Date() }]]));
    await rig.pass(3);
    rig.happen('new');
    await rig.pass(1);

    expect(rig.gaps.map(({ gap }) => gap.reason)).toEqual(['HistoryReplaced']);
    expect(rig.keysOf('shop/a')).toEqual(['new-1']);
  });

  it('keeps the checkpoint below what has not ended, also when it stops', async () => {
    const rig = createRig({ maxEvents: 100 });
    rig.start();
    rig.down.add('shop/a');
    for (let number = 1; number <= 5; number += 1) rig.happen(`e${number}`);
    await rig.pass(1);
    await rig.delivery.stop({ graceMs: 0 });

    const checkpoints = rig.checkpoints();
    expect(checkpoints.get('shop/a')?.position).toBe('100');
    expect(checkpoints.get('shop/b')?.position).toBe('105');
    expect(rig.delivery.pipeline('shop/a')?.tally()).toMatchObject({ pending: 5, dropped: 0 });
  });

  it('loses nothing, whatever happens in whatever order', async () => {
    const uid = fc.integer({ min: 1, max: 12 }).map((number) => `e${number}`);
    const receiver = fc.constantFrom('shop/a', 'shop/b');
    const of = <const Do extends string>(name: Do) => fc.record({ do: fc.constant(name), uid, receiver });
    const step = fc.oneof(
      { weight: 8, arbitrary: of('happen') },
      { weight: 4, arbitrary: of('happenDuringReplay') },
      { weight: 3, arbitrary: of('pass') },
      { weight: 2, arbitrary: fc.oneof(of('fail'), of('mend')) },
      { weight: 2, arbitrary: of('save') },
      { weight: 3, arbitrary: fc.oneof(of('crash'), of('start'), of('start')) },
    );
    const maxEvents = fc.integer({ min: 1, max: 6 });
    const steps = fc.array(step, { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(steps, maxEvents, async (course, size) => {
        const rig = createRig({ maxEvents: size });
        await live(rig, course);
        rig.down.clear();
        await rig.pass(120);

        for (const name of ['shop/a', 'shop/b']) {
          const got = new Set(rig.keysOf(name));
          expect(rig.cluster.latest().filter((key) => !got.has(key))).toEqual([]);
          const { received, delivered, dropped, pending } = rig.delivery.pipeline(name)!.tally();
          expect({ pending, dropped, open: received - delivered }).toEqual({
            pending: 0,
            dropped: 0,
            open: 0,
          });
        }
      }),
      { numRuns: 200 },
    );
  });
});

interface Step {
  readonly do: 'happen' | 'happenDuringReplay' | 'pass' | 'fail' | 'mend' | 'save' | 'crash' | 'start';
  readonly uid: string;
  readonly receiver: string;
}

/** Lets the operator live through a course of events; it runs at the end. */
async function live(rig: ReturnType<typeof createRig>, course: readonly Step[]): Promise<void> {
  rig.start();
  let saved = rig.checkpoints();
  let isRunning = true;
  const start = (): void => {
    if (!isRunning) rig.start(saved);
    isRunning = true;
  };
  const steps: Readonly<Record<Step['do'], (step: Step) => Promise<void> | void>> = {
    happen: ({ uid }) => rig.happen(uid),
    happenDuringReplay: ({ uid }) => void rig.duringReplays.push(uid),
    pass: () => rig.pass(2),
    fail: ({ receiver }) => void rig.down.add(receiver),
    mend: ({ receiver }) => void rig.down.delete(receiver),
    save() {
      if (isRunning) saved = rig.checkpoints();
    },
    crash() {
      if (isRunning) rig.crash();
      isRunning = false;
    },
    start,
  };
  for (const step of course) await steps[step.do](step);
  start();
}
