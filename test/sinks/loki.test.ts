import { gunzipSync } from 'node:zlib';

import { DeliveryError, type SinkContext } from '../../operator/sink-kit/index.ts';
import loki from '../../operator/sinks/loki.ts';
import { createAuthority, issue } from '../sink-kit/certificates.ts';
import { type SeenRequest, startServer } from '../sink-kit/http-server.ts';
import { describeHttpContract, openWritten, thrownBy, type HttpContractPeer } from './contract.ts';
import { numberedEvent, outgoing, sinkContext, sinkEvent } from './sink-event.ts';

const never = new AbortController().signal;

interface Push {
  readonly streams: readonly {
    readonly stream: Readonly<Record<string, string>>;
    readonly values: readonly (readonly [string, string, Readonly<Record<string, string>>?])[];
  }[];
}

const pushIn = ({ body }: SeenRequest): Push => JSON.parse(body) as Push;
const entriesIn = (request: SeenRequest) => pushIn(request).streams.flatMap(({ values }) => values);
const messageOf = ([, line]: readonly [string, string, ...unknown[]]) =>
  (JSON.parse(line) as { message: string }).message;

async function startPeer(): Promise<HttpContractPeer> {
  let status = 204;
  let headers: Readonly<Record<string, string>> = {};
  let mode: 'Answer' | 'Hang' | 'Echo' = 'Answer';
  const server = await startServer((response, request) => {
    if (mode === 'Hang') return;
    if (mode === 'Echo') response.writeHead(500).end(JSON.stringify([request.headers, request.url]));
    else response.writeHead(status, headers).end();
  });
  return {
    written: {
      urlSecretRef: { name: 'loki', key: 'url' },
      headersSecretRef: { name: 'headers' },
      basic: { username: 'eventroute', passwordSecretRef: { name: 'loki', key: 'password' } },
    },
    secrets: {
      loki: { url: `${server.url}/s3cret-path-of-loki/loki/api/v1/push`, password: 'pa55+w0rd/of~loki' },
      headers: { 'X-Api-Key': 'k3y-of-the-gateway' },
    },
    taken: () => server.requests.flatMap(entriesIn).length,
    hang: () => (mode = 'Hang'),
    failAndEcho: () => (mode = 'Echo'),
    connections: () => server.sockets.size,
    answerWith: (code, fields = {}) => {
      status = code;
      headers = fields;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

describeHttpContract('loki', {
  definition: loki,
  start: startPeer,
  unrenderable: { layout: { count: '{{ .Series.Count }}' } },
});

const open = (written: Record<string, unknown>, context: Partial<SinkContext> = {}) =>
  openWritten(loki, { written }, sinkContext(context));

const answering = (status: number, text = '') =>
  startServer((response) => response.writeHead(status).end(text));

describe('what Loki gets', () => {
  it("is the exporter's document at the time of the event, with metadata that tells it from others", async () => {
    await using server = await answering(204);
    await using sink = await open({ url: server.url });
    const event = sinkEvent({ lastTimestamp: '2026-03-01T10:20:30Z' });

    await sink.send(outgoing(sink, [event]), never);

    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      url: '/loki/api/v1/push',
      headers: { 'content-type': 'application/json' },
    });
    const [push] = server.requests.map(pushIn);
    expect(push?.streams.map(({ stream }) => stream)).toEqual([{ job: 'eventroute' }]);
    const [entry] = push?.streams[0]?.values ?? [];
    expect(entry?.[0]).toBe('1772360430000000000');
    expect(JSON.parse(entry?.[1] ?? '')).toMatchObject({ reason: 'BackOff', clusterName: 'prod' });
    expect(entry?.[2]).toEqual({
      eventroute_key: event.key,
      level: 'warn',
      object_kind: 'Pod',
      object_namespace: 'shop',
      object_name: 'web-1',
    });
  });

  it.each([
    [{ eventTime: '2026-03-01T10:20:30.123456Z', lastTimestamp: null }, '1772360430123456000'],
    [
      {
        series: { count: 4, lastObservedTime: '2026-03-01T10:20:31.000007Z' },
        eventTime: '2026-03-01T10:20:30.123456Z',
      },
      '1772360431000007000',
    ],
    [
      { eventTime: '2026-03-01T10:20:30.123456Z', lastTimestamp: '2026-03-01T10:20:30Z' },
      '1772360430000000000',
    ],
  ])('has the time of the occurrence to the microsecond: %j', async (fields, expected) => {
    await using server = await answering(204);
    await using sink = await open({ url: server.url });

    await sink.send(outgoing(sink, [sinkEvent(fields)]), never);

    expect(server.requests.flatMap(entriesIn).map(([time]) => time)).toEqual([expected]);
  });

  it('is one push with a stream for each set of labels, each in order of time', async () => {
    await using server = await answering(204);
    await using sink = await open({
      url: server.url,
      streamLabels: { reason: '{{ .Reason }}', app: 'events', none: '{{ .Action }}' },
    });
    const events = [
      sinkEvent({ reason: 'A', message: 'late', lastTimestamp: '2026-03-01T10:00:02Z' }),
      sinkEvent({ reason: 'B', message: 'b' }),
      sinkEvent({ reason: 'A', message: 'early', lastTimestamp: '2026-03-01T10:00:01Z' }),
    ];

    await sink.send(outgoing(sink, events), never);

    expect(server.requests).toHaveLength(1);
    const [push] = server.requests.map(pushIn);
    expect(push?.streams.map(({ stream, values }) => [stream, values.map(messageOf)])).toEqual([
      [{ app: 'events', reason: 'A' }, ['early', 'late']],
      [{ app: 'events', reason: 'B' }, ['b']],
    ]);
  });

  it('has the default label where all of the labels are empty, and no value that Loki finds too long', async () => {
    await using server = await answering(204);
    await using sink = await open({ url: server.url, streamLabels: { action: '{{ .Action }}' } });
    const events = [
      sinkEvent(),
      sinkEvent({ action: 'ä'.repeat(2_000) }),
      sinkEvent({ action: `x${'ä'.repeat(1_024)}` }),
    ];

    await sink.send(outgoing(sink, events), never);

    const labels = server.requests.map(pushIn)[0]?.streams.map(({ stream }) => stream);
    expect(labels).toEqual([
      { job: 'eventroute' },
      { action: 'ä'.repeat(1_024) },
      { action: `x${'ä'.repeat(1_023)}` },
    ]);
  });

  it('takes own metadata, or none', async () => {
    await using server = await answering(204);
    await using own = await open({ url: server.url, structuredMetadata: { key: '{{ .IdempotencyKey }}' } });
    await using none = await open({ url: server.url, structuredMetadata: {} });
    const event = sinkEvent();

    await own.send(outgoing(own, [event]), never);
    await none.send(outgoing(none, [event]), never);

    expect(server.requests.flatMap(entriesIn).map((entry) => entry.slice(2))).toEqual([
      [{ key: event.key }],
      [],
    ]);
  });

  it('goes to the tenant of each event, with headers and credentials', async () => {
    await using server = await answering(204);
    await using sink = await openWritten(loki, {
      written: {
        url: server.url,
        tenantID: 'team-{{ .InvolvedObject.Namespace }}',
        bearer: { token: 'tok' },
        headers: { 'X-Cluster': '{{ .ClusterName }}', 'X-Scope-OrgID': 'other' },
        headersSecretRef: { name: 'h' },
      },
      secrets: { h: { 'X-Key': 'k' } },
    });
    const inNamespace = (namespace: string, uid: string) =>
      sinkEvent({ involvedObject: { kind: 'Pod', namespace, uid }, metadata: { name: uid, namespace, uid } });

    await sink.send(
      outgoing(sink, [inNamespace('a', '1'), inNamespace('b', '2'), inNamespace('a', '3')]),
      never,
    );

    expect(server.requests.map(({ headers }) => headers['x-scope-orgid'])).toEqual(['team-a', 'team-b']);
    expect(server.requests.map((request) => entriesIn(request).length)).toEqual([2, 1]);
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer tok',
      'x-cluster': 'prod',
      'x-key': 'k',
    });
  });

  it.each([
    ['', '/loki/api/v1/push'],
    ['/', '/loki/api/v1/push'],
    ['/loki/api/v1', '/loki/api/v1/push'],
    ['/loki/api/v1/push', '/loki/api/v1/push'],
    ['/gateway', '/gateway/loki/api/v1/push'],
    ['/api/prom/push', '/api/prom/push'],
    ['/insert/loki/api/v1/push?account=1', '/insert/loki/api/v1/push?account=1'],
  ])('goes from the path %j to %s', async (path, expected) => {
    await using server = await answering(204);
    await using sink = await open({ url: `${server.url}${path}` });

    await sink.send(outgoing(sink, [sinkEvent()]), never);

    expect(server.requests[0]?.url).toBe(expected);
  });

  it('is compressed when it is worth it, unless that is turned off', async () => {
    await using server = await answering(204);
    await using plain = await open({ url: server.url, compression: 'None' });
    await using gzip = await open({ url: server.url });
    const events = [numberedEvent(1, 'x'.repeat(3_000))];

    await plain.send(outgoing(plain, events), never);
    await gzip.send(outgoing(gzip, events), never);

    const [first, second] = server.requests;
    expect([first, second].map((request) => request?.headers['content-encoding'])).toEqual([
      undefined,
      'gzip',
    ]);
    expect(gunzipSync(second?.rawBody ?? Buffer.alloc(0))).toEqual(first?.rawBody);
  });

  it('goes by the TLS settings of the receiver', async () => {
    const authority = await createAuthority('Authority');
    await using server = await startServer(
      (response) => response.writeHead(204).end(),
      await issue(authority, ['127.0.0.1']),
    );
    await using strict = await open({ url: server.url });
    await using trusting = await open({ url: server.url, tls: { ca: authority.cert } });

    const error = await thrownBy(strict.send(outgoing(strict, [sinkEvent()]), never));
    await trusting.send(outgoing(trusting, [sinkEvent()]), never);

    expect(error.reason).toBe('TLSFailed');
    expect(server.requests).toHaveLength(1);
  });
});

