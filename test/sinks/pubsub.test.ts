import { Metadata, status } from '@grpc/grpc-js';

import { createAddressGuard, type SinkContext } from '../../operator/sink-kit/index.ts';
import pubsub from '../../operator/sinks/pubsub.ts';
import { createAuthority, issue, type Pair } from '../sink-kit/certificates.ts';
import { startProxy } from '../sink-kit/proxy-server.ts';
import { type ContractPeer, describeSinkContract, openWritten, thrownBy } from './contract.ts';
import { claimsOf, serviceAccountKey } from './google-key.ts';
import { type PubsubServer, startPubsubServer } from './pubsub-server.ts';
import { noAbort, numberedEvent, outgoing, sinkContext, sinkEvent, timeoutError } from './sink-event.ts';

let authority: Pair;
let certificate: Pair;

beforeAll(async () => {
  authority = await createAuthority('Google of the test');
  certificate = await issue(authority, ['localhost', '127.0.0.1']);
});

const topic = 'projects/p1/topics/events';

/** A server by TLS, with what a user writes to reach it. */
async function startSecure(): Promise<PubsubServer & { written: Record<string, unknown> }> {
  const server = await startPubsubServer(certificate);
  server.topics.add(topic);
  const written = {
    projectId: 'p1',
    topic: 'events',
    credentials: serviceAccountKey(),
    endpoint: server.host,
    tls: { ca: authority.cert },
  };
  return Object.assign(server, { written });
}

