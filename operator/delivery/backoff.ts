/** Bounds of a back-off, in milliseconds. */
export interface BackoffBounds {
  readonly initialMs: number;
  readonly maxMs: number;
}

/**
 * Computes the wait after the `failures`th failure in a row, in milliseconds: "full jitter", random between zero and a
 * ceiling that doubles, so that clients that failed together do not come back together
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
 */
export function backoffMs(failures: number, bounds: BackoffBounds, random: () => number): number {
  const doublings = Math.min(Math.max(failures, 1) - 1, 40);
  return random() * Math.min(bounds.maxMs, bounds.initialMs * 2 ** doublings);
}

/**
 * Computes the wait that a system asked for, in milliseconds: never shorter than that, with jitter of the first back-off
 * on top, and never longer than `longestMs`, as a date that a confused system sends could silence a receiver for years.
 */
export function retryAfterWaitMs(
  retryAfterMs: number,
  { initialMs, longestMs }: { readonly initialMs: number; readonly longestMs: number },
  random: () => number,
): number {
  const asked = Number.isFinite(retryAfterMs) ? Math.max(0, retryAfterMs) : 0;
  return Math.min(asked + random() * initialMs, longestMs);
}
