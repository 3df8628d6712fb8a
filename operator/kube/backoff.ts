/** The waits of a loop that failed: each twice as long as the one before, half of each by chance. */
export interface Backoff {
  /** The next wait in milliseconds; at least what the server asked for. */
  nextMs(atLeastMs?: number): number;
  /** Begins again with the first wait. */
  reset(): void;
}

/** Bounds of a back-off, in milliseconds. */
export interface BackoffOptions {
  /** @default 200 */
  readonly initialMs?: number;
  /** @default 30000 */
  readonly maxMs?: number;
  readonly random?: () => number;
}

/** Creates a jittered exponential back-off. */
export function createBackoff(options: BackoffOptions = {}): Backoff {
  const { initialMs = 200, maxMs = 30_000, random = Math.random } = options;
  let ceilingMs = initialMs;
  return {
    nextMs(atLeastMs = 0) {
      const waitMs = ceilingMs / 2 + random() * (ceilingMs / 2);
      ceilingMs = Math.min(maxMs, ceilingMs * 2);
      // What a server asks for gets chance on top, or all its clients would come back at once.
      return atLeastMs > waitMs ? atLeastMs + random() * Math.min(atLeastMs / 10, 1000) : waitMs;
    },
    reset() {
      ceilingMs = initialMs;
    },
  };
}
