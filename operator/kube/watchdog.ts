import { type Clock } from './clock.ts';

/** Notices that nothing happens. */
export interface Watchdog extends Disposable {
  /** Something happened. */
  touch(): void;
  /** Until `touch`, silence means nothing: it is we who do not read. */
  pause(): void;
}

/** Creates a watchdog that calls back once after `idleTimeoutMs` of silence. */
export function createWatchdog(clock: Clock, idleTimeoutMs: number, onSilence: () => void): Watchdog {
  let lastMs = clock.monotonicMs();
  let paused = false;
  let cancel = (): void => undefined;

  // One timer, moved on when it fires: arming one for each chunk would cost more than reading it.
  const arm = (delayMs: number): void => {
    cancel = clock.after(delayMs, () => {
      const leftMs = paused ? idleTimeoutMs : lastMs + idleTimeoutMs - clock.monotonicMs();
      if (leftMs > 0) arm(leftMs);
      else onSilence();
    });
  };
  arm(idleTimeoutMs);

  return {
    touch() {
      paused = false;
      lastMs = clock.monotonicMs();
    },
    pause() {
      paused = true;
    },
    [Symbol.dispose]: () => cancel(),
  };
}
