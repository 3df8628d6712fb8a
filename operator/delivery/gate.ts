import { backoffMs, retryAfterWaitMs } from './backoff.ts';
import { type Concurrency, createConcurrency } from './concurrency.ts';
import { type DeliveryPolicy } from './policy.ts';

/** Whole-batch failures in a row that close a gate; one bad event among good ones never gets that far. */
export const failuresToClose = 3;

/** Decides how many attempts a receiver gets: what it can take while it works, one probe for each back-off while it fails. */
export interface Gate {
  /** How many attempts may be under way at this moment. */
  limit(now: number): number;
  /** How many attempts the receiver gets at the same time as things are, back-offs left aside. */
  readonly lanes: number;
  /** How many it gets while it works. */
  readonly concurrency: Pick<Concurrency, 'cuts' | 'landed'>;
  /** Before this moment nothing may be sent; in the past while the gate lets events through. */
  readonly opensAt: number;
  /** The receiver is failing as a whole, and attempts are probes. */
  readonly closed: boolean;
  /** When the first of the failures in a row happened; undefined while attempts succeed. */
  readonly failingSince: number | undefined;
  /** Names the period between two closings; an attempt notes the one that it began in. */
  readonly period: number;
  /** The system took events, or refused them one by one: it works. */
  succeeded(): void;
  /** A whole attempt failed; `retryAfterMs` is what the system asked for. */
  failed(attempt: { readonly period: number; readonly now: number; readonly retryAfterMs?: number }): void;
  /** Ends a back-off early for one last probe, unless the system itself asked for the wait. */
  hurry(): void;
  /** Forgets all failures: the next attempt goes to another sink. */
  reset(): void;
}

/** Creates an open gate; it reads the policy at each decision. */
export function createGate(policy: () => DeliveryPolicy, random: () => number): Gate {
  return new FailureGate(policy, random);
}

class FailureGate implements Gate {
  readonly #policy: () => DeliveryPolicy;
  readonly #random: () => number;
  readonly concurrency: Concurrency;
  #failures = 0;
  #asked = false;
  opensAt = -Infinity;
  failingSince: number | undefined;
  period = 0;

  constructor(policy: () => DeliveryPolicy, random: () => number) {
    this.#policy = policy;
    this.#random = random;
    this.concurrency = createConcurrency(() => policy().concurrency);
  }

  get closed(): boolean {
    return this.#failures >= failuresToClose;
  }

  limit(now: number): number {
    return now < this.opensAt ? 0 : this.lanes;
  }

  get lanes(): number {
    return this.closed ? 1 : this.concurrency.limit;
  }

  succeeded(): void {
    this.#failures = 0;
    this.failingSince = undefined;
    this.opensAt = -Infinity;
    this.#asked = false;
  }

  failed({ period, now, retryAfterMs }: { period: number; now: number; retryAfterMs?: number }): void {
    this.failingSince ??= now;
    // Attempts that were under way when the gate closed tell nothing new: they must not lengthen the back-off.
    const isNews = !this.closed || period === this.period;
    if (isNews) this.#failures += 1;
    if (retryAfterMs !== undefined) {
      this.#failures = Math.max(this.#failures, failuresToClose);
      this.#closeUntil(now + this.#askedMs(retryAfterMs), true);
    } else if (isNews && this.closed) {
      this.#closeUntil(now + backoffMs(this.#failures, this.#policy().retry, this.#random), false);
    }
  }

  hurry(): void {
    if (!this.#asked) this.opensAt = -Infinity;
  }

  reset(): void {
    this.succeeded();
    this.concurrency.reset();
    this.period += 1;
  }

  #askedMs(retryAfterMs: number): number {
    const { initialMs, maxMs, maxAgeMs } = this.#policy().retry;
    return retryAfterWaitMs(retryAfterMs, { initialMs, longestMs: Math.max(maxMs, maxAgeMs) }, this.#random);
  }

  #closeUntil(opensAt: number, asked: boolean): void {
    this.period += 1;
    if (opensAt < this.opensAt) return;
    this.opensAt = opensAt;
    this.#asked = asked;
  }
}
