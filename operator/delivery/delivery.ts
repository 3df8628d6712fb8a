import { type Occurrence } from '../event/occurrence.ts';
import { type Clock } from '../schema/clock.ts';
import { type Log } from '../telemetry/log.ts';
import { type Routed } from './course.ts';
import { createDeadLetterOffice, type DeadLetterOffice } from './dead-letter-office.ts';
import { type DeliveryObserver } from './observer.ts';
import { type StopOptions } from './pipeline-options.ts';
import { createPipeline, type Pipeline } from './pipeline.ts';
import { type DeliveryPolicy } from './policy.ts';
import { type Tally } from './tally.ts';

/** What all pipelines share. */
export interface DeliveryOptions {
  readonly clock: Clock;
  /** Gives numbers from 0 to below 1, for jitter. */
  readonly random: () => number;
  readonly log: Log;
  readonly observer: DeliveryObserver;
  /** The source can tell again what a receiver has not ended with. */
  readonly canReplay?: boolean;
}

/** A receiver that an occurrence goes to. */
interface Destination {
  /** `namespace/name` of the receiver. */
  readonly receiver: string;
  /** `namespace/name` of each route that sends it there. */
  readonly routes: readonly string[];
  readonly throttles?: Routed['throttles'];
}

/** All receivers' pipelines; none of them waits for another. */
export interface Delivery {
  /** The pipeline of a receiver, named `namespace/name`. */
  pipeline(receiver: string): Pipeline | undefined;
  /** Creates the pipeline of a receiver, or applies the policy to the one that is there. */
  ensure(receiver: string, policy: DeliveryPolicy): Pipeline;
  /** Stops the pipeline of a receiver that is gone; gives its last tally, undefined when there was none. */
  remove(receiver: string, options?: { readonly graceMs?: number }): Promise<Tally | undefined>;
  /** Hands an occurrence to each receiver; gives the receivers that have no pipeline, which nobody else counts. */
  accept(occurrence: Occurrence, destinations: readonly Destination[]): readonly string[];
  /** The source has told everything up to this position live. */
  advance(position: string): void;
  /** That position; undefined before the source has begun. */
  readonly front: string | undefined;
  /** The pipelines of the receivers that are there, by `namespace/name`. */
  pipelines(): IterableIterator<[string, Pipeline]>;
  /** The tallies of the receivers that are there, by `namespace/name`. */
  tallies(): ReadonlyMap<string, Tally>;
  /** Stops all pipelines at the same time; gives their last tallies. */
  stop(options: Pick<StopOptions, 'graceMs'>): Promise<ReadonlyMap<string, Tally>>;
}

/** Creates a delivery without receivers. */
export function createDelivery(options: DeliveryOptions): Delivery {
  return new PipelineMap(options);
}

class PipelineMap implements Delivery {
  readonly #options: DeliveryOptions;
  readonly #office: DeadLetterOffice;
  readonly #pipelines = new Map<string, Pipeline>();
  /** Pipelines whose receiver is gone, until they have ended. */
  readonly #leaving = new Set<Pipeline>();
  #front: string | undefined;
  #isStopping = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#office = createDeadLetterOffice({
      find: (receiver) => this.#pipelines.get(receiver),
      isKeeping: () => this.#isStopping && options.canReplay === true,
    });
  }

  pipeline(receiver: string): Pipeline | undefined {
    return this.#pipelines.get(receiver);
  }

  ensure(receiver: string, policy: DeliveryPolicy): Pipeline {
    const present = this.#pipelines.get(receiver);
    if (present !== undefined) {
      present.setPolicy(policy);
      return present;
    }
    const pipeline = createPipeline({
      ...this.#options,
      receiver,
      policy,
      office: this.#office,
      front: this.#options.canReplay === true ? () => this.#front : undefined,
    });
    this.#pipelines.set(receiver, pipeline);
    if (this.#isStopping) void pipeline.stop({ graceMs: 0, reason: 'ShuttingDown' });
    return pipeline;
  }

  async remove(receiver: string, { graceMs = 0 }: { graceMs?: number } = {}): Promise<Tally | undefined> {
    const pipeline = this.#pipelines.get(receiver);
    if (pipeline === undefined) return undefined;
    this.#pipelines.delete(receiver);
    this.#leaving.add(pipeline);
    const tally = await pipeline.stop({ graceMs, reason: 'ReceiverGone' });
    this.#leaving.delete(pipeline);
    return tally;
  }

  accept(occurrence: Occurrence, destinations: readonly Destination[]): readonly string[] {
    const unknown: string[] = [];
    for (const { receiver, routes, throttles } of destinations) {
      const pipeline = this.#pipelines.get(receiver);
      if (pipeline === undefined) unknown.push(receiver);
      else pipeline.accept(occurrence, routes, throttles);
    }
    return unknown;
  }

  advance(position: string): void {
    this.#front = position;
  }

  get front(): string | undefined {
    return this.#front;
  }

  pipelines(): IterableIterator<[string, Pipeline]> {
    return this.#pipelines.entries();
  }

  tallies(): ReadonlyMap<string, Tally> {
    return new Map(Array.from(this.#pipelines, ([receiver, pipeline]) => [receiver, pipeline.tally()]));
  }

  async stop({ graceMs }: Pick<StopOptions, 'graceMs'>): Promise<ReadonlyMap<string, Tally>> {
    this.#isStopping = true;
    await Promise.all([
      ...Array.from(this.#pipelines.values(), (pipeline) =>
        pipeline.stop({ graceMs, reason: 'ShuttingDown' }),
      ),
      ...Array.from(this.#leaving, (pipeline) => pipeline.stop({ graceMs, reason: 'ReceiverGone' })),
    ]);
    // one that stopped first may have had dead letters with another
    return this.tallies();
  }
}
