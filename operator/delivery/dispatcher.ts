import { type Clock, type Timer } from '../schema/clock.ts';
import { DeliveryError, type Sink } from '../sink-kit/index.ts';
import { type Log } from '../telemetry/log.ts';
import { type Alarm, createAlarm } from './alarm.ts';
import { attempt, type AttemptResult } from './attempt.ts';
import { type Batcher, createBatcher } from './batcher.ts';
import { type Gate } from './gate.ts';
import { createOutlet, type Outlet } from './outlet.ts';
import { type DeliveryPolicy } from './policy.ts';
import { type EncodedEntry } from './entry.ts';
import { type Queue } from './queue.ts';
import { type RateLimiter } from './rate-limiter.ts';
import { createRetirement, type Retirement } from './retirement.ts';
import { type Settler } from './settler.ts';

/** Events that are handed to a sink before other work of the process gets its turn. */
const eventsPerTurn = 1_000;

/** What a dispatcher works on: the parts of one pipeline. */
export interface DispatcherOptions {
  readonly receiver: string;
  readonly queue: Queue;
  readonly gate: Gate;
  readonly rateLimiter: RateLimiter;
  readonly settler: Settler;
  readonly policy: () => DeliveryPolicy;
  readonly clock: Clock;
  readonly log: Log;
}

/** Sends what the queue holds through the sink in use, as fast as gate and policy allow. */
export interface Dispatcher {
  /** Has a look at the queue soon, after the code that calls has ended. */
  schedule(): void;
  /** Sends through this sink from now on, or holds still; the one before is closed when it has finished. */
  useSink(sink: Sink | undefined): void;
  /**
   * Sends without waiting for full batches until the queue is empty, the deadline has come or nothing could be sent
   * before it; then aborts what is under way. Resolves when no attempt is left; a second call may bring the deadline
   * forward.
   */
  drainUntil(deadline: number): Promise<void>;
  /** Closes the sink; resolves when that is done, or has taken too long. */
  close(): Promise<void>;
}

/** Creates a dispatcher without a sink. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  return new QueueDispatcher(options);
}

/** An attempt that is under way. */
interface Flight {
  readonly entries: readonly EncodedEntry[];
  readonly outlet: Outlet;
  /** The gate's period in which it began. */
  readonly period: number;
  /** How often concurrency had been cut by then. */
  readonly cuts: number;
  readonly startedAt: number;
  readonly abort: (error: DeliveryError) => void;
}

/** The end of all sending. */
interface Drain {
  deadline: number;
  timer: Timer;
  /** Nothing is sent any more. */
  givenUp: boolean;
  readonly landed: PromiseWithResolvers<undefined>;
}