describe('the refusals of Loki', () => {
  it.each([
    [401, 'no org id', 'Unauthorized', false, /answered 401: no org id; set tenantID$/],
    [400, 'tenant ID is too long: max 150 characters', 'InvalidConfig', false, /150 letters/],
    [
      400,
      "max entry size '262144' bytes exceeded for stream '{job=\"e\"}' while adding an entry with length '300000' bytes",
      'PayloadTooLarge',
      true,
      /max_line_size/,
    ],
    [
      400,
      'entry for stream \'{job="e"}\' has timestamp too old: 2026-01-01T00:00:00Z, oldest acceptable timestamp is: 2026-02-01T00:00:00Z',
      'Rejected',
      true,
      /reject_old_samples_max_age/,
    ],
    [
      400,
      "entry with timestamp 2026-03-01 10:20:30 +0000 UTC ignored, reason: 'entry too far behind, entry timestamp is: x, oldest acceptable timestamp is: y',\nuser 'fake', total ignored: 1 out of 1 for stream: {}",
      'Rejected',
      true,
      /max_chunk_age/,
    ],
    [400, "entry for stream '{}' has timestamp too new: 2258-05-15T01:46:40Z", 'Rejected', true, /clocks/],
    [
      400,
      "stream '{}' includes structured metadata, but this feature is disallowed.",
      'InvalidConfig',
      false,
      /structuredMetadata: \{\}/,
    ],
    [
      400,
      "entry for stream '{}' has 16 label names; limit 15",
      'InvalidConfig',
      false,
      /change streamLabels/,
    ],
    [429, 'ingestion rate limit exceeded for user fake', 'Throttled', false, /429/],
    [
      260,
      "ingestion blocked for user 'fake' until 2026-12-01 with status code '260'",
      'Forbidden',
      false,
      /blocked/,
    ],
    [
      500,
      'rpc error: code = ResourceExhausted desc = grpc: received message larger than max',
      'PayloadTooLarge',
      true,
      /maxBytes/,
    ],
    [502, 'bad gateway', 'ServerError', false, /502/],
    [404, '404 page not found', 'TargetNotFound', false, /check the path/],
  ] as const)('%i %j means %s', async (...[status, text, reason, permanent, message]) => {
    await using server = await answering(status, text);
    await using sink = await open({ url: server.url });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

    expect(error).toBeInstanceOf(DeliveryError);
    expect(error).toMatchObject({ reason, permanent });
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`${server.host} answered ${status}`);
  });
});

