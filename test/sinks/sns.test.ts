import sns from '../../operator/sinks/sns.ts';
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

const topicArn = 'arn:aws:sns:eu-central-1:123456789012:events';

/** The entries of a call, out of the flat names of the query protocol. */
function entriesOf({ input }: AwsCall): Record<string, string>[] {
  const entries: Record<string, string>[] = [];
  for (const [name, value] of Object.entries(input)) {
    const [, number, field] = /^PublishBatchRequestEntries\.member\.(\d+)\.(.+)$/.exec(name) ?? [];
    if (number !== undefined && field !== undefined)
      (entries[Number(number) - 1] ??= {})[field] = value as string;
  }
  return entries;
}

function answerOf(taken: readonly string[], failures = ''): string {
  const members = taken.map((id) => `<member><Id>${id}</Id><MessageId>m-${id}</MessageId></member>`).join('');
  return (
    '<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult>' +
    `<Failed>${failures}</Failed><Successful>${members}</Successful></PublishBatchResult></PublishBatchResponse>`
  );
}

const takesAll: AwsAnswer = (call) => answerOf(entriesOf(call).map(({ Id = '' }) => Id));
const service = {
  GetTopicAttributes: () =>
    '<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes/></GetTopicAttributesResult></GetTopicAttributesResponse>',
  PublishBatch: takesAll,
} satisfies Record<string, AwsAnswer>;

describeHttpContract('sns', {
  definition: sns,
  start: () =>
    startAwsPeer({
      fields: { topicArn },
      action: 'PublishBatch',
      answers: service,
      count: (call) => entriesOf(call).length,
    }),
  unrenderable: { layout: { count: '{{ .Series.Count }}' } },
  differently: { 204: 'retry' },
});

const { region: _, ...noRegion } = reach({ server: { url: '' } } as never);

