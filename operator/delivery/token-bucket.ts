/** A rate: `events` in each `perMs`, and `burst` at once after a quiet time. */
export interface Rate {
  readonly events: number;
  readonly perMs: number;
  readonly burst: number;
}

/** Tokens that come back evenly; whoever sends something for the first time takes one. */
export interface TokenBucket {
  /** When there is a token to take; in the past when there is one already. */
  readonly nextAt: number;
  /** Tells whether there is a token. */
  has(now: number): boolean;
  /** Takes a token; one that is not there is owed, and comes back later. */
  take(now: number): void;
  /** Goes on at another rate with the tokens that are there, as far as they fit in. */
  change(rate: Rate, now: number): void;
}

/** Creates a full bucket. */
export function createTokenBucket(rate: Rate): TokenBucket {
  return new EvenBucket(rate);
}

/** Counts in time, not in tokens: what a token more or less takes is added once and never rounded differently. */
class EvenBucket implements TokenBucket {
  #rate: Rate;
  #intervalMs: number;
  /** The bucket was, or will be, empty then, if nothing more is taken. */
  #emptyAt = -Infinity;

  constructor(rate: Rate) {
    this.#rate = rate;
    this.#intervalMs = rate.perMs / rate.events;
  }

  get nextAt(): number {
    return this.#emptyAt + this.#intervalMs;
  }

  has(now: number): boolean {
    // a timer that was set for nextAt may find itself there but for the last digit
    return now + this.#intervalMs * 1e-6 >= this.nextAt;
  }

  take(now: number): void {
    this.#emptyAt = Math.max(this.#emptyAt, now - this.#rate.burst * this.#intervalMs) + this.#intervalMs;
  }

  change(rate: Rate, now: number): void {
    const tokens = Math.min((now - this.#emptyAt) / this.#intervalMs, this.#rate.burst, rate.burst);
    this.#rate = rate;
    this.#intervalMs = rate.perMs / rate.events;
    this.#emptyAt = now - tokens * this.#intervalMs;
  }
}
