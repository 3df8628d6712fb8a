import { OneOf, payloadFields, Quantity, Secret, Template, Text, tlsField, Type } from '../sink-kit/index.ts';
import { awsFields } from './aws-fields.ts';

/** SASL mechanisms: Kafka's names, and those of the exporter. */
export const mechanisms = [
  'plain',
  'scram-sha-256',
  'scram-sha-512',
  'oauthbearer',
  'aws-msk-iam',
  'PLAIN',
  'SCRAM-SHA-256',
  'SCRAM-SHA-512',
  'OAUTHBEARER',
  'AWS_MSK_IAM',
  'sha256',
  'sha512',
] as const;

/** Ways to compress record batches. */
export const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** Who has to have a record before it counts as delivered. */
const acknowledgements = ['All', 'Leader', 'None'] as const;

/** What every broker takes unless it is told otherwise is 1048588 bytes for a record batch; Go clients stop at this. */
export const defaultMaxMessageBytes = 1_000_000;

const oauth = Type.Object(
  {
    token: Type.Optional(
      Secret({ description: 'A token that was made elsewhere. The Secret is read again every minute.' }),
    ),
    tokenEndpointUrl: Type.Optional(
      Text({
        description: 'Where tokens are fetched with the client credentials grant (RFC 6749 4.4).',
        pattern: '^(https?://.+)?$',
        examples: ['https://login.example.com/oauth2/token'],
      }),
    ),
    clientId: Type.Optional(Text({ description: 'The id of our client there.' })),
    clientSecret: Type.Optional(Secret({ description: 'The secret of our client there.' })),
    scope: Type.Optional(Text({ description: 'The scope to ask for.', examples: ['kafka'] })),
    extensions: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'SASL extensions, such as logicalCluster and identityPoolId of Confluent Cloud.',
      }),
    ),
    tls: Type.Optional(tlsField),
  },
  { description: 'How `oauthbearer` gets its token: `token`, or client credentials.' },
);

const { region, accessKeyId, secretAccessKey, sessionToken } = awsFields;
const { roleArn, externalId, roleSessionName, stsEndpoint } = awsFields;

const sasl = Type.Object(
  {
    enable: Type.Optional(
      Type.Boolean({ description: 'Whether to authenticate by SASL at all.', default: true }),
    ),
    mechanism: Type.Optional(
      OneOf(mechanisms, {
        description:
          'The SASL mechanism, as Kafka or the exporter write it; `sha256` and `sha512` are the SCRAM ones.',
        default: 'plain',
      }),
    ),
    username: Type.Optional(Text({ description: 'The user of `plain` and `scram-sha-...`.' })),
    password: Type.Optional(Secret({ description: 'The password of `plain` and `scram-sha-...`.' })),
    oauth: Type.Optional(oauth),
    aws: Type.Optional(
      Type.Object(
        {
          ...{ region, accessKeyId, secretAccessKey, sessionToken },
          ...{ roleArn, externalId, roleSessionName, stsEndpoint },
        },
        { description: 'The identity for `aws-msk-iam`.' },
      ),
    ),
  },
  { description: 'How to authenticate by SASL.' },
);

const avro = Type.Object(
  {
    schemaID: Text({
      description:
        'The id in front of each value: 32 hexadecimal digits (16 bytes, as the exporter writes it), or the number of ' +
        "the schema in Confluent's registry (4 bytes).",
      pattern: '^([0-9A-Fa-f]{32}|[0-9]{1,10})$',
      examples: ['100042'],
    }),
    schema: Text({ description: 'The Avro schema, in JSON.', minLength: 1 }),
  },
  { description: 'Writes the document in Avro instead of JSON.' },
);

/** The configuration of the Kafka sink. */
export const kafkaConfig = Type.Object({
  brokers: Type.Array(Text({ description: 'The address of a broker.', minLength: 1, maxLength: 300 }), {
    description: 'Brokers to begin with, as `host:port`; the port is 9092 when it is left away.',
    minItems: 1,
    maxItems: 100,
    examples: [['kafka-0.kafka:9092', 'kafka-1.kafka:9092']],
  }),
  topic: Template({
    description: 'The topic; a Go template.',
    minLength: 1,
    examples: ['events-{{ .InvolvedObject.Namespace }}'],
  }),
  key: Type.Optional(
    Template({
      description:
        'The key of the record, by which its partition is chosen; a Go template. An empty text means no key. ' +
        'Set `{{ .InvolvedObject.UID }}` to keep the events of an object in order.',
      default: '{{ .UID }}',
    }),
  ),
  headers: Type.Optional(
    Type.Record(Type.String(), Template({ description: 'The value of the header; a Go template.' }), {
      description: 'Headers of the record, besides `idempotency-key`, which is always there.',
      examples: [{ cluster: '{{ .ClusterName }}' }],
    }),
  ),
  clientId: Type.Optional(
    Text({ description: 'What we call ourselves to the brokers.', default: 'eventroute', minLength: 1 }),
  ),
  compressionCodec: Type.Optional(
    OneOf(codecs, { description: 'How record batches are compressed.', default: 'none' }),
  ),
  acks: Type.Optional(
    OneOf(acknowledgements, {
      description:
        'Who has to have an event before it counts as delivered: all replicas in sync, the leader, or nobody.',
      default: 'All',
    }),
  ),
  idempotent: Type.Optional(
    Type.Boolean({
      description:
        'Lets the brokers recognise what is sent twice after a lost connection. By default true with `acks: All`, ' +
        'which it needs.',
    }),
  ),
  createTopic: Type.Optional(
    Type.Boolean({
      description: 'Lets the brokers create a missing topic, if auto.create.topics.enable is set there.',
      default: false,
    }),
  ),
  maxMessageBytes: Type.Optional(
    Quantity({
      description:
        "The largest record, and the largest batch for a topic, before compression; the topic's max.message.bytes " +
        'has to be larger.',
      default: defaultMaxMessageBytes,
    }),
  ),
  version: Type.Optional(
    Text({ description: 'Not used: the version of the protocol is agreed on with the brokers.' }),
  ),
  tls: Type.Optional(
    Type.Object(
      {
        enable: Type.Optional(Type.Boolean({ description: 'Whether to use TLS at all.', default: true })),
        ...tlsField.properties,
      },
      { description: 'How to connect by TLS; `{}` trusts the authorities of the system.' },
    ),
  ),
  sasl: Type.Optional(sasl),
  avro: Type.Optional(avro),
  ...payloadFields,
});
