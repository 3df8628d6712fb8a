import { type Clock } from '../schema/clock.ts';
import { type Reason } from '../schema/reasons.ts';
import { type LastFailure, type Tally } from './tally.ts';

/** What only the pipeline knows when it is asked for a tally. */
interface Backlog {
  readonly pending: number;
  readonly pendingElsewhere: number;
  readonly held: number;
  readonly oldestPendingTime: Date | undefined;
}

/** Counts what becomes of a receiver's events. */
export interface Ledger {
  received(): void;
  delivered(): void;
  /** The dead-letter receiver is done with it. */
  deadLettered(): void;
  dropped(reason: Reason): void;
  /** An attempt, or a rendering, failed `events` of its events. */
  failed(events: number, failure: Pick<LastFailure, 'reason' | 'message'>): void;
  /** An attempt delivered something, so that the failures in a row end. */
  succeeded(): void;
  /** An attempt delivered nothing. */
  gotNothingThrough(): void;
  /** What the last failure said, `''` before the first. */
  lastFailureMessage(): string;
  tally(backlog: Backlog): Tally;
}

/** Creates a ledger with all counts at zero. */
export function createLedger(clock: Clock): Ledger {
  const droppedByReason: Partial<Record<Reason, number>> = {};
  const counts = { received: 0, delivered: 0, failed: 0, deadLettered: 0, dropped: 0 };
  let consecutiveFailures = 0;
  let lastSuccessTime: Date | undefined;
  let lastFailure: LastFailure | undefined;
  return {
    received() {
      counts.received += 1;
    },
    delivered() {
      counts.delivered += 1;
    },
    deadLettered() {
      counts.deadLettered += 1;
    },
    dropped(reason) {
      counts.dropped += 1;
      droppedByReason[reason] = (droppedByReason[reason] ?? 0) + 1;
    },
    failed(events, { reason, message }) {
      counts.failed += events;
      lastFailure = { time: clock.date(), reason, message };
    },
    succeeded() {
      consecutiveFailures = 0;
      lastSuccessTime = clock.date();
    },
    gotNothingThrough() {
      consecutiveFailures += 1;
    },
    lastFailureMessage: () => lastFailure?.message ?? '',
    tally: ({ pending, pendingElsewhere, held, oldestPendingTime }) => ({
      ...counts,
      droppedByReason: { ...droppedByReason },
      pending,
      pendingElsewhere,
      held,
      consecutiveFailures,
      ...(lastSuccessTime !== undefined && { lastSuccessTime }),
      ...(lastFailure !== undefined && { lastFailure }),
      ...(oldestPendingTime !== undefined && { oldestPendingTime }),
    }),
  };
}
