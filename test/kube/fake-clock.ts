import { type Clock } from '../../operator/kube/clock.ts';

/** A clock that stands still until it is moved. */
export interface FakeClock extends Clock {
  /** Moves the clock, firing timers on the way and letting promises and sockets settle after each. */
  advance(ms: number): Promise<void>;
}

/** Creates a clock that stands still. */
export function createFakeClock(): FakeClock {
  const timers = new Set<{ atMs: number; callback: () => void }>();
  const startMs = Date.parse('2026-01-01T00:00:00Z');
  let nowMs = 0;
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    now: () => nowMs,
    date: () => new Date(startMs + nowMs),
    setTimeout(callback, delayMs) {
      const timer = { atMs: nowMs + delayMs, callback };
      timers.add(timer);
      return timer;
    },
    clearTimeout: (timer) => void timers.delete(timer as never),
    async advance(ms) {
      const endMs = nowMs + ms;
      await settle();
      for (;;) {
        const [next] = [...timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
        if (!next) break;
        timers.delete(next);
        nowMs = Math.max(nowMs, next.atMs);
        next.callback();
        await settle();
      }
      nowMs = endMs;
      await settle();
    },
  };
}
