import { type Clock, type Timer } from '../schema/clock.ts';

/** A task that is run some time after it was asked for. */
export interface Debounce {
  trigger(): void;
  cancel(): void;
}

/** Runs a task once, a while after the first of many triggers; a trigger during the run causes another. */
export function createDebounce(clock: Clock, delayMs: number, task: () => Promise<void>): Debounce {
  let timer: Timer;
  let pending = false;
  return {
    trigger() {
      if (pending) return;
      pending = true;
      timer = clock.setTimeout(() => {
        pending = false;
        // what fails here is tried again by the next tick or reconcile
        task().catch(() => undefined);
      }, delayMs);
    },
    cancel: () => clock.clearTimeout(timer),
  };
}
