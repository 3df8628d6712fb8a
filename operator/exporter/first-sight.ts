import { LRUCache } from 'lru-cache';

import { type Occurrence } from '../event/occurrence.ts';

/** Some 10 MB at most; an hour of 18 new Events a second. */
const defaultCapacity = 65_536;

/**
 * Creates what tells the first occurrence of each Event that is seen from its repeats: the exporter leaves repeats out unless
 * `reportUpdates` is true, whatever count an Event has when it is first seen. Of more Events than `capacity` the ones seen last
 * are remembered.
 */
export function createFirstSight(capacity = defaultCapacity): (occurrence: Occurrence) => boolean {
  const seen = new LRUCache<string, true>({ max: capacity });
  return ({ key }) => {
    const identity = key.slice(0, key.lastIndexOf('-'));
    if (seen.get(identity) === true) return false;
    seen.set(identity, true);
    return true;
  };
}
