import firehose from '../../operator/sinks/firehose.ts';
import { type AwsAnswer, type AwsCall, failed, reach, startAws, startAwsPeer, textOf } from './aws-server.ts';
import { describeHttpContract, openWritten, thrownBy } from './contract.ts';
import { noAbort, numberedEvent, outgoing, sinkContext, sinkEvent } from './sink-event.ts';

const deliveryStreamName = 'events';
const takesAll: AwsAnswer = ({ input }) => ({
  FailedPutCount: 0,
  RequestResponses: input.Records.map((_, index) => ({ RecordId: `r-${index}` })),
});
const stateOf =
  (DeliveryStreamStatus: string): AwsAnswer =>
  () => ({
    DeliveryStreamDescription: { DeliveryStreamStatus },
  });
const service = { DescribeDeliveryStream: stateOf('ACTIVE'), PutRecordBatch: takesAll } satisfies Record<
  string,
  AwsAnswer
>;

describeHttpContract('firehose', {
  definition: firehose,
  start: () =>
    startAwsPeer({
      fields: { deliveryStreamName },
      action: 'PutRecordBatch',
      answers: service,
      count: ({ input }) => input.Records.length,
    }),
  unrenderable: { layout: { count: '{{ .Series.Count }}' } },
  differently: { 204: 'retry' },
});

const fileOf = (calls: readonly AwsCall[]) =>
  calls.flatMap(({ input }) => input.Records.map(textOf)).join('');

