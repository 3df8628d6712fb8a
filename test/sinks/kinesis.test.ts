import kinesis from '../../operator/sinks/kinesis.ts';
import { type AwsAnswer, failed, messageIn, reach, startAws, startAwsPeer, textOf } from './aws-server.ts';
import { describeHttpContract, openWritten, thrownBy } from './contract.ts';
import { noAbort, numberedEvent, outgoing, sinkContext, sinkEvent } from './sink-event.ts';

const takesAll: AwsAnswer = ({ input }) => ({
  FailedRecordCount: 0,
  Records: input.Records.map(() => ({ SequenceNumber: '1', ShardId: 'shardId-0' })),
});
const stateOf =
  (StreamStatus: string): AwsAnswer =>
  () => ({ StreamDescriptionSummary: { StreamStatus } });
const service = { DescribeStreamSummary: stateOf('ACTIVE'), PutRecords: takesAll } satisfies Record<
  string,
  AwsAnswer
>;
const streamName = 'events';

describeHttpContract('kinesis', {
  definition: kinesis,
  start: () =>
    startAwsPeer({
      fields: { streamName },
      action: 'PutRecords',
      answers: service,
      count: ({ input }) => input.Records.length,
    }),
  unrenderable: { layout: { count: '{{ .Series.Count }}' } },
  differently: { 204: 'retry' },
});

