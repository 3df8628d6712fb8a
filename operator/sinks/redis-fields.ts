import { Duration, OneOf, payloadFields, Secret, Template, Text, tlsField, Type } from '../sink-kit/index.ts';

/** What events become in Redis. */
export const modes = ['Stream', 'List', 'Channel'] as const;

const addresses = (description: string) =>
  Type.Array(Text({ description: 'The address of a node, as `host:port`.', minLength: 1, maxLength: 300 }), {
    description,
    minItems: 1,
    maxItems: 100,
  });

const sentinel = Type.Object(
  {
    master: Text({ description: 'The name of the master there.', minLength: 1, examples: ['mymaster'] }),
    addresses: addresses('The sentinels, as `host:port`; the port is 26379 when it is left away.'),
    username: Type.Optional(Text({ description: 'Our user at the sentinels.' })),
    password: Type.Optional(Secret({ description: 'Our password at the sentinels.' })),
    tls: Type.Optional(tlsField),
  },
  { description: 'Asks Redis Sentinel for the master, on every new connection.' },
);

const cluster = Type.Object(
  { addresses: addresses('Some of its nodes, as `host:port`; the port is 6379 when it is left away.') },
  { description: 'Writes to a Redis Cluster.' },
);

/** The configuration of the Redis sink. */
export const redisConfig = Type.Object({
  url: Type.Optional(
    Secret({
      description:
        'Where to connect to: `redis://user:password@host:6379/0`, or `rediss://` for TLS. One of `url`, `address`, ' +
        '`sentinel` and `cluster` has to be set.',
    }),
  ),
  address: Type.Optional(
    Text({
      description: 'Where to connect to, as `host:port`; the port is 6379 when it is left away.',
      minLength: 1,
      maxLength: 300,
      examples: ['redis.cache:6379'],
    }),
  ),
  sentinel: Type.Optional(sentinel),
  cluster: Type.Optional(cluster),
  username: Type.Optional(Text({ description: 'Our ACL user; without it the user `default`.' })),
  password: Type.Optional(Secret({ description: 'Our password.' })),
  db: Type.Optional(
    Type.Integer({ description: 'The number of the database; by default 0, or that of `url`.', minimum: 0 }),
  ),
  tls: Type.Optional(tlsField),
  mode: Type.Optional(
    OneOf(modes, {
      description:
        'What an event becomes: an entry of a stream (XADD), an element of a list (RPUSH or LPUSH), or a message of a ' +
        'channel (PUBLISH), which is lost when nobody listens.',
      default: 'Stream',
    }),
  ),
  key: Template({
    description: 'The key of the stream or list, or the name of the channel; a Go template.',
    minLength: 1,
    examples: ['events:{{ .InvolvedObject.Namespace }}'],
  }),
  fields: Type.Optional(
    Type.Record(Type.String(), Template({ description: 'The value of the field; a Go template.' }), {
      description:
        'More fields of the entry of a stream, besides `event` (the document) and `key` (the same for every copy of ' +
        'an event).',
      examples: [{ reason: '{{ .Reason }}' }],
    }),
  ),
  maxLength: Type.Optional(
    Type.Integer({
      description: 'How many entries are kept, about, in a stream, or exactly, in a list; without it all.',
      minimum: 1,
      examples: [100_000],
    }),
  ),
  push: Type.Optional(
    OneOf(['Tail', 'Head'], { description: 'The end of the list to push to.', default: 'Tail' }),
  ),
  deduplicationWindow: Type.Optional(
    Duration({
      description:
        'How long a copy of an event is known and not written again; a small key with this expiry is kept for each ' +
        'event. It takes EVAL; 0s does without both. By default 10m, for channels 0s.',
      examples: ['10m'],
    }),
  ),
  ...payloadFields,
});