describe('sns', () => {
  it('publishes ten messages a request, in order', async () => {
    await using aws = await startAws(service);
    await using sink = await openWritten(sns, { written: { topicArn, ...reach(aws) } });
    const events = Array.from({ length: 12 }, (_each, index) => numberedEvent(index));

    await sink.send(outgoing(sink, events), noAbort);

    const sent = aws.callsOf('PublishBatch');
    expect(sent.map((call) => entriesOf(call).length)).toEqual([10, 2]);
    expect(sent[0]?.input.TopicArn).toBe(topicArn);
    expect(sent.flatMap(entriesOf).map(({ Message = '' }) => messageIn(Message))).toEqual(
      events.map(({ event }) => event.message),
    );
  });

  it("uses the topic's region and says so when another one is configured", async () => {
    const context = sinkContext();
    const written = { topicArn, ...noRegion, endpoint: undefined, region: 'us-west-2' };
    await using sink = await openWritten(sns, { written }, context);

    expect(sink.endpoint).toBe('sns.eu-central-1.amazonaws.com');
    expect(context.warnings).toEqual([
      'region us-west-2 is not used: what is sent to is in eu-central-1, as its own name says',
    ]);
  });

  it.each([
    ['{{ .Type }}: {{ .Message }}', 'Warning: Back-off restarting failed container'],
    ['Zeile 1\nZeile 2\t\u0007ü \u{1f600}', 'Zeile 1 Zeile 2 ? ?'],
    [`${'x'.repeat(99)} yz`, 'x'.repeat(99)],
    ['   ', undefined],
  ])('makes a subject that SNS takes of %j', async (subject, expected) => {
    await using aws = await startAws(service);
    await using sink = await openWritten(sns, { written: { topicArn, subject, ...reach(aws) } });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(entriesOf(aws.callsOf('PublishBatch')[0]!)[0]?.Subject).toBe(expected);
  });

  it('gives messages attributes with the idempotency key', async () => {
    await using aws = await startAws(service);
    const written = { topicArn, attributes: { type: '{{ .Type }}' }, ...reach(aws) };
    await using sink = await openWritten(sns, { written });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(entriesOf(aws.callsOf('PublishBatch')[0]!)[0]).toMatchObject({
      'MessageAttributes.entry.1.Name': 'type',
      'MessageAttributes.entry.1.Value.StringValue': 'Warning',
      'MessageAttributes.entry.2.Name': 'idempotency-key',
      'MessageAttributes.entry.2.Value.StringValue': 'uid-1-3',
    });
  });

  it('gives messages of FIFO topics group and de-duplication id, one message of a group a request', async () => {
    await using aws = await startAws(service);
    await using sink = await openWritten(sns, { written: { topicArn: `${topicArn}.fifo`, ...reach(aws) } });
    const other = sinkEvent({ metadata: { uid: 'uid-9' }, involvedObject: { kind: 'Node', name: 'n1' } });

    await sink.send(outgoing(sink, [sinkEvent(), other, sinkEvent({ count: 4 })]), noAbort);

    expect(
      aws
        .callsOf('PublishBatch')
        .map((call) => entriesOf(call).map((entry) => [entry.MessageGroupId, entry.MessageDeduplicationId])),
    ).toEqual([
      [
        ['pod-1', 'uid-1-3'],
        ['Node//n1', 'uid-9-3'],
      ],
      [['pod-1', 'uid-1-4']],
    ]);
  });

  it('keeps to the size of messages that the topic takes', async () => {
    await using aws = await startAws(service);
    const events = [1, 2, 3].map((number) => numberedEvent(number, 'x'.repeat(120_000)));
    await using usual = await openWritten(sns, { written: { topicArn, ...reach(aws) } });
    await using raised = await openWritten(sns, {
      written: { topicArn, maxMessageSize: '1Mi', ...reach(aws) },
    });

    await usual.send(outgoing(usual, events), noAbort);
    await raised.send(outgoing(raised, events), noAbort);

    expect(aws.callsOf('PublishBatch').map((call) => entriesOf(call).length)).toEqual([2, 1, 3]);
    expect(sns.defaultsFor?.({ topicArn, maxMessageSize: 1_048_576 })).toMatchObject({
      maxEventBytes: 1_048_576,
    });
    expect(sns.defaultsFor?.({ topicArn })).toMatchObject({ maxEventBytes: 262_144 });
  });

  it('tells entry by entry what failed', async () => {
    const failure = (id: string, code: string, fault: boolean) =>
      `<member><Id>${id}</Id><Code>${code}</Code><Message>told</Message><SenderFault>${fault}</SenderFault></member>`;
    await using aws = await startAws({
      ...service,
      PublishBatch: () =>
        answerOf(['0'], failure('1', 'InvalidParameter', true) + failure('2', 'InternalError', false)),
    });
    await using sink = await openWritten(sns, { written: { topicArn, ...reach(aws) } });

    const error = await thrownBy(
      sink.send(
        outgoing(
          sink,
          [1, 2, 3].map((each) => numberedEvent(each)),
        ),
        noAbort,
      ),
    );

    expect(error.results?.map((result) => result?.reason)).toEqual([undefined, 'Rejected', 'ServerError']);
  });

  it.each([
    [failed(403, 'InvalidClientTokenId'), 'Unauthorized'],
    [failed(403, 'SignatureDoesNotMatch'), 'Unauthorized'],
    [failed(404, 'NotFound', 'Topic does not exist'), 'TargetNotFound'],
    [failed(400, 'Throttling'), 'Throttled'],
    [failed(500, 'InternalFailure'), 'ServerError'],
  ])('finds %j by check', async (failure, reason) => {
    await using aws = await startAws({ ...service, GetTopicAttributes: () => failure });
    await using sink = await openWritten(sns, { written: { topicArn, ...reach(aws) } });

    const error = await thrownBy(sink.check!(noAbort));

    expect(error).toMatchObject({ reason, permanent: false });
    expect(error.message).toContain(failure.code);
    expect(aws.callsOf('PublishBatch')).toEqual([]);
  });

  it('is content when it may publish and not describe', async () => {
    await using aws = await startAws({
      ...service,
      GetTopicAttributes: () => failed(403, 'AuthorizationError'),
    });
    const context = sinkContext();
    await using sink = await openWritten(sns, { written: { topicArn, ...reach(aws) } }, context);

    await sink.check!(noAbort);

    expect(context.warnings.join()).toContain('sns:GetTopicAttributes');
  });

  it.each(['events', 'arn:aws:sqs:eu-central-1:1:events', `${topicArn}:6f1c5e0a-subscription`])(
    'refuses %s as a topic',
    async (wrong) => {
      const error = await thrownBy(
        openWritten(sns, { written: { topicArn: wrong, ...noRegion, endpoint: undefined } }),
      );

      expect(error).toMatchObject({ reason: 'InvalidConfig' });
      expect(error.message).toMatch(/topicArn is no ARN of a topic/);
    },
  );
});
