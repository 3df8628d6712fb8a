import { type Clock } from '../schema/clock.ts';
import { differ, type Condition } from './condition.ts';
import { type RequestStatus } from './request-status.ts';

/** A status that is written from time to time. */
interface Status {
  readonly conditions?: readonly Condition[];
  readonly requests?: readonly Pick<RequestStatus, 'name' | 'requestedAt' | 'state'>[];
  readonly checkpoint?: unknown;
}

/** Decides when a status is worth a write: conditions and answers at once, counters at most once in a while. */
export interface StatusSchedule<S extends Status> {
  /** Whether this status is to be written now. */
  isDue(key: string, status: S): boolean;
  /** The status that was last written. */
  written(key: string): S | undefined;
  markWritten(key: string, status: S): void;
  /** A write failed: the next try waits a little longer each time, so that a sick API server is left in peace. */
  markFailed(key: string): void;
  forget(key: string): void;
}

interface Entry<S> {
  readonly status: S | undefined;
  readonly atMs: number;
  readonly failures: number;
}

const longestRetryMs = 30_000;

/** Creates a schedule; `counterPeriodMs` is the least time between two writes for counters alone. */
export function createStatusSchedule<S extends Status>(
  clock: Pick<Clock, 'now'>,
  counterPeriodMs: number,
): StatusSchedule<S> {
  const entries = new Map<string, Entry<S>>();
  return {
    isDue(key, status) {
      const entry = entries.get(key);
      if (entry === undefined) return true;
      const sinceMs = clock.now() - entry.atMs;
      if (entry.failures > 0) return sinceMs >= Math.min(longestRetryMs, 500 * 2 ** entry.failures);
      if (entry.status === undefined || isNews(entry.status, status)) return true;
      return sinceMs >= counterPeriodMs && JSON.stringify(entry.status) !== JSON.stringify(status);
    },
    written: (key) => entries.get(key)?.status,
    markWritten: (key, status) => entries.set(key, { status, atMs: clock.now(), failures: 0 }),
    markFailed(key) {
      const entry = entries.get(key);
      entries.set(key, { status: entry?.status, atMs: clock.now(), failures: (entry?.failures ?? 0) + 1 });
    },
    forget: (key) => entries.delete(key),
  };
}

/** Conditions and answers are what users wait for; the first checkpoint is what a crash would miss. */
function isNews(before: Status, after: Status): boolean {
  return (
    differ(before.conditions ?? [], after.conditions ?? []) ||
    answersOf(before) !== answersOf(after) ||
    (before.checkpoint === undefined && after.checkpoint !== undefined)
  );
}

function answersOf({ requests = [] }: Status): string {
  return requests.map(({ name, requestedAt, state }) => `${name} ${requestedAt} ${state}`).join('\n');
}
