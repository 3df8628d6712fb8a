import { type DeliveryError } from '../sink-kit/index.ts';
import { type AttemptResult } from './attempt.ts';
import { type EndedAttempt } from './concurrency.ts';
import { type Entry } from './entry.ts';

/** An attempt that has ended. */
export interface Landed extends AttemptResult {
  readonly entries: readonly Entry[];
  /** The gate's period in which it began. */
  readonly period: number;
  /** How often concurrency had been cut by then. */
  readonly cuts: number;
  readonly startedAt: number;
  /** Attempts that were under way at its end, with itself. */
  readonly underWay: number;
  /** It went to a sink that is no longer in use, so its failures tell nothing about the present one. */
  readonly outdated: boolean;
  /** It was given up because the receiver stops; what remains is dropped for that reason and no other. */
  readonly givenUp: boolean;
}

/** Judges what the failures of an attempt tell of how much its system can take. */
export function loadResult(failures: readonly DeliveryError[], events: number): EndedAttempt['result'] {
  if (failures.length === 0) return 'ok';
  const isHeldOff = failures.some(
    ({ reason, retryAfterMs }) =>
      reason === 'Throttled' || reason === 'Timeout' || retryAfterMs !== undefined,
  );
  const isWhole = failures.length === events && failures.every(({ permanent }) => !permanent);
  return isHeldOff || isWhole ? 'overload' : 'other';
}