describeSinkContract('pubsub', {
  definition: pubsub,
  start: async (): Promise<ContractPeer> => {
    const server = await startSecure();
    const { credentials, ...written } = server.written;
    return {
      written: { ...written, credentialsSecretRef: { name: 'google', key: 'key.json' } },
      secrets: { google: { 'key.json': credentials as string } },
      taken: () => server.messages.length,
      hang: () => (server.judge = () => 'Hang'),
      failAndEcho: () =>
        (server.judge = (call) => ({
          code: status.INTERNAL,
          details: `${call.metadata.authorization ?? ''} ${JSON.stringify(call.metadata)} ${credentials as string}`,
        })),
      connections: () => server.sockets.size,
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  },
  unrenderable: { layout: { count: '{{ .Series.Count }}' } },
});

const open = (written: Record<string, unknown>, context: Partial<SinkContext> = {}) =>
  openWritten(pubsub, { written }, sinkContext(context));

const refusal = (written: Record<string, unknown>, context: Partial<SinkContext> = {}) =>
  thrownBy(open({ projectId: 'p1', topic: 'events', credentials: serviceAccountKey(), ...written }, context));

describe('pubsub', () => {
  it("publishes the exporter's JSON with attributes to filter by", async () => {
    await using server = await startSecure();
    await using sink = await open(server.written);
    const event = sinkEvent();

    await sink.send(outgoing(sink, [event]), noAbort);

    const [message] = server.messages;
    expect(message?.topic).toBe(topic);
    expect(JSON.parse(message?.data ?? '')).toMatchObject({ reason: 'BackOff', clusterName: 'prod' });
    expect(message?.attributes).toEqual({
      idempotencyKey: event.key,
      type: 'Warning',
      reason: 'BackOff',
      kind: 'Pod',
      namespace: 'shop',
      name: 'web-1',
      cluster: 'prod',
    });
    expect(message?.orderingKey).toBe('');
    expect(sink.endpoint).toBe(server.host);
  });

  it('signs its own tokens for the public name of the service, whatever the endpoint and token_uri', async () => {
    await using server = await startSecure();
    await using sink = await open(server.written);

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    const [call] = server.calls;
    expect(claimsOf(call?.metadata.authorization)).toMatchObject({
      iss: 'eventroute@key-project.iam.gserviceaccount.com',
      aud: 'https://pubsub.googleapis.com/',
    });
    expect(call?.metadata['x-goog-request-params']).toBe('topic=projects%2Fp1%2Ftopics%2Fevents');
  });

  it('sends a batch by one request', async () => {
    await using server = await startSecure();
    await using sink = await open(server.written);
    const events = Array.from({ length: 250 }, (_, number) => numberedEvent(number));

    await sink.send(outgoing(sink, events), noAbort);

    expect(server.calls.map(({ method }) => method)).toEqual(['Publish']);
    expect(server.messages.map(({ attributes }) => attributes.idempotencyKey)).toEqual(
      events.map(({ key }) => key),
    );
  });

  it('divides what is more than one request may hold', async () => {
    await using server = await startSecure();
    await using sink = await open(server.written);
    const many = Array.from({ length: 2_100 }, (_, number) => numberedEvent(number, 'x'));
    const large = [1, 2, 3].map((number) => numberedEvent(number, 'x'.repeat(4_000_000)));

    await sink.send(outgoing(sink, many), noAbort);
    await sink.send(outgoing(sink, large), noAbort);

    expect(server.calls.map(({ messages }) => messages.length)).toEqual([1_000, 1_000, 100, 2, 1]);
  });

  it('takes templates for topic, attributes and ordering key, and keeps the order of each key', async () => {
    await using server = await startSecure();
    server.topics.add('projects/p1/topics/k8s-pod').add('projects/p2/topics/k8s-node');
    await using sink = await open({
      ...server.written,
      topic:
        '{{ if eq .InvolvedObject.Kind "Node" }}projects/p2/topics/{{ end }}k8s-{{ .InvolvedObject.Kind | lower }}',
      attributes: {
        team: '{{ index .InvolvedObject.Labels "team" }}',
        long: '{{ repeat 600 "ä" }}',
        reason: 'own',
      },
      orderingKey: '{{ .InvolvedObject.UID }}',
      standardAttributes: true,
    });
    const about = (kind: string, uid: string, number: number) =>
      sinkEvent({
        metadata: { name: `e-${number}`, namespace: 'shop', uid: `uid-${number}` },
        involvedObject: { kind, namespace: 'shop', name: uid, uid },
        message: `${number}`,
      });
    const events = [about('Pod', 'a', 1), about('Pod', 'b', 2), about('Node', 'n', 3), about('Pod', 'a', 4)];

    await sink.send(outgoing(sink, events), noAbort);

    const published = server.calls.map(({ messages }) => [
      messages[0]?.topic,
      messages[0]?.orderingKey,
      messages.map(({ data }) => (JSON.parse(data) as { message: string }).message),
    ]);
    expect(published).toHaveLength(3);
    expect(published).toEqual(
      expect.arrayContaining([
        ['projects/p1/topics/k8s-pod', 'a', ['1', '4']],
        ['projects/p1/topics/k8s-pod', 'b', ['2']],
        ['projects/p2/topics/k8s-node', 'n', ['3']],
      ]),
    );
    const [message] = server.messages;
    expect(message?.attributes).not.toHaveProperty('team');
    expect(message?.attributes.long).toBe('ä'.repeat(512));
    expect(message?.attributes.reason).toBe('own');
  });

  it('holds back what comes after a failure of its own ordering key alone', async () => {
    await using server = await startSecure();
    await using sink = await open({
      ...server.written,
      topic: '{{ .Reason | lower }}',
      orderingKey: '{{ .InvolvedObject.UID }}',
    });
    server.topics.add('projects/p1/topics/here');
    const about = (reason: string, uid: string) =>
      sinkEvent({ reason, involvedObject: { kind: 'Pod', namespace: 'shop', name: uid, uid } });

    const error = await thrownBy(
      sink.send(outgoing(sink, [about('missing', 'a'), about('here', 'b')]), noAbort),
    );

    expect(error.results?.map((result) => result?.reason)).toEqual(['TargetNotFound', undefined]);
    expect(server.messages).toHaveLength(1);
  });

  it('finds the messages that are refused, and delivers the others', async () => {
    await using server = await startSecure();
    server.judge = ({ messages }) =>
      messages.some(({ data }) => data.includes('poison'))
        ? { code: status.INVALID_ARGUMENT, details: 'Request contains an invalid argument.' }
        : undefined;
    await using sink = await open(server.written);
    const events = Array.from({ length: 20 }, (_, number) =>
      numberedEvent(number, number === 7 || number === 13 ? 'poison' : 'fine'),
    );

    const error = await thrownBy(sink.send(outgoing(sink, events), noAbort));

    expect(error.results?.flatMap((result, index) => (result === undefined ? [] : [index]))).toEqual([7, 13]);
    expect(error.results?.[7]).toMatchObject({ reason: 'Rejected', permanent: true });
    expect(server.messages).toHaveLength(18);
    expect(new Set(server.messages.map(({ attributes }) => attributes.idempotencyKey)).size).toBe(18);
  });

  it.each([
    [status.NOT_FOUND, 'TargetNotFound', false],
    [status.PERMISSION_DENIED, 'Forbidden', false],
    [status.UNAUTHENTICATED, 'Unauthorized', false],
    [status.RESOURCE_EXHAUSTED, 'Throttled', false],
    [status.INVALID_ARGUMENT, 'Rejected', true],
    [status.UNAVAILABLE, 'ServerError', false],
    [status.DEADLINE_EXCEEDED, 'Timeout', false],
    [status.INTERNAL, 'ServerError', false],
    [status.ABORTED, 'ServerError', false],
    [status.FAILED_PRECONDITION, 'Forbidden', false],
    [status.UNIMPLEMENTED, 'TargetNotFound', false],
  ])('takes code %i as %s, once', async (code, reason, permanent) => {
    await using server = await startSecure();
    server.judge = () => ({ code, details: 'said the server' });
    await using sink = await open(server.written);

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));

    expect(error).toMatchObject({ reason, permanent });
    expect(error.message).toContain(`${server.host} answered ${status[code]}: said the server`);
    expect(server.calls).toHaveLength(1);
  });

  it('waits as long as RetryInfo says', async () => {
    await using server = await startSecure();
    const metadata = new Metadata();
    // google.rpc.Status{code: 8, details: [Any{RetryInfo{retry_delay: 2.5s}}]}
    const delay = Buffer.from([0x0a, 0x07, 0x08, 0x02, 0x10, ...varint(500_000_000)]);
    const info = Buffer.concat([Buffer.from([0x0a, delay.length - 2]), delay.subarray(2)]);
    const url = Buffer.from('type.googleapis.com/google.rpc.RetryInfo');
    const any = Buffer.concat([Buffer.from([0x0a, url.length]), url, Buffer.from([0x12, info.length]), info]);
    metadata.set(
      'grpc-status-details-bin',
      Buffer.concat([Buffer.from([0x08, 0x08, 0x1a, any.length]), any]),
    );
    server.judge = () => ({ code: status.RESOURCE_EXHAUSTED, details: 'slow down', metadata });
    await using sink = await open(server.written);

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));

    expect(error).toMatchObject({ reason: 'Throttled', retryAfterMs: 2_500 });
  });

  it('creates a missing topic when it is told to, and takes one that another created', async () => {
    await using server = await startSecure();
    server.topics.clear();
    await using sink = await open({ ...server.written, createTopic: true });

    await sink.check?.(noAbort);
    expect(server.topics.size).toBe(0);
    await Promise.all([1, 2, 3].map((number) => sink.send(outgoing(sink, [numberedEvent(number)]), noAbort)));

    expect([...server.topics]).toEqual([topic]);
    expect(server.messages).toHaveLength(3);
  });

  it('names the missing topic and what to do', async () => {
    await using server = await startSecure();
    server.topics.clear();
    await using sink = await open(server.written);

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));

    expect(error.message).toContain(`create the topic ${topic}, or set createTopic`);
  });

  it('does not use a connection again that went silent', async () => {
    await using server = await startSecure();
    await using sink = await open(server.written);
    server.judge = () => 'Hang';
    const controller = new AbortController();
    const hanging = thrownBy(sink.send(outgoing(sink, [numberedEvent(1)]), controller.signal));
    await until(() => server.calls.length === 1);
    const before = [...server.sockets];

    controller.abort(timeoutError());
    await hanging;
    server.judge = () => undefined;
    await sink.send(outgoing(sink, [numberedEvent(2)]), noAbort);

    expect([...server.sockets].some((socket) => before.includes(socket))).toBe(false);
    expect(server.messages).toHaveLength(1);
  });
});

