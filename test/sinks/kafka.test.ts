import { setTimeout as sleep } from 'node:timers/promises';

import avsc from 'avsc';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

import { createAddressGuard, type DeliveryError } from '../../operator/sink-kit/index.ts';
import { createAvroEncoder } from '../../operator/sinks/kafka-avro.ts';
import { calmRequestQueues } from '../../operator/sinks/kafka-request-queue.ts';
import { createTokenSource } from '../../operator/sinks/kafka-token.ts';
import kafka from '../../operator/sinks/kafka.ts';
import { createAuthority, issue } from '../sink-kit/certificates.ts';
import { startServer } from '../sink-kit/http-server.ts';
import { describeSinkContract, openWritten, thrownBy } from './contract.ts';
import { type BrokerBehaviour, type FakeBroker, startBroker } from './kafka-broker.ts';
import { noAbort, numberedEvent, outgoing, sinkContext, sinkEvent } from './sink-event.ts';

const password = 'pa55-word-of-alice-9f3';
const token = 'token-of-the-operator-7c1';

/** Error codes of the protocol. */
const codes = {
  CORRUPT_MESSAGE: 2,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  MESSAGE_TOO_LARGE: 10,
  INVALID_TOPIC_EXCEPTION: 17,
  NOT_ENOUGH_REPLICAS: 19,
  TOPIC_AUTHORIZATION_FAILED: 29,
  CLUSTER_AUTHORIZATION_FAILED: 31,
  INVALID_TIMESTAMP: 32,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 45,
  KAFKA_STORAGE_ERROR: 56,
  SASL_AUTHENTICATION_FAILED: 58,
  UNKNOWN_PRODUCER_ID: 59,
  UNSUPPORTED_COMPRESSION_TYPE: 76,
  INVALID_RECORD: 87,
} as const;

const acceptPassword: BrokerBehaviour['authenticate'] = (mechanism, bytes) =>
  mechanism === 'PLAIN' && bytes.toString() === `\0alice\0${password}`
    ? { code: 0 }
    : {
        code: codes.SASL_AUTHENTICATION_FAILED,
        message: 'Authentication failed: Invalid username or password',
      };

const acceptToken: BrokerBehaviour['authenticate'] = (mechanism, bytes) =>
  mechanism === 'OAUTHBEARER' && bytes.toString() === `n,,\u0001auth=Bearer ${token}\u0001\u0001`
    ? { code: 0 }
    : { code: 0, bytes: Buffer.from('{"status":"invalid_token"}') };

const scramOrPlain = { username: 'alice', password };

describeSinkContract('kafka', {
  definition: kafka,
  start: async () => {
    const broker = await startBroker({ authenticate: acceptPassword });
    return {
      written: {
        brokers: [broker.address],
        topic: 'events',
        sasl: { username: 'alice', passwordSecretRef: { name: 'kafka', key: 'password' } },
      },
      secrets: { kafka: { password } },
      taken: () => broker.records.length,
      hang: () => (broker.behaviour.isHanging = true),
      failAndEcho: () => {
        broker.behaviour.authenticate = (mechanism, bytes) => ({
          code: codes.SASL_AUTHENTICATION_FAILED,
          message: `${mechanism} ${bytes.toString()} ${bytes.toString('base64')}`,
        });
      },
      connections: () => broker.connections.size,
      [Symbol.asyncDispose]: () => broker.close(),
    };
  },
  unrenderable: { layout: { count: '{{ .Series.Count }}' } },
});

type Written = Readonly<Record<string, unknown>>;

async function openTo(broker: FakeBroker, written: Written = {}, context = sinkContext()) {
  return openWritten(kafka, { written: { brokers: [broker.address], topic: 'events', ...written } }, context);
}

/** What sending one event fails with. */
async function failureTo(broker: FakeBroker, written: Written = {}): Promise<DeliveryError> {
  await using sink = await openTo(broker, written);
  return await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));
}

function messages(broker: FakeBroker): string[] {
  return broker.records.map(({ value }) => (JSON.parse(value.toString()) as { message: string }).message);
}

const numbered = (count: number) => Array.from({ length: count }, (_, index) => numberedEvent(index + 1));

