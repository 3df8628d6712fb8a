import { createTlsOptions, defineSink, DeliveryError, type SinkContext } from '../sink-kit/index.ts';
import { closable } from './closable.ts';
import { createConnectionPool } from './connection-pool.ts';
import { formatHostPort, type HostPort, parseHostPort } from './host-port.ts';
import { createAvroEncoder } from './kafka-avro.ts';
import { loadCodec } from './kafka-compression.ts';
import { defaultMaxMessageBytes, kafkaConfig } from './kafka-fields.ts';
import { createKafkaLink } from './kafka-link.ts';
import { createRecordEncoder } from './kafka-message.ts';
import { createSasl } from './kafka-sasl.ts';
import { sendToKafka } from './kafka-sender.ts';

const defaultPort = 9092;
const shownBrokers = 3;
const acksInProtocol = { All: -1, Leader: 1, None: 0 } as const;

export default defineSink({
  summary: 'Sends each event as a record to a topic of Apache Kafka.',
  config: kafkaConfig,
  example: {
    brokers: ['kafka-0.kafka:9093', 'kafka-1.kafka:9093'],
    topic: 'kubernetes-events',
    tls: { secretRef: { name: 'kafka-ca' } },
    sasl: {
      mechanism: 'scram-sha-512',
      username: 'eventroute',
      passwordSecretRef: { name: 'kafka', key: 'password' },
    },
    headers: { cluster: '{{ .ClusterName }}' },
  },
  defaultsFor: ({ maxMessageBytes = defaultMaxMessageBytes }) => ({
    timeoutMs: 15_000,
    batch: { maxEvents: 1_000, maxBytes: maxMessageBytes, maxWaitMs: 100 },
    concurrency: 2,
    maxEventBytes: maxMessageBytes,
  }),
  async open(config, context) {
    const { maxMessageBytes = defaultMaxMessageBytes, acks = 'All', topic } = config;
    const brokers = config.brokers.map((broker) => parseHostPort(broker, 'brokers', defaultPort));
    const isIdempotent = idempotence(config.idempotent, acks);
    tellOfVersion(config.version, context);
    const avro = config.avro === undefined ? undefined : await createAvroEncoder(config.avro);
    const encode = createRecordEncoder(config, avro);
    const compression = await loadCodec(config.compressionCodec ?? 'none');
    const tls =
      config.tls === undefined || config.tls.enable === false ? undefined : createTlsOptions(config.tls);
    const sasl = await createSasl(
      config.sasl,
      context,
      brokers.map(({ host }) => host),
    );
    const endpoint = describe(brokers);
    let turn = 0;
    const connect = () =>
      createKafkaLink({
        endpoint,
        // Each client begins with another broker, so that one that hangs holds up some attempts only.
        brokers: rotate(brokers, turn++),
        clientId: config.clientId ?? 'eventroute',
        ...{ tls, sasl, compression },
        isAddressAllowed: context.isAddressAllowed,
        acks: acksInProtocol[acks],
        idempotent: isIdempotent,
        createTopic: config.createTopic ?? false,
      });
    const pool = createConnectionPool(connect);
    const checks = createConnectionPool(connect);
    return closable({
      endpoint,
      encode,
      send: (batch, signal) => sendToKafka(batch, { pool, maxMessageBytes }, signal),
      check: (signal) => checks.use((link) => link.describe(topic.constant), signal),
      close: async () => {
        pool.close();
        checks.close();
        await sasl?.close();
      },
    });
  },
});

function idempotence(written: boolean | undefined, acks: keyof typeof acksInProtocol): boolean {
  if (written === true && acks !== 'All') {
    throw DeliveryError.permanent(
      `idempotent: true needs acks: All, not ${acks}; leave one of them away`,
      'InvalidConfig',
    );
  }
  return written ?? acks === 'All';
}

function tellOfVersion(version: string | undefined, { warn }: SinkContext): void {
  if (version === undefined || version === '') return;
  warn(`version ${version} is not used: the version of the protocol is agreed on with the brokers`);
}

function describe(brokers: readonly HostPort[]): string {
  const shown = brokers.slice(0, shownBrokers).map(formatHostPort).join(',');
  return brokers.length > shownBrokers ? `${shown},...` : shown;
}

function rotate<Item>(items: readonly Item[], by: number): Item[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
