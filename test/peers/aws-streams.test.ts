import { CreateDeliveryStreamCommand, FirehoseClient } from '@aws-sdk/client-firehose';
import { CreateStreamCommand, KinesisClient } from '@aws-sdk/client-kinesis';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';

import { exporterJson } from '../../operator/event/exporter-json.ts';
import { type Occurrence } from '../../operator/event/occurrence.ts';
import firehose from '../../operator/sinks/firehose.ts';
import kinesis from '../../operator/sinks/kinesis.ts';
import { openWritten, thrownBy } from '../sinks/contract.ts';
import { describeDelivery } from '../sinks/delivery-contract.ts';
import { noAbort, numberedEvent, outgoing, sinkContext } from '../sinks/sink-event.ts';
import { reachMoto, secretsOf, startAwsPeer, uidIn } from './aws-peer.ts';
import { createBucketReader, createStreamReader } from './aws-reader.ts';
import { account, type Moto, region, startMoto } from './moto.ts';

const kinesisActions = ['kinesis:DescribeStreamSummary', 'kinesis:PutRecords'];
const firehoseActions = ['firehose:DescribeDeliveryStream', 'firehose:PutRecordBatch'];
const strange = 'ü \u{1f600} <a&b> "q" \\ \u2028 tab\tline\nend';

async function prepareStream(moto: Moto) {
  // Over plain HTTP the SDK's own choice, HTTP/2, does not work.
  const client = new KinesisClient({ ...moto.admin, requestHandler: new NodeHttpHandler() });
  await client.send(new CreateStreamCommand({ StreamName: 'events', ShardCount: 2 }));
  const read = await createStreamReader(client, 'events');
  return {
    fields: { streamName: 'events' },
    read: async () => (await read()).map((data) => Buffer.from(data).toString()),
    close: () => client.destroy(),
  };
}

async function prepareFirehose(moto: Moto) {
  const s3 = new S3Client({ ...moto.admin, forcePathStyle: true });
  const client = new FirehoseClient(moto.admin);
  await s3.send(
    new CreateBucketCommand({ Bucket: 'events', CreateBucketConfiguration: { LocationConstraint: region } }),
  );
  await client.send(
    new CreateDeliveryStreamCommand({
      DeliveryStreamName: 'events',
      ExtendedS3DestinationConfiguration: {
        RoleARN: `arn:aws:iam::${account}:role/firehose`,
        BucketARN: 'arn:aws:s3:::events',
      },
    }),
  );
  const read = createBucketReader(s3, 'events');
  return {
    fields: { deliveryStreamName: 'events' },
    read: async () => (await read()).flatMap((text) => text.split('\n').filter((line) => line !== '')),
    close: () => {
      s3.destroy();
      client.destroy();
    },
  };
}

describe('Kinesis and Firehose', () => {
  let moto: Moto;
  let stream: Awaited<ReturnType<typeof prepareStream>>;
  let delivery: Awaited<ReturnType<typeof prepareFirehose>>;
  let secrets: ReturnType<typeof secretsOf>;
  const events = Array.from({ length: 750 }, (_, index) => numberedEvent(index, `${index} ${strange}`));
  const documents = events.map(({ event }) => exporterJson(event)).sort();

  beforeAll(async () => {
    moto = await startMoto();
    stream = await prepareStream(moto);
    delivery = await prepareFirehose(moto);
    secrets = secretsOf(await moto.createUser('whole', [...kinesisActions, ...firehoseActions]));
  });
  afterAll(async () => {
    stream.close();
    delivery.close();
    await moto[Symbol.asyncDispose]();
  });

  const openKinesis = (fields: Record<string, unknown>) =>
    openWritten(kinesis, { written: { ...fields, ...reachMoto(moto) }, secrets });
  const openFirehose = (fields: Record<string, unknown>) =>
    openWritten(firehose, { written: { ...fields, ...reachMoto(moto) }, secrets });

  it('hold each event whole', async () => {
    await using intoStream = await openKinesis(stream.fields);
    await using intoFiles = await openFirehose(delivery.fields);

    await intoStream.check?.(noAbort);
    await intoFiles.check?.(noAbort);
    await intoStream.send(outgoing(intoStream, events), noAbort);
    await intoFiles.send(outgoing(intoFiles, events), noAbort);

    expect([...(await stream.read())].sort()).toEqual(documents);
    expect([...(await delivery.read())].sort()).toEqual(documents);
  });

  it('tell a record over the limit from others', async () => {
    await using sink = await openKinesis(stream.fields);
    const mixed = [numberedEvent(1), numberedEvent(2, 'x'.repeat(1_100_000)), numberedEvent(3)];

    const error = await thrownBy(sink.send(outgoing(sink, mixed), noAbort));

    expect(error.results?.map((result) => result?.permanent)).toEqual([undefined, true, undefined]);
    expect(await stream.read()).toHaveLength(2);
  });

  it('are found missing, and wrong keys refused, each in a sentence of its own', async () => {
    await using noStream = await openKinesis({ streamName: 'nowhere' });
    await using noDelivery = await openFirehose({ deliveryStreamName: 'nowhere' });
    const wrong = { aws: { ...secrets.aws, secret: 'wr0ng/secret' } };
    const written = { ...stream.fields, ...reachMoto(moto) };
    await using liar = await openWritten(kinesis, { written, secrets: wrong });

    const errors = [];
    for (const sink of [noStream, noDelivery, liar]) errors.push(await thrownBy(sink.check!(noAbort)));

    expect(errors.map(({ reason }) => reason)).toEqual(['TargetNotFound', 'TargetNotFound', 'Unauthorized']);
    expect(errors.map(({ message }) => message).join('\n')).toMatch(
      /stream "nowhere".*\n.*Firehose stream "nowhere".*\n.*SignatureDoesNotMatch/,
    );
  });

  it('are content with a policy that allows writing alone', async () => {
    const context = sinkContext();
    const keys = secretsOf(await moto.createUser('writer', ['kinesis:PutRecords']));
    const written = { ...stream.fields, ...reachMoto(moto) };
    await using sink = await openWritten(kinesis, { written, secrets: keys }, context);

    await sink.check?.(noAbort);
    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);

    expect(context.warnings.join()).toContain('kinesis:DescribeStreamSummary');
    expect(await stream.read()).toHaveLength(1);
  });
});

const identify = ({ event }: Occurrence): string => event.uid;

describeDelivery('a stream of Kinesis', {
  sinkName: 'kinesis',
  identify,
  aspects: ['Outage', 'Credentials', 'Rotation'],
  start: () => startAwsPeer({ actions: kinesisActions, identify: uidIn, prepare: prepareStream }),
});

describeDelivery('a stream of Firehose', {
  sinkName: 'firehose',
  identify,
  aspects: ['Outage', 'Credentials', 'Rotation'],
  start: () => startAwsPeer({ actions: firehoseActions, identify: uidIn, prepare: prepareFirehose }),
});