describe('a record of kafka', () => {
  it('has the uid as key, the time of the event and the idempotency key', async () => {
    await using broker = await startBroker();
    await using sink = await openTo(broker);

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(broker.records).toMatchObject([
      {
        topic: 'events',
        key: 'uid-1',
        headers: { 'idempotency-key': 'uid-1-3' },
        timestamp: Date.parse('2026-03-01T10:20:30Z'),
      },
    ]);
  });

  it('takes topic, key and headers from templates, and its value from the layout', async () => {
    await using broker = await startBroker({ topics: { 'events-shop': 1 } });
    await using sink = await openTo(broker, {
      topic: 'events-{{ .InvolvedObject.Namespace }}',
      key: '{{ .InvolvedObject.UID }}',
      headers: { cluster: '{{ .ClusterName }}', kind: 'event' },
      layout: { text: '{{ .Message }}' },
    });

    await sink.send(outgoing(sink, [numberedEvent(4, 'über')]), noAbort);

    const [record] = broker.records;
    expect(record).toMatchObject({
      topic: 'events-shop',
      key: 'pod-1',
      headers: { 'idempotency-key': 'uid-4-3', cluster: 'prod', kind: 'event' },
    });
    expect(JSON.parse(record?.value.toString() ?? '')).toEqual({ text: 'über' });
  });

  it('has no key when the template gives none', async () => {
    await using broker = await startBroker();
    await using sink = await openTo(broker, { key: '{{ .ClusterName | trunc 0 }}' });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(broker.records).toMatchObject([{ key: null }]);
  });

  it('is rejected alone when its topic is no name of a topic', async () => {
    await using broker = await startBroker();
    await using sink = await openTo(broker, { topic: '{{ .Message }}' });

    expect(() => sink.encode(numberedEvent(1, 'not a topic'))).toThrow(
      expect.objectContaining({ reason: 'RenderFailed', permanent: true }) as Error,
    );
    expect(() => sink.encode(numberedEvent(1, '..'))).toThrow('is no name of a topic');
  });

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('can be compressed by %s', async (compressionCodec) => {
    await using broker = await startBroker();
    await using sink = await openTo(broker, { compressionCodec });

    await sink.send(outgoing(sink, numbered(50)), noAbort);

    expect(messages(broker)).toEqual(numbered(50).map(({ event }) => event.message));
    expect(broker.requests[0]?.codec).toBe(
      ['none', 'gzip', 'snappy', 'lz4', 'zstd'].indexOf(compressionCodec),
    );
    if (compressionCodec !== 'none') expect(broker.requests[0]?.bytes).toBeLessThan(5_000);
  });
});

describe('kafka in avro', () => {
  const schema = JSON.stringify({
    type: 'record',
    name: 'Event',
    fields: [
      { name: 'message', type: 'string' },
      { name: 'count', type: 'int' },
      { name: 'note', type: ['null', 'string'], default: null },
    ],
  });
  const type = avsc.Type.forSchema(JSON.parse(schema) as never);

  it.each([
    ['00112233445566778899aabbccddeeff', Buffer.from('0000112233445566778899aabbccddeeff', 'hex')],
    ['100042', Buffer.from('00000186ca', 'hex')],
  ])('puts the id %s in front, and leaves out what the schema does not name', async (schemaID, prefix) => {
    await using broker = await startBroker();
    await using sink = await openTo(broker, { avro: { schemaID, schema } });

    await sink.send(outgoing(sink, [numberedEvent(1, 'größer')]), noAbort);

    const value = broker.records[0]?.value ?? Buffer.alloc(0);
    expect(value.subarray(0, prefix.length)).toEqual(prefix);
    expect({ ...(type.fromBuffer(value.subarray(prefix.length)) as object) }).toEqual({
      message: 'größer',
      count: 3,
      note: null,
    });
  });

  it('rejects the event alone that does not fit, and says where', async () => {
    const encode = await createAvroEncoder({ schemaID: '1', schema });

    expect(() => encode('{"message":"x","count":"three"}')).toThrow(
      'the document does not fit avro.schema: count is "three", the schema wants "int"',
    );
    expect(() => encode('{"count":3}')).toThrow('message is nothing, the schema wants "string"');
  });

  it.each([
    ['a schema that is no JSON', { schemaID: '1', schema: '{' }, 'avro.schema is no Avro schema'],
    [
      'a schema that is no Avro',
      { schemaID: '1', schema: '{"type":"quux"}' },
      'avro.schema is no Avro schema',
    ],
    ['an id out of range', { schemaID: '9999999999', schema }, 'avro.schemaID is "9999999999"'],
  ])('refuses %s when it opens', async (_, avro, message) => {
    await using broker = await startBroker();

    const error = await thrownBy(openTo(broker, { avro }));

    expect(error).toMatchObject({ reason: 'InvalidConfig', permanent: true });
    expect(error.message).toContain(message);
  });
});

