import { type ClusterEvent } from './cluster-event.ts';

/** One time that an Event happened: (uid, count). What is routed, queued, delivered and counted. */
export interface Occurrence {
  readonly event: ClusterEvent;
  /** The idempotency key: the Event's uid and the occurrence's number, `<uid>-<count>`; a duplicate carries the same. */
  readonly key: string;
  /** The occurrence's number: the Event's count or series.count, at least 1. */
  readonly number: number;
  /** When it happened: series.lastObservedTime, else lastTimestamp, eventTime, firstTimestamp, creationTimestamp. */
  readonly time: Date;
  /** An opaque, ordered token of the source (of an API server: the resourceVersion). Only its source compares it. */
  readonly position: string;
}
