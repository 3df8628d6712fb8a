import { SQSClient, type SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs';

import { defineSink, encodePayload, payloadFields, Text, Type } from '../sink-kit/index.ts';
import { entryResults, sendByRequests } from './aws-batch.ts';
import { openAws } from './aws-client.ts';
import { awsFields } from './aws-fields.ts';
import { attributeBytes, checkAttributes, messageExtras, messageFields, xmlText } from './aws-message.ts';
import { readQueue } from './sqs-queue.ts';
import { createSqsTarget } from './sqs-target.ts';

/** The limit of a message and of a batch: 1 MiB since August 2025 (API reference of SendMessageBatch). */
const maxBytes = 1_048_576;
const maxEntries = 10;

/** An event rendered for SQS. */
export interface SqsPayload {
  readonly entry: Omit<SendMessageBatchRequestEntry, 'Id'>;
  readonly bytes: number;
}

/** Sends events to a queue of Amazon SQS. */
export default defineSink({
  summary: 'Sends events to a queue of Amazon SQS.',
  config: Type.Object({
    queueName: Type.Optional(
      Text({
        description:
          'The name of the queue, or its ARN. It is looked up by sqs:GetQueueUrl when the first event goes out.',
        examples: ['kubernetes-events'],
      }),
    ),
    queueUrl: Type.Optional(
      Text({
        description: 'The URL of the queue, instead of `queueName`.',
        pattern: '^(https?://.+)?$',
        examples: ['https://sqs.eu-central-1.amazonaws.com/123456789012/kubernetes-events'],
      }),
    ),
    queueOwnerAccountId: Type.Optional(
      Text({
        description: 'The account that owns the queue of `queueName`, when it is another one.',
        pattern: '^([0-9]{12})?$',
      }),
    ),
    ...messageFields,
    ...awsFields,
    ...payloadFields,
  }),
  example: {
    queueName: 'kubernetes-events.fifo',
    region: 'eu-central-1',
    accessKeyIdSecretRef: { name: 'aws', key: 'accessKeyId' },
    secretAccessKeySecretRef: { name: 'aws', key: 'secretAccessKey' },
    attributes: { type: '{{ .Type }}' },
  },
  defaults: { batch: { maxEvents: maxEntries, maxBytes }, maxEventBytes: maxBytes },
  open: async (config, context) => {
    const queue = readQueue(config);
    checkAttributes(config);
    const aws = await openAws({ ...config, ...(queue.endpoint && { endpoint: queue.endpoint }) }, context, {
      region: queue.region,
      // The checksum of an answer comes too late to take the message back, and MD5 is not there under FIPS.
      create: (options) => new SQSClient({ ...options, md5: false }),
    });
    const target = createSqsTarget(aws, queue, context.warn);
    return {
      endpoint: aws.host,
      encode: (event) => {
        const extras = messageExtras(config, event, queue.isFifo);
        const entry = { MessageBody: xmlText(encodePayload(config, event)), ...extras };
        const bytes = Buffer.byteLength(entry.MessageBody) + attributeBytes(extras);
        return { payload: { entry, bytes }, bytes };
      },
      send: (batch, signal) =>
        sendByRequests(
          batch,
          {
            maxEntries,
            maxBytes,
            bytesOf: ({ bytes }: SqsPayload) => bytes,
            ...(queue.isFifo && { orderKeyOf: ({ entry }: SqsPayload) => entry.MessageGroupId }),
          },
          async (events) => {
            const entries = events.map(({ payload }, index) => ({ Id: String(index), ...payload.entry }));
            return entryResults(await target.send(entries, signal), {
              count: events.length,
              place: target.place,
            });
          },
        ),
      check: (signal) => target.check(signal),
      close: () => aws.close(),
    };
  },
});