describe('a batch for kafka', () => {
  it('goes out by one request, in order, spread over the partitions by key', async () => {
    await using broker = await startBroker({ topics: { events: 3 } });
    await using sink = await openTo(broker);

    await sink.send(outgoing(sink, numbered(60)), noAbort);

    expect(broker.requests.map(({ partition }) => partition).sort()).toEqual([0, 1, 2]);
    expect(broker.records).toHaveLength(60);
    expect(broker.producers()).toBe(1);
  });

  it('uses the same producer for the next batch', async () => {
    await using broker = await startBroker();
    await using sink = await openTo(broker);

    for (const number of [1, 2, 3]) await sink.send(outgoing(sink, [numberedEvent(number)]), noAbort);

    expect(messages(broker)).toEqual(['message 1', 'message 2', 'message 3']);
    expect(broker.producers()).toBe(1);
    expect(broker.connections.size).toBe(1);
  });

  it('never becomes a record batch larger than maxMessageBytes', async () => {
    await using broker = await startBroker();
    await using sink = await openTo(broker, { maxMessageBytes: '10k' });

    await sink.send(outgoing(sink, numbered(60)), noAbort);

    expect(broker.requests.length).toBeGreaterThan(2);
    for (const { bytes } of broker.requests) expect(bytes).toBeLessThanOrEqual(10_000);
    expect(messages(broker)).toEqual(numbered(60).map(({ event }) => event.message));
  });

  it('rejects the one record that is too large for the topic', async () => {
    await using broker = await startBroker({
      judge: ({ bytes }) => (bytes > 20_000 ? codes.MESSAGE_TOO_LARGE : 0),
    });
    await using sink = await openTo(broker);
    const batch = numbered(20).map((event, index) =>
      index === 7 ? numberedEvent(8, 'x'.repeat(30_000)) : event,
    );

    const error = await thrownBy(sink.send(outgoing(sink, batch), noAbort));

    expect(error.results?.map((result) => result?.reason)).toEqual(
      batch.map((_, index) => (index === 7 ? 'PayloadTooLarge' : undefined)),
    );
    expect(error.results?.[7]).toMatchObject({
      permanent: true,
      message:
        "topic events does not take a record this large: set maxMessageBytes below the topic's max.message.bytes, or raise that",
    });
    expect(new Set(messages(broker))).toEqual(
      new Set(batch.filter((_, index) => index !== 7).map(({ event }) => event.message)),
    );
  });

  it.each([
    ['a topic that does not exist', { topics: { one: 1 } }, 'TargetNotFound', false],
    [
      'a topic that may not be written to',
      { topics: { one: 1, two: 1 }, metadataErrors: { two: codes.TOPIC_AUTHORIZATION_FAILED } },
      'Forbidden',
      false,
    ],
    [
      'a topic that refuses its records',
      {
        topics: { one: 1, two: 1 },
        judge: ({ topic }: { topic: string }) => (topic === 'two' ? codes.INVALID_RECORD : 0),
      },
      'Rejected',
      true,
    ],
  ])('delivers the other events beside %s', async (_, behaviour, reason, permanent) => {
    await using broker = await startBroker(behaviour);
    await using sink = await openTo(broker, { topic: '{{ .Message }}' });
    const batch = ['one', 'two', 'one', 'two'].map((topic, index) => numberedEvent(index + 1, topic));

    const error = await thrownBy(sink.send(outgoing(sink, batch), noAbort));

    expect(error.results).toMatchObject([undefined, { reason, permanent }, undefined, { reason, permanent }]);
    expect(error.results?.[1]?.message).toMatch(/^topic two /);
    expect(new Set(broker.records.map(({ key }) => key))).toEqual(new Set(['uid-1', 'uid-3']));
  });

  it('is written once although the answer was lost', async () => {
    await using broker = await startBroker({ losesAnswers: 1 });
    await using sink = await openTo(broker);

    await sink.send(outgoing(sink, numbered(5)), noAbort);

    expect(messages(broker)).toEqual(numbered(5).map(({ event }) => event.message));
    expect(broker.requests).toHaveLength(2);
  });

  it('never passes for a repetition of one that failed', async () => {
    await using broker = await startBroker({ losesAnswers: 100 });
    await using sink = await openTo(broker);
    const failed = await thrownBy(sink.send(outgoing(sink, [numberedEvent(1)]), noAbort));
    broker.behaviour.losesAnswers = 0;

    await sink.send(outgoing(sink, [numberedEvent(2)]), noAbort);

    expect(failed).toMatchObject({ reason: 'Unreachable', permanent: false });
    expect(messages(broker)).toEqual(['message 1', 'message 2']);
  });

  it.each(['OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID'] as const)(
    'is sent by a new producer after %s',
    async (type) => {
      await using broker = await startBroker({
        judge: ({ producerId }) => (producerId === 1n ? codes[type] : 0),
      });
      await using sink = await openTo(broker);
      const batch = outgoing(sink, [sinkEvent()]);

      const error = await thrownBy(sink.send(batch, noAbort));
      await sink.send(batch, noAbort);

      expect(error).toMatchObject({ reason: 'ServerError', permanent: false });
      expect(broker.producers()).toBe(2);
      expect(broker.records).toHaveLength(1);
    },
  );

  it('that was aborted does not disturb the one beside it', async () => {
    await using broker = await startBroker();
    await using sink = await openTo(broker);
    broker.behaviour.isHanging = true;
    const aborting = new AbortController();
    const aborted = thrownBy(sink.send(outgoing(sink, [numberedEvent(1)]), aborting.signal));
    await sleep(20);
    broker.behaviour.isHanging = false;

    const other = sink.send(outgoing(sink, [numberedEvent(2)]), noAbort);
    aborting.abort(new DOMException('late', 'TimeoutError'));
    await other;

    expect(await aborted).toMatchObject({ reason: 'Timeout' });
    expect(messages(broker)).toEqual(['message 2']);
  });

  it.each([
    ['All', -1, 1],
    ['Leader', 1, 0],
    ['None', 0, 0],
  ])('asks for the acknowledgement of %s', async (acks, expected, producers) => {
    await using broker = await startBroker();
    await using sink = await openTo(broker, { acks });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);
    while (broker.requests.length === 0) await sleep(2);

    expect(broker.requests[0]?.acks).toBe(expected);
    expect(broker.producers()).toBe(producers);
  });
});

