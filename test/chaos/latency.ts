import { setTimeout as sleep } from 'node:timers/promises';

import { keyOf } from './truth.ts';
import { type ChaosWorld } from './world.ts';

/** How long Events took from their creation to the webhook, in milliseconds. */
export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  readonly count: number;
}

/** Creates Events one by one, with nothing else going on, and measures from the sending of each to its receipt. */
export async function measureLatency({ producer, taken, receipts, truth }: ChaosWorld, count = 200) {
  const keys: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const key = keyOf({ uid: await producer.create(), number: 1 });
    const late = setTimeout(() => {
      throw new Error(`${key} did not come within ten seconds, with nothing else going on`);
    }, 10_000);
    await taken('hook', key);
    clearTimeout(late);
    keys.push(key);
    await sleep(2);
  }
  const arrivals = new Map(
    receipts.filter(({ receiver }) => receiver === 'hook').map(({ key, atMs }) => [key, atMs]),
  );
  const timesMs = keys
    .map((key) => (arrivals.get(key) ?? NaN) - (truth.get(key)?.sentMs ?? NaN))
    .sort((one, other) => one - other);
  const at = (share: number): number => timesMs[Math.ceil(share * count) - 1] ?? NaN;
  return { p50Ms: at(0.5), p99Ms: at(0.99), longestMs: at(1), count } satisfies Latency;
}
