import avsc from 'avsc';
import kafkajs from 'kafkajs';

import { exporterJson } from '../../operator/event/exporter-json.ts';
import kafka from '../../operator/sinks/kafka.ts';
import { openWritten, thrownBy } from '../sinks/contract.ts';
import { describeDelivery } from '../sinks/delivery-contract.ts';
import { noAbort, numberedEvent, outgoing, sinkEvent } from '../sinks/sink-event.ts';
import { alicePassword, type KafkaPeer, startKafka } from './kafka-peer.ts';

const strange = 'ü \u{1f600} <a&b> "q" \\ \u2028 tab\tline\nend';
const numbered = (count: number) =>
  Array.from({ length: count }, (_, index) => numberedEvent(index, `${index} ${strange}`));

/** A token that Kafka takes where no issuer is set up: it is not signed (RFC 7515 A.5). */
function unsignedToken(subject: string): string {
  const nowS = Math.floor(Date.now() / 1_000);
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: nowS, exp: nowS + 3_600 })}.`;
}

describe('Apache Kafka', () => {
  let peer: KafkaPeer;
  let topics = 0;

  beforeAll(async () => {
    peer = await startKafka();
  });
  afterAll(async () => {
    await peer[Symbol.asyncDispose]();
  });

  const createTopic = async (settings?: Record<string, string>): Promise<string> => {
    const topic = `events-${(topics += 1)}`;
    await peer.createTopic(topic, settings);
    return topic;
  };
  const open = (written: Readonly<Record<string, unknown>>) =>
    openWritten(kafka, { written: { brokers: [peer.address('PLAINTEXT')], ...written } });

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
    'holds each event whole when it is compressed by %s',
    async (compressionCodec) => {
      const topic = await createTopic();
      const events = numbered(300);
      await using sink = await open({ topic, compressionCodec, headers: { cluster: '{{ .ClusterName }}' } });

      await sink.check?.(noAbort);
      await sink.send(outgoing(sink, events), noAbort);

      const records = await peer.consume(topic);
      const byKey = (a: { key: string }, b: { key: string }) => a.key.localeCompare(b.key);
      expect(records.sort(byKey)).toEqual(
        events
          .map(({ event, key, time }) => ({
            timestamp: time.getTime(),
            headers: { 'idempotency-key': key, cluster: 'prod' },
            key: event.uid,
            value: exporterJson(event),
          }))
          .sort(byKey),
      );
    },
  );

  it('keeps the events of an object in order when they are keyed by it', async () => {
    const topic = await createTopic();
    await using sink = await open({
      topic,
      key: '{{ .InvolvedObject.UID }}',
      layout: { text: '{{ .Message }}' },
    });
    const events = Array.from({ length: 50 }, (_, index) => numberedEvent(index, `${index}`));

    for (let start = 0; start < 50; start += 10) {
      await sink.send(outgoing(sink, events.slice(start, start + 10)), noAbort);
    }

    const records = await peer.consume(topic);
    expect(records.map(({ value }) => (JSON.parse(value) as { text: string }).text)).toEqual(
      events.map(({ event }) => event.message),
    );
  });

  it('takes every way to authenticate', async () => {
    const { authority, client } = peer;
    const tls = { ca: authority.cert };
    const login = { username: 'alice', password: alicePassword };
    const ways: Readonly<Record<string, unknown>>[] = [
      { brokers: [peer.address('SASL')], sasl: login },
      { brokers: [peer.address('SASL')], sasl: { ...login, mechanism: 'sha256' } },
      { brokers: [peer.address('SASL')], sasl: { ...login, mechanism: 'SCRAM-SHA-512' } },
      {
        brokers: [peer.address('SASL')],
        sasl: { mechanism: 'oauthbearer', oauth: { token: unsignedToken('alice') } },
      },
      { brokers: [peer.address('SSL')], tls },
      { brokers: [peer.address('SSL').replace('127.0.0.1', 'localhost')], tls },
      { brokers: [peer.address('SASLSSL')], tls, sasl: { ...login, mechanism: 'scram-sha-512' } },
      { brokers: [peer.address('MTLS')], tls: { ...tls, ...client } },
    ];
    const topic = await createTopic();

    for (const [index, way] of ways.entries()) {
      await using sink = await open({ topic, ...way });
      await sink.check?.(noAbort);
      await sink.send(outgoing(sink, [numberedEvent(index)]), noAbort);
    }

    const keys = (await peer.consume(topic)).map(({ key }) => key).sort();
    expect(keys).toEqual(ways.map((_, index) => `uid-${index}`).sort());
  });

  it('refuses in sentences that tell what is wrong, in checks and sends alike', async () => {
    const login = { username: 'alice', password: alicePassword };
    const sasl = { ...login, mechanism: 'scram-sha-512' };
    const tls = { ca: peer.authority.cert };
    const SASL = { brokers: [peer.address('SASL')] };
    const cases: [Readonly<Record<string, unknown>>, string, RegExp][] = [
      [{ brokers: ['127.0.0.1:1'] }, 'Unreachable', /refused the connection/],
      [{ brokers: [peer.address('SSL')], tls: {} }, 'TLSFailed', /put its CA into `ca.crt`/],
      [{ brokers: [peer.address('PLAINTEXT')], tls }, 'TLSFailed', /./],
      [{ brokers: [peer.address('SSL')] }, 'Unreachable', /check the port, and that `tls` and `sasl` are/],
      [{ brokers: [peer.address('MTLS')], tls }, 'TLSFailed', /client certificate/],
      [SASL, 'Unreachable', /check the port, and that `tls` and `sasl` are/],
      [{ ...SASL, sasl: { ...sasl, password: 'no' } }, 'Unauthorized', /check sasl.username, sasl.password/],
      [{ ...SASL, sasl: { ...login, password: 'no' } }, 'Unauthorized', /check sasl.username, sasl.password/],
      [
        { ...SASL, sasl: { mechanism: 'oauthbearer', oauth: { token: 'nonsense' } } },
        'Unauthorized',
        /check the token in sasl.oauth/,
      ],
      [{ topic: 'nowhere' }, 'TargetNotFound', /topic nowhere does not exist: create it/],
      [{ ...SASL, sasl, topic: 'forbidden' }, 'Forbidden', /topic forbidden may not be written to/],
    ];
    const topic = await createTopic();
    for (const [written, reason, message] of cases) {
      await using sink = await open({ topic, ...written });

      const checked = await thrownBy(sink.check?.(noAbort) ?? Promise.resolve());
      const sent = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));

      for (const error of [checked, sent]) {
        expect([written, error.reason, error.permanent]).toEqual([written, reason, false]);
        expect(error.message).toMatch(message);
      }
    }
    expect(await peer.consume(topic)).toEqual([]);
  });

  it('rejects the one record that is too large for the topic, and takes the others once', async () => {
    const topic = await createTopic({ 'max.message.bytes': '20000' });
    await using sink = await open({ topic, maxMessageBytes: '19k' });
    const events = [numberedEvent(1), numberedEvent(2, 'x'.repeat(30_000)), numberedEvent(3)];

    const error = await thrownBy(sink.send(outgoing(sink, events), noAbort));

    expect(error.results).toMatchObject([
      undefined,
      { reason: 'PayloadTooLarge', permanent: true },
      undefined,
    ]);
    const keys = (await peer.consume(topic)).map(({ key }) => key);
    expect(keys.sort()).toEqual(['uid-1', 'uid-3']);
  });

  it('takes large batches within its default limit', async () => {
    const topic = await createTopic();
    await using sink = await open({ topic, key: 'same' });
    const events = Array.from({ length: 40 }, (_, index) => numberedEvent(index, 'x'.repeat(90_000)));

    await sink.send(outgoing(sink, events), noAbort);

    expect(await peer.consume(topic)).toHaveLength(40);
  });

  it('creates a topic when it is told to', async () => {
    await using sink = await open({ topic: 'made-by-us', createTopic: true });

    await sink.check?.(noAbort);
    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(await peer.consume('made-by-us')).toHaveLength(1);
  });

  it('gives a consumer Avro that it can read', async () => {
    const topic = await createTopic();
    const schema = {
      type: 'record',
      name: 'Event',
      fields: [
        { name: 'message', type: 'string' },
        { name: 'count', type: 'long' },
      ],
    } as const;
    await using sink = await open({ topic, avro: { schemaID: '7', schema: JSON.stringify(schema) } });
    await sink.send(outgoing(sink, [numberedEvent(1, strange)]), noAbort);

    const values = await consumeBytes(peer.address('PLAINTEXT'), topic);

    expect(values.map((value) => value.subarray(0, 5).toString('hex'))).toEqual(['0000000007']);
    const decoded = avsc.Type.forSchema(schema as never).fromBuffer(values[0]!.subarray(5)) as object;
    expect({ ...decoded }).toEqual({ message: strange, count: 3 });
  });
});

/** The console consumer prints text, so bytes are read with another client. */
async function consumeBytes(broker: string, topic: string): Promise<Buffer[]> {
  const client = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.NOTHING });
  const consumer = client.consumer({ groupId: `reader-of-${topic}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const values: Buffer[] = [];
  const { promise, resolve } = Promise.withResolvers<undefined>();
  await consumer.run({
    // eslint-disable-next-line @typescript-eslint/require-await -- the consumer asks for a promise
    eachMessage: async ({ message }) => {
      values.push(message.value ?? Buffer.alloc(0));
      resolve(undefined);
    },
  });
  await promise;
  await consumer.disconnect();
  return values;
}

describeDelivery('Apache Kafka', {
  sinkName: 'kafka',
  aspects: ['Outage', 'Credentials', 'Rotation'],
  start: async () => {
    const peer = await startKafka();
    await peer.createTopic('events');
    return {
      written: {
        brokers: [peer.address('SASL')],
        topic: 'events',
        sasl: {
          mechanism: 'scram-sha-512',
          username: 'alice',
          passwordSecretRef: { name: 'kafka', key: 'password' },
        },
      },
      secrets: { kafka: { password: alicePassword } },
      wrongSecrets: { kafka: { password: 'another-password' } },
      arrived: async () =>
        (await peer.consume('events')).map(({ headers }) => headers['idempotency-key'] ?? ''),
      goDown: () => peer.kill(),
      comeBack: () => peer.start(),
      rotate: async () => {
        await peer.setPassword('alice', 'a-new-password');
        return { kafka: { password: 'a-new-password' } };
      },
      [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
    };
  },
});