describe('a failure of kafka', () => {
  it.each([
    [
      'NOT_ENOUGH_REPLICAS',
      'ServerError',
      false,
      'topic events has fewer replicas in sync than min.insync.replicas',
    ],
    ['KAFKA_STORAGE_ERROR', 'ServerError', false, 'topic events cannot be written on the broker'],
    ['INVALID_TIMESTAMP', 'Rejected', true, 'topic events refused the time of the event'],
    ['INVALID_RECORD', 'Rejected', true, 'topic events refused the record'],
    ['TOPIC_AUTHORIZATION_FAILED', 'Forbidden', false, 'topic events may not be written to by this user'],
    ['UNSUPPORTED_COMPRESSION_TYPE', 'ServerError', false, 'does not know this compressionCodec'],
  ] as const)('says what %s means', async (type, reason, permanent, message) => {
    await using broker = await startBroker({ judge: () => codes[type] });

    const error = await failureTo(broker);

    expect(error).toMatchObject({ reason, permanent });
    expect(error.message).toContain(message);
  });

  it('says that an idempotent producer is not allowed', async () => {
    await using broker = await startBroker({ initProducerError: codes.CLUSTER_AUTHORIZATION_FAILED });

    const error = await failureTo(broker);

    expect(error).toMatchObject({ reason: 'Forbidden', permanent: false });
    expect(error.message).toContain('allow IdempotentWrite on the cluster, or set idempotent: false');
  });

  it('tells the host, the listener, the password and the topic apart, in sends and checks alike', async () => {
    await using broker = await startBroker({ authenticate: acceptPassword });
    const gone = await startBroker();
    await gone.close();
    const sasl = scramOrPlain;
    const cases: [Written, string, string][] = [
      [{ brokers: [gone.address], sasl }, 'Unreachable', `${gone.address} refused the connection`],
      [{ tls: {}, sasl }, 'TLSFailed', `${broker.address} `],
      [{}, 'Unreachable', 'check the port, and that `tls` and `sasl` are what this listener wants'],
      [
        { sasl: { ...sasl, password: 'wrong' } },
        'Unauthorized',
        'check sasl.username, sasl.password and sasl.mechanism',
      ],
      [{ sasl: { ...sasl, mechanism: 'sha512' } }, 'Unauthorized', 'refused the credentials'],
      [{ topic: 'elsewhere', sasl }, 'TargetNotFound', 'topic elsewhere does not exist: create it'],
    ];
    for (const [written, reason, message] of cases) {
      await using sink = await openTo(broker, written);

      const sent = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));
      const checked = await thrownBy(sink.check?.(noAbort) ?? Promise.resolve());

      for (const error of [sent, checked]) {
        expect([written, error.reason, error.permanent]).toEqual([written, reason, false]);
        expect(error.message).toContain(message);
      }
    }
    expect(broker.records).toEqual([]);
  });

  it('names the address that the brokers advertise', async () => {
    const gone = await startBroker();
    await gone.close();
    await using broker = await startBroker({ advertised: { host: '127.0.0.1', port: gone.port } });

    const error = await failureTo(broker);

    expect(error.reason).toBe('Unreachable');
    expect(error.message).toBe(
      `${gone.address} refused the connection: check the port, and that the system is running; ` +
        'the brokers gave this address: check their advertised.listeners',
    );
  });

  it('of one broker is made good by another one', async () => {
    const gone = await startBroker();
    await gone.close();
    await using broker = await startBroker();
    await using sink = await openTo(broker, { brokers: [gone.address, broker.address] });

    await sink.check?.(noAbort);
    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(broker.records).toHaveLength(1);
    expect(sink.endpoint).toBe(`${gone.address},${broker.address}`);
  });

  it('ends as soon as the broker is back', async () => {
    const first = await startBroker();
    await using sink = await openTo(first);
    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);
    await first.close();
    const batch = outgoing(sink, [numberedEvent(2)]);
    const error = await thrownBy(sink.send(batch, noAbort));
    await using second = await startBroker({}, { port: first.port });

    await sink.send(batch, noAbort);

    expect(error.reason).toBe('Unreachable');
    expect(messages(second)).toEqual(['message 2']);
  });
});

