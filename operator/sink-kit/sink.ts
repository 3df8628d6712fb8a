import type { Static, TObject } from '@sinclair/typebox';

import { type DeadLetter } from '../event/dead-letter.ts';
import { type Occurrence } from '../event/occurrence.ts';

/** An occurrence on its way to one receiver. */
export interface SinkEvent extends Occurrence {
  /** `namespace/name` of the receiver. */
  readonly receiver: string;
  /** `namespace/name` of each route that sent it here. */
  readonly routes: readonly string[];
  /** How many occurrences of its Event the receiver never got before this one, as far as that is known. */
  readonly missedOccurrences?: number;
  /** How many events of its group the throttle of a rule folded into it. */
  readonly foldedOccurrences?: number;
  /** Why another receiver gave it up; undefined for an event that a route sent here. */
  readonly deadLetter?: DeadLetter;
  /** Somebody asked for it by an annotation; undefined for an event that came by itself. */
  readonly requested?: 'replay' | 'retry' | 'test';
}

/** An event rendered for its system. */
export interface Encoded<Payload> {
  readonly payload: Payload;
  /** What the event adds to a batch, in bytes, for `delivery.batch.maxBytes`. */
  readonly bytes: number;
}

/** An event of a batch with what `encode` made of it. */
export interface Outgoing<Payload> {
  readonly event: SinkEvent;
  readonly payload: Payload;
}

/** A connection to a receiver's system. It only renders and sends: queues, retries and limits are delivery's. */
export interface Sink<Payload = unknown> {
  /** Where it sends, for people: host and port, a path or a name; never a credential. */
  readonly endpoint: string;
  /** Renders one event. What it throws rejects that event alone, for good. */
  encode(event: SinkEvent): Encoded<Payload>;
  /**
   * Sends a batch, in order. Resolves when the system has taken all of it; throws DeliveryError to say more than
   * "retry all". Obeys the signal at once.
   */
  send(batch: readonly Outgoing<Payload>[], signal: AbortSignal): Promise<void>;
  /** Tells without side effects whether the system can be reached with these credentials; throws DeliveryError. */
  check?(signal: AbortSignal): Promise<void>;
  /** Releases everything; called once, after the last send ended. */
  close(): Promise<void>;
}

/** Limits and habits of a kind of sink, for what `spec.delivery` leaves open. Times in milliseconds. */
export interface DeliveryDefaults {
  readonly timeoutMs?: number;
  readonly batch?: { readonly maxEvents?: number; readonly maxBytes?: number; readonly maxWaitMs?: number };
  readonly concurrency?: number;
  /** The largest event that the system takes, as `encode` measures it; `spec.delivery.oversized` says what becomes of others. */
  readonly maxEventBytes?: number;
}

/** What the operator lends to a sink. */
export interface SinkContext {
  /** Aborts when opening has to stop. */
  readonly signal: AbortSignal;
  /** Refuses addresses that receivers of this namespace may not reach; undefined when all are allowed. */
  readonly isAddressAllowed?: (address: string) => boolean;
  /** Reports something an operator of the system should know; never a secret. */
  readonly warn: (message: string) => void;
}

/** A kind of sink, declared once: its type, CRD part, validation, documentation and example derive from this. */
export interface SinkDefinition<Config extends TObject = TObject, Payload = unknown> {
  /** One sentence with a verb and a period. */
  readonly summary: string;
  readonly config: Config;
  /** A whole, valid `spec.sink.<name>` as a user writes it. */
  readonly example: Readonly<Record<string, unknown>>;
  readonly defaults?: DeliveryDefaults;
  /** The limits and habits of a resolved configuration, where they differ from `defaults`: one that batches, say. */
  defaultsFor?(config: Static<Config>): DeliveryDefaults;
  /** The sink writes to the operator's own machine, so only the root namespace may use it. */
  readonly local?: boolean;
  /** Opens the sink on its resolved configuration; what is wrong with it is found here, not at the first event. */
  open(config: Static<Config>, context: SinkContext): Sink<Payload> | Promise<Sink<Payload>>;
}

/** Declares a kind of sink; the default export of each file in operator/sinks/. */
export function defineSink<Config extends TObject, Payload>(
  definition: SinkDefinition<Config, Payload>,
): SinkDefinition<Config, Payload> {
  return definition;
}
