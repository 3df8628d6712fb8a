import { type Occurrence } from '../../operator/event/occurrence.ts';
import { type SinkName } from '../../operator/sinks/registry.ts';
import { startTcpProxy } from '../peers/kit/tcp-proxy.ts';
import { type AwsAnswer, type AwsCall, failed, startAws, textOf } from './aws-server.ts';
import { describeDelivery, type DeliveryPeer, type Secrets } from './delivery-contract.ts';

/** A service of AWS as a stand-in. */
interface Service {
  readonly sinkName: SinkName;
  readonly fields: Readonly<Record<string, unknown>>;
  /** The answers to calls that only look. */
  readonly looking: Record<string, AwsAnswer>;
  /** The action that takes events, the identities of what a call of it brings, and its answer. */
  readonly action: string;
  readonly idsIn: (call: AwsCall) => readonly string[];
  readonly takes: AwsAnswer;
  /** What the service says to whoever sends too much. */
  readonly slowDown: AwsAnswer;
}

const keys = (id: string): Secrets => ({ aws: { id, secret: 'wJalrXUtnFEMI/K7MDENG' } });
const uidOf = ({ event }: Occurrence): string => event.uid;
const uidIn = (json: string): string => (JSON.parse(json) as { metadata: { uid: string } }).metadata.uid;

async function start(service: Service): Promise<DeliveryPeer> {
  let id = 'AKIAFIRSTKEYOFTHEROLE';
  let state: 'Up' | 'Busy' = 'Up';
  const arrived: string[] = [];
  const answers = Object.entries({ ...service.looking, [service.action]: service.takes });
  const signedIn =
    (action: string, answer: AwsAnswer): AwsAnswer =>
    (call) => {
      if (call.accessKeyId !== id) return failed(403, 'InvalidClientTokenId');
      if (action !== service.action) return answer(call);
      if (state === 'Busy') return service.slowDown(call);
      arrived.push(...service.idsIn(call));
      return answer(call);
    };
  const aws = await startAws(
    Object.fromEntries(answers.map(([name, answer]) => [name, signedIn(name, answer)])),
  );
  const network = await startTcpProxy(aws.server.port);
  return {
    written: {
      ...service.fields,
      endpoint: `http://127.0.0.1:${network.port}`,
      region: 'eu-central-1',
      accessKeyIdSecretRef: { name: 'aws', key: 'id' },
      secretAccessKeySecretRef: { name: 'aws', key: 'secret' },
    },
    secrets: keys(id),
    arrived: () => arrived,
    throttle: () => {
      state = 'Busy';
      setTimeout(() => (state = 'Up'), 300);
    },
    wrongSecrets: keys('AKIAWRONGWRONGWRONG1'),
    goDown: () => network.cut(),
    comeBack: () => network.mend(),
    rotate: () => keys((id = 'AKIASECONDKEYOFTHEROLE')),
    async [Symbol.asyncDispose]() {
      await network.cut();
      await aws[Symbol.asyncDispose]();
    },
  };
}

const entries = ({ input }: AwsCall): readonly { readonly Id: string }[] => input.Entries;
const publishIds = ({ input }: AwsCall): string[] =>
  Object.entries(input).flatMap(([name, value]) => (/\.Id$/.test(name) ? [String(value)] : []));
const publishAnswer = (inside: string): string =>
  `<PublishBatchResponse><PublishBatchResult>${inside}</PublishBatchResult></PublishBatchResponse>`;

// The other ways to fail are tested on real servers (test/peers), of which none is ever busy.
const services: readonly Service[] = [
  {
    sinkName: 'sqs',
    fields: { queueUrl: 'https://sqs.eu-central-1.amazonaws.com/123456789012/events' },
    looking: { GetQueueAttributes: () => ({}) },
    action: 'SendMessageBatch',
    idsIn: ({ input }) => input.Entries.map(({ MessageBody }) => uidIn(MessageBody)),
    takes: (call) => ({ Successful: entries(call).map(({ Id }) => ({ Id })) }),
    slowDown: () => failed(403, 'RequestThrottled'),
  },
  {
    sinkName: 'sns',
    fields: { topicArn: 'arn:aws:sns:eu-central-1:123456789012:events' },
    looking: { GetTopicAttributes: () => '<GetTopicAttributesResponse/>' },
    action: 'PublishBatch',
    idsIn: ({ input }) =>
      Object.entries(input).flatMap(([name, value]) =>
        /\d\.Message$/.test(name) ? [uidIn(String(value))] : [],
      ),
    takes: (call) =>
      publishAnswer(
        `<Successful>${publishIds(call)
          .map((id) => `<member><Id>${id}</Id></member>`)
          .join('')}</Successful>`,
      ),
    slowDown: () => failed(400, 'Throttling', 'Rate exceeded'),
  },
  {
    sinkName: 'kinesis',
    fields: { streamName: 'events' },
    looking: { DescribeStreamSummary: () => ({ StreamDescriptionSummary: { StreamStatus: 'ACTIVE' } }) },
    action: 'PutRecords',
    idsIn: ({ input }) => input.Records.map((record) => uidIn(textOf(record))),
    takes: ({ input }) => ({ Records: input.Records.map(() => ({ SequenceNumber: '1', ShardId: 's' })) }),
    slowDown: ({ input }) => ({
      FailedRecordCount: input.Records.length,
      Records: input.Records.map(() => ({ ErrorCode: 'ProvisionedThroughputExceededException' })),
    }),
  },
  {
    sinkName: 'firehose',
    fields: { deliveryStreamName: 'events' },
    looking: { DescribeDeliveryStream: () => ({}) },
    action: 'PutRecordBatch',
    idsIn: ({ input }) => input.Records.map((record) => uidIn(textOf(record))),
    takes: ({ input }) => ({ RequestResponses: input.Records.map(() => ({ RecordId: 'r' })) }),
    slowDown: () => failed(503, 'ServiceUnavailableException', 'Slow down.', { 'retry-after': '1' }),
  },
  {
    sinkName: 'eventbridge',
    fields: { source: 'kubernetes', detailType: 'Event' },
    looking: { DescribeEventBus: () => ({}) },
    action: 'PutEvents',
    idsIn: ({ input }) => input.Entries.map(({ Detail }) => uidIn(Detail)),
    takes: (call) => ({ Entries: entries(call).map(() => ({ EventId: 'e' })) }),
    slowDown: (call) => ({ Entries: entries(call).map(() => ({ ErrorCode: 'ThrottlingException' })) }),
  },
];

for (const service of services) {
  const { sinkName } = service;
  describeDelivery(sinkName, {
    sinkName,
    start: () => start(service),
    speed: 5,
    identify: uidOf,
    aspects: ['Throttling'],
  });
}

// There is no real server of OpsCenter to be had, so here all is tested on the stand-in.
const opscenter: Service = {
  sinkName: 'opscenter',
  fields: {
    title: '{{ .Message }}',
    description: '{{ .Message }}',
    source: 'kubernetes',
    dedupString: '{{ .UID }}',
  },
  looking: { DescribeOpsItems: () => ({ OpsItemSummaries: [] }) },
  action: 'CreateOpsItem',
  idsIn: ({ input }) => {
    const { Value = '' } = input.OperationalData['/aws/dedup'] ?? {};
    return [(JSON.parse(Value) as { dedupString: string }).dedupString];
  },
  takes: () => ({ OpsItemId: 'oi-1' }),
  slowDown: () => failed(400, 'ThrottlingException', 'Rate exceeded'),
};
describeDelivery('opscenter', {
  sinkName: 'opscenter',
  start: () => start(opscenter),
  speed: 5,
  identify: uidOf,
});