describe('the check of kafka', () => {
  it('creates no topic, and needs none when the brokers may create it', async () => {
    await using broker = await startBroker({ topics: {} });
    await using strict = await openTo(broker);
    await using lenient = await openTo(broker, { createTopic: true });

    expect(await thrownBy(strict.check?.(noAbort) ?? Promise.resolve())).toMatchObject({
      reason: 'TargetNotFound',
    });
    await lenient.check?.(noAbort);
    expect(broker.behaviour.topics).toEqual({});

    await lenient.send(outgoing(lenient, [sinkEvent()]), noAbort);
    expect(broker.behaviour.topics).toEqual({ events: 1 });
    expect(broker.records).toHaveLength(1);
  });

  it('asks for no topic when events have different ones', async () => {
    await using broker = await startBroker({ topics: {} });
    await using sink = await openTo(broker, { topic: '{{ .Reason }}' });

    await sink.check?.(noAbort);
    await sink.check?.(noAbort);

    expect(broker.producers()).toBe(0);
    await sleep(20);
    expect(broker.connections.size).toBe(0);
  });
});

describe('kafka with tls', () => {
  it('authenticates by a certificate, and says when the server wants one', async () => {
    const authority = await createAuthority('Test CA');
    const [own, client] = await Promise.all([issue(authority, ['127.0.0.1']), issue(authority, ['client'])]);
    await using broker = await startBroker(
      {},
      { tls: { ...own, ca: authority.cert, requestCert: true, rejectUnauthorized: true } },
    );
    const secrets = { tls: { 'ca.crt': authority.cert, 'tls.crt': client.cert, 'tls.key': client.key } };
    const written = { brokers: [broker.address], topic: 'events', tls: { secretRef: { name: 'tls' } } };
    await using sink = await openWritten(kafka, { written, secrets });

    await sink.check?.(noAbort);
    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(broker.records).toHaveLength(1);
    expect(await failureTo(broker, { tls: { ca: authority.cert } })).toMatchObject({ reason: 'TLSFailed' });
    const unknown = await failureTo(broker, { tls: {} });
    expect(unknown).toMatchObject({ reason: 'TLSFailed', permanent: false });
    expect(unknown.message).toContain('put its CA into `ca.crt`');
  });

  it('is plain when tls.enable is false', async () => {
    await using broker = await startBroker();
    await using sink = await openTo(broker, { tls: { enable: false, ca: 'x' }, sasl: { enable: false } });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(broker.records).toHaveLength(1);
  });
});

