import { DeliveryError, type Sink } from '../sink-kit/index.ts';
import { encodeWithin } from './event-size.ts';
import { type DeliveryPolicy } from './policy.ts';
import { type EncodedEntry, type Entry } from './entry.ts';
import { type Queue } from './queue.ts';

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

/** Creates a batcher; `reject` has to end an entry that the sink could not encode. */
export function createBatcher(queue: Queue, reject: (entry: Entry, error: DeliveryError) => void): Batcher {
  return new QueueBatcher(queue, reject);
}

class QueueBatcher implements Batcher {
  readonly #queue: Queue;
  readonly #reject: (entry: Entry, error: DeliveryError) => void;
  #entries: EncodedEntry[] = [];
  #bytes = 0;
  #sink: Sink | undefined;
  #limits: DeliveryPolicy['batch'] | undefined;
  dueAt: number | undefined;

  constructor(queue: Queue, reject: (entry: Entry, error: DeliveryError) => void) {
    this.#queue = queue;
    this.#reject = reject;
  }

  fill({ sink, limits, now, flush }: FillOptions): readonly EncodedEntry[] | undefined {
    if (sink !== this.#sink || limits !== this.#limits) this.disband();
    this.#sink = sink;
    this.#limits = limits;
    const isFull = this.#takeMore(sink, limits);
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
  #takeMore(sink: Sink, limits: DeliveryPolicy['batch']): boolean {
    while (this.#entries.length < limits.maxEvents && this.#bytes < limits.maxBytes) {
      const entry = this.#queue.take();
      if (entry === undefined) return false;
      if (!this.#isEncoded(entry, sink, limits)) continue;
      if (this.#entries.length > 0 && this.#bytes + entry.bytes > limits.maxBytes) {
        this.#queue.putBack(entry);
        return true;
      }
      this.#entries.push(entry);
      this.#bytes += entry.bytes;
      this.dueAt = Math.min(this.dueAt ?? Infinity, entry.acceptedAt + limits.maxWaitMs);
    }
    return true;
  }

  /** Encodes an entry once for a sink. */
  #isEncoded(entry: Entry, sink: Sink, limits: DeliveryPolicy['batch']): entry is EncodedEntry {
    if (entry.encodedBy === sink) return true;
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
