/** Time as this room needs it; tests put in their own. */
export interface Clock {
  /** A clock that only goes forward, in milliseconds; its zero means nothing. */
  monotonicMs(): number;
  /** The time of day. */
  now(): Date;
  /** Calls back once after `delayMs`; the function it returns calls that off. */
  after(delayMs: number, callback: () => void): () => void;
}

/** The clock of the machine. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  now: () => new Date(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Waits; resolves early, and without an error, when the signal aborts. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  if (signal?.aborted) return Promise.resolve();
  const finish = (): void => {
    cancel();
    signal?.removeEventListener('abort', finish);
    resolve(undefined);
  };
  const cancel = clock.after(delayMs, finish);
  signal?.addEventListener('abort', finish, { once: true });
  return promise;
}
