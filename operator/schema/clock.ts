/** A timer that was set; only its clock knows what it is. */
export type Timer = unknown;

/** Time, as code that waits or measures needs it; tests put in a clock that stands still until they move it. */
export interface Clock {
  /** A clock that only goes forward, in milliseconds; its zero means nothing. */
  now(): number;
  /** The time of day. */
  date(): Date;
  /** Calls back once after `delayMs`. */
  setTimeout(callback: () => void, delayMs: number): Timer;
  /** Calls a timer off; one that has fired is left alone. */
  clearTimeout(timer: Timer): void;
}

/** The longest time that a timer of Node can wait; one that is set for longer fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  setTimeout: (callback, delayMs) => setTimeout(callback, Math.min(delayMs, longestTimerMs)),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout | undefined),
};

/** Waits; resolves early, and without an error, when the signal aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  if (signal?.aborted) return Promise.resolve();
  const finish = (): void => {
    clock.clearTimeout(timer);
    signal?.removeEventListener('abort', finish);
    resolve(undefined);
  };
  const timer = clock.setTimeout(finish, delayMs);
  signal?.addEventListener('abort', finish, { once: true });
  return promise;
}