class QueueDispatcher implements Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #batcher: Batcher;
  readonly #flights = new Set<Flight>();
  readonly #retirement: Retirement;
  readonly #alarm: Alarm;
  #outlet: Outlet | undefined;
  #drain: Drain | undefined;
  #isScheduled = false;
  #handedThisTurn = 0;
  /** The moment by which it was last decided whether something may be sent. */
  #decidedAt = -Infinity;

  constructor(options: DispatcherOptions) {
    this.#options = options;
    const { clock, queue, rateLimiter, settler } = options;
    this.#batcher = createBatcher({
      queue,
      rateLimiter,
      reject: (entry, error) => settler.reject(entry, error),
    });
    this.#retirement = createRetirement(options);
    this.#alarm = createAlarm(clock, () => {
      this.#isScheduled = false;
      this.schedule();
    });
  }

  schedule(): void {
    if (this.#isScheduled || this.#drain?.givenUp === true) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#pump());
  }

  useSink(sink: Sink | undefined): void {
    if (sink === this.#outlet?.sink) return;
    const { log, receiver, gate, queue } = this.#options;
    const outlet =
      sink && createOutlet(sink, (error) => log.warn('Sink failed to close', { receiver, error }));
    if (this.#drain !== undefined) {
      // Too late for another sink; the present one goes on until the drain ends.
      this.#retirement.retire(outlet);
      return;
    }
    this.#retirement.retire(this.#outlet);
    this.#outlet = outlet;
    gate.reset();
    queue.wakeAll();
    this.schedule();
  }

  async drainUntil(deadline: number): Promise<void> {
    const { clock, gate, queue } = this.#options;
    if (this.#drain === undefined) {
      gate.hurry();
      queue.wakeAll();
    }
    this.#drain ??= { deadline: Infinity, timer: undefined, givenUp: false, landed: Promise.withResolvers() };
    const drain = this.#drain;
    if (deadline < drain.deadline && !drain.givenUp) {
      drain.deadline = deadline;
      clock.clearTimeout(drain.timer);
      const graceMs = deadline - clock.now();
      if (graceMs > 0) drain.timer = clock.setTimeout(() => this.#giveUp(drain), graceMs);
      else this.#giveUp(drain);
    }
    this.schedule();
    await drain.landed.promise;
  }

  async close(): Promise<void> {
    this.#retirement.retire(this.#outlet);
    this.#outlet = undefined;
    await this.#retirement.closed();
  }

  /** Sends as much as may be sent now, and sets the timer for what may be sent later. */
  #pump(): void {
    this.#isScheduled = false;
    if (this.#drain?.givenUp === true) return;
    this.#options.queue.wake(this.#options.clock.now());
    while (this.#sendBatch()) {
      if (this.#handedThisTurn < eventsPerTurn) continue;
      this.#handedThisTurn = 0;
      // Until the timer fires, landings and new events must not bring the microtask back.
      this.#isScheduled = true;
      this.#alarm.set(this.#options.clock.now());
      return;
    }
    const nextAt = this.#nextAt();
    this.#alarm.set(nextAt);
    this.#endDrainIfIdle(nextAt);
  }

  #sendBatch(): boolean {
    const { gate, policy, clock, rateLimiter } = this.#options;
    const outlet = this.#outlet;
    const now = clock.now();
    this.#decidedAt = now;
    if (outlet === undefined || this.#flights.size >= gate.limit(now)) {
      this.#batcher.disband();
      return false;
    }
    rateLimiter.tell(now);
    const flush = this.#drain !== undefined;
    const entries = this.#batcher.fill({ sink: outlet.sink, limits: policy().batch, now, flush });
    if (entries === undefined) return this.#holdBack(now);
    this.#handedThisTurn += entries.length;
    this.#launch(outlet, entries);
    return true;
  }

  /** Nothing more may be sent now: what may not even wait for that ends. */
  #holdBack(now: number): boolean {
    const { rateLimiter } = this.#options;
    const held = rateLimiter.holdBack(now, eventsPerTurn);
    this.#handedThisTurn += held;
    return held > 0 || (this.#drain !== undefined && rateLimiter.tellNow(now));
  }

  #launch(outlet: Outlet, entries: readonly EncodedEntry[]): void {
    const { clock, policy, gate } = this.#options;
    const startedAt = clock.now();
    outlet.sendBegan();
    const batch = entries.map(({ outgoing }) => outgoing);
    const { result, abort } = attempt(outlet.sink, batch, { clock, timeoutMs: policy().timeoutMs });
    const { period, concurrency } = gate;
    const flight: Flight = { entries, outlet, period, cuts: concurrency.cuts, startedAt, abort };
    this.#flights.add(flight);
    void result.then((outcome) => this.#land(flight, outcome));
  }

  #land(flight: Flight, result: AttemptResult): void {
    const { entries, outlet, period, cuts, startedAt } = flight;
    const underWay = this.#flights.size;
    this.#flights.delete(flight);
    const outdated = outlet !== this.#outlet;
    const givenUp = this.#drain?.givenUp === true;
    this.#options.settler.land({ ...result, entries, period, cuts, startedAt, underWay, outdated, givenUp });
    outlet.sendEnded();
    if (givenUp && this.#flights.size === 0) this.#drain?.landed.resolve(undefined);
    this.schedule();
  }

  /** When something may have to be done that no landing and no new event brings about. */
  #nextAt(): number | undefined {
    const { gate, queue, rateLimiter } = this.#options;
    if (this.#outlet === undefined || (queue.size === 0 && !rateLimiter.hasExcess)) return undefined;
    // not a later one: what came due since then would wait for ever
    const now = this.#decidedAt;
    if (gate.opensAt > now) return gate.opensAt;
    if (this.#flights.size >= gate.limit(now)) return undefined;
    const waits = [this.#batcher.dueAt, queue.nextDueAt, rateLimiter.nextAt(now)];
    const times = waits.filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #endDrainIfIdle(nextAt: number | undefined): void {
    const drain = this.#drain;
    if (drain === undefined || this.#flights.size > 0) return;
    if (nextAt === undefined || nextAt > drain.deadline) this.#giveUp(drain);
  }

  #giveUp(drain: Drain): void {
    if (drain.givenUp) return;
    drain.givenUp = true;
    this.#options.clock.clearTimeout(drain.timer);
    this.#alarm.set(undefined);
    this.#batcher.disband();
    const error = DeliveryError.retry('given up because the receiver stops', 'ShuttingDown');
    for (const { abort } of this.#flights) abort(error);
    if (this.#flights.size === 0) drain.landed.resolve(undefined);
  }
}