describe('a push that Loki takes in part', () => {
  const isOld = (message: string): boolean => message === 'old';
  const tooOld = (count: number, others = 0): string =>
    `${count} errors like: entry for stream '{}' has timestamp too old: x${others > 0 ? `; ${others} errors like: y` : ''}`;

  /** Keeps what is right of a push, as Loki does: an entry with time, line and metadata that it has is not stored twice. */
  async function startLoki(tell: (count: number) => string) {
    const stored = new Set<string>();
    const server = await startServer((response, request) => {
      const entries = entriesIn(request);
      const bad = entries.filter((entry) => isOld(messageOf(entry)));
      for (const entry of entries) if (!bad.includes(entry)) stored.add(JSON.stringify(entry));
      response.writeHead(bad.length > 0 ? 400 : 204).end(bad.length > 0 ? tell(bad.length) : '');
    });
    return Object.assign(server, { stored });
  }

  it('rejects what is wrong and no more, and stores nothing twice', async () => {
    await using server = await startLoki(() => "entry for stream '{}' has timestamp too old: x");
    await using sink = await open({ url: server.url });
    const messages = ['1', 'old', '3', '4', '5', '6', 'old'];
    const events = messages.map((message, index) => numberedEvent(index, message));

    const error = await thrownBy(sink.send(outgoing(sink, events), never));

    expect(server.stored.size).toBe(5);
    expect(error.results?.map((result) => result?.reason)).toEqual(
      messages.map((message) => (isOld(message) ? 'Rejected' : undefined)),
    );
    expect(error.results?.filter(Boolean).every((result) => result?.permanent === true)).toBe(true);
  });

  it('is not narrowed down where Loki says that all of it is wrong', async () => {
    await using server = await startLoki((count) => tooOld(count - 1, 1));
    await using sink = await open({ url: server.url });

    const error = await thrownBy(
      sink.send(outgoing(sink, [numberedEvent(1, 'old'), numberedEvent(2, 'old')]), never),
    );

    expect(server.requests).toHaveLength(1);
    expect(error).toMatchObject({ reason: 'Rejected', permanent: true });
  });

  it('waits where the system gets busy before it is narrowed down', async () => {
    let requests = 0;
    await using server = await startServer((response) => {
      requests += 1;
      response.writeHead(requests === 1 ? 400 : 429).end(requests === 1 ? 'timestamp too old' : 'slow down');
    });
    await using sink = await open({ url: server.url });
    const events = [1, 2, 3, 4].map((number) => numberedEvent(number));

    const error = await thrownBy(sink.send(outgoing(sink, events), never));

    expect(server.requests).toHaveLength(2);
    expect(error).toMatchObject({ reason: 'Throttled', permanent: false });
  });

  it('is divided where it is more than a second may bring, or more than the server takes', async () => {
    const sizes: number[] = [];
    await using server = await startServer((response, request) => {
      const count = entriesIn(request).length;
      sizes.push(count);
      if (count > 4) return response.writeHead(413).end();
      if (count <= 1) return response.writeHead(204).end();
      const said = `ingestion rate limit exceeded for user fake (limit: 1500 bytes/sec) while attempting to ingest '${count}' lines totaling '${count * 1_000}' bytes, reduce log volume`;
      return response.writeHead(429).end(said);
    });
    await using sink = await open({ url: server.url });
    const events = [1, 2, 3, 4, 5, 6].map((number) => numberedEvent(number));

    await sink.send(outgoing(sink, events), never);

    expect(sizes).toEqual([6, 3, 2, 1, 1, 1, 3, 2, 1, 1, 1]);
  });

  it('keeps one tenant from holding another back', async () => {
    await using server = await startServer((response, { headers }) =>
      response.writeHead(headers['x-scope-orgid'] === 'a' ? 403 : 204).end(),
    );
    await using sink = await open({ url: server.url, tenantID: '{{ .InvolvedObject.Namespace }}' });
    const events = ['a', 'b'].map((namespace) =>
      sinkEvent({
        involvedObject: { kind: 'Pod', namespace, uid: namespace },
        metadata: { name: namespace, uid: namespace },
      }),
    );

    const error = await thrownBy(sink.send(outgoing(sink, events), never));

    expect(error.results?.map((result) => result?.reason)).toEqual(['Forbidden', undefined]);
  });
});

