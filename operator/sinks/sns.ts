import {
  GetTopicAttributesCommand,
  PublishBatchCommand,
  type PublishBatchRequestEntry,
  SNSClient,
} from '@aws-sdk/client-sns';

import {
  DeliveryError,
  defineSink,
  encodePayload,
  payloadFields,
  Quantity,
  Template,
  Text,
  Type,
} from '../sink-kit/index.ts';
import { type Arn, parseArn } from './aws-arn.ts';
import { entryResults, sendByRequests } from './aws-batch.ts';
import { openAws } from './aws-client.ts';
import { createDescribe } from './aws-describe.ts';
import { awsFields } from './aws-fields.ts';
import { attributeBytes, checkAttributes, messageExtras, messageFields, xmlText } from './aws-message.ts';
import { snsSubject } from './sns-subject.ts';

/** The limit of a message and of a batch, unless the topic's MaximumMessageSize was raised (API reference of PublishBatch). */
const defaultMaxBytes = 262_144;
const highestMaxBytes = 1_048_576;
const maxEntries = 10;

/** An event rendered for SNS. */
export interface SnsPayload {
  readonly entry: Omit<PublishBatchRequestEntry, 'Id'>;
  readonly bytes: number;
}

/** Publishes events to a topic of Amazon SNS. */
export default defineSink({
  summary: 'Publishes events to a topic of Amazon SNS.',
  config: Type.Object({
    topicArn: Text({
      description: 'The ARN of the topic. Its region is the one that is used.',
      aliases: ['topicARN'],
      examples: ['arn:aws:sns:eu-central-1:123456789012:kubernetes-events'],
    }),
    subject: Type.Optional(
      Template({
        description:
          'The subject for e-mail subscriptions: at most 100 characters of ASCII; others become question marks, and what ' +
          'is longer is cut.',
        examples: ['{{ .Type }}: {{ .Reason }} {{ .InvolvedObject.Name }}'],
      }),
    ),
    maxMessageSize: Type.Optional(
      Quantity({
        description: "The topic's MaximumMessageSize, where it was raised: up to 1Mi.",
        default: '256Ki',
        examples: ['1Mi'],
      }),
    ),
    ...messageFields,
    ...awsFields,
    ...payloadFields,
  }),
  example: {
    topicArn: 'arn:aws:sns:eu-central-1:123456789012:kubernetes-events',
    accessKeyIdSecretRef: { name: 'aws', key: 'accessKeyId' },
    secretAccessKeySecretRef: { name: 'aws', key: 'secretAccessKey' },
    subject: '{{ .Type }}: {{ .Reason }} {{ .InvolvedObject.Name }}',
    attributes: { type: '{{ .Type }}' },
  },
  defaults: { batch: { maxEvents: maxEntries, maxBytes: defaultMaxBytes }, maxEventBytes: defaultMaxBytes },
  defaultsFor: (config) => ({
    batch: { maxBytes: messageLimit(config.maxMessageSize) },
    maxEventBytes: messageLimit(config.maxMessageSize),
  }),
  open: async (config, context) => {
    const { region, resource } = readTopic(config.topicArn);
    const isFifo = resource.endsWith('.fifo');
    checkAttributes(config);
    const aws = await openAws(config, context, { region, create: (options) => new SNSClient(options) });
    const describe = createDescribe('sns:GetTopicAttributes', context.warn);
    const target = `topic "${resource}"`;
    const TopicArn = config.topicArn;
    return {
      endpoint: aws.host,
      encode: (event) => {
        const extras = messageExtras(config, event, isFifo);
        const subject = snsSubject(config.subject?.render(event) ?? '');
        const entry = {
          Message: xmlText(encodePayload(config, event)),
          ...(subject !== '' && { Subject: subject }),
          ...extras,
        };
        const bytes = Buffer.byteLength(entry.Message) + subject.length + attributeBytes(extras);
        return { payload: { entry, bytes }, bytes };
      },
      send: (batch, signal) =>
        sendByRequests(
          batch,
          {
            maxEntries,
            maxBytes: messageLimit(config.maxMessageSize),
            bytesOf: ({ bytes }: SnsPayload) => bytes,
            ...(isFifo && { orderKeyOf: ({ entry }: SnsPayload) => entry.MessageGroupId }),
          },
          async (events) => {
            const entries = events.map(({ payload }, index) => ({ Id: String(index), ...payload.entry }));
            const command = new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: entries });
            const answer = await aws.call((client, options) => client.send(command, options), {
              signal,
              target,
            });
            return entryResults(answer, { count: events.length, place: { host: aws.host, target } });
          },
        ),
      check: (signal) => {
        const command = new GetTopicAttributesCommand({ TopicArn });
        return describe(() =>
          aws.call((client, options) => client.send(command, options), { signal, target }),
        );
      },
      close: () => aws.close(),
    };
  },
});

function readTopic(written: string): Arn {
  const arn = parseArn(written);
  if (arn?.service === 'sns' && arn.region !== '' && !arn.resource.includes(':')) return arn;
  throw DeliveryError.permanent(
    'topicArn is no ARN of a topic: it reads like arn:aws:sns:REGION:ACCOUNT:NAME',
    'InvalidConfig',
  );
}

function messageLimit(written = defaultMaxBytes): number {
  return Math.max(1_024, Math.min(written, highestMaxBytes));
}
