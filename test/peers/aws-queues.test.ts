import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';

import { exporterJson } from '../../operator/event/exporter-json.ts';
import { type Occurrence } from '../../operator/event/occurrence.ts';
import sns from '../../operator/sinks/sns.ts';
import sqs from '../../operator/sinks/sqs.ts';
import { openWritten, thrownBy } from '../sinks/contract.ts';
import { describeDelivery } from '../sinks/delivery-contract.ts';
import { noAbort, numberedEvent, outgoing, sinkContext, sinkEvent } from '../sinks/sink-event.ts';
import { reachMoto, secretsOf, startAwsPeer, startFastPeer, uidIn } from './aws-peer.ts';
import { createQueue, type Queue, sqsOf } from './aws-reader.ts';
import { account, type Moto, region, startMoto } from './moto.ts';

const sqsActions = ['sqs:GetQueueUrl', 'sqs:GetQueueAttributes', 'sqs:SendMessageBatch'];
const snsActions = ['sns:GetTopicAttributes', 'sns:PublishBatch'];
const strange = 'ü \u{1f600} <a&b> "q" \\ \u2028 tab\tline\nend';

/** Makes a topic whose messages go into a queue as they are. */
async function createTopic({ admin }: Pick<Moto, 'admin'>, queue: Queue, name: string): Promise<string> {
  const client = new SNSClient(admin);
  const Attributes: Record<string, string> = name.endsWith('.fifo') ? { FifoTopic: 'true' } : {};
  const { TopicArn = '' } = await client.send(new CreateTopicCommand({ Name: name, Attributes }));
  await client.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: queue.arn,
      Attributes: { RawMessageDelivery: 'true' },
    }),
  );
  client.destroy();
  return TopicArn;
}