describe('kafka with a token', () => {
  it('authenticates by the token, and believes the brokers when they refuse it', async () => {
    await using broker = await startBroker({ authenticate: acceptToken });
    const sasl = { mechanism: 'oauthbearer', oauth: { token } };
    await using sink = await openTo(broker, { sasl });

    await sink.check?.(noAbort);
    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);
    const error = await failureTo(broker, { sasl: { ...sasl, oauth: { token: 'another-token' } } });

    expect(broker.records).toHaveLength(1);
    expect(error).toMatchObject({ reason: 'Unauthorized', permanent: false });
    expect(error.message).toContain('invalid_token');
    expect(error.message).not.toContain('another-token');
  });

  it('fetches tokens with client credentials, and anew after the brokers refused one', async () => {
    const forms: [string | undefined, string][] = [];
    let given = 'an-expired-token';
    await using server = await startServer((response, { headers, body }) => {
      forms.push([headers.authorization, body]);
      response.end(JSON.stringify({ access_token: given, expires_in: 3600 }));
    });
    await using broker = await startBroker({ authenticate: acceptToken });
    const written = {
      brokers: [broker.address],
      topic: 'events',
      sasl: {
        mechanism: 'OAUTHBEARER',
        oauth: {
          tokenEndpointUrl: `${server.url}/token`,
          clientId: 'event route',
          clientSecretSecretRef: { name: 'oauth', key: 'secret' },
          scope: 'kafka write',
        },
      },
    };
    await using sink = await openWritten(kafka, {
      written,
      secrets: { oauth: { secret: 's3cret:of/client' } },
    });

    const refused = await thrownBy(sink.send(outgoing(sink, [numberedEvent(1)]), noAbort));
    given = token;
    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);
    await sink.check?.(noAbort);

    expect(refused).toMatchObject({ reason: 'Unauthorized' });
    expect(broker.records).toHaveLength(1);
    const authorization = `Basic ${Buffer.from('event+route:s3cret%3Aof%2Fclient').toString('base64')}`;
    const form = 'grant_type=client_credentials&scope=kafka+write';
    expect(forms).toEqual([
      [authorization, form],
      [authorization, form],
    ]);
  });

  it('says that the token endpoint refused the client', async () => {
    await using server = await startServer((response) => {
      response.writeHead(401).end('{"error":"invalid_client"}');
    });
    await using broker = await startBroker({ authenticate: acceptToken });
    const oauth = { tokenEndpointUrl: server.url, clientId: 'us', clientSecret: 'not-the-right-one' };

    const error = await failureTo(broker, { sasl: { mechanism: 'oauthbearer', oauth } });

    expect(error).toMatchObject({ reason: 'Unauthorized', permanent: false });
    expect(error.message).toContain('gave no token (invalid_client): check sasl.oauth.clientId');
  });

  it('keeps a token until a minute before it expires', async () => {
    let nowMs = 0;
    let fetched = 0;
    const source = createTokenSource(
      () => Promise.resolve({ text: `token ${(fetched += 1)}`, expiresAtMs: nowMs + 600_000 }),
      () => Promise.resolve(),
      () => nowMs,
    );

    const first = [await source.token(noAbort), await source.token(noAbort)];
    nowMs = 541_000;
    const second = await source.token(noAbort);
    source.forget();

    expect([...first, second, await source.token(noAbort)]).toEqual([
      'token 1',
      'token 1',
      'token 2',
      'token 3',
    ]);
  });

  it('signs tokens for Amazon MSK in the region of its brokers', async () => {
    let sent = '';
    await using broker = await startBroker({
      authenticate: (_, bytes) => {
        sent = bytes.toString();
        return { code: 0 };
      },
    });
    const aws = { region: 'eu-central-1', accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'an-aws-secret-key' };
    await using sink = await openTo(broker, { sasl: { mechanism: 'aws-msk-iam', aws } });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    const signed = /^n,,\u0001auth=Bearer ([\w-]+)\u0001\u0001$/.exec(sent)?.[1] ?? '';
    const url = new URL(Buffer.from(signed, 'base64url').toString());
    expect(url.host).toBe('kafka.eu-central-1.amazonaws.com');
    expect(url.searchParams.get('Action')).toBe('kafka-cluster:Connect');
    expect(url.searchParams.get('X-Amz-Credential')).toMatch(
      /^AKIAEXAMPLE\/\d{8}\/eu-central-1\/kafka-cluster/,
    );
    expect(broker.records).toHaveLength(1);
  });
});

