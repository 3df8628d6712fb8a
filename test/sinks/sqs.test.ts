import sqs from '../../operator/sinks/sqs.ts';
import {
  type AwsAnswer,
  type AwsCall,
  failed,
  messageIn,
  reach,
  startAws,
  startAwsPeer,
} from './aws-server.ts';
import { describeHttpContract, openWritten, thrownBy } from './contract.ts';
import { noAbort, numberedEvent, outgoing, sinkContext, sinkEvent } from './sink-event.ts';

const queueUrl = 'https://sqs.eu-central-1.amazonaws.com/123456789012/events';

const takesAll: AwsAnswer = ({ input }) => ({
  Successful: input.Entries.map(({ Id }) => ({
    Id,
    MessageId: `m-${Id}`,
    MD5OfMessageBody: 'x',
  })),
});
const service = {
  GetQueueUrl: () => ({ QueueUrl: queueUrl }),
  GetQueueAttributes: () => ({ Attributes: { QueueArn: 'arn:aws:sqs:eu-central-1:123456789012:events' } }),
  SendMessageBatch: takesAll,
} satisfies Record<string, AwsAnswer>;

describeHttpContract('sqs', {
  definition: sqs,
  start: () =>
    startAwsPeer({
      fields: { queueName: 'events' },
      action: 'SendMessageBatch',
      answers: service,
      count: ({ input }) => input.Entries.length,
    }),
  unrenderable: { layout: { count: '{{ .Series.Count }}' } },
  differently: { 204: 'retry' },
});

const entriesOf = (call: AwsCall | undefined) => call?.input.Entries ?? [];
const bodiesOf = (call: AwsCall | undefined) => entriesOf(call).map(({ MessageBody }) => MessageBody);

