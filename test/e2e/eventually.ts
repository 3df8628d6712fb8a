import { setTimeout as sleep } from 'node:timers/promises';

/** How long something may take, and how often it is looked at. */
export interface EventuallyOptions {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

/** Repeats a check until it passes; throws what it threw last when the time is over. Resolves to its result. */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 20_000, everyMs = 50 }: EventuallyOptions = {},
): Promise<T> {
  const deadlineMs = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (thrown) {
      if (Date.now() > deadlineMs) throw thrown;
    }
    await sleep(everyMs);
  }
}
