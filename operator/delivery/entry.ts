import { type Outgoing, type Sink, type SinkEvent } from '../sink-kit/index.ts';
import { type Outcome } from './observer.ts';
import { type Admission } from './ready-lanes.ts';

/** An event that a receiver has not ended with. */
export interface Entry {
  readonly event: SinkEvent;
  /** Events with the same key keep their order. */
  readonly objectKey: string;
  /** On the clock that only goes forward. */
  readonly acceptedAt: number;
  /** On the same clock: since when it may be sent; later than `acceptedAt` when it was held. */
  readyAt: number;
  /** The position that the receiver had come to before this event; undefined when its source has none. */
  readonly before?: string | undefined;
  /** Failures of this event alone, for its back-off. */
  failures: number;
  /** How often it was sent, and on the same clock when the first attempt began and the last one ended. */
  attempts: number;
  firstTriedAt: number | undefined;
  lastTriedAt: number | undefined;
  /** Is told how it ended here. */
  readonly onEnd?: OnEnd | undefined;
  /** Where it stands with the rate limit. */
  admission: Admission;
  /** What `encodedBy` made of the event, kept over retries. */
  outgoing: Outgoing<unknown> | undefined;
  bytes: number;
  encodedBy: Sink | undefined;
}

/** An entry that its sink has encoded. */
export type EncodedEntry = Entry & { outgoing: Outgoing<unknown> };

/** What a new event brings along. */
export type NewEntry = Pick<Entry, 'event' | 'objectKey' | 'acceptedAt' | 'before' | 'onEnd'> & {
  readonly admission?: Admission | undefined;
};

/** Whoever handed an event over is told how it ended. */
export type OnEnd = (outcome: Outcome) => void;
