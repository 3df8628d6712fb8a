/** An attempt that has ended, as far as it tells how much its system can take. */
export interface EndedAttempt {
  /** How many cuts there had been when it began. */
  readonly cuts: number;
  readonly startedAt: number;
  readonly now: number;
  /** Events of its batch. */
  readonly events: number;
  /** Attempts that were under way at its end, with itself. */
  readonly underWay: number;
  /** `overload`: the system throttled, was too slow, or took nothing at all. */
  readonly result: 'ok' | 'overload' | 'other';
}

/** How many attempts a system gets at the same time. */
export interface Concurrency {
  /** From 1 to what the policy allows. */
  readonly limit: number;
  /** How many cuts there have been; an attempt notes it at its beginning. */
  readonly cuts: number;
  /** Learns from an attempt. */
  landed(attempt: EndedAttempt): void;
  /** Begins anew with all that the policy allows. */
  reset(): void;
}

/** What is left of the limit after an overload, and after latency rose. */
const overloadFactor = 0.5;
const latencyFactor = 0.8;

/**
 * Creates a limit that begins at `most`, so that a healthy system pays nothing. It adapts as TCP does (additive increase,
 * multiplicative decrease): overload halves it, a rise of latency takes a fifth, and while all of it is in use it grows
 * by one for each round trip. Attempts that began before the last cut say nothing about the limit since then.
 */
export function createConcurrency(most: () => number): Concurrency {
  return new AdaptiveConcurrency(most);
}

class AdaptiveConcurrency implements Concurrency {
  readonly #most: () => number;
  /** Infinite while there is nothing to hold back. */
  #allowed = Infinity;
  cuts = 0;
  /** By size of the batch, each twice the one before: a large batch may take longer than a small one. */
  readonly #latencies = new Map<number, Latency>();

  constructor(most: () => number) {
    this.#most = most;
  }

  get limit(): number {
    return Math.max(1, Math.floor(Math.min(this.#allowed, this.#most())));
  }

  landed({ cuts, startedAt, now, events, underWay, result }: EndedAttempt): void {
    if (cuts < this.cuts) return;
    if (result === 'overload') {
      this.#cut(overloadFactor);
    } else if (result === 'ok') {
      if (this.#latencyOf(events).rises(now - startedAt, now)) this.#cut(latencyFactor);
      else if (underWay >= this.limit) this.#grow();
    }
  }

  reset(): void {
    this.#allowed = Infinity;
    this.cuts += 1;
    this.#latencies.clear();
  }

  #latencyOf(events: number): Latency {
    const size = 31 - Math.clz32(events);
    let latency = this.#latencies.get(size);
    if (latency === undefined) this.#latencies.set(size, (latency = new Latency()));
    return latency;
  }

  #cut(factor: number): void {
    this.#allowed = Math.max(1, Math.min(this.#allowed, this.#most()) * factor);
    this.cuts += 1;
    for (const latency of this.#latencies.values()) latency.calm();
  }

  #grow(): void {
    const grown = this.#allowed + 1 / this.limit;
    this.#allowed = grown >= this.#most() ? Infinity : grown;
  }
}

/** So many attempts are recent; from so many on their usual duration is known. */
const recentAttempts = 16;
/** In which time the usual duration follows: downwards sooner, so that an overload does not become usual. */
const shorterWithinMs = 300_000;
const longerWithinMs = 600_000;
/** A rise is to more than twice the usual, and by more than this: below it nothing can be told from chance. */
const leastRiseMs = 50;

/** The usual and the recent duration of attempts of about the same size, both as moving averages. */
class Latency {
  #usualMs = 0;
  #recentMs = 0;
  #attempts = 0;
  #learnedAt = 0;

  /** Learns a duration; tells whether the recent ones are well above the usual ones. */
  rises(durationMs: number, now: number): boolean {
    this.#attempts += 1;
    const withinMs = durationMs < this.#usualMs ? shorterWithinMs : longerWithinMs;
    const share = this.#attempts > recentAttempts ? (now - this.#learnedAt) / withinMs : 1 / this.#attempts;
    this.#learnedAt = now;
    this.#usualMs += (durationMs - this.#usualMs) * Math.min(1, share);
    this.#recentMs += (durationMs - this.#recentMs) / Math.min(this.#attempts, recentAttempts);
    const riseMs = this.#recentMs - this.#usualMs;
    return this.#attempts >= recentAttempts && riseMs > this.#usualMs && riseMs > leastRiseMs;
  }

  /** Forgets the recent durations: what comes next shows whether a cut helped. */
  calm(): void {
    this.#recentMs = this.#usualMs;
  }
}
