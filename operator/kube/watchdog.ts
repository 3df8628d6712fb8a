import { type Clock } from '../schema/clock.ts';

/** Notices that nothing happens. */
export interface Watchdog extends Disposable {
  /** Something happened. */
  touch(): void;
  /** Until `touch`, silence means nothing: it is we who do not read. */
  pause(): void;
}

/** Creates a watchdog that calls back once after `idleTimeoutMs` of silence. */
export function createWatchdog(clock: Clock, idleTimeoutMs: number, onSilence: () => void): Watchdog {
  let lastMs = clock.now();
  let paused = false;
  let timer: unknown;

  // One timer, moved on when it fires: arming one for each chunk would cost more than reading it.
  const arm = (delayMs: number): void => {
    timer = clock.setTimeout(() => {
      const leftMs = paused ? idleTimeoutMs : lastMs + idleTimeoutMs - clock.now();
      if (leftMs > 0) arm(leftMs);
      else onSilence();
    }, delayMs);
  };
  arm(idleTimeoutMs);

  return {
    touch() {
      paused = false;
      lastMs = clock.now();
    },
    pause() {
      paused = true;
    },
    [Symbol.dispose]: () => clock.clearTimeout(timer),
  };
}
