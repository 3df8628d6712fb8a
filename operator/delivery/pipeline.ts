import { type Occurrence } from '../event/occurrence.ts';
import { type Clock } from '../schema/clock.ts';
import { type Reason } from '../schema/reasons.ts';
import { type Sink } from '../sink-kit/index.ts';
import { type Log } from '../telemetry/log.ts';
import { type DeliveryObserver } from './observer.ts';
import { type DeliveryPolicy } from './policy.ts';
import { type Tally } from './tally.ts';

/** What a pipeline is made of. */
export interface PipelineOptions {
  /** `namespace/name` of the receiver. */
  readonly receiver: string;
  readonly policy: DeliveryPolicy;
  readonly clock: Clock;
  /** Gives numbers from 0 to below 1, for jitter. */
  readonly random: () => number;
  readonly log: Log;
  readonly observer: DeliveryObserver;
}

/** How a pipeline ends. */
export interface StopOptions {
  /** How long it may still deliver what it holds; 0 gives up at once. */
  readonly graceMs: number;
  /** What the events that remain are dropped as. */
  readonly reason: Extract<Reason, 'ShuttingDown' | 'ReceiverGone'>;
}

/** The way of one receiver's events: buffer, batches, attempts, retries, counts. */
export interface Pipeline {
  /** Takes an occurrence; never throws and never waits. After `stop` it is counted as dropped. */
  accept(occurrence: Occurrence, routes: readonly string[]): void;
  /**
   * Delivers through this sink from now on. The one before finishes what it is sending and is closed once; `undefined`
   * (suspended, not ready) keeps the events until a sink comes. The pipeline owns every sink that it was given.
   */
  useSink(sink: Sink | undefined): void;
  /** Applies another policy to all that is not being sent at this moment. */
  setPolicy(policy: DeliveryPolicy): void;
  tally(): Tally;
  /**
   * Ends intake, delivers what it can within the grace period, then aborts what is being sent, drops the rest and closes
   * the sink. Ends early when nothing could be delivered any more; takes at most two seconds longer than the grace period.
   */
  stop(options: StopOptions): Promise<Tally>;
}
