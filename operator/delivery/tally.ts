import { type Reason } from '../schema/reasons.ts';

/** Why the last attempt failed. */
export interface LastFailure {
  readonly time: Date;
  readonly reason: Reason;
  readonly message: string;
}

/**
 * What became of a receiver's events since its pipeline began. At every moment
 * `received = delivered + dropped + deadLettered + pending`.
 */
export interface Tally {
  readonly received: number;
  readonly delivered: number;
  /** Failed tries of events: one event that fails three times counts three. */
  readonly failed: number;
  /** Given up here and delivered by the dead-letter receiver. */
  readonly deadLettered: number;
  readonly dropped: number;
  readonly droppedByReason: Readonly<Partial<Record<Reason, number>>>;
  /** Events that wait or are being sent, here or at the dead-letter receiver. */
  readonly pending: number;
  /** Those of them that wait at the dead-letter receiver. */
  readonly pendingElsewhere: number;
  /** Those of them that throttles hold back. */
  readonly held: number;
  readonly lastSuccessTime?: Date;
  readonly lastFailure?: LastFailure;
  /** Attempts since the last one that delivered anything. */
  readonly consecutiveFailures: number;
  /** Since when the event waits that came first of those that may be sent. */
  readonly oldestPendingTime?: Date;
}
