import { type Clock } from '../schema/clock.ts';
import { type Reason } from '../schema/reasons.ts';
import { type Log } from '../telemetry/log.ts';
import { type DeadLetterOffice } from './dead-letter-office.ts';
import { type DeliveryObserver } from './observer.ts';
import { type DeliveryPolicy } from './policy.ts';

/** What a pipeline is made of. */
export interface PipelineOptions {
  /** `namespace/name` of the receiver. */
  readonly receiver: string;
  readonly policy: DeliveryPolicy;
  /** The position up to which the source has told everything live; absent when what is lost cannot be told again. */
  readonly front?: (() => string | undefined) | undefined;
  readonly clock: Clock;
  /** Gives numbers from 0 to below 1, for jitter. */
  readonly random: () => number;
  readonly log: Log;
  readonly observer: DeliveryObserver;
  /** Takes what the receiver gives up to its dead-letter receiver. */
  readonly office?: DeadLetterOffice | undefined;
}

/** How a pipeline ends. */
export interface StopOptions {
  /** How long it may still deliver what it holds; 0 gives up at once. */
  readonly graceMs: number;
  /** What the events that remain are dropped as. */
  readonly reason: Extract<Reason, 'ShuttingDown' | 'ReceiverGone'>;
}
