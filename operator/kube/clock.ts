/** Time as this room needs it: the operator's clock, or one that a test moves. */
export interface Clock {
  /** A clock that only goes forward, in milliseconds; its zero means nothing. */
  now(): number;
  /** The time of day. */
  date(): Date;
  /** Calls back once after `delayMs`. */
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
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
