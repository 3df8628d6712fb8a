import {
  DescribeStreamSummaryCommand,
  KinesisClient,
  PutRecordsCommand,
  type PutRecordsRequestEntry,
} from '@aws-sdk/client-kinesis';

import {
  defineSink,
  encodePayload,
  payloadFields,
  Quantity,
  Template,
  Text,
  Type,
} from '../sink-kit/index.ts';
import { recordResults, sendByRequests } from './aws-batch.ts';
import { openAws } from './aws-client.ts';
import { createDescribe } from './aws-describe.ts';
import { awsFields } from './aws-fields.ts';
import { createPartitionKey } from './kinesis-key.ts';
import { readStream, usableStream } from './kinesis-stream.ts';

const mebibyte = 1_048_576;
const maxEntries = 500;
/** What PutRecords takes in one request, partition keys included (API reference; 5 MiB until October 2025). */
const maxRequestBytes = 10 * mebibyte;

/** An event rendered for Kinesis. */
export interface KinesisPayload {
  readonly record: PutRecordsRequestEntry;
  readonly bytes: number;
}

/** Writes events into a Kinesis data stream. */
export default defineSink({
  summary: 'Writes events into a Kinesis data stream.',
  config: Type.Object({
    streamName: Type.Optional(
      Text({ description: 'The name of the stream.', examples: ['kubernetes-events'] }),
    ),
    streamArn: Type.Optional(
      Text({
        description: 'The ARN of the stream, instead of `streamName`; needed for streams of other accounts.',
        aliases: ['streamARN'],
        examples: ['arn:aws:kinesis:eu-central-1:123456789012:stream/kubernetes-events'],
      }),
    ),
    partitionKey: Type.Optional(
      Template({
        description:
          'The key that decides on the shard; records with one key keep their order. Over 256 characters, its SHA-256 in hex ' +
          'is used.',
        default: '{{ .UID }}',
        examples: ['{{ .InvolvedObject.UID }}'],
      }),
    ),
    maxRecordSize: Type.Optional(
      Quantity({
        description: "The stream's maximum record size, where it was raised: up to 10Mi.",
        default: '1Mi',
        examples: ['10Mi'],
      }),
    ),
    ...awsFields,
    ...payloadFields,
  }),
  example: {
    streamName: 'kubernetes-events',
    region: 'eu-central-1',
    accessKeyIdSecretRef: { name: 'aws', key: 'accessKeyId' },
    secretAccessKeySecretRef: { name: 'aws', key: 'secretAccessKey' },
    partitionKey: '{{ .InvolvedObject.UID }}',
  },
  defaults: { batch: { maxEvents: maxEntries, maxBytes: 5 * mebibyte }, maxEventBytes: mebibyte },
  defaultsFor: ({ maxRecordSize = mebibyte }) => ({
    maxEventBytes: Math.max(1_024, Math.min(maxRecordSize, maxRequestBytes)),
  }),
  open: async (config, context) => {
    const { region, target, input } = readStream(config);
    const partitionKey = createPartitionKey(config.partitionKey);
    const aws = await openAws(config, context, { region, create: (options) => new KinesisClient(options) });
    const describe = createDescribe('kinesis:DescribeStreamSummary', context.warn);
    const place = { host: aws.host, target };
    return {
      endpoint: aws.host,
      encode: (event) => {
        const record = { Data: Buffer.from(encodePayload(config, event)), PartitionKey: partitionKey(event) };
        const bytes = record.Data.length + Buffer.byteLength(record.PartitionKey);
        return { payload: { record, bytes }, bytes };
      },
      send: (batch, signal) =>
        sendByRequests(
          batch,
          { maxEntries, maxBytes: maxRequestBytes, bytesOf: ({ bytes }: KinesisPayload) => bytes },
          async (events) => {
            const command = new PutRecordsCommand({
              ...input,
              Records: events.map(({ payload }) => payload.record),
            });
            const answer = await aws.call((client, options) => client.send(command, options), {
              signal,
              target,
            });
            return recordResults(answer, answer.Records, { count: events.length, place });
          },
        ),
      check: (signal) =>
        describe(async () => {
          const command = new DescribeStreamSummaryCommand(input);
          const answer = await aws.call((client, options) => client.send(command, options), {
            signal,
            target,
          });
          usableStream(answer.StreamDescriptionSummary?.StreamStatus, place);
        }),
      close: () => aws.close(),
    };
  },
});
