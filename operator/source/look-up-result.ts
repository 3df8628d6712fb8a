/**
 * How a look-up ended, for the metric: answered from the cache (`hit`) or by the API server (`found`); the object is gone
 * (`notFound`); the API server does not serve its kind (`unknownKind`), may not be asked (`forbidden`), could not be asked
 * (`failed`), or did not answer in time, so that the Event went on without (`timeout`).
 */
export type LookUpResult = 'hit' | 'found' | 'notFound' | 'unknownKind' | 'forbidden' | 'failed' | 'timeout';

/** Counts look-ups. */
export interface LookUpMetrics {
  objectLookedUp(result: LookUpResult): void;
}
