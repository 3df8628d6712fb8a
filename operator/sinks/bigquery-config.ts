import { Duration, payloadFields, Text, Type } from '../sink-kit/index.ts';
import { googleFields } from './google-fields.ts';

/** What a user writes under `spec.sink.bigquery`. */
export const bigqueryConfig = Type.Object({
  projectId: Type.Optional(
    Text({
      description:
        'The id of the project that the dataset is in. By default the one that the credentials name.',
      aliases: ['project'],
      examples: ['my-project'],
    }),
  ),
  dataset: Text({
    description: 'The dataset.',
    pattern: '^[A-Za-z0-9_]+$',
    maxLength: 1_024,
    examples: ['kubernetes'],
  }),
  table: Text({
    description: 'The table.',
    pattern: '^[^/.$`\\x00-\\x1f]+$',
    maxLength: 1_024,
    examples: ['events'],
  }),
  location: Type.Optional(
    Text({
      description: 'Where the dataset is made, if there is none.',
      default: 'US',
      pattern: '^[A-Za-z0-9-]{2,40}$',
      examples: ['EU'],
    }),
  ),
  createDataset: Type.Optional(
    Type.Boolean({ description: 'Makes the dataset if there is none.', default: true }),
  ),
  createTable: Type.Optional(
    Type.Boolean({
      description:
        'Makes the table if there is none, partitioned by day, and adds columns that it does not have.',
      default: true,
    }),
  ),
  partitionExpiration: Type.Optional(
    Duration({
      description: 'How long a new table keeps each day, at least 1h. By default for ever.',
      examples: ['2160h'],
    }),
  ),
  ...googleFields,
  batchSize: Type.Optional(
    Type.Integer({
      description: 'Most rows of one request, where delivery.batch.maxEvents says nothing. By default 500.',
      minimum: 1,
      maximum: 50_000,
      aliases: ['batch_size'],
    }),
  ),
  intervalSeconds: Type.Optional(
    Type.Integer({
      description:
        'How long a row waits for others, where delivery.batch.maxWait says nothing. By default 1.',
      minimum: 0,
      maximum: 300,
      aliases: ['interval_seconds'],
    }),
  ),
  timeoutSeconds: Type.Optional(
    Type.Integer({
      description: 'Longest time of one attempt, where delivery.timeout says nothing. By default 30.',
      minimum: 1,
      maximum: 3_600,
      aliases: ['timeout_seconds'],
    }),
  ),
  maxRetries: Type.Optional(
    Type.Integer({
      description:
        'Taken for the sake of configurations of the exporter, and without effect: delivery.retry says for how long rows are ' +
        'sent again.',
      minimum: 0,
      aliases: ['max_retries'],
    }),
  ),
  ...payloadFields,
});
