import { LRUCache } from 'lru-cache';

import { type Clock } from '../schema/clock.ts';

/** A limit for each of many keys. */
export interface TokenBucketOptions {
  /** How often a key is allowed at once. */
  readonly burst: number;
  /** Once more is allowed each so often. */
  readonly refillMs: number;
  /** How many keys are remembered; the least recently used is forgotten, which gives it a full burst again. */
  readonly maxKeys: number;
  readonly clock: Clock;
}

/** Creates a limit; the function it returns tells whether a key is allowed once more, and counts it. */
export function createTokenBuckets(options: TokenBucketOptions): (key: string) => boolean {
  const { burst, refillMs, maxKeys, clock } = options;
  const buckets = new LRUCache<string, { tokens: number; atMs: number }>({ max: maxKeys });
  return (key) => {
    const nowMs = clock.now();
    const { tokens, atMs } = buckets.get(key) ?? { tokens: burst, atMs: nowMs };
    const filled = Math.min(burst, tokens + (nowMs - atMs) / refillMs);
    const isAllowed = filled >= 1;
    buckets.set(key, { tokens: isAllowed ? filled - 1 : filled, atMs: nowMs });
    return isAllowed;
  };
}