describe('sqs', () => {
  it('sends ten messages a request, whatever the batch', async () => {
    await using aws = await startAws(service);
    await using sink = await openWritten(sqs, { written: { queueName: 'events', ...reach(aws) } });
    const events = Array.from({ length: 23 }, (_, index) => numberedEvent(index));

    await sink.send(outgoing(sink, events), noAbort);

    const sent = aws.callsOf('SendMessageBatch');
    expect(sent.map(({ input }) => input.Entries.length)).toEqual([10, 10, 3]);
    expect(sent.flatMap(bodiesOf).map(messageIn)).toEqual(events.map(({ event }) => event.message));
  });

  it('divides a batch by bytes, attributes included', async () => {
    await using aws = await startAws(service);
    const written = { queueName: 'events', layout: { m: '{{ .Message }}' }, ...reach(aws) };
    await using sink = await openWritten(sqs, { written });
    const events = [1, 2, 3].map((number) => numberedEvent(number, 'ä'.repeat(200_000)));

    const { payload, bytes } = sink.encode(events[0]!);
    await sink.send(outgoing(sink, events), noAbort);

    const key = Buffer.byteLength('idempotency-keyStringuid-1-3');
    expect(bytes).toBe(Buffer.byteLength(payload.entry.MessageBody) + key);
    expect(aws.callsOf('SendMessageBatch').map(({ input }) => input.Entries.length)).toEqual([2, 1]);
  });

  it('looks the queue up once, when the first event goes out, in the account of its owner', async () => {
    await using aws = await startAws(service);
    const written = { queueName: 'events', queueOwnerAccountId: '210987654321', ...reach(aws) };
    await using sink = await openWritten(sqs, { written });
    expect(aws.calls).toEqual([]);

    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);
    await sink.send(outgoing(sink, [numberedEvent(2)]), noAbort);

    expect(aws.callsOf('GetQueueUrl').map(({ input }) => input)).toEqual([
      { QueueName: 'events', QueueOwnerAWSAccountId: '210987654321' },
    ]);
    expect(aws.callsOf('SendMessageBatch')).toHaveLength(2);
    expect(aws.callsOf('SendMessageBatch')[0]?.input.QueueUrl).toBe(queueUrl);
  });

  it('looks the queue up again after it was not found', async () => {
    let isGone = true;
    await using aws = await startAws({
      ...service,
      SendMessageBatch: (call) => (isGone ? failed(400, 'QueueDoesNotExist') : takesAll(call)),
    });
    await using sink = await openWritten(sqs, { written: { queueName: 'events', ...reach(aws) } });
    const batch = outgoing(sink, [sinkEvent()]);

    const error = await thrownBy(sink.send(batch, noAbort));
    isGone = false;
    await sink.send(batch, noAbort);

    expect(error).toMatchObject({ reason: 'TargetNotFound', permanent: false });
    expect(error.message).toBe(
      `${aws.server.host} answered 400 QueueDoesNotExist: about QueueDoesNotExist; queue "events": check name, region and account`,
    );
    expect(aws.callsOf('GetQueueUrl')).toHaveLength(2);
  });

  it('takes a queue by its URL without looking it up, and its region and host from there', async () => {
    await using aws = await startAws(service);
    const { endpoint, ...keys } = reach(aws);
    const url = `${String(endpoint)}/123456789012/events`;
    await using sink = await openWritten(sqs, { written: { queueUrl: url, ...keys } });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(aws.calls.map(({ action, input }) => [action, input.QueueUrl])).toEqual([
      ['SendMessageBatch', url],
    ]);
    expect(sink.endpoint).toBe(aws.server.host);
  });

  it.each([
    [{ queueUrl }, 'sqs.eu-central-1.amazonaws.com'],
    [{ queueUrl: 'https://us-west-2.queue.amazonaws.com/1/x' }, 'us-west-2.queue.amazonaws.com'],
    [{ queueName: 'arn:aws:sqs:us-east-2:123456789012:events' }, 'sqs.us-east-2.amazonaws.com'],
    [{ queueName: 'events', region: 'cn-north-1' }, 'sqs.cn-north-1.amazonaws.com.cn'],
  ])('finds region and host of %j', async (fields, host) => {
    const keys = { accessKeyId: 'AKIA', secretAccessKey: 'secret' };
    await using sink = await openWritten(sqs, { written: { ...fields, ...keys } });

    expect(sink.endpoint).toBe(host);
  });

  it('gives messages of FIFO queues a group by object and the key for de-duplication', async () => {
    await using aws = await startAws(service);
    await using sink = await openWritten(sqs, { written: { queueName: 'events.fifo', ...reach(aws) } });
    const long = { metadata: { uid: 'u'.repeat(200) }, involvedObject: { uid: 'ü' } };
    const other = sinkEvent(long);

    await sink.send(outgoing(sink, [sinkEvent(), other]), noAbort);

    const [first, second] = entriesOf(aws.callsOf('SendMessageBatch')[0]);
    expect(first).toMatchObject({ MessageGroupId: 'pod-1', MessageDeduplicationId: 'uid-1-3' });
    expect(second?.MessageGroupId).toMatch(/^[0-9a-f]{64}$/);
    expect(second?.MessageDeduplicationId).toMatch(/^[0-9a-f]{64}$/);
    expect(sink.encode(other).payload).toEqual(sink.encode(sinkEvent(long)).payload);
  });

  it('never puts two messages of one FIFO group into the same request', async () => {
    await using aws = await startAws(service);
    const written = { queueName: 'events.fifo', messageGroupId: '{{ .Namespace }}', ...reach(aws) };
    await using sink = await openWritten(sqs, { written });

    await sink.send(outgoing(sink, [numberedEvent(1), numberedEvent(2)]), noAbort);

    expect(aws.callsOf('SendMessageBatch').map(({ input }) => input.Entries[0]?.MessageGroupId)).toEqual([
      'shop',
      'shop',
    ]);
  });

  it('gives messages of standard queues a group only where one is configured', async () => {
    await using aws = await startAws(service);
    await using plain = await openWritten(sqs, { written: { queueName: 'events', ...reach(aws) } });
    const written = { queueName: 'events', messageGroupId: '{{ .Namespace }}', ...reach(aws) };
    await using fair = await openWritten(sqs, { written });

    await plain.send(outgoing(plain, [sinkEvent()]), noAbort);
    await fair.send(outgoing(fair, [sinkEvent()]), noAbort);

    const [first, second] = aws.callsOf('SendMessageBatch').map(({ input }) => input.Entries[0]);
    expect(first).not.toHaveProperty('MessageGroupId');
    expect(first).not.toHaveProperty('MessageDeduplicationId');
    expect(second?.MessageGroupId).toBe('shop');
  });

  it('renders attributes, leaves empty ones away and adds the idempotency key', async () => {
    await using aws = await startAws(service);
    const attributes = { reason: '{{ .Reason }}', empty: '{{ .Action }}', bad: 'a\u0000b' };
    await using sink = await openWritten(sqs, {
      written: { queueName: 'events', attributes, ...reach(aws) },
    });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(aws.callsOf('SendMessageBatch')[0]?.input.Entries[0]?.MessageAttributes).toEqual({
      reason: { DataType: 'String', StringValue: 'BackOff' },
      bad: { DataType: 'String', StringValue: 'a\ufffdb' },
      'idempotency-key': { DataType: 'String', StringValue: 'uid-1-3' },
    });
  });

  it('keeps to ten attributes', async () => {
    await using aws = await startAws(service);
    const attributes = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`a${index}`, 'x']));
    await using sink = await openWritten(sqs, {
      written: { queueName: 'events', attributes, ...reach(aws) },
    });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    const sent = aws.callsOf('SendMessageBatch')[0]?.input.Entries[0]?.MessageAttributes;
    expect(Object.keys(sent ?? {})).toEqual(Object.keys(attributes));
  });

  it('replaces characters for which SQS refuses a message', async () => {
    await using aws = await startAws(service);
    const written = { queueName: 'events', layout: { m: '{{ .Message }}' }, ...reach(aws) };
    await using sink = await openWritten(sqs, { written });

    await sink.send(outgoing(sink, [sinkEvent({ message: 'a\uffffb\u{1f600}\tc' })]), noAbort);

    expect(bodiesOf(aws.callsOf('SendMessageBatch')[0])).toEqual(['{"m":"a\ufffdb\u{1f600}\\tc"}']);
  });

  it('tells entry by entry what failed, by the code', async () => {
    await using aws = await startAws({
      ...service,
      SendMessageBatch: () => ({
        Successful: [{ Id: '0' }],
        Failed: [
          { Id: '1', SenderFault: true, Code: 'InvalidMessageContents', Message: 'bad character' },
          { Id: '2', SenderFault: false, Code: 'InternalError', Message: 'try again' },
          { Id: '3', SenderFault: true, Code: 'ThrottlingException' },
          {
            Id: '4',
            SenderFault: true,
            Code: 'InvalidParameterValue',
            Message: 'Message must be shorter than 1024 bytes.',
          },
        ],
      }),
    });
    await using sink = await openWritten(sqs, { written: { queueName: 'events', ...reach(aws) } });
    const events = [0, 1, 2, 3, 4, 5].map((number) => numberedEvent(number));

    const error = await thrownBy(sink.send(outgoing(sink, events), noAbort));

    expect(error.results?.map((result) => result && [result.reason, result.permanent])).toEqual([
      undefined,
      ['Rejected', true],
      ['ServerError', false],
      ['Throttled', false],
      ['PayloadTooLarge', true],
      ['ServerError', false],
    ]);
    expect(error.results?.[1]?.message).toBe(
      `${aws.server.host} refused the event: InvalidMessageContents: bad character`,
    );
    expect(error.results?.[5]?.message).toContain('without a word on the event');
  });

  it('lets one bad message that has its whole request refused cost no other', async () => {
    await using aws = await startAws({
      ...service,
      SendMessageBatch: (call) =>
        bodiesOf(call).some((body) => body.includes('poison'))
          ? failed(400, 'InvalidMessageContents')
          : takesAll(call),
    });
    await using sink = await openWritten(sqs, { written: { queueName: 'events', ...reach(aws) } });
    const events = [0, 1, 2, 3, 4, 5, 6, 7].map((number) =>
      numberedEvent(number, number === 5 ? 'poison' : 'fine'),
    );

    const error = await thrownBy(sink.send(outgoing(sink, events), noAbort));

    expect(error.results?.map((result) => result?.reason)).toEqual(
      events.map((_, index) => (index === 5 ? 'Rejected' : undefined)),
    );
    expect(aws.callsOf('SendMessageBatch').length).toBeLessThanOrEqual(7);
  });

  it.each([
    [
      'wrong credentials',
      failed(403, 'InvalidClientTokenId'),
      'Unauthorized',
      /InvalidClientTokenId.*check the access key/,
    ],
    [
      'a missing queue',
      failed(400, 'AWS.SimpleQueueService.NonExistentQueue'),
      'TargetNotFound',
      /queue "events"/,
    ],
    ['no permission', failed(403, 'AccessDeniedException'), 'Forbidden', /allow it in the IAM policy/],
  ])('finds %s by check', async (_, failure, reason, message) => {
    await using aws = await startAws({ ...service, GetQueueUrl: () => failure });
    await using sink = await openWritten(sqs, { written: { queueName: 'events', ...reach(aws) } });

    const error = await thrownBy(sink.check!(noAbort));

    expect(error).toMatchObject({ reason, permanent: false });
    expect(error.message).toMatch(message);
    expect(aws.callsOf('SendMessageBatch')).toEqual([]);
  });

  it('is content when it may send and not describe, and says so once', async () => {
    await using aws = await startAws({ ...service, GetQueueAttributes: () => failed(403, 'AccessDenied') });
    const context = sinkContext();
    await using sink = await openWritten(sqs, { written: { queueName: 'events', ...reach(aws) } }, context);

    await sink.check!(noAbort);
    await sink.check!(noAbort);

    expect(context.warnings).toEqual([
      'these credentials may not do sqs:GetQueueAttributes, so only sending tells whether the target exists',
    ]);
  });

  it.each([
    [{}, /either `queueName` or `queueUrl`/],
    [{ queueName: 'events', queueUrl }, /either `queueName` or `queueUrl`/],
    [{ queueName: '/tmp/dump' }, /"\/tmp\/dump" is no name of a queue/],
    [{ queueName: 'arn:aws:sns:eu-central-1:123456789012:events' }, /is no name of a queue/],
    [{ queueUrl: 'https://user:pass@sqs.eu-central-1.amazonaws.com/1/x' }, /queueUrl holds a user name/],
    [{ queueUrl: 'https://sqs.eu-central-1.amazonaws.com/' }, /queueUrl is no URL of a queue/],
    [{ queueName: 'events', attributes: { 'AWS.x': 'y' } }, /"AWS.x" is no name of a message attribute/],
  ])('refuses the configuration %j', async (fields, message) => {
    const written = { ...fields, region: 'eu-central-1', accessKeyId: 'AKIA', secretAccessKey: 'secret' };

    const error = await thrownBy(openWritten(sqs, { written }));

    expect(error).toMatchObject({ reason: 'InvalidConfig', permanent: true });
    expect(error.message).toMatch(message);
  });
});