describe('the configuration of kafka', () => {
  it.each<[string, Written, string]>([
    ['a broker without a host', { brokers: [':9092'] }, 'brokers is ":9092": write host:port'],
    ['a topic that is no name', { topic: 'our events' }, 'topic "our events" is no name of a topic'],
    ['a header of ours', { headers: { 'idempotency-key': 'x' } }, 'headers sets idempotency-key'],
    ['idempotent without all acks', { idempotent: true, acks: 'Leader' }, 'idempotent: true needs acks: All'],
    [
      'plain without a password',
      { sasl: { username: 'alice' } },
      'sasl.mechanism plain needs `username` and `password`',
    ],
    [
      'oauthbearer without a token',
      { sasl: { mechanism: 'oauthbearer' } },
      'needs sasl.oauth with a `token`',
    ],
    [
      'two sources of tokens',
      { sasl: { mechanism: 'oauthbearer', oauth: { token, tokenEndpointUrl: 'https://x.example' } } },
      'sets both `token` and `tokenEndpointUrl`',
    ],
    [
      'client credentials without a secret',
      { sasl: { mechanism: 'oauthbearer', oauth: { clientId: 'x', tokenEndpointUrl: 'https://x.example' } } },
      'needs `clientId` and `clientSecret`',
    ],
    ['a certificate that is none', { tls: { ca: 'x' } }, 'holds no PEM certificate'],
  ])('refuses %s', async (_, written, message) => {
    const error = await thrownBy(
      openWritten(kafka, { written: { brokers: ['x:1'], topic: 'x', ...written } }),
    );

    expect(error).toMatchObject({ reason: 'InvalidConfig', permanent: true });
    expect(error.message).toContain(message);
  });

  it('says that version is not used', async () => {
    const context = sinkContext();
    await using _ = await openWritten(
      kafka,
      { written: { brokers: ['x'], topic: 'x', version: '2.8.0' } },
      context,
    );

    expect(context.warnings).toEqual([
      'version 2.8.0 is not used: the version of the protocol is agreed on with the brokers',
    ]);
  });

  it('reaches no address that the guard refuses, also when the brokers give it', async () => {
    await using broker = await startBroker();
    const context = sinkContext({ isAddressAllowed: createAddressGuard() });
    for (const host of ['127.0.0.1', 'localhost', '[::1]']) {
      await using sink = await openTo(broker, { brokers: [`${host}:${broker.port}`] }, context);

      expect(await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort))).toMatchObject({
        reason: 'AddressNotAllowed',
        permanent: false,
      });
    }
    expect(broker.connections.size).toBe(0);

    const onlySeed = sinkContext({ isAddressAllowed: (address) => address !== '127.0.0.2' });
    broker.behaviour.advertised = { host: '127.0.0.2', port: broker.port };
    await using sink = await openTo(broker, {}, onlySeed);
    expect(await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort))).toMatchObject({
      reason: 'AddressNotAllowed',
    });
  });

  it('lets delivery keep records below maxMessageBytes', () => {
    expect(
      kafka.defaultsFor?.({ brokers: ['x'], topic: { constant: 'x', render: () => 'x' } }),
    ).toMatchObject({
      maxEventBytes: 1_000_000,
      batch: { maxBytes: 1_000_000 },
    });
  });
});

it('keeps kafkajs from waking up while no request waits', () => {
  calmRequestQueues();
  const queue = Object.assign(
    Object.create(RequestQueue.prototype) as RequestQueue & Record<string, unknown>,
    {
      ...{ pending: [] as unknown[], throttledUntil: -1, throttleCheckTimeoutId: null },
    },
  );

  queue.scheduleCheckPendingRequests();
  const whenEmpty = queue.throttleCheckTimeoutId;
  queue.pending.push('a request');
  queue.scheduleCheckPendingRequests();
  const whenOneWaits = queue.throttleCheckTimeoutId;
  clearTimeout(whenOneWaits as unknown as NodeJS.Timeout);

  expect([whenEmpty, whenOneWaits]).toEqual([null, expect.anything()]);
});