describe('kinesis', () => {
  it('writes records of plain JSON with the uid of the event as partition key', async () => {
    await using aws = await startAws(service);
    await using sink = await openWritten(kinesis, { written: { streamName, ...reach(aws) } });

    await sink.send(outgoing(sink, [numberedEvent(1), numberedEvent(2)]), noAbort);

    const [call] = aws.callsOf('PutRecords');
    expect(call?.headers['x-amz-target']).toBe('Kinesis_20131202.PutRecords');
    expect(call?.input.StreamName).toBe('events');
    expect(call?.input.Records.map((record) => [record.PartitionKey, messageIn(textOf(record))])).toEqual([
      ['uid-1', 'message 1'],
      ['uid-2', 'message 2'],
    ]);
  });

  it('measures record and key, and keeps to 500 records and 10 MiB a request', async () => {
    await using aws = await startAws(service);
    const written = { streamName, layout: { m: '{{ .Message }}' }, partitionKey: 'ä', ...reach(aws) };
    await using sink = await openWritten(kinesis, { written });
    const many = Array.from({ length: 501 }, (_, index) => numberedEvent(index));
    const large = Array.from({ length: 11 }, (_, index) => numberedEvent(index, 'x'.repeat(1_000_000)));

    expect(sink.encode(numberedEvent(1, 'ä')).bytes).toBe(Buffer.byteLength('{"m":"ä"}') + 2);
    await sink.send(outgoing(sink, many), noAbort);
    await sink.send(outgoing(sink, large), noAbort);

    expect(aws.callsOf('PutRecords').map(({ input }) => input.Records.length)).toEqual([500, 1, 10, 1]);
  });

  it.each([
    ['{{ .InvolvedObject.UID }}', 'pod-1'],
    ['', 'uid-1-3'],
    ['ü'.repeat(257), /^[0-9a-f]{64}$/],
  ])('makes a partition key that Kinesis takes of %j', async (partitionKey, expected) => {
    await using aws = await startAws(service);
    await using sink = await openWritten(kinesis, { written: { streamName, partitionKey, ...reach(aws) } });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    const key = aws.callsOf('PutRecords')[0]?.input.Records[0]?.PartitionKey;
    if (expected instanceof RegExp) expect(key).toMatch(expected);
    else expect(key).toBe(expected);
  });

  it('tells record by record what failed, by the code', async () => {
    await using aws = await startAws({
      ...service,
      PutRecords: () => ({
        FailedRecordCount: 3,
        Records: [
          { SequenceNumber: '1', ShardId: 's' },
          { ErrorCode: 'ProvisionedThroughputExceededException', ErrorMessage: 'Rate exceeded for shard' },
          { ErrorCode: 'InternalFailure', ErrorMessage: 'Internal service failure.' },
          { ErrorCode: 'KMSAccessDeniedException', ErrorMessage: 'key' },
        ],
      }),
    });
    await using sink = await openWritten(kinesis, { written: { streamName, ...reach(aws) } });
    const events = [0, 1, 2, 3, 4].map((number) => numberedEvent(number));

    const error = await thrownBy(sink.send(outgoing(sink, events), noAbort));

    expect(error.results?.map((result) => result && [result.reason, result.permanent])).toEqual([
      undefined,
      ['Throttled', false],
      ['ServerError', false],
      ['Forbidden', false],
      ['ServerError', false],
    ]);
  });

  it('lets one bad record that has its whole request refused cost no other', async () => {
    await using aws = await startAws({
      ...service,
      PutRecords: (call) =>
        call.input.Records.some((record) => textOf(record).includes('poison'))
          ? failed(400, 'ValidationException')
          : takesAll(call),
    });
    await using sink = await openWritten(kinesis, { written: { streamName, ...reach(aws) } });
    const events = Array.from({ length: 100 }, (_, index) =>
      numberedEvent(index, index === 42 ? 'poison' : 'fine'),
    );

    const error = await thrownBy(sink.send(outgoing(sink, events), noAbort));

    expect(
      error.results?.flatMap((result, index) => (result === undefined ? [] : [[index, result.reason]])),
    ).toEqual([[42, 'Rejected']]);
    expect(aws.callsOf('PutRecords').length).toBeLessThan(20);
  });

  it('stops where half of a divided request is throttled', async () => {
    let calls = 0;
    await using aws = await startAws({
      ...service,
      PutRecords: () =>
        failed(400, (calls += 1) === 1 ? 'ValidationException' : 'ProvisionedThroughputExceededException'),
    });
    await using sink = await openWritten(kinesis, { written: { streamName, ...reach(aws) } });

    const error = await thrownBy(
      sink.send(
        outgoing(
          sink,
          [1, 2, 3, 4].map((each) => numberedEvent(each)),
        ),
        noAbort,
      ),
    );

    expect(error).toMatchObject({ reason: 'Throttled', permanent: false });
    expect(calls).toBe(2);
  });

  it('takes a stream by its ARN, and its region from there', async () => {
    await using aws = await startAws(service);
    const streamArn = 'arn:aws:kinesis:us-east-2:123456789012:stream/events';
    await using sink = await openWritten(kinesis, {
      written: { streamArn, ...reach(aws), region: undefined },
    });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(aws.calls[0]?.input.StreamARN).toBe(streamArn);
    expect(aws.calls[0]?.headers.authorization).toContain('/us-east-2/kinesis/');
  });

  it.each([
    ['ACTIVE', undefined],
    ['UPDATING', undefined],
    ['CREATING', 'TargetNotFound'],
    ['DELETING', 'TargetNotFound'],
  ])('judges a stream that is %s', async (state, reason) => {
    await using aws = await startAws({ ...service, DescribeStreamSummary: stateOf(state) });
    await using sink = await openWritten(kinesis, { written: { streamName, ...reach(aws) } });

    const outcome = await sink.check!(noAbort).then(
      () => undefined,
      (error: unknown) => (error as { reason: string }).reason,
    );

    expect(outcome).toBe(reason);
  });

  it.each([
    [failed(400, 'ResourceNotFoundException'), 'TargetNotFound', /stream "events"/],
    [failed(400, 'UnrecognizedClientException'), 'Unauthorized', /check the access key/],
    [failed(400, 'ExpiredTokenException'), 'Unauthorized', /renew/],
    [failed(400, 'LimitExceededException'), 'Throttled', /LimitExceeded/],
    [failed(400, 'KMSThrottlingException'), 'Throttled', /KMSThrottling/],
  ])('finds %j by check', async (failure, reason, message) => {
    await using aws = await startAws({ ...service, DescribeStreamSummary: () => failure });
    await using sink = await openWritten(kinesis, { written: { streamName, ...reach(aws) } });

    const error = await thrownBy(sink.check!(noAbort));

    expect(error).toMatchObject({ reason, permanent: false });
    expect(error.message).toMatch(message);
    expect(aws.callsOf('PutRecords')).toEqual([]);
  });

  it('is content when it may write and not describe', async () => {
    await using aws = await startAws({
      ...service,
      DescribeStreamSummary: () => failed(400, 'AccessDeniedException'),
    });
    const context = sinkContext();
    await using sink = await openWritten(kinesis, { written: { streamName, ...reach(aws) } }, context);

    await sink.check!(noAbort);

    expect(context.warnings.join()).toContain('kinesis:DescribeStreamSummary');
  });

  it('takes larger records where the stream does', () => {
    expect(kinesis.defaults?.maxEventBytes).toBe(1_048_576);
    expect(kinesis.defaultsFor?.({ streamName, maxRecordSize: 10_485_760 })).toEqual({
      maxEventBytes: 10_485_760,
    });
  });

  it.each([
    [{}, /either `streamName` or `streamArn`/],
    [{ streamName: 'a b' }, /"a b" is no name of a stream/],
    [{ streamArn: 'arn:aws:firehose:us-east-2:1:deliverystream\/x' }, /streamArn is no ARN of a stream/],
  ])('refuses the configuration %j', async (fields, message) => {
    const written = { ...fields, region: 'eu-central-1', accessKeyId: 'AKIA', secretAccessKey: 'secret' };

    const error = await thrownBy(openWritten(kinesis, { written }));

    expect(error).toMatchObject({ reason: 'InvalidConfig', permanent: true });
    expect(error.message).toMatch(message);
  });
});