describe('the check of Loki', () => {
  const check = async (written: Record<string, unknown>): Promise<DeliveryError | undefined> => {
    await using sink = await open(written);
    return await sink.check?.(never).then(
      () => undefined,
      (error: unknown) => error as DeliveryError,
    );
  };

  it('pushes no entry, with the credentials and the tenant of a push', async () => {
    await using server = await answering(204);

    expect(
      await check({ url: server.url, tenantID: 'team-a', basic: { username: 'u', password: 'p' } }),
    ).toBeUndefined();

    expect(server.requests.flatMap(entriesIn)).toEqual([]);
    expect(server.requests[0]).toMatchObject({
      url: '/loki/api/v1/push',
      headers: { 'x-scope-orgid': 'team-a', authorization: 'Basic dTpw' },
    });
  });

  it('tells wrong host, certificate, password, path and tenant apart', async () => {
    const authority = await createAuthority('Authority');
    await using secure = await startServer(undefined, await issue(authority, ['127.0.0.1']));
    await using locked = await answering(401, 'Unauthorized');
    await using elsewhere = await answering(404, '404 page not found');
    await using tenants = await answering(401, 'no org id');
    const gone = await startServer();
    await gone[Symbol.asyncDispose]();

    const failures = [
      await check({ url: gone.url }),
      await check({ url: secure.url }),
      await check({ url: locked.url }),
      await check({ url: elsewhere.url }),
      await check({ url: tenants.url }),
    ];

    expect(failures.map((failure) => failure?.reason)).toEqual([
      'Unreachable',
      'TLSFailed',
      'Unauthorized',
      'TargetNotFound',
      'Unauthorized',
    ]);
    expect(new Set(failures.map((failure) => failure?.message)).size).toBe(5);
    expect(failures[4]?.message).toMatch(/set tenantID$/);
  });

  it('does not ask for a tenant that only an event can name', async () => {
    await using tenants = await answering(401, 'no org id');

    expect(await check({ url: tenants.url, tenantID: '{{ .InvolvedObject.Namespace }}' })).toBeUndefined();
    expect(await check({ url: tenants.url, tenantID: 'fixed' })).toMatchObject({ reason: 'Unauthorized' });
  });
});

