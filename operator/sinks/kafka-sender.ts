import { type DeliveryError, type Outgoing, sendInOrder, toDeliveryError } from '../sink-kit/index.ts';
import { type ConnectionPool } from './connection-pool.ts';
import { type KafkaLink } from './kafka-link.ts';
import { type KafkaRecord } from './kafka-message.ts';

type Batch = readonly Outgoing<KafkaRecord>[];

/** How a batch gets to the cluster. */
export interface KafkaSenderOptions {
  readonly pool: Pick<ConnectionPool<KafkaLink>, 'use'>;
  /** The largest record batch. Brokers count by partition; a topic has one at least. */
  readonly maxMessageBytes: number;
}

/** Failures that one of several topics may have alone. */
const reasonsOfTopics: ReadonlySet<string> = new Set([
  'TargetNotFound',
  'Forbidden',
  'ServerError',
  'Rejected',
  'PayloadTooLarge',
]);
/** Failures that one of several records may have alone. */
const reasonsOfRecords: ReadonlySet<string> = new Set(['Rejected', 'PayloadTooLarge']);

/**
 * Sends a batch in as few requests as the limit allows. kafkajs tells the first failure of a request only, so what was
 * refused is sent again in smaller pieces until each event has an answer of its own.
 */
export async function sendToKafka(
  batch: Batch,
  options: KafkaSenderOptions,
  signal: AbortSignal,
): Promise<void> {
  await sendPieces(batch, dividedBySize(batch, options.maxMessageBytes), (events) =>
    sendOrDivide(events, options, signal),
  );
}

function sendPieces(
  batch: Batch,
  pieces: readonly Batch[],
  send: (events: Batch) => Promise<void>,
): Promise<void> {
  return sendInOrder(
    batch,
    pieces.map((events) => ({ events, send: () => send(events) })),
  );
}

async function sendOrDivide(events: Batch, options: KafkaSenderOptions, signal: AbortSignal): Promise<void> {
  try {
    await options.pool.use((link) => link.produce(events.map(({ payload }) => payload)), signal);
  } catch (error) {
    const failure = toDeliveryError(error);
    const pieces = divide(events, failure);
    if (pieces.length < 2) throw failure;
    await sendPieces(events, pieces, (piece) => sendOrDivide(piece, options, signal));
  }
}

function divide(events: Batch, { reason }: DeliveryError): Batch[] {
  if (events.length < 2 || !reasonsOfTopics.has(reason)) return [];
  const byTopic = [...Map.groupBy(events, ({ payload }) => payload.topic).values()];
  if (byTopic.length > 1) return byTopic;
  if (!reasonsOfRecords.has(reason)) return [];
  const middle = Math.ceil(events.length / 2);
  return [events.slice(0, middle), events.slice(middle)];
}

/** Begins a new piece before the records of any topic would become too many bytes. */
function dividedBySize(batch: Batch, maxBytes: number): Batch[] {
  const pieces: Outgoing<KafkaRecord>[][] = [];
  let piece: Outgoing<KafkaRecord>[] = [];
  let bytesByTopic = new Map<string, number>();
  for (const outgoing of batch) {
    const { topic, bytes } = outgoing.payload;
    const before = bytesByTopic.get(topic) ?? 0;
    if (before > 0 && before + bytes > maxBytes) {
      pieces.push(piece);
      piece = [];
      bytesByTopic = new Map();
    }
    bytesByTopic.set(topic, (bytesByTopic.get(topic) ?? 0) + bytes);
    piece.push(outgoing);
  }
  return piece.length > 0 ? [...pieces, piece] : pieces;
}
