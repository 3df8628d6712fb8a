import opscenter from '../../operator/sinks/opscenter.ts';
import { type AwsAnswer, failed, reach, startAws, startAwsPeer } from './aws-server.ts';
import { describeHttpContract, openWritten, thrownBy } from './contract.ts';
import { noAbort, numberedEvent, outgoing, sinkContext, sinkEvent } from './sink-event.ts';

const fields = { title: '{{ .Message }}', description: 'Event {{ .Reason }}', source: 'production' };
const service = {
  CreateOpsItem: () => ({ OpsItemId: 'oi-1' }),
  DescribeOpsItems: () => ({ OpsItemSummaries: [] }),
} satisfies Record<string, AwsAnswer>;

describeHttpContract('opscenter', {
  definition: opscenter,
  start: () => startAwsPeer({ fields, action: 'CreateOpsItem', answers: service, count: () => 1 }),
  unrenderable: { title: '{{ .Series.Count }}' },
  differently: { 204: 'retry' },
});

describe('opscenter', () => {
  it("opens an OpsItem with all of the exporter's fields rendered", async () => {
    await using aws = await startAws(service);
    const written = {
      ...fields,
      category: '{{ .Reason }}',
      severity: '6',
      priority: '6',
      notifications: ['arn:aws:sns:eu-central-1:1:{{ .Namespace }}', '{{ .Action }}'],
      operationalData: { Reason: '{{ .Reason }}', Empty: '{{ .Action }}' },
      relatedOpsItems: ['{{ .Reason }}', 'arn:aws:ssm:eu-central-1:123456789012:opsitem/oi-42'],
      tags: { ENV: '{{ .InvolvedObject.Namespace }}' },
      ...reach(aws),
    };
    await using sink = await openWritten(opscenter, { written });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(aws.callsOf('CreateOpsItem').map(({ input }) => input)).toEqual([
      {
        Title: 'Back-off restarting failed container',
        Description: 'Event BackOff',
        Source: 'production',
        Category: 'BackOff',
        Severity: '6',
        Priority: 5,
        Notifications: [{ Arn: 'arn:aws:sns:eu-central-1:1:shop' }],
        OperationalData: {
          Reason: { Type: 'SearchableString', Value: 'BackOff' },
          '/aws/dedup': { Type: 'SearchableString', Value: '{"dedupString":"uid-1-3"}' },
        },
        RelatedOpsItems: [{ OpsItemId: 'BackOff' }, { OpsItemId: 'oi-42' }],
        Tags: [{ Key: 'ENV', Value: 'shop' }],
      },
    ]);
  });

  it('sends no more than what is configured', async () => {
    await using aws = await startAws(service);
    await using sink = await openWritten(opscenter, { written: { ...fields, ...reach(aws) } });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(Object.keys(aws.callsOf('CreateOpsItem')[0]!.input).sort()).toEqual([
      'Description',
      'OperationalData',
      'Source',
      'Title',
    ]);
  });

  it('lets one OpsItem stand for all events with the same text for de-duplication', async () => {
    await using aws = await startAws(service);
    const written = { ...fields, dedupString: '{{ .InvolvedObject.UID }}/"{{ .Reason }}"', ...reach(aws) };
    await using sink = await openWritten(opscenter, { written });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(aws.calls[0]?.input.OperationalData['/aws/dedup']?.Value).toBe(
      '{"dedupString":"pod-1/\\"BackOff\\""}',
    );
  });

  it('counts an OpsItem that is open already as delivered', async () => {
    await using aws = await startAws({
      ...service,
      CreateOpsItem: () => failed(400, 'OpsItemAlreadyExistsException', 'duplicate of oi-1'),
    });
    await using sink = await openWritten(opscenter, { written: { ...fields, ...reach(aws) } });

    await sink.send(outgoing(sink, [numberedEvent(1), numberedEvent(2)]), noAbort);

    expect(aws.callsOf('CreateOpsItem')).toHaveLength(2);
  });

  it.each([
    [failed(400, 'OpsItemInvalidParameterException'), 'Rejected', true],
    [failed(400, 'OpsItemLimitExceededException'), 'Throttled', false],
    [failed(400, 'OpsItemAccessDeniedException'), 'Forbidden', false],
    [failed(400, 'ThrottlingException'), 'Throttled', false],
    [failed(403, 'InvalidClientTokenId'), 'Unauthorized', false],
    [failed(500, 'InternalServerError'), 'ServerError', false],
  ])('tells what %j means', async (failure, reason, permanent) => {
    await using aws = await startAws({ ...service, CreateOpsItem: () => failure });
    await using sink = await openWritten(opscenter, { written: { ...fields, ...reach(aws) } });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));

    expect(error).toMatchObject({ reason, permanent });
  });

  it('lets an event that is refused cost no other of its batch', async () => {
    await using aws = await startAws({
      ...service,
      CreateOpsItem: ({ input }) =>
        input.Title === 'bad' ? failed(400, 'OpsItemInvalidParameterException') : { OpsItemId: 'oi' },
    });
    await using sink = await openWritten(opscenter, { written: { ...fields, ...reach(aws) } });
    const events = [numberedEvent(1, 'fine'), numberedEvent(2, 'bad'), numberedEvent(3, 'fine')];

    const error = await thrownBy(sink.send(outgoing(sink, events), noAbort));

    expect(error.results?.map((result) => result?.reason)).toEqual([undefined, 'Rejected', undefined]);
  });

  it('cuts what is longer than OpsCenter takes', async () => {
    await using aws = await startAws(service);
    const written = {
      ...fields,
      description: '{{ .Message }}',
      category: '{{ .Message }}',
      operationalData: { Message: '{{ .Message }}' },
      tags: { Message: '{{ .Message }}' },
      ...reach(aws),
    };
    await using sink = await openWritten(opscenter, { written });

    await sink.send(outgoing(sink, [sinkEvent({ message: 'ü'.repeat(15_000) })]), noAbort);

    const { input } = aws.calls[0]!;
    const [{ Value: tag }] = input.Tags as [{ Value: string }];
    const data = input.OperationalData.Message?.Value ?? '';
    expect([input.Title, input.Description, input.Category, tag].map((text) => String(text).length)).toEqual([
      1_024, 2_048, 64, 256,
    ]);
    expect(Buffer.byteLength(data)).toBeLessThanOrEqual(20_480);
    expect(data).toMatch(/^ü{10238}\.\.\.$/);
  });

  it.each([
    [{ priority: '{{ .Reason }}' }, 'priority is "BackOff": it has to be a whole number from 1 to 5'],
    [{ title: '{{ .Action }}' }, 'title is empty for this event, and OpsCenter wants one'],
  ])('rejects an event alone for %j', async (more, message) => {
    await using aws = await startAws(service);
    await using sink = await openWritten(opscenter, { written: { ...fields, ...more, ...reach(aws) } });

    expect(() => sink.encode(sinkEvent())).toThrow(
      expect.objectContaining({ reason: 'RenderFailed', permanent: true, message }),
    );
  });

  it.each([
    [failed(403, 'InvalidClientTokenId'), 'Unauthorized'],
    [failed(500, 'InternalServerError'), 'ServerError'],
  ])('finds %j by check', async (failure, reason) => {
    await using aws = await startAws({ ...service, DescribeOpsItems: () => failure });
    await using sink = await openWritten(opscenter, { written: { ...fields, ...reach(aws) } });

    expect(await thrownBy(sink.check!(noAbort))).toMatchObject({ reason });
    expect(aws.callsOf('CreateOpsItem')).toEqual([]);
  });

  it('is content when it may create and not describe', async () => {
    await using aws = await startAws({
      ...service,
      DescribeOpsItems: () => failed(400, 'AccessDeniedException'),
    });
    const context = sinkContext();
    await using sink = await openWritten(opscenter, { written: { ...fields, ...reach(aws) } }, context);

    await sink.check!(noAbort);

    expect(context.warnings.join()).toContain('ssm:DescribeOpsItems');
  });

  it.each([
    [{ priority: 'asdf' }, /priority is "asdf"/],
    [{ source: 'my-aws-account' }, /source must not contain aws/],
    [{ operationalData: { '/aws/dedup': 'x' } }, /set `dedupString`/],
  ])('refuses the configuration %j', async (more, message) => {
    const keys = { region: 'eu-central-1', accessKeyId: 'AKIA', secretAccessKey: 'secret' };

    const error = await thrownBy(openWritten(opscenter, { written: { ...fields, ...more, ...keys } }));

    expect(error).toMatchObject({ reason: 'InvalidConfig', permanent: true });
    expect(error.message).toMatch(message);
  });
});
