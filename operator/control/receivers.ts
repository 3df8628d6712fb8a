import { keyText, type CustomResource, type ObjectKey } from '../api/resource.ts';
import { type Delivery } from '../delivery/delivery.ts';
import { resolvePolicy } from '../delivery/policy.ts';
import { type ReceiverStatus } from '../status/receiver-status.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import { manageReceiver, type ManagedReceiver, type ReceiverSurroundings } from './managed-receiver.ts';
import { hasDelivered } from './receiver-facts.ts';

/** All EventReceivers, by `namespace/name`. */
export interface Receivers {
  /** Takes a new or changed object; rejects when it has to be tried again. */
  apply(object: CustomResource<ReceiverStatus>): Promise<void>;
  /** Forgets a deleted object: what waits for it gets a last chance, then is dropped as ReceiverGone. */
  remove(key: ObjectKey): void;
  get(key: string): ManagedReceiver | undefined;
  all(): IterableIterator<ManagedReceiver>;
  /** Begins to read Secrets again and to repeat failed checks where it is time; called every second or so. */
  refresh(): void;
  /** Ends all checks; the sinks are closed by delivery. */
  close(): void;
}

/** How often the Secrets of a receiver are read again: when all is well, and when something is missing or refused. */
const secretsPeriodMs = 60_000;
const mendingPeriodMs = 5_000;
/** How often a sink that could not be opened, or whose check failed, is tried again. */
const checkPeriodMs = 15_000;
/** How long a deleted receiver may still deliver what waits. */
const farewellMs = 5_000;

/** Creates the registry of receivers; `onChange` is called whenever something about one of them changed. */
export function createReceivers(
  delivery: Delivery,
  around: ReceiverSurroundings,
  onChange: () => void,
): Receivers {
  return new ReceiverMap(delivery, around, onChange);
}

class ReceiverMap implements Receivers {
  readonly #delivery: Delivery;
  readonly #around: ReceiverSurroundings;
  readonly #onChange: () => void;
  readonly #managed = new Map<string, ManagedReceiver>();
  readonly #queue = createKeyedQueue();
  /** When a receiver was last reconciled and checked; gone with the receiver. */
  readonly #reconciledMs = new WeakMap<ManagedReceiver, number>();
  readonly #checkedMs = new WeakMap<ManagedReceiver, number>();
  /** Receivers that are being refreshed: one that takes long is not asked again meanwhile. */
  readonly #refreshing = new WeakSet<ManagedReceiver>();

  constructor(delivery: Delivery, around: ReceiverSurroundings, onChange: () => void) {
    this.#delivery = delivery;
    this.#around = around;
    this.#onChange = onChange;
  }

  async apply(object: CustomResource<ReceiverStatus>): Promise<void> {
    const key = keyText(object.metadata);
    let receiver = this.#managed.get(key);
    if (receiver === undefined) {
      const pipeline = this.#delivery.ensure(key, resolvePolicy(undefined));
      receiver = manageReceiver(object, pipeline, this.#around);
      this.#managed.set(key, receiver);
      const start = this.#around.startOf(object);
      if (start !== undefined) pipeline.catchUp.startAt(start);
    }
    receiver.object = object;
    // our own status writes come back as changes, and mean nothing new
    if (receiver.judgedGeneration !== object.metadata.generation) await this.#reconcile(receiver);
  }

  remove(key: ObjectKey): void {
    const text = keyText(key);
    const receiver = this.#managed.get(text);
    if (receiver === undefined) return;
    this.#managed.delete(text);
    receiver.close();
    this.#onChange();
    // in the background: an object of the same name that comes next must not wait for the end of this one
    this.#delivery.remove(text, { graceMs: farewellMs }).catch((error: unknown) => {
      this.#around.log.error('Failed to end the deliveries of a deleted receiver', { receiver: text, error });
    });
  }

  get(key: string): ManagedReceiver | undefined {
    return this.#managed.get(key);
  }

  all(): IterableIterator<ManagedReceiver> {
    return this.#managed.values();
  }

  refresh(): void {
    for (const receiver of this.#managed.values()) {
      if (this.#refreshing.has(receiver)) continue;
      const tasks = this.#dueTasks(receiver);
      if (tasks.length === 0) continue;
      this.#refreshing.add(receiver);
      void Promise.all(tasks).finally(() => this.#refreshing.delete(receiver));
    }
  }

  close(): void {
    for (const receiver of this.#managed.values()) receiver.close();
  }

  #dueTasks(receiver: ManagedReceiver): Promise<void>[] {
    const nowMs = this.#around.clock.now();
    const tasks: Promise<void>[] = [];
    if (nowMs - (this.#reconciledMs.get(receiver) ?? 0) >= reconcilePeriodMs(receiver)) {
      const warn = (error: unknown): void =>
        this.#around.log.warn('Failed to look after a receiver', { receiver: keyText(receiver.key), error });
      tasks.push(this.#reconcile(receiver).catch(warn));
    }
    const isDoubtful = receiver.checkFailure !== undefined && !hasDelivered(receiver, receiver.tally());
    if (isDoubtful && nowMs - (this.#checkedMs.get(receiver) ?? 0) >= checkPeriodMs) {
      this.#checkedMs.set(receiver, nowMs);
      tasks.push(receiver.check());
    }
    return tasks;
  }

  #reconcile(receiver: ManagedReceiver): Promise<void> {
    const key = keyText(receiver.key);
    return this.#queue.run(key, async () => {
      if (this.#managed.get(key) !== receiver) return;
      const nowMs = this.#around.clock.now();
      this.#reconciledMs.set(receiver, nowMs);
      const before = describe(receiver);
      await receiver.reconcile();
      if (describe(receiver) === before) return;
      this.#checkedMs.set(receiver, nowMs);
      this.#onChange();
    });
  }
}

/** Tells apart what users and routes can see of a receiver's judgement. */
function describe({ judgedGeneration, running, objection, isSuspended }: ManagedReceiver): string {
  return JSON.stringify([
    judgedGeneration,
    running?.generation,
    running?.prepared.fingerprint,
    objection?.verdict,
    isSuspended,
  ]);
}

function reconcilePeriodMs(receiver: ManagedReceiver): number {
  const { judgedGeneration, objection, running } = receiver;
  if (judgedGeneration < 0 || objection?.aspect === 'ResolvedRefs') return mendingPeriodMs;
  // what keeps a sink from opening may lie outside of its manifest: a Secret's value, a folder, a name server
  if (objection?.verdict.reason === 'InvalidConfig') return checkPeriodMs;
  if (running?.prepared.readsSecrets !== true) return Infinity;
  return isRefused(receiver) ? mendingPeriodMs : secretsPeriodMs;
}

/** The system refuses the credentials: perhaps they were rotated, and the Secret holds new ones by now. */
function isRefused(receiver: ManagedReceiver): boolean {
  const { consecutiveFailures, lastFailure } = receiver.tally();
  return consecutiveFailures > 0 && lastFailure?.reason === 'Unauthorized';
}
