/** How a look-up ended, for the metric. */
const lookUpResults = {
  hit: 'It was answered from the cache.',
  found: 'The API server had the object.',
  notFound: 'The object is gone.',
  unknownKind: 'The API server does not serve objects of this kind.',
  forbidden: 'The ServiceAccount may not read objects of this kind.',
  failed: 'The API server could not be asked.',
  timeout: 'The answer did not come within the deadline; the Event went on without it.',
} as const;

/** A key of {@link lookUpResults}. */
export type LookUpResult = keyof typeof lookUpResults;

/** Counts look-ups. */
export interface LookUpMetrics {
  objectLookedUp(result: LookUpResult): void;
}
