import { cpSync } from 'node:fs';

import { createCatchUpWorker, type CatchUpWorker } from '../../operator/control/catch-up.ts';
import { type Gap } from '../../operator/control/gap.ts';
import { type History, type SourceHistory } from '../../operator/control/history.ts';
import { createSpooledHistory } from '../../operator/control/spooled-history.ts';
import { type Checkpoint } from '../../operator/delivery/course.ts';
import { createDelivery, type Delivery } from '../../operator/delivery/delivery.ts';
import { resolvePolicy } from '../../operator/delivery/policy.ts';
import { createClusterEvent } from '../../operator/event/core-event.ts';
import { createOccurrence, type Occurrence } from '../../operator/event/occurrence.ts';
import { createSpool, type Spool } from '../../operator/spool/spool.ts';
import { DeliveryError, type Sink } from '../../operator/sink-kit/index.ts';
import { fakeLog } from '../delivery/fakes.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';

/** How long the cluster keeps an Event. */
export const hourMs = 3_600_000;

/** An API server that holds the latest state of each Event, as the real one does. */
class FakeCluster implements SourceHistory {
  readonly #events = new Map<string, { number: number; version: number; writtenMs: number }>();
  readonly #clock: FakeClock;
  #version = 100;
  #isForgetful = false;
  /** How often all of it was read. */
  lists = 0;
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

  /** The key of the latest occurrence of an Event. */
  keyOf(uid: string): string {
    return this.#occurrence(uid).key;
  }

  /** Holds nothing any more, but goes on counting. */
  forgetBodies(): void {
    this.#isForgetful = true;
  }

  forgetOlderThan(ageMs: number): void {
    for (const [uid, { writtenMs }] of this.#events) {
      if (this.#clock.now() - writtenMs > ageMs) this.#events.delete(uid);
    }
  }

  async replay({ after, until, signal, onOccurrence }: Parameters<SourceHistory['replay']>[0]) {
    const upTo = until !== undefined && Number(until) < this.#version ? until : this.version;
    this.lists += 1;
    const held = this.#isForgetful ? [] : [...this.#events];
    const listed = held.sort(([, one], [, other]) => one.version - other.version);
    const reachesBack = listed.some(([, { version }]) => version <= Number(after));
    for (const uid of listed.filter(([, { version }]) => version > Number(after)).map(([uid]) => uid)) {
      this.during();
      await Promise.resolve();
      signal.throwIfAborted();
      // what was written since the list is not in it
      const occurrence = this.#occurrence(uid);
      if (Number(occurrence.position) > Number(upTo)) continue;
      if ((await onOccurrence(occurrence)) === 'enough') return { upTo, reachesBack, isWhole: false };
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
  readonly spool: Spool | undefined;
}

interface RigOptions {
  readonly maxEvents?: number;
  readonly concurrency?: number;
  /** Keeps occurrences in a file in here. */
  readonly folder?: string;
}

/** Receivers `shop/a` and `shop/b` behind a cluster; `down` names those whose systems refuse everything. */
export function createRig({ maxEvents = 4, concurrency = 2, folder }: RigOptions = {}) {
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
  let disk = folder;
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
      const spool =
        disk === undefined
          ? undefined
          : createSpool({
              folder: disk,
              maxBytes: 16 * 1024 ** 2,
              compare: (one, other) => cluster.compare(one, other),
              clock,
              log: fakeLog(),
            });
      spool?.open(() => [...rig.checkpoints()].map(([receiver, at]) => ({ receiver, uid: 'u', ...at })));
      const history: History =
        spool === undefined
          ? cluster
          : createSpooledHistory({ spool, source: cluster, eventTtlMs: hourMs, clock });
      const delivery = createDelivery({
        clock,
        random: () => 0.5,
        log: fakeLog(),
        observer: {},
        canReplay: true,
      });
      for (const receiver of receivers) {
        const pipeline = delivery.ensure(receiver, policy);
        const checkpoint = later(checkpoints.get(receiver), spool?.saved(receiver, 'u'));
        if (checkpoint !== undefined) pipeline.catchUp.startAt(checkpoint);
        pipeline.useSink(sinkOf(receiver));
      }
      const worker = createCatchUpWorker({
        history,
        delivery,
        destinationsOf: () =>
          receivers.map((receiver) => ({ receiver, routes: ['shop/all'], throttles: undefined })),
        eventTtlMs: hourMs,
        onGap: (receiver, gap) => gaps.push({ receiver, gap }),
        clock,
        log: fakeLog(),
        signal: death.signal,
      });
      life = { delivery, worker, death, spool };
      delivery.advance(cluster.version);
      spool?.begin(cluster.version);
      worker.begin(cluster.version);
    },
    /** Everything that was not saved is gone. */
    crash() {
      life?.death.abort();
      if (disk !== undefined) {
        // what is on the disk at this moment is all that the next life finds
        const next = `${disk}+`;
        cpSync(disk, next, { recursive: true });
        disk = next;
        life?.spool?.close();
      }
      for (const receiver of receivers) life?.delivery.pipeline(receiver)?.useSink(undefined);
      life = undefined;
    },
    happen(uid: string) {
      const occurrence = cluster.happen(uid);
      if (life === undefined) return;
      const destinations = receivers.map((receiver) => ({ receiver, routes: ['shop/all'] }));
      life.spool?.keep(occurrence);
      life.delivery.accept(occurrence, destinations);
      life.delivery.advance(occurrence.position);
      life.spool?.advance(occurrence.position);
    },
    checkpoints(): Map<string, Checkpoint> {
      const entries = receivers.map(
        (receiver) => [receiver, life?.delivery.pipeline(receiver)?.checkpoint()] as const,
      );
      return new Map(entries.filter((entry): entry is [string, Checkpoint] => entry[1] !== undefined));
    },
    async pass(seconds: number) {
      for (let second = 0; second < seconds; second += 1) {
        life?.spool?.tick();
        life?.worker.tick();
        await clock.advance(1_000);
      }
    },
    keysOf: (receiver: string) => delivered.filter((one) => one.receiver === receiver).map(({ key }) => key),
  };
  return rig;
}

function later(one: Checkpoint | undefined, other: Checkpoint | undefined): Checkpoint | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Number(one.position) > Number(other.position) ? one : other;
}
