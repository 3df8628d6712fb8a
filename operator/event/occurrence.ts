import { createHash } from 'node:crypto';

import { type ClusterEvent } from './cluster-event.ts';
import { type CountedEvent } from './core-event.ts';

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

/** Makes the occurrence that an Event, as the API server holds it now, stands for. */
export function createOccurrence(event: CountedEvent): Occurrence {
  const number = event.occurrenceNumber;
  return {
    event,
    key: `${identify(event)}-${number}`,
    number,
    time: event.occurrenceTime,
    position: event.resourceVersion,
  };
}

/** Every Event of an API server has a uid; those that people write by hand may be told apart by name or content only. */
function identify(event: ClusterEvent): string {
  if (event.uid !== '') return event.uid;
  const { namespace, name } = event;
  const identity = name === '' ? JSON.stringify(event.data) : `${namespace}/${name}`;
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}
