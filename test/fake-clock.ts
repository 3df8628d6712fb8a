import { type Clock, type Timer } from '../operator/schema/clock.ts';

interface Entry {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Moves on by `byMs`: runs the timers that come due, in order, and lets promises settle after each. */
  advance(byMs: number): Promise<void>;
  /** Moves to the next timer and runs it; false when no timer is set. */
  advanceToNext(): Promise<boolean>;
  /** Lets promises settle without moving. */
  settle(): Promise<void>;
  /** How many timers are set. */
  readonly timers: number;
}

/** Creates a clock that starts at 0 and, for its time of day, at `startDate`. */
export function createFakeClock(startDate: Date = new Date('2026-01-01T00:00:00Z')): FakeClock {
  const entries = new Set<Entry>();
  let now = 0;
  let order = 0;

  const next = (): Entry | undefined => {
    let first: Entry | undefined;
    for (const entry of entries) {
      if (first === undefined || entry.at < first.at || (entry.at === first.at && entry.order < first.order))
        first = entry;
    }
    return first;
  };
  const fire = async (entry: Entry): Promise<void> => {
    entries.delete(entry);
    now = Math.max(now, entry.at);
    entry.callback();
    await settle();
  };

  return {
    now: () => now,
    date: () => new Date(startDate.getTime() + now),
    setTimeout(callback, delayMs): Timer {
      const entry: Entry = { at: now + Math.max(0, delayMs), order: order++, callback };
      entries.add(entry);
      return entry;
    },
    clearTimeout(timer) {
      entries.delete(timer as Entry);
    },
    async advance(byMs) {
      const until = now + byMs;
      await settle();
      for (let entry = next(); entry !== undefined && entry.at <= until; entry = next()) await fire(entry);
      now = until;
    },
    async advanceToNext() {
      await settle();
      const entry = next();
      if (entry === undefined) return false;
      await fire(entry);
      return true;
    },
    settle,
    get timers() {
      return entries.size;
    },
  };
}

/** Waits until no promise that is already resolved has anything left to do: a turn of the event loop drains them all. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
