import { DeliveryError, type Sink } from '../sink-kit/index.ts';
import { encodeWithin } from './event-size.ts';
import { type DeliveryPolicy } from './policy.ts';
import { type EncodedEntry, type Entry } from './entry.ts';
import { type Queue } from './queue.ts';
import { type RateLimiter } from './rate-limiter.ts';

/** When and into what a batch is filled. */
interface FillOptions {
  readonly sink: Sink;
  readonly limits: DeliveryPolicy['batch'];
  readonly now: number;
  /** Sends what there is instead of waiting for more. */
  readonly flush: boolean;
}

/** Fills batches from a queue: closed by count, by bytes, or when the first event has waited long enough. */
export interface Batcher {
  /** When the batch that is being filled has to go; undefined when there is none. */
  readonly dueAt: number | undefined;
  /** Takes entries as far as they fit; gives the batch once it has to go. */
  fill(options: FillOptions): readonly EncodedEntry[] | undefined;
  /** Gives the entries of the unfinished batch back to the queue. */
  disband(): void;
}

/** What a batcher works on. */
export interface BatcherOptions {
  readonly queue: Pick<Queue, 'take' | 'putBack'>;
  /** Says which events may go into a batch for the first time. */
  readonly rateLimiter: Pick<RateLimiter, 'allows' | 'admit'>;
  /** Has to end an entry that the sink could not encode. */
  readonly reject: (entry: Entry, error: DeliveryError) => void;
}

/** Creates a batcher without a batch. */
export function createBatcher(options: BatcherOptions): Batcher {
  return new QueueBatcher(options);
}

class QueueBatcher implements Batcher {
  readonly #queue: BatcherOptions['queue'];
  readonly #rateLimiter: BatcherOptions['rateLimiter'];
  readonly #reject: BatcherOptions['reject'];
  #entries: EncodedEntry[] = [];
  #bytes = 0;
  #sink: Sink | undefined;
  #limits: DeliveryPolicy['batch'] | undefined;
  dueAt: number | undefined;

  constructor({ queue, rateLimiter, reject }: BatcherOptions) {
    this.#queue = queue;
    this.#rateLimiter = rateLimiter;
    this.#reject = reject;
  }

  fill({ sink, limits, now, flush }: FillOptions): readonly EncodedEntry[] | undefined {
    if (sink !== this.#sink || limits !== this.#limits) this.disband();
    this.#sink = sink;
    this.#limits = limits;
    const isFull = this.#takeMore(sink, limits, now);
    if (this.dueAt === undefined) return undefined;
    if (!isFull && !flush && now < this.dueAt) return undefined;
    const batch = this.#entries;
    this.#clear();
    return batch;
  }

  disband(): void {
    for (const entry of this.#entries) this.#queue.putBack(entry);
    this.#clear();
  }

  #clear(): void {
    this.#entries = [];
    this.#bytes = 0;
    this.dueAt = undefined;
  }

  /** Tells whether the batch is full. */
  #takeMore(sink: Sink, limits: DeliveryPolicy['batch'], now: number): boolean {
    while (this.#entries.length < limits.maxEvents && this.#bytes < limits.maxBytes) {
      const entry = this.#queue.take(this.#rateLimiter.allows(now) ? 'any' : 'admitted');
      if (entry === undefined) return false;
      if (!this.#isEncoded(entry, sink, limits)) continue;
      if (this.#entries.length > 0 && this.#bytes + entry.bytes > limits.maxBytes) {
        this.#queue.putBack(entry);
        return true;
      }
      if (entry.admission !== 'admitted') {
        entry.admission = 'admitted';
        this.#rateLimiter.admit(now);
      }
      this.#entries.push(entry);
      this.#bytes += entry.bytes;
      this.dueAt = Math.min(this.dueAt ?? Infinity, entry.readyAt + limits.maxWaitMs);
    }
    return true;
  }

  /** Encodes an entry once for a sink, and again if the sink took the payload out. */
  #isEncoded(entry: Entry, sink: Sink, limits: DeliveryPolicy['batch']): entry is EncodedEntry {
    if (entry.encodedBy === sink && entry.outgoing?.payload !== undefined) return true;
    try {
      const { payload, bytes } = encodeWithin(sink, entry.event, limits);
      entry.outgoing = { event: entry.event, payload };
      entry.bytes = bytes;
      entry.encodedBy = sink;
      return true;
    } catch (error) {
      this.#reject(entry, toRenderError(error));
      return false;
    }
  }
}

function toRenderError(error: unknown): DeliveryError {
  if (error instanceof DeliveryError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return DeliveryError.permanent(`the event could not be rendered: ${message}`, 'RenderFailed', error);
}
