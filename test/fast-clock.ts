import { type Clock, systemClock } from '../operator/schema/clock.ts';

/** A clock on which time passes `speed` times as fast as it really does, for tests that talk to real sockets. */
export function createFastClock(speed: number): Clock {
  const startedMs = Date.now();
  return {
    now: () => systemClock.now() * speed,
    date: () => new Date(startedMs + (Date.now() - startedMs) * speed),
    setTimeout: (callback, delayMs) => systemClock.setTimeout(callback, delayMs / speed),
    clearTimeout: (timer) => systemClock.clearTimeout(timer),
  };
}
