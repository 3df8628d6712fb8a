import { DeliveryError, excerpt, toDeliveryError } from '../sink-kit/index.ts';

type Reason = DeliveryError['reason'];

/** What an attempt was about, for people. */
export interface KafkaPlace {
  readonly endpoint: string;
  readonly topics: readonly string[];
  /** What to look at when the brokers refuse the credentials; undefined without `sasl`. */
  readonly saslAdvice: string | undefined;
  /** What failed a connection meanwhile. */
  readonly networkFailure: DeliveryError | undefined;
}

interface Outcome {
  readonly reason: Reason;
  /** Sending the same record again cannot help. */
  readonly permanent?: true;
  /** What follows the topic. */
  readonly says: string;
}

const tooLarge: Outcome = {
  reason: 'PayloadTooLarge',
  permanent: true,
  says: "does not take a record this large: set maxMessageBytes below the topic's max.message.bytes, or raise that",
};
const producerForgotten: Outcome = {
  reason: 'ServerError',
  says: 'does not know our producer id any more; a new one is used',
};

/** Error codes of the protocol (https://kafka.apache.org/protocol.html#protocol_error_codes), as kafkajs names them. */
const outcomes: Readonly<Record<string, Outcome>> = {
  MESSAGE_TOO_LARGE: tooLarge,
  RECORD_LIST_TOO_LARGE: tooLarge,
  UNKNOWN_TOPIC_OR_PARTITION: {
    reason: 'TargetNotFound',
    says: 'does not exist: create it, or set createTopic where the brokers may',
  },
  INVALID_TOPIC_EXCEPTION: { reason: 'Rejected', permanent: true, says: 'is no name that the brokers take' },
  TOPIC_AUTHORIZATION_FAILED: {
    reason: 'Forbidden',
    says: 'may not be written to by this user: allow Write and Describe on it',
  },
  INVALID_RECORD: {
    reason: 'Rejected',
    permanent: true,
    says: 'refused the record: see the log of the broker',
  },
  INVALID_TIMESTAMP: {
    reason: 'Rejected',
    permanent: true,
    says: 'refused the time of the event: see message.timestamp.before.max.ms and after.max.ms of the topic',
  },
  POLICY_VIOLATION: { reason: 'Rejected', permanent: true, says: 'has a policy that refused the record' },
  NOT_ENOUGH_REPLICAS: { reason: 'ServerError', says: 'has fewer replicas in sync than min.insync.replicas' },
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: {
    reason: 'ServerError',
    says: 'has fewer replicas in sync than min.insync.replicas',
  },
  LEADER_NOT_AVAILABLE: { reason: 'ServerError', says: 'has no leader at the moment' },
  NOT_LEADER_FOR_PARTITION: { reason: 'ServerError', says: 'has another leader now' },
  REQUEST_TIMED_OUT: { reason: 'Timeout', says: 'was not acknowledged by all replicas in time' },
  OUT_OF_ORDER_SEQUENCE_NUMBER: producerForgotten,
  UNKNOWN_PRODUCER_ID: producerForgotten,
  INVALID_PRODUCER_EPOCH: producerForgotten,
  INVALID_PRODUCER_ID_MAPPING: producerForgotten,
  KAFKA_STORAGE_ERROR: { reason: 'ServerError', says: 'cannot be written on the broker: see the disk there' },
};

/** Errors of the cluster, not of a topic: what follows the endpoint. */
const clusterOutcomes: Readonly<Record<string, Outcome>> = {
  CLUSTER_AUTHORIZATION_FAILED: {
    reason: 'Forbidden',
    says: 'does not allow an idempotent producer: allow IdempotentWrite on the cluster, or set idempotent: false',
  },
  UNSUPPORTED_COMPRESSION_TYPE: {
    reason: 'ServerError',
    says: 'does not know this compressionCodec: choose another one',
  },
  UNSUPPORTED_FOR_MESSAGE_FORMAT: {
    reason: 'ServerError',
    says: 'keeps the topic in an old format: set idempotent: false',
  },
};

/** The broker took the connection and then had no answer to give. */
const silentEnd =
  'closed the connection: check the port, and that `tls` and `sasl` are what this listener wants';

/** Turns whatever kafkajs threw into a DeliveryError that says what to do. */
export function toKafkaError(thrown: unknown, place: KafkaPlace): DeliveryError {
  const chain = causes(thrown);
  const told = chain.find((error) => error instanceof DeliveryError);
  if (told !== undefined) return told;
  return (
    protocolFailure(chain, place) ??
    saslFailure(chain, place) ??
    connectionFailure(chain, place) ??
    toDeliveryError(thrown, place.endpoint)
  );
}

interface KafkaError extends Error {
  readonly type?: string;
}

function protocolFailure(chain: readonly KafkaError[], place: KafkaPlace): DeliveryError | undefined {
  for (const error of chain) {
    const { type = '' } = error;
    if (Object.hasOwn(outcomes, type)) return failure(outcomes[type], topicsOf(place), error);
    if (Object.hasOwn(clusterOutcomes, type)) return failure(clusterOutcomes[type], place.endpoint, error);
  }
  return undefined;
}

function failure(outcome: Outcome | undefined, subject: string, cause: unknown): DeliveryError | undefined {
  if (outcome === undefined) return undefined;
  const { reason, permanent = false, says } = outcome;
  return new DeliveryError(`${subject} ${says}`, { reason, permanent, cause });
}

function topicsOf({ topics, endpoint }: KafkaPlace): string {
  const [first, ...others] = topics;
  if (first === undefined) return endpoint;
  return others.length === 0 ? `topic ${first}` : `one of the topics ${topics.slice(0, 5).join(', ')}`;
}

const saslTypes: ReadonlySet<string> = new Set([
  'SASL_AUTHENTICATION_FAILED',
  'ILLEGAL_SASL_STATE',
  'UNSUPPORTED_SASL_MECHANISM',
  'SECURITY_DISABLED',
]);

function saslFailure(chain: readonly KafkaError[], place: KafkaPlace): DeliveryError | undefined {
  const error = chain.find(
    ({ name, type = '' }) => name === 'KafkaJSSASLAuthenticationError' || saslTypes.has(type),
  );
  if (error === undefined) return undefined;
  const { endpoint, saslAdvice = 'this listener wants `sasl`' } = place;
  return DeliveryError.retry(
    `${endpoint} refused the credentials (${excerpt(error.message)}): ${saslAdvice}`,
    'Unauthorized',
    { cause: error },
  );
}

function connectionFailure(chain: readonly KafkaError[], place: KafkaPlace): DeliveryError | undefined {
  const { endpoint, networkFailure } = place;
  const named = (...names: string[]) => chain.find(({ name }) => names.includes(name));
  const late = chain.find(
    ({ name, message }) => name === 'KafkaJSRequestTimeoutError' || message === 'Connection timeout',
  );
  if (late !== undefined) {
    return (
      networkFailure ?? DeliveryError.retry(`${endpoint} did not answer in time`, 'Timeout', { cause: late })
    );
  }
  const lost = named('KafkaJSConnectionError', 'KafkaJSConnectionClosedError', 'KafkaJSBrokerNotFound');
  if (lost === undefined) return undefined;
  return networkFailure ?? DeliveryError.retry(`${endpoint} ${silentEnd}`, 'Unreachable', { cause: lost });
}

const maxDepth = 8;

function causes(thrown: unknown): KafkaError[] {
  const found: KafkaError[] = [];
  for (let error = thrown; error instanceof Error && found.length < maxDepth; error = error.cause) {
    found.push(error);
  }
  return found;
}
