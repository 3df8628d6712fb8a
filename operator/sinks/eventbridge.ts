import { DescribeEventBusCommand, EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';

import { defineSink, Layout, payloadFields, Template, Text, Type } from '../sink-kit/index.ts';
import { recordResults, sendByRequests } from './aws-batch.ts';
import { openAws } from './aws-client.ts';
import { createDescribe } from './aws-describe.ts';
import { awsFields } from './aws-fields.ts';
import { entryBytes, type EventBridgeEntry, renderEntry } from './eventbridge-entry.ts';
import { readBus } from './eventbridge-bus.ts';

const maxEntries = 10;
/** The limit of all entries of a request: less than 1 MB since January 2026 (API reference of PutEvents). */
const maxRequestBytes = 1_000_000;
/** Small enough for partitions where the limit still is 256 KB. */
const usualRequestBytes = 256_000;

/** Puts events onto a bus of Amazon EventBridge. */
export default defineSink({
  summary: 'Puts events onto a bus of Amazon EventBridge.',
  config: Type.Object({
    detailType: Template({
      description: 'The detail-type of the events, by which rules match; a Go template.',
      examples: ['Kubernetes {{ .Type }}'],
    }),
    source: Template({
      description:
        'The source of the events, by which rules match; a Go template. It must not begin with `aws.`.',
      examples: ['kubernetes.{{ .ClusterName }}'],
    }),
    details: Type.Optional(
      Layout({
        description:
          'The detail of the events instead of `layout`, as the kubernetes-event-exporter names it.',
        examples: [{ message: '{{ .Message }}', namespace: '{{ .Namespace }}' }],
      }),
    ),
    eventBusName: Type.Optional(
      Text({ description: 'The name of the bus, or its ARN.', default: 'default', examples: ['operations'] }),
    ),
    resources: Type.Optional(
      Type.Array(Template({ description: 'An ARN; a Go template. An empty one is left away.' }), {
        description: 'The resources that the events are about, as ARNs.',
        maxItems: 20,
      }),
    ),
    keyField: Type.Optional(
      Text({
        description:
          'A field to add to the detail with the idempotency key, which is the same for every copy of an event. The trace ' +
          'header is derived from that key in any case.',
        pattern: '^[A-Za-z0-9_.-]{0,64}$',
        examples: ['idempotencyKey'],
      }),
    ),
    ...awsFields,
    ...payloadFields,
  }),
  example: {
    detailType: 'Kubernetes {{ .Type }}',
    source: 'kubernetes',
    eventBusName: 'operations',
    region: 'eu-central-1',
    accessKeyIdSecretRef: { name: 'aws', key: 'accessKeyId' },
    secretAccessKeySecretRef: { name: 'aws', key: 'secretAccessKey' },
    details: { message: '{{ .Message }}', namespace: '{{ .Namespace }}', reason: '{{ .Reason }}' },
  },
  defaults: { batch: { maxEvents: maxEntries, maxBytes: usualRequestBytes }, maxEventBytes: maxRequestBytes },
  open: async (config, context) => {
    const { name, region, target } = readBus(config);
    const aws = await openAws(config, context, {
      region,
      create: (options) => new EventBridgeClient(options),
    });
    const describe = createDescribe('events:DescribeEventBus', context.warn);
    const place = { host: aws.host, target };
    return {
      endpoint: aws.host,
      encode: (event) => {
        const payload = renderEntry(config, event);
        return { payload, bytes: entryBytes(payload) };
      },
      send: (batch, signal) =>
        sendByRequests(
          batch,
          { maxEntries, maxBytes: maxRequestBytes, bytesOf: (entry: EventBridgeEntry) => entryBytes(entry) },
          async (events) => {
            const Entries = events.map(({ payload }) => ({ ...payload, EventBusName: name }));
            const command = new PutEventsCommand({ Entries });
            const answer = await aws.call((client, options) => client.send(command, options), {
              signal,
              target,
            });
            return recordResults(answer, answer.Entries, { count: events.length, place });
          },
        ),
      check: (signal) => {
        const command = new DescribeEventBusCommand({ Name: name });
        return describe(() =>
          aws.call((client, options) => client.send(command, options), { signal, target }),
        );
      },
      close: () => aws.close(),
    };
  },
});
