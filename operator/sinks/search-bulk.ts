import { DeliveryError, type Outgoing, sendInOrder, toDeliveryError } from '../sink-kit/index.ts';
import { actionLines, lacksStreamForm } from './search-action.ts';
import { type SearchAnswer, type SearchClient } from './search-client.ts';
import { type SearchDocument } from './search-document.ts';
import { maxContentBytes } from './search-fields.ts';
import { type BulkItem, failureOfAnswer, failureOfItem, strangeAnswer } from './search-failure.ts';

type Batch = readonly Outgoing<SearchDocument>[];
type Outcome = DeliveryError | undefined;

/** What a sink lends to the sending of its batches. */
export interface BulkOptions {
  readonly product: string;
  readonly warn: (message: string) => void;
  /** @default http.max_content_length of both servers */
  readonly maxRequestBytes?: number;
}

/** How many data streams are remembered; a template in the name can make any number. */
const maxStreams = 1_000;

/** Creates what sends a sink's batches by bulk requests and tells of each event what became of it. */
export function createBulkSender(
  client: SearchClient,
  options: BulkOptions,
): (batch: Batch, signal: AbortSignal) => Promise<void> {
  const sender = new BulkSender(client, options);
  return (batch, signal) => sender.send(batch, signal);
}

class BulkSender {
  readonly #client: SearchClient;
  readonly #options: BulkOptions;
  /** Names that turned out to be data streams. */
  readonly #streams = new Set<string>();

  constructor(client: SearchClient, options: BulkOptions) {
    this.#client = client;
    this.#options = options;
  }

  async send(batch: Batch, signal: AbortSignal): Promise<void> {
    const parts = divideBySize(batch, this.#options.maxRequestBytes ?? maxContentBytes);
    await sendInOrder(
      batch,
      parts.map((events) => ({
        events,
        send: async () => throwOutcomes(await this.#outcomesOf(events, signal)),
      })),
    );
  }

  /** A request that is too large for something on the way is sent in halves, down to single events. */
  async #outcomesOf(events: Batch, signal: AbortSignal): Promise<Outcome[]> {
    try {
      return await this.#post(events, signal);
    } catch (error) {
      const failure = toDeliveryError(error, this.#client.endpoint);
      if (failure.reason !== 'PayloadTooLarge' || events.length === 1) return events.map(() => failure);
      const middle = Math.ceil(events.length / 2);
      const first = await this.#outcomesOf(events.slice(0, middle), signal);
      const obstacle = first.find((outcome) => outcome?.permanent === false);
      const rest = events.slice(middle);
      return [...first, ...(obstacle ? rest.map(() => obstacle) : await this.#outcomesOf(rest, signal))];
    }
  }

  async #post(events: Batch, signal: AbortSignal): Promise<Outcome[]> {
    const { items, endpoint } = await this.#exchange(events, signal);
    const outcomes = events.map(({ payload }, at) => failureOfItem(itemAt(items, at), payload, endpoint));
    const misfits = events.flatMap(({ payload }, at) =>
      outcomes[at] !== undefined && !this.#isStream(payload) && lacksStreamForm(itemAt(items, at), payload)
        ? [at]
        : [],
    );
    if (misfits.length === 0) return outcomes;
    const again = events.filter((_, at) => misfits.includes(at));
    again.forEach(({ payload }) => this.#remember(payload));
    const told = await this.#outcomesOf(again, signal);
    misfits.forEach((at, number) => (outcomes[at] = told[number]));
    return outcomes;
  }

  async #exchange(events: Batch, signal: AbortSignal): Promise<{ items: BulkItem[]; endpoint: string }> {
    const mappingType = await this.#client.mappingType(signal);
    const lines = events.flatMap(({ payload }) =>
      actionLines(payload, { mappingType, isStream: this.#isStream(payload) }),
    );
    const answer = await this.#client.bulk(lines, signal);
    const failure = failureOfAnswer(answer);
    if (failure !== undefined) throw failure;
    const items = itemsOf(answer);
    if (items?.length !== events.length) throw strangeAnswer(answer, this.#options.product);
    return { items, endpoint: answer.endpoint };
  }

  #isStream({ index }: SearchDocument): boolean {
    return this.#streams.has(index);
  }

  #remember({ index, version }: SearchDocument): void {
    if (this.#streams.has(index)) return;
    if (this.#streams.size >= maxStreams) this.#streams.clear();
    this.#streams.add(index);
    if (version === undefined) return;
    this.#options.warn(
      `${index} is a data stream, where no document can be renewed: each occurrence becomes a document of its own`,
    );
  }
}

/** The items of an answer, without the operation's name around each. */
function itemsOf({ body }: SearchAnswer): BulkItem[] | undefined {
  const { items } = (body ?? {}) as { items?: unknown };
  if (!Array.isArray(items)) return undefined;
  const read = items.map((item: unknown) => Object.values((item ?? {}) as Record<string, BulkItem>)[0]);
  return read.every((item) => typeof item?.status === 'number') ? (read as BulkItem[]) : undefined;
}

function itemAt(items: readonly BulkItem[], at: number): BulkItem {
  return items[at] ?? { status: 500 };
}

function divideBySize(batch: Batch, maxBytes: number): Batch[] {
  const parts: Outgoing<SearchDocument>[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const outgoing of batch) {
    const own = outgoing.payload.bytes;
    if (bytes + own > maxBytes) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(outgoing);
    bytes += own;
  }
  return parts;
}

function throwOutcomes(outcomes: readonly Outcome[]): void {
  const [first] = outcomes.filter((outcome) => outcome !== undefined);
  if (first === undefined) return;
  if (outcomes.every((outcome) => outcome === first)) throw first;
  throw DeliveryError.partial(first.message, outcomes);
}
