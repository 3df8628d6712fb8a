import kafkajs, {
  type Admin,
  type CompressionTypes,
  type Kafka,
  type Producer,
  type TopicMessages,
} from 'kafkajs';

import { DeliveryError } from '../sink-kit/index.ts';
import { type PooledConnection } from './connection-pool.ts';
import { toKafkaError } from './kafka-error.ts';
import { type KafkaRecord } from './kafka-message.ts';
import { createKafkaNetwork, type KafkaNetwork, type KafkaNetworkOptions } from './kafka-network.ts';
import { calmRequestQueues } from './kafka-request-queue.ts';
import { type Sasl } from './kafka-sasl.ts';

/** How the sink speaks to its cluster. */
export interface KafkaLinkOptions extends KafkaNetworkOptions {
  readonly endpoint: string;
  readonly clientId: string;
  readonly sasl: Sasl | undefined;
  /** As in the protocol: -1, 1 or 0. */
  readonly acks: number;
  readonly idempotent: boolean;
  readonly createTopic: boolean;
  readonly compression: CompressionTypes;
}

/**
 * A producer with connections of its own, for one batch at a time. After a failure it has to be thrown away: kafkajs gives
 * the sequence numbers of a failed request to the next one, and the brokers would take that for a repetition.
 */
export interface KafkaLink extends PooledConnection {
  /** Sends records by one request to each broker. */
  produce(records: readonly KafkaRecord[]): Promise<void>;
  /** Asks whether a topic exists, or without one whether the cluster answers. */
  describe(topic: string | undefined): Promise<void>;
}

/** Brokers may be down one by one; there are as many attempts to connect as there are brokers, and then delivery's own. */
const connectTimeoutMs = 3_000;
const fewestRetries = 3;
const retry = { initialRetryTime: 50, maxRetryTime: 250, factor: 0.2, multiplier: 2 };
const acknowledgeTimeoutMs = 10_000;
const requestTimeoutMs = 12_000;

/** Creates a producer, which connects when it is used. */
export function createKafkaLink(options: KafkaLinkOptions): KafkaLink {
  calmRequestQueues();
  return new ProducerLink(options);
}

class ProducerLink implements KafkaLink {
  readonly #options: KafkaLinkOptions;
  readonly #network: KafkaNetwork;
  readonly #kafka: Kafka;
  readonly #closing = new AbortController();
  #producer: Promise<Producer> | undefined;

  constructor(options: KafkaLinkOptions) {
    const { clientId, tls, sasl, brokers } = options;
    this.#options = options;
    this.#network = createKafkaNetwork(options);
    this.#kafka = new kafkajs.Kafka({
      clientId,
      brokers: this.#network.seeds,
      ...(tls !== undefined && { ssl: true }),
      ...(sasl !== undefined && { sasl: sasl.options(this.#closing.signal) }),
      socketFactory: this.#network.socketFactory,
      connectionTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      retry: { ...retry, retries: Math.max(fewestRetries, brokers.length) },
      logLevel: kafkajs.logLevel.NOTHING,
      logCreator: () => () => undefined,
    });
  }

  async produce(records: readonly KafkaRecord[]): Promise<void> {
    const { acks, compression } = this.#options;
    const topicMessages = byTopic(records);
    const topics = topicMessages.map(({ topic }) => topic);
    await this.#telling(topics, async () => {
      this.#producer ??= this.#connect();
      const producer = await this.#producer;
      await producer.sendBatch({ topicMessages, acks, compression, timeout: acknowledgeTimeoutMs });
    });
  }

  async describe(topic: string | undefined): Promise<void> {
    const topics = topic === undefined ? [] : [topic];
    await this.#telling(topics, async () => {
      const admin = this.#kafka.admin();
      await admin.connect();
      await (topic === undefined ? admin.describeCluster() : describeTopic(admin, topic, this.#options));
      await admin.disconnect();
    });
  }

  destroy(): void {
    this.#closing.abort(DeliveryError.retry('the connection was closed', 'ShuttingDown'));
    this.#network.destroy();
  }

  async #connect(): Promise<Producer> {
    const { idempotent, createTopic } = this.#options;
    const producer = this.#kafka.producer({
      idempotent,
      allowAutoTopicCreation: createTopic,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      maxInFlightRequests: 1,
    });
    await producer.connect();
    return producer;
  }

  async #telling(topics: readonly string[], task: () => Promise<void>): Promise<void> {
    this.#network.forget();
    try {
      await task();
    } catch (error) {
      const { endpoint, sasl } = this.#options;
      const networkFailure = this.#network.failure;
      throw toKafkaError(error, { endpoint, topics, saslAdvice: sasl?.advice, networkFailure });
    }
  }
}

async function describeTopic(admin: Admin, topic: string, { createTopic }: KafkaLinkOptions): Promise<void> {
  try {
    await admin.fetchTopicMetadata({ topics: [topic] });
  } catch (error) {
    if (createTopic && (error as { type?: unknown }).type === 'UNKNOWN_TOPIC_OR_PARTITION') return;
    throw error;
  }
}

function byTopic(records: readonly KafkaRecord[]): TopicMessages[] {
  const groups = Map.groupBy(records, ({ topic }) => topic);
  return [...groups].map(([topic, group]) => ({
    topic,
    messages: group.map(({ key, value, headers, timestamp }) => ({ key, value, headers, timestamp })),
  }));
}
