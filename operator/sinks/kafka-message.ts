import {
  DeliveryError,
  type Encoded,
  encodePayload,
  type PayloadConfig,
  type SinkEvent,
  type TextTemplate,
} from '../sink-kit/index.ts';
import { type AvroEncoder } from './kafka-avro.ts';

/** An event rendered for Kafka. */
export interface KafkaRecord {
  readonly topic: string;
  readonly key: string | null;
  readonly value: string | Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** When the event happened, in milliseconds since 1970. */
  readonly timestamp: string;
  /** What it adds to a record batch before compression. */
  readonly bytes: number;
}

/** How events become records. */
export interface KafkaRecordConfig extends PayloadConfig {
  readonly topic: TextTemplate;
  readonly key?: TextTemplate;
  readonly headers?: Readonly<Record<string, TextTemplate>>;
}

const idempotencyHeader = 'idempotency-key';
/** Lengths, timestamp and offset of a record in a batch, at most. */
const recordOverheadBytes = 40;
const headerOverheadBytes = 6;

/**
 * Makes the function that renders events.
 * @throws DeliveryError (permanent, InvalidConfig) when the topic or a header's name can never be right.
 */
export function createRecordEncoder(
  config: KafkaRecordConfig,
  avro: AvroEncoder | undefined,
): (event: SinkEvent) => Encoded<KafkaRecord> {
  const { topic: topics, key: keys, headers: templates = {} } = config;
  if (topics.constant !== undefined) checkTopic(topics.constant, 'InvalidConfig');
  checkHeaderNames(Object.keys(templates));
  return (event) => {
    const topic = topics.render(event);
    if (topics.constant === undefined) checkTopic(topic, 'RenderFailed');
    const json = encodePayload(config, event);
    const value = avro === undefined ? json : avro(json);
    const key = (keys === undefined ? event.event.uid : keys.render(event)) || null;
    const headers: Record<string, string> = { [idempotencyHeader]: event.key };
    for (const [name, template] of Object.entries(templates)) headers[name] = template.render(event);
    const bytes =
      recordOverheadBytes + Buffer.byteLength(value) + Buffer.byteLength(key ?? '') + headerBytes(headers);
    const timestamp = String(event.time.getTime());
    return { payload: { topic, key, value, headers, timestamp, bytes }, bytes };
  };
}

function headerBytes(headers: Readonly<Record<string, string>>): number {
  return Object.entries(headers).reduce(
    (sum, [name, value]) => sum + headerOverheadBytes + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
}

/** What the brokers take for a topic's name. */
function checkTopic(topic: string, reason: 'InvalidConfig' | 'RenderFailed'): void {
  if (/^[A-Za-z0-9._-]{1,249}$/.test(topic) && topic !== '.' && topic !== '..') return;
  throw DeliveryError.permanent(
    `topic ${JSON.stringify(topic.slice(0, 100))} is no name of a topic: 1 to 249 letters, digits, dots, underscores and hyphens`,
    reason,
  );
}

function checkHeaderNames(names: readonly string[]): void {
  if (!names.includes(idempotencyHeader)) return;
  throw DeliveryError.permanent(
    `headers sets ${idempotencyHeader}, which every record has already: the key that duplicates share`,
    'InvalidConfig',
  );
}
