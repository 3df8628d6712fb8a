import { CreateOpsItemCommand, DescribeOpsItemsCommand, SSMClient } from '@aws-sdk/client-ssm';

import { defineSink, sendInOrder, Template, Type } from '../sink-kit/index.ts';
import { openAws } from './aws-client.ts';
import { createDescribe } from './aws-describe.ts';
import { alreadyExists, unanswered } from './aws-error.ts';
import { awsFields } from './aws-fields.ts';
import { checkOpsItem, renderOpsItem } from './ops-item.ts';

/** Opens OpsItems in AWS Systems Manager OpsCenter. */
export default defineSink({
  summary: 'Opens OpsItems in AWS Systems Manager OpsCenter.',
  config: Type.Object({
    title: Template({
      description: 'The title; a Go template, cut at 1024 characters.',
      examples: ['{{ .Reason }}: {{ .InvolvedObject.Name }}'],
    }),
    description: Template({
      description: 'The description in Markdown; a Go template, cut at 2048 characters.',
      examples: ['{{ .Message }}'],
    }),
    source: Template({
      description:
        'The origin; a Go template, cut at 128 characters. It must not contain `aws`, `amazon` or `amzn`.',
      examples: ['production'],
    }),
    category: Type.Optional(
      Template({
        description:
          'The category, such as Availability, Cost, Performance, Recovery or Security; a Go template.',
        examples: ['Availability'],
      }),
    ),
    severity: Type.Optional(
      Template({
        description: 'The severity, 1 (critical) to 4 (low); a Go template.',
        examples: ['{{ if eq .Type "Warning" }}2{{ else }}4{{ end }}'],
      }),
    ),
    priority: Type.Optional(
      Template({
        description: 'The priority, a whole number from 1 to 5; a Go template. Numbers beyond become 1 or 5.',
        examples: ['3'],
      }),
    ),
    dedupString: Type.Optional(
      Template({
        description:
          'OpsCenter opens no second OpsItem for the same text while the first is open; a Go template. By default the ' +
          'idempotency key, so each occurrence of an event has its own OpsItem, and copies of it have none.',
        examples: ['{{ .InvolvedObject.UID }}/{{ .Reason }}'],
      }),
    ),
    notifications: Type.Optional(
      Type.Array(Template({ description: 'The ARN of a topic; a Go template.' }), {
        description: 'Topics of SNS that are told when the OpsItem changes.',
        examples: [['arn:aws:sns:eu-central-1:123456789012:ops']],
      }),
    ),
    operationalData: Type.Optional(
      Type.Record(Type.String(), Template({ description: 'The value; a Go template.' }), {
        description: 'Searchable data of the OpsItem; values are cut at 20 KB.',
        examples: [{ Reason: '{{ .Reason }}' }],
      }),
    ),
    relatedOpsItems: Type.Optional(
      Type.Array(Template({ description: 'The id or ARN of an OpsItem; a Go template.' }), {
        description: 'OpsItems that have to do with this one.',
        examples: [['oi-3c6d7f1a2b4e']],
      }),
    ),
    tags: Type.Optional(
      Type.Record(Type.String(), Template({ description: 'The value; a Go template.' }), {
        description: 'Tags of the OpsItem; they need the permission ssm:AddTagsToResource.',
        examples: [{ ENV: '{{ .InvolvedObject.Namespace }}' }],
      }),
    ),
    ...awsFields,
  }),
  example: {
    title: '{{ .Reason }}: {{ .InvolvedObject.Kind }}/{{ .InvolvedObject.Name }}',
    description: '{{ .Message }}',
    source: 'production',
    region: 'eu-central-1',
    accessKeyIdSecretRef: { name: 'aws', key: 'accessKeyId' },
    secretAccessKeySecretRef: { name: 'aws', key: 'secretAccessKey' },
    severity: '2',
    dedupString: '{{ .InvolvedObject.UID }}/{{ .Reason }}',
    tags: { ENV: '{{ .InvolvedObject.Namespace }}' },
  },
  defaults: { batch: { maxEvents: 1 } },
  open: async (config, context) => {
    checkOpsItem(config);
    const aws = await openAws(config, context, { create: (options) => new SSMClient(options) });
    const describe = createDescribe('ssm:DescribeOpsItems', context.warn);
    const target = 'OpsCenter';
    return {
      endpoint: aws.host,
      encode: (event) => {
        const payload = renderOpsItem(config, event);
        return { payload, bytes: Buffer.byteLength(JSON.stringify(payload)) };
      },
      send: (batch, signal) =>
        sendInOrder(
          batch,
          batch.map((outgoing) => ({
            events: [outgoing],
            send: async () => {
              const command = new CreateOpsItemCommand(outgoing.payload);
              try {
                const answer = await aws.call((client, options) => client.send(command, options), {
                  signal,
                  target,
                });
                if (answer.OpsItemId === undefined) throw unanswered(answer, { host: aws.host });
              } catch (error) {
                if (!alreadyExists(error)) throw error;
              }
            },
          })),
        ),
      check: (signal) => {
        const command = new DescribeOpsItemsCommand({ MaxResults: 1 });
        return describe(() =>
          aws.call((client, options) => client.send(command, options), { signal, target }),
        );
      },
      close: () => aws.close(),
    };
  },
});