describe('what Loki cannot be opened with', () => {
  it.each<[string, object, RegExp]>([
    ['no URL', { url: 'loki:3100' }, /begins with http/],
    [
      'a label name',
      { url: 'http://loki', streamLabels: { 'app.kubernetes.io/name': 'x' } },
      /"app.kubernetes.io\/name".*letters, digits/,
    ],
    ['a label name', { url: 'http://loki', streamLabels: { '1a': 'x' } }, /no digit first/],
    ['a header name', { url: 'http://loki', headers: { 'X Y': 'a' } }, /no name of an HTTP header/],
    [
      'two kinds of credentials',
      { url: 'http://loki', basic: { username: 'u', password: 'p' }, bearer: { token: 't' } },
      /both/,
    ],
    ['tls', { url: 'https://loki', tls: { ca: 'nonsense' } }, /holds no PEM certificate/],
  ])('%s in %j', async (_, written, message) => {
    const error = await thrownBy(open(written as Record<string, unknown>));

    expect(error).toMatchObject({ reason: 'InvalidConfig', permanent: true });
    expect(error.message).toMatch(message);
  });

  it('is told of a tenant with a line break for each event', async () => {
    await using sink = await open({ url: 'http://loki', tenantID: '{{ .Message }}' });

    expect(() => sink.encode(sinkEvent({ message: 'a\nb' }))).toThrow(
      expect.objectContaining({ reason: 'RenderFailed', permanent: true }) as Error,
    );
  });
});