describe('the check of pubsub', () => {
  it('tells wrong host, wrong port, wrong certificate, wrong credentials, no permission and missing topic apart', async () => {
    await using server = await startSecure();
    const check = async (fields: Record<string, unknown>, refusing?: number) => {
      server.judge = ({ method }) =>
        refusing !== undefined && method === 'GetTopic' ? { code: refusing, details: 'no' } : undefined;
      await using sink = await open({ ...server.written, ...fields });
      return await thrownBy(sink.check!(AbortSignal.timeout(5_000)));
    };

    const errors = [
      await check({ endpoint: 'no-such-host.invalid' }),
      await check({ endpoint: '127.0.0.1:1' }),
      await check({ tls: {} }),
      await check({ tls: { ca: authority.cert, serverName: 'other.example.com' } }),
      await check({}, status.UNAUTHENTICATED),
      await check({}, status.PERMISSION_DENIED),
      await check({ topic: 'missing' }),
    ];

    expect(errors.map(({ reason }) => reason)).toEqual([
      'Unreachable',
      'Unreachable',
      'TLSFailed',
      'TLSFailed',
      'Unauthorized',
      'Forbidden',
      'TargetNotFound',
    ]);
    expect(new Set(errors.map(({ message }) => message)).size).toBe(7);
    expect(errors[5]?.message).toContain('grant roles/pubsub.publisher');
    expect(errors[0]?.message).toContain('is not a known host');
    expect(errors[1]?.message).toContain('refused the connection');
    expect(errors[2]?.message).toContain('authority that is not known');
    expect(server.messages).toHaveLength(0);
  });

  it('is content when it may publish and not look', async () => {
    await using server = await startSecure();
    server.judge = ({ method }) =>
      method === 'GetTopic' ? { code: status.PERMISSION_DENIED, details: 'no' } : undefined;
    server.permissions = ['pubsub.topics.publish'];
    const context = sinkContext();
    await using sink = await openWritten(pubsub, { written: server.written }, context);

    await sink.check?.(noAbort);

    expect(context.warnings).toEqual([]);
    expect(server.calls.map(({ method }) => method)).toEqual(['GetTopic', 'TestIamPermissions']);
  });

  it('warns where the server does not say what it may do', async () => {
    await using server = await startSecure();
    server.judge = ({ method }) => ({
      code: method === 'GetTopic' ? status.PERMISSION_DENIED : status.UNIMPLEMENTED,
      details: 'no',
    });
    const context = sinkContext();
    await using sink = await openWritten(pubsub, { written: server.written }, context);

    await sink.check?.(noAbort);

    expect(context.warnings).toEqual([
      `Could not check topic ${topic}: the credentials may not look at it (pubsub.topics.get)`,
    ]);
  });

  it('checks the credentials alone where topics differ from event to event', async () => {
    await using server = await startSecure();
    await using sink = await open({ ...server.written, topic: 'k8s-{{ .Reason }}' });

    await sink.check?.(noAbort);
    server.judge = () => ({ code: status.PERMISSION_DENIED, details: 'no' });
    await sink.check?.(noAbort);
    server.judge = () => ({ code: status.UNAUTHENTICATED, details: 'no' });

    expect((await thrownBy(sink.check!(noAbort))).reason).toBe('Unauthorized');
  });
});

