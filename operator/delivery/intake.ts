import { type Clock } from '../schema/clock.ts';
import { type Reason } from '../schema/reasons.ts';
import { type SinkEvent } from '../sink-kit/index.ts';
import { type Taking } from './catch-up.ts';
import { type Routed } from './course.ts';
import { type Entry, type NewEntry } from './entry.ts';
import { type Ledger } from './ledger.ts';
import { type DeliveryObserver } from './observer.ts';
import { orderKey } from './order-key.ts';
import { type PipelineOptions } from './pipeline-options.ts';
import { type DeliveryPolicy } from './policy.ts';
import { type Queue } from './queue.ts';
import { type Settler } from './settler.ts';
import { createThrottle, mostHeld, type Throttle, type ThrottleWindow } from './throttle.ts';

/** What an intake works on: the parts of one pipeline. */
export interface IntakeOptions extends Pick<PipelineOptions, 'receiver' | 'front'> {
  readonly clock: Clock;
  readonly policy: () => DeliveryPolicy;
  readonly queue: Queue;
  readonly ledger: Ledger;
  readonly settler: Settler;
  readonly observer: Required<DeliveryObserver>;
  /** Something came in that may be sent. */
  readonly onReady: () => void;
}

/** Where events come into a pipeline: there has to be room for them, and throttles may hold them back. */
export interface Intake {
  /** How many events the buffer has room for. */
  readonly room: number;
  /** Tells whether one more event may come in; for that it drops what the policy lets go. */
  makeRoom(): boolean;
  /** Takes an occurrence, or counts it as dropped when there is a `refusal`. */
  take(routed: Routed, how: Taking & { readonly refusal?: Reason | undefined }): void;
  /** Takes an event that no route sends here at this moment. */
  bringIn(event: SinkEvent, how: Pick<NewEntry, 'before' | 'onEnd' | 'admission'>): void;
  /** Has a look at the policy, which has changed. */
  applyPolicy(): void;
  /** Lets go of what throttles hold: from now on nothing is held. */
  close(): void;
}

/** How an event comes in. */
interface Entering extends Pick<NewEntry, 'before' | 'onEnd' | 'admission'> {
  /** How long ago it arrived. @default 0 */
  readonly ageMs?: number;
}

/** Creates the intake of a pipeline. */
export function createIntake(options: IntakeOptions): Intake {
  return new QueueIntake(options);
}

class QueueIntake implements Intake {
  readonly #options: IntakeOptions;
  readonly #throttle: Throttle<Entry>;

  constructor(options: IntakeOptions) {
    this.#options = options;
    const { clock, queue, policy, settler, onReady } = options;
    this.#throttle = createThrottle({
      clock,
      limit: () => mostHeld(policy().buffer.maxEvents),
      release(entry) {
        queue.release(entry, clock.now());
        onReady();
      },
      fold: (entry) => settler.fold(entry),
    });
  }

  /** What is parked waits in the buffer of another receiver. */
  get #kept(): number {
    const { queue } = this.#options;
    return queue.size - queue.parked;
  }

  get room(): number {
    return this.#options.policy().buffer.maxEvents - this.#kept;
  }

  makeRoom(): boolean {
    const { policy, front, queue, settler } = this.#options;
    const { maxEvents, onFull } = policy().buffer;
    // a source that cannot tell again waits for the receivers instead
    if (onFull === 'CatchUp' && front === undefined) return true;
    while (this.#kept >= maxEvents) {
      const oldest = onFull === 'DropOldest' ? queue.oldestIdle() : undefined;
      if (oldest === undefined) return false;
      settler.drop(oldest, 'QueueFull');
    }
    return true;
  }

  take(routed: Routed, how: Taking & { readonly refusal?: Reason | undefined }): void {
    const { ledger, observer, settler } = this.#options;
    const { refusal, before } = how;
    const isThrottled = routed.throttles !== undefined && refusal === undefined;
    const window = isThrottled ? this.#throttle.admit(routed.throttles) : undefined;
    const event = this.#eventOf(routed, how, window);
    // Only from here on is it counted: making room tells the observer, who must find the law intact.
    ledger.received();
    observer.accepted(event);
    if (refusal !== undefined) settler.refuse(event, refusal);
    else if (window === undefined) this.#push(event, { before, ageMs: this.#ageOf(routed) });
    else this.#hold(event, { before, ageMs: this.#ageOf(routed) }, window);
  }

  bringIn(event: SinkEvent, how: Pick<NewEntry, 'before' | 'onEnd' | 'admission'>): void {
    const { ledger, observer } = this.#options;
    ledger.received();
    observer.accepted(event);
    this.#push(event, how);
  }

  applyPolicy(): void {
    this.#throttle.relieve();
  }

  close(): void {
    this.#throttle.close();
  }

  #eventOf(
    { occurrence, routes }: Routed,
    { missedOccurrences }: Taking,
    window: ThrottleWindow<Entry> | undefined,
  ): SinkEvent {
    const { event, key, number, time, position } = occurrence;
    const told = { event, key, number, time, position, receiver: this.#options.receiver, routes };
    const withMissed = missedOccurrences === undefined ? told : { ...told, missedOccurrences };
    const before = window?.held?.event;
    if (window === undefined || before === undefined) return withMissed;
    const foldedOccurrences = window.folded;
    // what was missed before a folded occurrence of the same Event was missed before this one, too
    const missed = before.event.uid === event.uid ? (before.missedOccurrences ?? 0) : 0;
    return missed === 0
      ? { ...withMissed, foldedOccurrences }
      : { ...withMissed, foldedOccurrences, missedOccurrences: missed + (missedOccurrences ?? 0) };
  }

  /** How long ago an occurrence arrived. */
  #ageOf({ arrivedAt }: Routed): number {
    return arrivedAt === undefined ? 0 : this.#options.clock.date().getTime() - arrivedAt.getTime();
  }

  #push(event: SinkEvent, how: Entering): void {
    this.#options.queue.push(this.#entryOf(event, how));
    this.#options.onReady();
  }

  #hold(event: SinkEvent, how: Entering, window: ThrottleWindow<Entry>): void {
    this.#throttle.hold(window, this.#options.queue.hold(this.#entryOf(event, how)));
  }

  #entryOf(event: SinkEvent, { before, onEnd, admission, ageMs = 0 }: Entering): NewEntry {
    const acceptedAt = this.#options.clock.now() - Math.max(0, ageMs);
    return { event, objectKey: orderKey(event), acceptedAt, before, onEnd, admission };
  }
}
