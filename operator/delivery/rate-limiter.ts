import { type Occurrence } from '../event/occurrence.ts';
import { type Clock } from '../schema/clock.ts';
import { type Log } from '../telemetry/log.ts';
import { type Entry, type OnEnd } from './entry.ts';
import { createExcess, type Excess } from './excess.ts';
import { type Gate } from './gate.ts';
import { type Outcome } from './observer.ts';
import { type DeliveryPolicy, type RateLimitPolicy } from './policy.ts';
import { type Queue } from './queue.ts';
import { createTokenBucket, type TokenBucket } from './token-bucket.ts';

/** What a limiter works on: the parts of one pipeline. */
export interface RateLimiterOptions {
  readonly receiver: string;
  readonly policy: () => Pick<DeliveryPolicy, 'rateLimit'>;
  readonly queue: Pick<Queue, 'take' | 'hasWaiting'>;
  readonly gate: Pick<Gate, 'closed'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends an event that is over the limit. */
  readonly drop: (entry: Entry) => void;
  /** Takes a summary in as an event that is within the limit; false when there is no room for it. */
  readonly send: (summary: Occurrence, onEnd: OnEnd) => boolean;
}

/** Lets events go out for the first time, as `rateLimit` of the policy says, and tells the receiver what it held back. */
export interface RateLimiter {
  /** Tells whether an event may go out for the first time. */
  allows(now: number): boolean;
  /** An event goes out for the first time. */
  admit(now: number): void;
  /** Ends ready events that are over the limit and may not wait, at most so many; gives how many there were. */
  holdBack(now: number, most: number): number;
  /** Sends the summary of what was held back, if it is time and the limit allows it. */
  tell(now: number): void;
  /** Sends that summary whatever the limit says; tells whether there was one that could be taken. */
  tellNow(now: number): boolean;
  /** When the limit allows something that waits for it; undefined while nothing does. */
  nextAt(now: number): number | undefined;
  /** Something was held back that no summary tells of yet. */
  readonly hasExcess: boolean;
  /** Logs what the receiver was not told. */
  close(): void;
}

/** Creates the limiter of a pipeline; it reads the policy at each decision. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  return new PolicyRateLimiter(options);
}

/** What was held back, since when, on the clock that only goes forward. */
interface OpenExcess {
  readonly excess: Excess;
  readonly since: number;
}

class PolicyRateLimiter implements RateLimiter {
  readonly #options: RateLimiterOptions;
  #limit: RateLimitPolicy | undefined;
  #bucket: TokenBucket | undefined;
  #open: OpenExcess | undefined;
  #lastOpenedMs = -Infinity;
  /** There was no room for the summary; there may be when an event has ended. */
  #isRefused = false;
  /** Events of summaries whose end is not known. */
  #underWay = 0;

  constructor(options: RateLimiterOptions) {
    this.#options = options;
  }

  get hasExcess(): boolean {
    return this.#open !== undefined;
  }

  allows(now: number): boolean {
    const limit = this.#options.policy().rateLimit;
    if (limit !== this.#limit) this.#change(limit, now);
    return this.#bucket === undefined || this.#bucket.has(now);
  }

  admit(now: number): void {
    this.#bucket?.take(now);
  }

  holdBack(now: number, most: number): number {
    const { queue, gate, drop } = this.#options;
    // what a failing system would have got is not known before it works again
    if (this.allows(now) || this.#limit?.onExceeded !== 'Summarize' || gate.closed) return 0;
    let held = 0;
    for (; held < most; held += 1) {
      const entry = queue.take('fresh');
      if (entry === undefined) break;
      this.#open ??= this.#openExcess(this.#limit, now);
      this.#open.excess.add(entry.event);
      drop(entry);
    }
    return held;
  }

  #openExcess(rate: RateLimitPolicy, now: number): OpenExcess {
    const { receiver, clock } = this.#options;
    // two that were opened within a millisecond would have the same key
    this.#lastOpenedMs = Math.max(clock.date().getTime(), this.#lastOpenedMs + 1);
    return { excess: createExcess({ receiver, rate, openedAt: new Date(this.#lastOpenedMs) }), since: now };
  }

  tell(now: number): void {
    this.#isRefused = false;
    if (this.#open !== undefined && this.allows(now) && now >= this.#dueAt(this.#open)) this.tellNow(now);
  }

  tellNow(now: number): boolean {
    if (this.#open === undefined || this.#isRefused) return false;
    const { excess } = this.#open;
    const { events } = excess;
    const summary = excess.summary(this.#options.clock.date());
    this.#isRefused = !this.#options.send(summary, (outcome) => {
      if (!isCutOff(outcome)) this.#underWay -= events;
    });
    if (this.#isRefused) return false;
    this.#underWay += events;
    this.#open = undefined;
    this.admit(now);
    return true;
  }

  nextAt(now: number): number | undefined {
    const { queue } = this.#options;
    const tokenAt = this.allows(now) ? now : (this.#bucket?.nextAt ?? now);
    if (queue.hasWaiting && tokenAt > now) return tokenAt;
    if (this.#open === undefined || this.#isRefused) return undefined;
    return Math.max(tokenAt, this.#dueAt(this.#open));
  }

  close(): void {
    const events = this.#underWay + (this.#open?.excess.events ?? 0);
    if (events === 0) return;
    const { log, receiver } = this.#options;
    log.warn('Stopped before the receiver was told of events over its rate limit', { receiver, events });
  }

  /** A limit that is gone, or makes events wait from now on, gives no reason to wait any longer. */
  #dueAt({ since }: OpenExcess): number {
    return this.#limit?.onExceeded === 'Summarize' ? since + this.#limit.perMs : -Infinity;
  }

  #change(limit: RateLimitPolicy | undefined, now: number): void {
    this.#limit = limit;
    if (limit === undefined) this.#bucket = undefined;
    else if (this.#bucket === undefined) this.#bucket = createTokenBucket(limit);
    else this.#bucket.change(limit, now);
  }
}

function isCutOff(outcome: Outcome): boolean {
  return (
    outcome.kind === 'dropped' && (outcome.reason === 'ShuttingDown' || outcome.reason === 'ReceiverGone')
  );
}
