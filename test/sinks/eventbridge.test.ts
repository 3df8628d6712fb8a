import eventbridge from '../../operator/sinks/eventbridge.ts';
import { type AwsAnswer, failed, messageIn, reach, startAws, startAwsPeer } from './aws-server.ts';
import { describeHttpContract, openWritten, thrownBy } from './contract.ts';
import { noAbort, numberedEvent, outgoing, sinkContext, sinkEvent } from './sink-event.ts';

const fields = { detailType: 'Kubernetes {{ .Type }}', source: 'kubernetes.{{ .ClusterName }}' };
const takesAll: AwsAnswer = ({ input }) => ({
  FailedEntryCount: 0,
  Entries: input.Entries.map((_, index) => ({ EventId: `e-${index}` })),
});
const service = { DescribeEventBus: () => ({ Name: 'default' }), PutEvents: takesAll } satisfies Record<
  string,
  AwsAnswer
>;

describeHttpContract('eventbridge', {
  definition: eventbridge,
  start: () =>
    startAwsPeer({
      fields,
      action: 'PutEvents',
      answers: service,
      count: ({ input }) => input.Entries.length,
    }),
  unrenderable: { details: { count: '{{ .Series.Count }}' } },
  differently: { 204: 'retry' },
});

describe('eventbridge', () => {
  it("puts events with the event's own time, rendered source and type, and a trace derived from the key", async () => {
    await using aws = await startAws(service);
    const details = { message: '{{ .Message }}', namespace: '{{ .Namespace }}' };
    const resources = ['arn:aws:eks:eu-central-1:1:cluster/{{ .ClusterName }}', '{{ .Action }}'];
    await using sink = await openWritten(eventbridge, {
      written: { ...fields, details, resources, ...reach(aws) },
    });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);
    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    const [first, second] = aws.callsOf('PutEvents').map(({ input }) => input.Entries[0]);
    expect(first).toEqual({
      EventBusName: 'default',
      Source: 'kubernetes.prod',
      DetailType: 'Kubernetes Warning',
      Detail: '{"message":"Back-off restarting failed container","namespace":"shop"}',
      Time: Date.parse('2026-03-01T10:20:30Z') / 1_000,
      Resources: ['arn:aws:eks:eu-central-1:1:cluster/prod'],
      TraceHeader: expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
    });
    expect(second?.TraceHeader).toBe(first?.TraceHeader);
    expect(JSON.stringify(sink.encode(sinkEvent({ count: 4 })).payload)).not.toContain(first?.TraceHeader);
  });

  it('puts ten events a request', async () => {
    await using aws = await startAws(service);
    await using sink = await openWritten(eventbridge, { written: { ...fields, ...reach(aws) } });
    const events = Array.from({ length: 21 }, (_, index) => numberedEvent(index));

    await sink.send(outgoing(sink, events), noAbort);

    expect(aws.callsOf('PutEvents').map(({ input }) => input.Entries.length)).toEqual([10, 10, 1]);
    expect(
      aws.callsOf('PutEvents').flatMap(({ input }) => input.Entries.map(({ Detail }) => messageIn(Detail))),
    ).toEqual(events.map(({ event }) => event.message));
  });

  it('measures entries as EventBridge does and keeps requests under 1 MB', async () => {
    await using aws = await startAws(service);
    const written = {
      source: 'ä',
      detailType: 'tt',
      resources: ['r1'],
      layout: { m: '{{ .Message }}' },
      ...reach(aws),
    };
    await using sink = await openWritten(eventbridge, { written });
    const large = [1, 2, 3].map((number) => numberedEvent(number, 'x'.repeat(450_000)));

    expect(sink.encode(numberedEvent(1, 'x')).bytes).toBe(14 + 2 + 2 + 2 + '{"m":"x"}'.length);
    await sink.send(outgoing(sink, large), noAbort);

    expect(aws.callsOf('PutEvents').map(({ input }) => input.Entries.length)).toEqual([2, 1]);
  });

  it.each([
    [{ details: { m: 'x', n: 1 } }, '{"m":"x","n":1,"key":"uid-1-3"}'],
    [{ details: {} }, '{"key":"uid-1-3"}'],
    [{ details: { key: 'mine' } }, '{"key":"mine"}'],
  ])('puts the key into the detail of %j where it is asked to', async (layout, expected) => {
    await using aws = await startAws(service);
    const written = { ...fields, ...layout, keyField: 'key', ...reach(aws) };
    await using sink = await openWritten(eventbridge, { written });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(aws.callsOf('PutEvents')[0]?.input.Entries[0]?.Detail).toBe(expected);
  });

  it('tells entry by entry what failed in an answer of 200', async () => {
    const entry = (ErrorCode: string) => ({ ErrorCode, ErrorMessage: `about ${ErrorCode}` });
    await using aws = await startAws({
      ...service,
      PutEvents: () => ({
        FailedEntryCount: 5,
        Entries: [
          { EventId: 'e' },
          entry('MalformedDetail'),
          entry('InternalFailure'),
          entry('ThrottlingException'),
          entry('NotAuthorizedForSourceException'),
          entry('InternalException'),
        ],
      }),
    });
    await using sink = await openWritten(eventbridge, { written: { ...fields, ...reach(aws) } });
    const events = [0, 1, 2, 3, 4, 5].map((number) => numberedEvent(number));

    const error = await thrownBy(sink.send(outgoing(sink, events), noAbort));

    expect(error.results?.map((result) => result && [result.reason, result.permanent])).toEqual([
      undefined,
      ['Rejected', true],
      ['ServerError', false],
      ['Throttled', false],
      ['Forbidden', false],
      ['ServerError', false],
    ]);
  });

  it('divides a request that is refused for the size of one entry', async () => {
    await using aws = await startAws({
      ...service,
      PutEvents: (call) =>
        call.input.Entries.length > 1
          ? failed(400, 'ValidationException', 'Total size of the entries in the request is over the limit.')
          : takesAll(call),
    });
    await using sink = await openWritten(eventbridge, { written: { ...fields, ...reach(aws) } });

    await sink.send(
      outgoing(
        sink,
        [1, 2, 3].map((number) => numberedEvent(number)),
      ),
      noAbort,
    );

    expect(aws.callsOf('PutEvents').map(({ input }) => input.Entries.length)).toEqual([3, 2, 1, 1, 1]);
  });

  it('rejects an event alone whose source or type is empty', async () => {
    await using aws = await startAws(service);
    const written = { source: '{{ .Action }}', detailType: 'x', ...reach(aws) };
    await using sink = await openWritten(eventbridge, { written });

    expect(() => sink.encode(sinkEvent())).toThrow(
      expect.objectContaining({ reason: 'RenderFailed', message: 'source is empty for this event' }),
    );
  });

  it.each([
    [failed(400, 'ResourceNotFoundException'), 'TargetNotFound', /event bus "default"/],
    [failed(400, 'UnrecognizedClientException'), 'Unauthorized', /check the access key/],
    [failed(500, 'InternalException'), 'ServerError', /500 InternalException/],
  ])('finds %j by check', async (failure, reason, message) => {
    await using aws = await startAws({ ...service, DescribeEventBus: () => failure });
    await using sink = await openWritten(eventbridge, { written: { ...fields, ...reach(aws) } });

    const error = await thrownBy(sink.check!(noAbort));

    expect(error).toMatchObject({ reason, permanent: false });
    expect(error.message).toMatch(message);
  });

  it('is content when it may put and not describe', async () => {
    await using aws = await startAws({
      ...service,
      DescribeEventBus: () => failed(400, 'AccessDeniedException'),
    });
    const context = sinkContext();
    await using sink = await openWritten(eventbridge, { written: { ...fields, ...reach(aws) } }, context);

    await sink.check!(noAbort);

    expect(context.warnings.join()).toContain('events:DescribeEventBus');
  });

  it('takes the ARN of a bus, and its region from there', async () => {
    await using aws = await startAws(service);
    const eventBusName = 'arn:aws:events:us-east-2:123456789012:event-bus/operations';
    await using sink = await openWritten(eventbridge, {
      written: { ...fields, ...reach(aws), eventBusName, region: undefined },
    });

    await sink.check!(noAbort);
    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(aws.calls.map(({ input }) => input.Name ?? input.Entries[0]?.EventBusName)).toEqual([
      eventBusName,
      eventBusName,
    ]);
    expect(aws.calls[1]?.headers.authorization).toContain('/us-east-2/events/');
  });

  it.each([
    [{ eventBusName: 'a b' }, /"a b" is no name of an event bus/],
    [{ eventBusName: 'arn:aws:sns:us-east-2:1:x' }, /is no name of an event bus/],
    [{ details: { a: 'b' }, layout: { a: 'b' } }, /sets both `details` and `layout`/],
    [{ source: 'aws.health' }, /source begins with aws\./],
  ])('refuses the configuration %j', async (more, message) => {
    const keys = { region: 'eu-central-1', accessKeyId: 'AKIA', secretAccessKey: 'secret' };

    const error = await thrownBy(openWritten(eventbridge, { written: { ...fields, ...more, ...keys } }));

    expect(error).toMatchObject({ reason: 'InvalidConfig', permanent: true });
    expect(error.message).toMatch(message);
  });
});
