import { type Clock, type Timer } from '../schema/clock.ts';

interface Alarm {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that moves when it is told to. */
export interface SimulatedClock extends Pick<Clock, 'now' | 'setTimeout' | 'clearTimeout'> {
  /** Moves on to a time, or stays where it is when that is past; runs the timers on the way, in order. */
  advanceTo(atMs: number): void;
  /** Moves on until no timer is set. */
  runOut(): void;
}

/** Creates a clock that begins at 0. */
export function createSimulatedClock(): SimulatedClock {
  let now = 0;
  const alarms = new Set<Alarm>();
  const runUntil = (untilMs: number): void => {
    for (;;) {
      let next: Alarm | undefined;
      for (const alarm of alarms) if (alarm.at < (next?.at ?? Infinity)) next = alarm;
      if (next === undefined || next.at > untilMs) return;
      alarms.delete(next);
      now = next.at;
      next.callback();
    }
  };
  return {
    now: () => now,
    setTimeout(callback, delayMs): Timer {
      const alarm = { at: now + Math.max(0, delayMs), callback };
      alarms.add(alarm);
      return alarm;
    },
    clearTimeout: (timer) => void alarms.delete(timer as Alarm),
    advanceTo(atMs) {
      runUntil(atMs);
      now = Math.max(now, atMs);
    },
    runOut: () => runUntil(Infinity),
  };
}