describe('SQS and SNS', () => {
  let moto: Moto;
  let client: ReturnType<typeof sqsOf>;
  let secrets: ReturnType<typeof secretsOf>;

  beforeAll(async () => {
    moto = await startMoto();
    client = sqsOf(moto);
    secrets = secretsOf(await moto.createUser('whole', [...sqsActions, ...snsActions]));
  });
  afterAll(async () => {
    client.destroy();
    await moto[Symbol.asyncDispose]();
  });

  const openSqs = (fields: Record<string, unknown>, context = sinkContext()) =>
    openWritten(sqs, { written: { ...fields, ...reachMoto(moto) }, secrets }, context);
  const openSns = (fields: Record<string, unknown>) =>
    openWritten(sns, { written: { ...fields, ...reachMoto(moto) }, secrets });

  it('hold each event whole, with its attributes', async () => {
    const queue = await createQueue(client, 'whole');
    const events = Array.from({ length: 25 }, (_, index) => numberedEvent(index, `${index} ${strange}`));
    await using sink = await openSqs({ queueName: 'whole', attributes: { reason: '{{ .Reason }}' } });

    await sink.check?.(noAbort);
    await sink.send(outgoing(sink, events), noAbort);

    const received = await queue.receive();
    expect(received.map(({ Body }) => Body).sort()).toEqual(
      events.map(({ event }) => exporterJson(event)).sort(),
    );
    const keys = received.map(({ MessageAttributes }) => MessageAttributes?.['idempotency-key']?.StringValue);
    expect(keys.sort()).toEqual(events.map(({ key }) => key).sort());
    expect(received[0]?.MessageAttributes?.reason?.StringValue).toBe('BackOff');
  });

  it('take each event of a FIFO queue once and in order', async () => {
    const queue = await createQueue(client, 'ordered.fifo');
    await using sink = await openSqs({ queueName: 'ordered.fifo' });
    const events = [1, 2, 3, 4, 5].map((count) => sinkEvent({ count, message: `occurrence ${count}` }));

    await sink.send(outgoing(sink, events), noAbort);
    await sink.send(outgoing(sink, events), noAbort);

    const received = [await queue.receive(), await queue.receive(), await queue.receive()].flat();
    expect(received.map(({ Body }) => Body)).toEqual(events.map(({ event }) => exporterJson(event)));
    expect(
      received.map(({ Attributes }) => [Attributes?.MessageGroupId, Attributes?.MessageDeduplicationId]),
    ).toEqual(events.map(({ key }) => ['pod-1', key]));
  });

  it('hand each event of a topic on whole, to FIFO queues once', async () => {
    const [queue, ordered] = [
      await createQueue(client, 'from-topic'),
      await createQueue(client, 'from-topic.fifo'),
    ];
    const events = Array.from({ length: 12 }, (_, index) => numberedEvent(index, `${index} ${strange}`));
    await using plain = await openSns({
      topicArn: await createTopic(moto, queue, 'plain'),
      subject: '{{ .Reason }}',
    });
    await using fifo = await openSns({ topicArn: await createTopic(moto, ordered, 'ordered.fifo') });

    await plain.check?.(noAbort);
    await plain.send(outgoing(plain, events), noAbort);
    await fifo.send(outgoing(fifo, events), noAbort);
    await fifo.send(outgoing(fifo, events), noAbort);

    const bodies = events.map(({ event }) => exporterJson(event)).sort();
    expect((await queue.receive()).map(({ Body }) => Body).sort()).toEqual(bodies);
    const received = [];
    for (let more = await ordered.receive(); more.length > 0; more = await ordered.receive())
      received.push(...more);
    expect(received.map(({ Body }) => Body).sort()).toEqual(bodies);
  });

  it('tell a message over the limit from others', async () => {
    await createQueue(client, 'small');
    await using sink = await openSqs({ queueName: 'small' });
    const events = [numberedEvent(1), numberedEvent(2, 'x'.repeat(1_100_000)), numberedEvent(3)];

    const error = await thrownBy(sink.send(outgoing(sink, events), noAbort));

    expect(error.results?.map((result) => result && [result.reason, result.permanent])).toEqual([
      undefined,
      ['PayloadTooLarge', true],
      undefined,
    ]);
  });

  it('are found missing, and wrong keys refused, each in a sentence of its own', async () => {
    const topicArn = `arn:aws:sns:${region}:${account}:nowhere`;
    await using noQueue = await openSqs({ queueName: 'nowhere' });
    await using noTopic = await openSns({ topicArn });
    const written = { queueName: 'whole', ...reachMoto(moto) };
    const unknown = secretsOf({ accessKeyId: 'AKIANOBODYNOBODY0001', secretAccessKey: 'nothing/at+all' });
    await using nobody = await openWritten(sqs, { written, secrets: unknown });
    const wrong = { aws: { ...secrets.aws, secret: 'wr0ng/secret' } };
    await using liar = await openWritten(sqs, { written, secrets: wrong });

    const errors = [];
    for (const sink of [noQueue, noTopic, nobody, liar]) errors.push(await thrownBy(sink.check!(noAbort)));

    expect(errors.map(({ reason }) => reason)).toEqual([
      'TargetNotFound',
      'TargetNotFound',
      'Unauthorized',
      'Unauthorized',
    ]);
    expect(errors.map(({ message }) => message).join('\n')).toMatch(
      /queue "nowhere".*\n.*topic "nowhere".*\n.*InvalidClientTokenId.*\n.*SignatureDoesNotMatch/,
    );
  });

  it('are content with a policy that allows sending alone', async () => {
    const queue = await createQueue(client, 'send-only');
    const context = sinkContext();
    const keys = secretsOf(await moto.createUser('sender', ['sqs:SendMessageBatch']));
    const written = { ...reachMoto(moto), queueUrl: queue.url };
    await using sink = await openWritten(sqs, { written, secrets: keys }, context);

    await sink.check?.(noAbort);
    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(context.warnings.join()).toContain('sqs:GetQueueAttributes');
    expect(await queue.receive()).toHaveLength(1);
  });
});

/** Makes a queue for the delivery contract. */
async function prepareQueue(world: Pick<Moto, 'admin'>) {
  const client = sqsOf(world);
  const queue = await createQueue(client, 'events');
  return {
    fields: { queueName: 'events' },
    read: async () => (await queue.receive()).map(({ Body = '' }) => Body),
    close: () => client.destroy(),
  };
}

/** Makes a topic for the delivery contract, and a queue behind it. */
async function prepareTopic(world: Pick<Moto, 'admin'>) {
  const client = sqsOf(world);
  const queue = await createQueue(client, 'events');
  return {
    fields: { topicArn: await createTopic(world, queue, 'events') },
    read: async () => (await queue.receive()).map(({ Body = '' }) => Body),
    close: () => client.destroy(),
  };
}

const identify = ({ event }: Occurrence): string => event.uid;

for (const { sinkName, actions, prepare } of [
  { sinkName: 'sqs', actions: sqsActions, prepare: prepareQueue },
  { sinkName: 'sns', actions: snsActions, prepare: prepareTopic },
] as const) {
  describeDelivery(`${sinkName} that checks keys`, {
    sinkName,
    identify,
    aspects: ['Credentials', 'Rotation'],
    start: () => startAwsPeer({ actions, identify: uidIn, prepare }),
  });
  describeDelivery(`${sinkName} that goes away`, {
    sinkName,
    identify,
    aspects: ['Outage'],
    start: () => startFastPeer({ identify: uidIn, prepare: (admin) => prepare({ admin }) }),
  });
}
