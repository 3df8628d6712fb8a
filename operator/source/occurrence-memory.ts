import { LRUCache } from 'lru-cache';

/** Remembers the last occurrence of each Event, within bounds. */
export interface OccurrenceMemory {
  /** Notes an occurrence; false when it, or a later one of its Event, was noted before. */
  note(uid: string, number: number): boolean;
  /** Forgets an Event that is gone. */
  forget(uid: string): void;
}

/** Some 10 MB at most; an hour of 18 new Events a second. */
const defaultCapacity = 65_536;

/**
 * Creates a memory of the `capacity` Events that happened last. An Event that has been pushed out counts as new when it
 * is modified: its occurrence may then be handed on again, with the same key, but never be lost.
 */
export function createOccurrenceMemory(capacity = defaultCapacity): OccurrenceMemory {
  const numbers = new LRUCache<string, number>({ max: capacity });
  return {
    note(uid, number) {
      const last = numbers.get(uid);
      if (last !== undefined && last >= number) return false;
      numbers.set(uid, number);
      return true;
    },
    forget(uid) {
      numbers.delete(uid);
    },
  };
}
