import { type DeadLetter } from '../event/dead-letter.ts';
import { type Reason } from '../schema/reasons.ts';
import { type SinkEvent } from '../sink-kit/index.ts';
import { type Log } from '../telemetry/log.ts';

/** How an event ended. */
export type Outcome =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'deadLettered' }
  | {
      readonly kind: 'dropped';
      readonly reason: Reason;
      readonly message?: string;
      /** How it was given up, when a dead-letter receiver could have had it. */
      readonly letter?: DeadLetter | undefined;
    };

/** One request to a receiver's system, after it ended. */
export interface Attempt {
  /** `namespace/name` of the receiver. */
  readonly receiver: string;
  /** Events of the batch. */
  readonly events: number;
  /** Those of them that were not delivered. */
  readonly failedEvents: readonly SinkEvent[];
  /** The whole batch was delivered. */
  readonly ok: boolean;
  readonly reason?: Reason;
  readonly message?: string;
  readonly durationMs: number;
}

/** Is told what becomes of events; what it throws is logged and changes nothing. */
export interface DeliveryObserver {
  /** An event was taken in, or refused for good; `settled` follows, perhaps at once. */
  accepted?(event: SinkEvent): void;
  /** An event ended; called exactly once for each. */
  settled?(event: SinkEvent, outcome: Outcome): void;
  /** An attempt ended. */
  attempted?(attempt: Attempt): void;
}

/** Wraps an observer so that its exceptions end in the log. */
export function guardObserver(observer: DeliveryObserver, log: Log): Required<DeliveryObserver> {
  const report = (error: unknown): void => log.error('Observer of deliveries failed', { error });
  return {
    accepted(event) {
      try {
        observer.accepted?.(event);
      } catch (error) {
        report(error);
      }
    },
    settled(event, outcome) {
      try {
        observer.settled?.(event, outcome);
      } catch (error) {
        report(error);
      }
    },
    attempted(attempt) {
      try {
        observer.attempted?.(attempt);
      } catch (error) {
        report(error);
      }
    },
  };
}
