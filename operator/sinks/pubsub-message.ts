import {
  DeliveryError,
  type Encoded,
  encodePayload,
  type PayloadConfig,
  type SinkEvent,
  type TextTemplate,
} from '../sink-kit/index.ts';
import { type TopicName } from './pubsub-topic.ts';

/** A message as Pub/Sub takes it. */
export interface PubsubMessage {
  readonly data: Buffer;
  readonly attributes: Readonly<Record<string, string>>;
  readonly orderingKey?: string;
}

/** A message with where it goes and what it adds to a request. */
export interface PubsubPayload {
  readonly topic: string;
  readonly message: PubsubMessage;
  readonly bytes: number;
}

/** What decides about messages. */
export interface PubsubMessageConfig extends PayloadConfig {
  readonly attributes?: Readonly<Record<string, TextTemplate>>;
  readonly standardAttributes?: boolean;
  readonly orderingKey?: TextTemplate;
}

/** Limits of a message: https://cloud.google.com/pubsub/quotas#resource_limits */
const longestKeyBytes = 256;
const longestValueBytes = 1_024;
const mostAttributes = 100;
/** What protobuf and we allow for the framing of one field. */
const framingBytes = 8;

/**
 * Creates what makes messages out of events.
 * @throws DeliveryError (permanent, InvalidConfig) when an attribute has a name that Pub/Sub does not take.
 */
export function createMessageEncoder(
  config: PubsubMessageConfig,
  topic: TopicName,
): (event: SinkEvent) => Encoded<PubsubPayload> {
  const templates = Object.entries(config.attributes ?? {});
  const standard = (event: SinkEvent): Record<string, string> =>
    config.standardAttributes === false ? {} : standardAttributes(event);
  checkNames(templates.map(([name]) => name));
  return (event) => {
    const own = templates.map(([name, template]) => [name, template.render(event)] as const);
    const attributes = Object.fromEntries(
      [...Object.entries(standard(event)), ...own]
        .filter(([, value]) => value !== '')
        .map(([name, value]) => [name, cutToBytes(value, longestValueBytes)]),
    );
    const orderingKey = cutToBytes(config.orderingKey?.render(event) ?? '', longestValueBytes);
    const data = Buffer.from(encodePayload(config, event));
    const message = { data, attributes, ...(orderingKey !== '' && { orderingKey }) };
    const bytes = bytesOf(message);
    return { payload: { topic: topic.render(event), message, bytes }, bytes };
  };
}

/** What subscriptions filter by, and the key by which subscribers tell a repeat. */
function standardAttributes({ key, event }: SinkEvent): Record<string, string> {
  const { kind, namespace, name } = event.involvedObject;
  return {
    idempotencyKey: key,
    type: event.type,
    reason: event.reason,
    kind,
    namespace,
    name,
    cluster: event.clusterName,
  };
}

function checkNames(names: readonly string[]): void {
  const standardCount = 7;
  if (names.length > mostAttributes - standardCount) {
    throw invalid(`attributes has ${names.length} entries: Pub/Sub takes 100 with the seven standard ones`);
  }
  for (const name of names) {
    if (name === '' || Buffer.byteLength(name) > longestKeyBytes || /^goog/i.test(name)) {
      throw invalid(
        `attributes has the name ${JSON.stringify(name.slice(0, 60))}: names have 1 to 256 bytes and do not begin with goog`,
      );
    }
  }
}

function invalid(message: string): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig');
}

/** Cuts a text so that no character is broken. */
function cutToBytes(text: string, limit: number): string {
  if (text.length * 3 <= limit || Buffer.byteLength(text) <= limit) return text;
  const { written } = new TextEncoder().encodeInto(text, new Uint8Array(limit));
  return Buffer.from(text).subarray(0, written).toString();
}

function bytesOf({ data, attributes, orderingKey = '' }: PubsubMessage): number {
  const texts = [orderingKey, ...Object.entries(attributes).flat()];
  return texts.reduce(
    (total, text) => total + Buffer.byteLength(text) + framingBytes,
    data.length + framingBytes,
  );
}
