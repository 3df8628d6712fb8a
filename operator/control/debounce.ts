import { type Clock, type Timer } from '../schema/clock.ts';

/** A task that is run some time after it was asked for. */
export interface Debounce {
  trigger(): void;
  /** Nothing is begun any more. */
  cancel(): void;
}

/**
 * Runs a task once, a while after the first of many triggers; never twice at a time: a trigger during the run causes
 * another run after it. The task deals with its own failures.
 */
export function createDebounce(clock: Clock, delayMs: number, task: () => Promise<void>): Debounce {
  let timer: Timer;
  let state: 'idle' | 'waiting' | 'running' | 'runningAndAsked' | 'cancelled' = 'idle';
  const wait = (): void => {
    state = 'waiting';
    timer = clock.setTimeout(run, delayMs);
  };
  const run = (): void => {
    state = 'running';
    task()
      .catch(() => undefined)
      .finally(() => {
        if (state === 'runningAndAsked') wait();
        else if (state === 'running') state = 'idle';
      });
  };
  return {
    trigger() {
      if (state === 'idle') wait();
      else if (state === 'running') state = 'runningAndAsked';
    },
    cancel() {
      state = 'cancelled';
      clock.clearTimeout(timer);
    },
  };
}
