import { formatDuration } from '../schema/duration.ts';

/** Says that an event was given up because its time was over. */
export function expiry(maxAgeMs: number, lastFailure: string): string {
  const tried =
    maxAgeMs === 0 ? 'one attempt was allowed' : `not delivered within ${formatDuration(maxAgeMs)}`;
  return `${tried}; the last failure was: ${lastFailure}`;
}
