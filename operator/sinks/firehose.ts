import {
  DescribeDeliveryStreamCommand,
  FirehoseClient,
  PutRecordBatchCommand,
} from '@aws-sdk/client-firehose';

import { DeliveryError, defineSink, encodePayload, payloadFields, Text, Type } from '../sink-kit/index.ts';
import { parseArn } from './aws-arn.ts';
import { recordResults, sendByRequests } from './aws-batch.ts';
import { openAws } from './aws-client.ts';
import { createDescribe } from './aws-describe.ts';
import { awsFields } from './aws-fields.ts';
import { usableStream } from './kinesis-stream.ts';

/** The limits of PutRecordBatch (API reference); a record's is before Base64. */
const maxEntries = 500;
const maxRequestBytes = 4_194_304;
const maxRecordBytes = 1_024_000;

/** Writes events into a stream of Amazon Data Firehose. */
export default defineSink({
  summary: 'Writes events into a stream of Amazon Data Firehose.',
  config: Type.Object({
    deliveryStreamName: Text({
      description: 'The name of the Firehose stream, or its ARN.',
      examples: ['kubernetes-events'],
    }),
    delimiter: Type.Optional(
      Text({
        description:
          'What follows each record, because Firehose puts nothing between the records of a file. By default a line feed; ' +
          'an empty text is nothing.',
        default: '\n',
        maxLength: 100,
      }),
    ),
    ...awsFields,
    ...payloadFields,
  }),
  example: {
    deliveryStreamName: 'kubernetes-events',
    region: 'eu-central-1',
    accessKeyIdSecretRef: { name: 'aws', key: 'accessKeyId' },
    secretAccessKeySecretRef: { name: 'aws', key: 'secretAccessKey' },
    deDot: true,
  },
  defaults: { batch: { maxEvents: maxEntries, maxBytes: maxRequestBytes }, maxEventBytes: maxRecordBytes },
  open: async (config, context) => {
    const { name, region } = readStream(config.deliveryStreamName);
    const { delimiter = '\n' } = config;
    const aws = await openAws(config, context, { region, create: (options) => new FirehoseClient(options) });
    const describe = createDescribe('firehose:DescribeDeliveryStream', context.warn);
    const target = `Firehose stream "${name}"`;
    const place = { host: aws.host, target };
    return {
      endpoint: aws.host,
      encode: (event) => {
        const payload = Buffer.from(`${encodePayload(config, event)}${delimiter}`);
        return { payload, bytes: payload.length };
      },
      send: (batch, signal) =>
        sendByRequests(
          batch,
          { maxEntries, maxBytes: maxRequestBytes, bytesOf: ({ length }: Buffer) => length },
          async (events) => {
            const command = new PutRecordBatchCommand({
              DeliveryStreamName: name,
              Records: events.map(({ payload }) => ({ Data: payload })),
            });
            const answer = await aws.call((client, options) => client.send(command, options), {
              signal,
              target,
            });
            return recordResults(answer, answer.RequestResponses, { count: events.length, place });
          },
        ),
      check: (signal) =>
        describe(async () => {
          const command = new DescribeDeliveryStreamCommand({ DeliveryStreamName: name });
          const answer = await aws.call((client, options) => client.send(command, options), {
            signal,
            target,
          });
          usableStream(answer.DeliveryStreamDescription?.DeliveryStreamStatus, place);
        }),
      close: () => aws.close(),
    };
  },
});

function readStream(written: string): { name: string; region?: string } {
  const arn = parseArn(written);
  const name = arn === undefined ? written : arn.resource.replace(/^deliverystream\//, '');
  if (/^[A-Za-z0-9_.-]{1,64}$/.test(name) && (arn?.service ?? 'firehose') === 'firehose') {
    return { name, ...(arn !== undefined && { region: arn.region }) };
  }
  throw DeliveryError.permanent(
    `${JSON.stringify(written.slice(0, 100))} is no name of a Firehose stream: up to 64 letters, digits, hyphens, ` +
      'underscores and dots, or its ARN',
    'InvalidConfig',
  );
}
