import {
  authFields,
  type DeliveryDefaults,
  OneOf,
  payloadFields,
  Secret,
  SecretMap,
  Template,
  Text,
  tlsField,
  Type,
} from '../sink-kit/index.ts';

/** How the identifier of a document is made. */
export const documentIDs = ['Occurrence', 'Event', 'Generated'] as const;

/** The fields that Elasticsearch and OpenSearch have in common; spread them into the sink's config. */
export const searchFields = {
  hosts: Type.Optional(
    Type.Array(Text({ description: 'The URL of a node, with a path where a proxy wants one.' }), {
      description: 'URLs of nodes of the cluster. They take turns, and one that fails is passed over.',
      maxItems: 64,
      examples: [['https://logs-0.example.com:9200', 'https://logs-1.example.com:9200']],
    }),
  ),
  username: Type.Optional(Text({ description: 'The name of the user.', examples: ['eventroute'] })),
  password: Type.Optional(Secret({ description: 'The password of the user.' })),
  bearer: authFields.bearer,
  headers: Type.Optional(
    Type.Record(Type.String(), Text({ description: 'The value of the header.' }), {
      description: 'Headers of every request. They cannot change Content-Type and Accept.',
      examples: [{ 'X-Opaque-Id': 'eventroute' }],
    }),
  ),
  headersSecretRef: Type.Optional(
    SecretMap({ description: 'A Secret whose keys are the names of more headers, and its values theirs.' }),
  ),
  index: Type.Optional(
    Template({
      description:
        'The index, alias or data stream to write to; a Go template, whose result is written in lower case.',
      examples: ['kube-events'],
    }),
  ),
  indexFormat: Type.Optional(
    Template({
      description:
        "Used instead of `index`: each text in braces is a Go time layout of the event's time in UTC. Lower case.",
      examples: ['kube-events-{2006-01-02}'],
    }),
  ),
  documentID: Type.Optional(
    OneOf(documentIDs, {
      description:
        'The `_id` of documents. `Occurrence` (the default): each repeat of an Event is a document, and one sent twice ' +
        'is stored once. `Event`: one document for each Event, which repeats bring up to date. `Generated`: chosen ' +
        'by the server; what is sent twice is stored twice.',
    }),
  ),
  useEventID: Type.Optional(
    Type.Boolean({ description: 'True is the same as `documentID: Event`.', default: false }),
  ),
  dataStream: Type.Optional(
    Type.Boolean({
      description:
        'Whether documents get the `@timestamp` that data streams want. Left out, they get it once the server says that ' +
        'it misses it.',
    }),
  ),
  pipeline: Type.Optional(
    Template({ description: 'The ingest pipeline; a Go template. Empty means that of the index.' }),
  ),
  compression: Type.Optional(
    OneOf(['None', 'Gzip'], { description: 'How the bodies of bulk requests are compressed.' }),
  ),
  tls: Type.Optional(tlsField),
  ...payloadFields,
} as const;

/** http.max_content_length as both servers have it by default: no request can be longer, so no event either. */
export const maxContentBytes = 104_857_600;

/** What `spec.delivery` leaves open. */
export const searchDefaults: DeliveryDefaults = {
  batch: { maxEvents: 500, maxBytes: 5_242_880 },
  maxEventBytes: maxContentBytes,
};