describe('firehose', () => {
  it('ends each record with a line feed, so that the records of a file can be told apart', async () => {
    await using aws = await startAws(service);
    const written = { deliveryStreamName, layout: { m: '{{ .Message }}' }, ...reach(aws) };
    await using sink = await openWritten(firehose, { written });

    await sink.send(outgoing(sink, [numberedEvent(1, 'one\ntwo'), numberedEvent(2, 'three')]), noAbort);

    expect(fileOf(aws.callsOf('PutRecordBatch'))).toBe('{"m":"one\\ntwo"}\n{"m":"three"}\n');
    expect(sink.encode(numberedEvent(1, 'x')).bytes).toBe('{"m":"x"}\n'.length);
  });

  it.each([
    ['', '{"m":"one"}{"m":"two"}'],
    ['\r\n', '{"m":"one"}\r\n{"m":"two"}\r\n'],
  ])('puts the delimiter %j after each record', async (delimiter, expected) => {
    await using aws = await startAws(service);
    const written = { deliveryStreamName, layout: { m: '{{ .Message }}' }, delimiter, ...reach(aws) };
    await using sink = await openWritten(firehose, { written });

    await sink.send(outgoing(sink, [numberedEvent(1, 'one'), numberedEvent(2, 'two')]), noAbort);

    expect(fileOf(aws.callsOf('PutRecordBatch'))).toBe(expected);
  });

  it('keeps to 500 records and 4 MiB a request', async () => {
    await using aws = await startAws(service);
    const written = { deliveryStreamName, layout: { m: '{{ .Message }}' }, ...reach(aws) };
    await using sink = await openWritten(firehose, { written });
    const large = Array.from({ length: 5 }, (_, index) => numberedEvent(index, 'x'.repeat(900_000)));

    await sink.send(
      outgoing(
        sink,
        Array.from({ length: 501 }, (_, index) => numberedEvent(index)),
      ),
      noAbort,
    );
    await sink.send(outgoing(sink, large), noAbort);

    expect(aws.callsOf('PutRecordBatch').map(({ input }) => input.Records.length)).toEqual([500, 1, 4, 1]);
    expect(firehose.defaults?.maxEventBytes).toBe(1_024_000);
  });

  it('writes underscores for dots where a table of Athena or Redshift wants none', async () => {
    await using aws = await startAws(service);
    await using sink = await openWritten(firehose, {
      written: { deliveryStreamName, deDot: true, ...reach(aws) },
    });
    const metadata = { uid: 'u', labels: { 'app.kubernetes.io/name': 'x' } };

    await sink.send(outgoing(sink, [sinkEvent({ metadata })]), noAbort);

    expect(JSON.parse(fileOf(aws.callsOf('PutRecordBatch')))).toMatchObject({
      metadata: { labels: { 'app_kubernetes_io/name': 'x' } },
    });
  });

  it('tells record by record what failed; asks to slow down are throttling', async () => {
    await using aws = await startAws({
      ...service,
      PutRecordBatch: () => ({
        FailedPutCount: 2,
        RequestResponses: [
          { RecordId: 'r' },
          { ErrorCode: 'ServiceUnavailableException', ErrorMessage: 'Slow down.' },
          { ErrorCode: 'InternalFailure', ErrorMessage: 'Internal Service Failure.' },
        ],
      }),
    });
    await using sink = await openWritten(firehose, { written: { deliveryStreamName, ...reach(aws) } });

    const error = await thrownBy(
      sink.send(
        outgoing(
          sink,
          [0, 1, 2].map((each) => numberedEvent(each)),
        ),
        noAbort,
      ),
    );

    expect(error.results?.map((result) => result?.reason)).toEqual([undefined, 'Throttled', 'ServerError']);
    expect(error.results?.some((result) => result?.permanent)).toBe(false);
  });

  it('waits as long as Retry-After says when all is refused', async () => {
    await using aws = await startAws({
      ...service,
      PutRecordBatch: () => failed(503, 'ServiceUnavailableException', 'Slow down.', { 'retry-after': '7' }),
    });
    await using sink = await openWritten(firehose, { written: { deliveryStreamName, ...reach(aws) } });

    expect(await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort))).toMatchObject({
      reason: 'Throttled',
      retryAfterMs: 7_000,
    });
  });

  it.each([
    [failed(400, 'ResourceNotFoundException'), 'TargetNotFound', /Firehose stream "events"/],
    [failed(403, 'InvalidSignatureException'), 'Unauthorized', /check the access key/],
    [failed(400, 'InvalidKMSResourceException'), 'Forbidden', /KMS key/],
  ])('finds %j by check', async (failure, reason, message) => {
    await using aws = await startAws({ ...service, DescribeDeliveryStream: () => failure });
    await using sink = await openWritten(firehose, { written: { deliveryStreamName, ...reach(aws) } });

    const error = await thrownBy(sink.check!(noAbort));

    expect(error).toMatchObject({ reason, permanent: false });
    expect(error.message).toMatch(message);
  });

  it('does not take a stream that is being made for a ready one', async () => {
    await using aws = await startAws({ ...service, DescribeDeliveryStream: stateOf('CREATING') });
    await using sink = await openWritten(firehose, { written: { deliveryStreamName, ...reach(aws) } });

    expect((await thrownBy(sink.check!(noAbort))).message).toMatch(/is CREATING and takes no records/);
  });

  it('is content when it may write and not describe', async () => {
    await using aws = await startAws({
      ...service,
      DescribeDeliveryStream: () => failed(400, 'AccessDeniedException'),
    });
    const context = sinkContext();
    await using sink = await openWritten(
      firehose,
      { written: { deliveryStreamName, ...reach(aws) } },
      context,
    );

    await sink.check!(noAbort);

    expect(context.warnings.join()).toContain('firehose:DescribeDeliveryStream');
  });

  it('takes the ARN of a stream, and its region from there', async () => {
    await using aws = await startAws(service);
    const written = {
      ...reach(aws),
      deliveryStreamName: 'arn:aws:firehose:us-east-2:123456789012:deliverystream/events',
      region: undefined,
    };
    await using sink = await openWritten(firehose, { written });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(aws.calls[0]?.input.DeliveryStreamName).toBe('events');
    expect(aws.calls[0]?.headers.authorization).toContain('/us-east-2/firehose/');
  });

  it.each(['a/b', 'arn:aws:kinesis:us-east-2:123456789012:stream/events'])(
    'refuses %s as a stream',
    async (name) => {
      const keys = { region: 'eu-central-1', accessKeyId: 'AKIA', secretAccessKey: 'secret' };

      const error = await thrownBy(openWritten(firehose, { written: { deliveryStreamName: name, ...keys } }));

      expect(error).toMatchObject({ reason: 'InvalidConfig' });
      expect(error.message).toMatch(/is no name of a Firehose stream/);
    },
  );
});
