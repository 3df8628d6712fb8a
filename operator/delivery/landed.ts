import { type AttemptResult } from './attempt.ts';
import { type Entry } from './entry.ts';

/** An attempt that has ended. */
export interface Landed extends AttemptResult {
  readonly entries: readonly Entry[];
  /** The gate's period in which it began. */
  readonly period: number;
  readonly startedAt: number;
  /** It went to a sink that is no longer in use, so its failures tell nothing about the present one. */
  readonly outdated: boolean;
  /** It was given up because the receiver stops; what remains is dropped for that reason and no other. */
  readonly givenUp: boolean;
}