describe('who pubsub speaks as', () => {
  it.each([
    ['no JSON', 'not-json-but-secret', /is no JSON object/],
    ['a list', '[]', /is no JSON object/],
    ['no type', '{}', /is of no type/],
    [
      'external_account',
      JSON.stringify({ type: 'external_account', credential_source: { file: '/etc/passwd' } }),
      /is of `external_account` type: only service_account/,
    ],
    [
      'an incomplete key',
      JSON.stringify({ type: 'service_account', client_email: 'a@b' }),
      /without `private_key`/,
    ],
    ['a damaged key', serviceAccountKey({ private_key: 'not-a-key' }), /no RSA key in PEM/],
    ['a strange universe', serviceAccountKey({ universe_domain: 'evil.example/x?' }), /no domain name/],
  ])('refuses %s as credentials, without showing them', async (_, credentials, message) => {
    const error = await refusal({ credentials });

    expect(error).toMatchObject({ reason: 'InvalidConfig', permanent: true });
    expect(error.message).toMatch(message);
    expect(error.message).not.toMatch(/not-json-but-secret|passwd|not-a-key/);
  });

  it("refuses to lend the operator's identity to other namespaces", async () => {
    const error = await refusal({ credentials: undefined }, { isAddressAllowed: createAddressGuard() });

    expect(error).toMatchObject({ reason: 'InvalidConfig' });
    expect(error.message).toContain("may not use the operator's own identity");
  });

  it("uses the operator's identity in the root namespace, and says when there is none", async () => {
    await using server = await startSecure();
    const before = { ...process.env };
    Object.assign(process.env, { GOOGLE_APPLICATION_CREDENTIALS: '/nowhere/key.json' });
    await using sink = await open({ ...server.written, credentials: undefined });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), noAbort));
    process.env = before;

    expect(error.message).toMatch(/GOOGLE_APPLICATION_CREDENTIALS/);
    expect(error.permanent).toBe(false);
  });

  it('sends no credentials where nothing is encrypted, and says so', async () => {
    await using server = await startPubsubServer();
    server.topics.add(topic);
    const context = sinkContext();
    const written = {
      projectId: 'p1',
      topic: 'events',
      credentials: serviceAccountKey(),
      endpoint: `http://${server.host}`,
    };
    await using sink = await openWritten(pubsub, { written }, context);

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);

    expect(server.calls[0]?.metadata).not.toHaveProperty('authorization');
    expect(context.warnings).toEqual(['Did not use the credentials, because the endpoint is http://']);
  });

  it('takes the project of the key, and the universe of a sovereign cloud', async () => {
    const fields = { topic: 'events', credentials: serviceAccountKey({ universe_domain: 'apis-s3ns.fr' }) };
    await using sink = await open(fields);

    expect(sink.endpoint).toBe('pubsub.apis-s3ns.fr:443');
    expect(sink.encode(sinkEvent()).payload.topic).toBe('projects/key-project/topics/events');
  });

  it.each([
    [{ topic: 'x' }, /topic is "x"/],
    [{ topic: 'google-topic' }, /not with goog/],
    [{ projectId: 'a/b' }, /projectId is no id/],
    [{ endpoint: 'https://host/path' }, /endpoint has a path/],
    [{ endpoint: 'host:99999' }, /endpoint is "host:99999"/],
    [{ attributes: { googclient: 'x' } }, /do not begin with goog/],
  ])('refuses %j when it is opened', async (fields, message) => {
    const error = await refusal(fields);

    expect(error).toMatchObject({ reason: 'InvalidConfig', permanent: true });
    expect(error.message).toMatch(message);
  });

  it('wants a project when the credentials name none', async () => {
    const error = await refusal({
      projectId: undefined,
      credentials: serviceAccountKey({ project_id: undefined }),
    });

    expect(error.message).toContain('projectId is missing');
  });

  it('rejects an event alone whose topic is none', async () => {
    await using sink = await open({
      projectId: 'p1',
      topic: '{{ .Message }}',
      credentials: serviceAccountKey(),
    });

    expect(() => sink.encode(sinkEvent({ message: 'a/b' }))).toThrow(
      expect.objectContaining({ reason: 'RenderFailed', permanent: true }) as Error,
    );
  });

  it('goes through the proxy of the environment, and to no address of our own by it', async () => {
    await using server = await startSecure();
    await using proxy = await startProxy();
    const before = process.env;
    process.env = { ...before, https_proxy: proxy.url };
    await using sink = await open(server.written);
    await using guarded = await open(server.written, { isAddressAllowed: createAddressGuard() });

    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);
    const error = await thrownBy(guarded.send(outgoing(guarded, [sinkEvent()]), noAbort));
    process.env = before;

    expect(server.messages).toHaveLength(1);
    expect(error.reason).toBe('AddressNotAllowed');
    expect(proxy.asked).toEqual([`CONNECT ${server.host}`]);
  });

  it.each(['127.0.0.1', 'localhost'])('does not reach %s for other namespaces', async (host) => {
    await using server = await startSecure();
    const written = { ...server.written, endpoint: `${host}:${server.port}` };
    await using sink = await open(written, { isAddressAllowed: createAddressGuard() });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), AbortSignal.timeout(5_000)));

    expect(error.reason).toBe('AddressNotAllowed');
    expect(server.sockets.size).toBe(0);
  });
});

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
}

async function until(condition: () => boolean): Promise<void> {
  const untilMs = performance.now() + 5_000;
  while (!condition() && performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, 5));
}
