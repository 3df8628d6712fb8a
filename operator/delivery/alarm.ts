import { type Clock, type Timer } from '../schema/clock.ts';

/** A timer that can be moved. */
export interface Alarm {
  /** Rings once then, or soon if that is past, and at no other time; `undefined` calls it off. */
  set(at: number | undefined): void;
}

/** Creates an alarm that is not set. */
export function createAlarm(clock: Clock, ring: () => void): Alarm {
  let setFor: number | undefined;
  let timer: Timer;
  return {
    set(at) {
      if (at === setFor) return;
      clock.clearTimeout(timer);
      setFor = at;
      if (at === undefined) return;
      const fire = (): void => {
        setFor = undefined;
        ring();
      };
      timer = clock.setTimeout(fire, Math.max(0, at - clock.now()));
    },
  };
}
