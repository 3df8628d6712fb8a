import type { Static } from '@sinclair/typebox';

import { DeliveryError, type SinkContext } from '../../operator/sink-kit/index.ts';
import webhook from '../../operator/sinks/webhook.ts';
import { createAuthority, issue } from '../sink-kit/certificates.ts';
import { startServer } from '../sink-kit/http-server.ts';
import { describeHttpContract, openWritten, thrownBy, type HttpContractPeer } from './contract.ts';
import { numberedEvent, outgoing, sinkContext, sinkEvent } from './sink-event.ts';

const never = new AbortController().signal;

async function startPeer(): Promise<HttpContractPeer> {
  let status = 200;
  let headers: Readonly<Record<string, string>> = {};
  let mode: 'Answer' | 'Hang' | 'Echo' = 'Answer';
  const server = await startServer((response, request) => {
    if (mode === 'Hang') return;
    const text = JSON.stringify([request.url, request.headers, request.body]);
    response.writeHead(mode === 'Echo' ? 500 : status, headers).end(mode === 'Echo' ? text : '');
  });
  return {
    written: {
      endpointSecretRef: { name: 'hook', key: 'url' },
      headersSecretRef: { name: 'headers' },
      headers: { 'X-Reason': '{{ .Reason }}' },
      basic: { username: 'eventroute', passwordSecretRef: { name: 'hook', key: 'password' } },
    },
    secrets: {
      hook: { url: `${server.url}/services/T0P5ECRET0/B1GS3CRET99`, password: 'pa55+w0rd/of~hook' },
      headers: { 'X-Api-Key': 'k3y-of-the-hook' },
    },
    taken: () => server.requests.length,
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

describeHttpContract('webhook', {
  definition: webhook,
  start: startPeer,
  unrenderable: { layout: { count: '{{ .Series.Count }}' } },
});

const open = (written: Record<string, unknown>, context: Partial<SinkContext> = {}) =>
  openWritten(webhook, { written }, sinkContext(context));

const refusal = (written: Record<string, unknown>) => thrownBy(open(written));

describe('the webhook', () => {
  it("posts the exporter's JSON with the event's key", async () => {
    await using server = await startServer();
    await using sink = await open({ endpoint: `${server.url}/hook` });
    const event = sinkEvent();

    await sink.send(outgoing(sink, [event]), never);

    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'POST', url: '/hook' });
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': event.key,
    });
    expect(JSON.parse(request?.body ?? '')).toMatchObject({ reason: 'BackOff', clusterName: 'prod' });
    expect(sink.endpoint).toBe(server.host);
  });

  it('takes method, templated path and headers, and one Content-Type', async () => {
    await using server = await startServer();
    await using sink = await open({
      endpoint: `${server.url}/{{ .InvolvedObject.Namespace }}/{{ .Reason | lower }}?o={{ .InvolvedObject.Name | urlquery }}`,
      method: 'PUT',
      headers: { 'content-TYPE': 'application/cloudevents+json', 'X-Message': 'Grüße von {{ .Reason }}' },
    });

    await sink.send(outgoing(sink, [sinkEvent()]), never);

    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'PUT', url: '/shop/backoff?o=web-1' });
    expect(request?.rawHeaders.filter((text) => text.toLowerCase() === 'content-type')).toHaveLength(1);
    expect(request?.headers['content-type']).toBe('application/cloudevents+json');
    expect(Buffer.from(String(request?.headers['x-message']), 'latin1').toString()).toBe('Grüße von BackOff');
  });

  it.each([
    [
      'basic',
      { basic: { username: 'u', password: 'päss' } },
      `Basic ${Buffer.from('u:päss').toString('base64')}`,
    ],
    ['bearer', { bearer: { token: 'tok' } }, 'Bearer tok'],
    [
      'a header of the user',
      { bearer: { token: 'tok' }, headers: { authorization: 'Custom x' } },
      'Custom x',
    ],
  ])('authenticates by %s', async (_, fields, expected) => {
    await using server = await startServer();
    await using sink = await open({ endpoint: server.url, ...fields });

    await sink.send(outgoing(sink, [sinkEvent()]), never);

    expect(server.requests[0]?.headers.authorization).toBe(expected);
  });

  it('makes Basic authentication of user info, and never shows it', async () => {
    await using server = await startServer((response) => response.writeHead(401).end());
    await using sink = await open({ endpoint: `http://robot:hunter22@${server.host}/in` });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

    expect(server.requests[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from('robot:hunter22').toString('base64')}`,
    );
    expect(sink.endpoint).toBe(server.host);
    expect(error).toMatchObject({ reason: 'Unauthorized', permanent: false });
    expect(error.message).not.toContain('hunter22');
  });

  it('hides credentials in plain headers when the server repeats them', async () => {
    await using server = await startServer((response, { headers }) =>
      response.writeHead(400).end(`bad key ${String(headers['x-api-key'])} ${String(headers.authorization)}`),
    );
    await using sink = await open({
      endpoint: server.url,
      headers: { 'X-Api-Key': 'plain-key-1', Authorization: 'Token plain-token-2' },
    });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

    expect(error.message).toMatch(/answered 400 Bad Request: bad key \*\*\* \*\*\*$/);
  });

  it('sends layout and deDot as configured', async () => {
    await using server = await startServer();
    const layout = { text: '{{ .Message }}', n: 5, labels: '{{ toJson .Labels }}' };
    await using sink = await open({ endpoint: server.url, layout, deDot: true });
    const metadata = { name: 'e', namespace: 'shop', uid: 'u', labels: { 'a.b': 'c' } };

    await sink.send(outgoing(sink, [sinkEvent({ metadata, message: '<a&b>' })]), never);

    expect(server.requests[0]?.body).toBe(
      '{"text":"\\u003ca\\u0026b\\u003e","n":5,"labels":"{\\"a_b\\":\\"c\\"}"}',
    );
  });

  it.each([
    ['JSONArray', 'application/json', (body: string) => JSON.parse(body) as { message: string }[]],
    [
      'NDJSON',
      'application/x-ndjson',
      (body: string) =>
        body
          .trimEnd()
          .split('\n')
          .map((line) => JSON.parse(line) as { message: string }),
    ],
  ])('puts a batch into one request as %s', async (encoding, contentType, read) => {
    await using server = await startServer();
    await using sink = await open({ endpoint: server.url, encoding });

    await sink.send(outgoing(sink, [numberedEvent(1), numberedEvent(2)]), never);

    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.headers['content-type']).toBe(contentType);
    expect(server.requests[0]?.headers['idempotency-key']).toBeUndefined();
    expect(read(server.requests[0]?.body ?? '').map(({ message }) => message)).toEqual([
      'message 1',
      'message 2',
    ]);
  });

  it('divides a batch by URL and headers, and tells which events failed', async () => {
    await using server = await startServer((response, { url }) =>
      response.writeHead(url === '/bad' ? 422 : 200).end(),
    );
    await using sink = await open({ endpoint: `${server.url}/{{ .Reason }}`, encoding: 'NDJSON' });
    const events = ['good', 'bad', 'good'].map((reason, index) =>
      sinkEvent({ reason, metadata: { name: `e${index}`, namespace: 'shop', uid: `u${index}` } }),
    );

    const error = await thrownBy(sink.send(outgoing(sink, events), never));

    expect(server.requests.map(({ url }) => url)).toEqual(['/good', '/bad']);
    expect(error.results?.map((result) => result?.reason)).toEqual([undefined, 'Rejected', undefined]);
  });

  it('keeps the order of an object and goes on with others when one event is to be retried', async () => {
    await using server = await startServer((response, { body }) =>
      response.writeHead(body.includes('message 1') ? 500 : 200).end(),
    );
    await using sink = await open({ endpoint: server.url });
    const about = (uid: string, message: string) =>
      sinkEvent({ message, involvedObject: { kind: 'Pod', uid } });
    const events = [about('a', 'message 1'), about('a', 'message 2'), about('b', 'message 3')];

    const error = await thrownBy(sink.send(outgoing(sink, events), never));

    expect(server.requests).toHaveLength(2);
    expect(error.results?.map((result) => result?.reason)).toEqual(['ServerError', 'ServerError', undefined]);
  });

  it('stops a batch when the system as a whole is throttled', async () => {
    await using server = await startServer((response) =>
      response.writeHead(429, { 'retry-after': '3' }).end(),
    );
    await using sink = await open({ endpoint: server.url });
    const about = (uid: string) => sinkEvent({ involvedObject: { kind: 'Pod', uid } });

    const error = await thrownBy(sink.send(outgoing(sink, [about('a'), about('b')]), never));

    expect(server.requests).toHaveLength(1);
    expect(error).toMatchObject({ reason: 'Throttled', retryAfterMs: 3_000, results: undefined });
  });

  it('follows a redirect on the same origin only when told to', async () => {
    await using server = await startServer((response, { url }) =>
      url === '/new' ? response.end() : response.writeHead(308, { location: '/new' }).end(),
    );
    await using refusing = await open({ endpoint: `${server.url}/old` });
    await using following = await open({ endpoint: `${server.url}/old`, redirects: 'SameOrigin' });

    const error = await thrownBy(refusing.send(outgoing(refusing, [sinkEvent()]), never));
    await following.send(outgoing(following, [sinkEvent()]), never);

    expect(error).toMatchObject({ reason: 'Rejected', permanent: true });
    expect(server.requests.map(({ url }) => url)).toEqual(['/old', '/old', '/new']);
    expect(server.requests[2]?.body).toContain('BackOff');
  });

  it('keeps TLS settings of one receiver away from another', async () => {
    const authority = await createAuthority('Authority');
    await using server = await startServer(undefined, await issue(authority, ['127.0.0.1']));
    await using lax = await open({ endpoint: server.url, tls: { insecureSkipVerify: true } });
    await using strict = await open({ endpoint: server.url });

    await lax.send(outgoing(lax, [sinkEvent()]), never);
    const error = await thrownBy(strict.send(outgoing(strict, [sinkEvent()]), never));

    expect(error.reason).toBe('TLSFailed');
    expect(server.requests).toHaveLength(1);
  });

  it('checks by a connection and sends no request', async () => {
    await using server = await startServer();
    await using sink = await open({ endpoint: `${server.url}/{{ .Reason }}` });

    await sink.check?.(never);

    expect(server.requests).toHaveLength(0);
    await server[Symbol.asyncDispose]();
    expect((await thrownBy(sink.check!(never))).message).toMatch(/refused the connection/);
  });
});

describe('what the webhook refuses when it is opened', () => {
  it.each<[string, object, string, RegExp]>([
    ['endpoint', { endpoint: 'events.example.com/hook' }, 'InvalidConfig', /is no URL that begins with http/],
    ['endpoint', { endpoint: 'ftp://events.example.com' }, 'InvalidConfig', /is no URL/],
    [
      'endpoint',
      { endpoint: 'https://{{ .Reason }}.example.com/' },
      'InvalidConfig',
      /no URL|before the path begins/,
    ],
    [
      'endpoint',
      { endpoint: 'https://a.example.com{{ .Reason }}' },
      'InvalidConfig',
      /before the path begins/,
    ],
    ['endpoint', { endpoint: 'https://a.example.com/{{ .Nope }}' }, 'InvalidTemplate', /line 1/],
    ['a header name', { headers: { 'X Y': 'a' } }, 'InvalidConfig', /"X Y" is no name of an HTTP header/],
    [
      'a header of the connection',
      { headers: { 'Content-Length': '5' } },
      'InvalidConfig',
      /set by the HTTP client/,
    ],
    ['method', { method: 'CONNECT' }, 'InvalidConfig', /use POST or PUT/],
    [
      'two kinds of credentials',
      { basic: { username: 'u', password: 'p' }, bearer: { token: 't' } },
      'InvalidConfig',
      /both/,
    ],
    ['tls', { tls: { ca: 'nonsense' } }, 'InvalidConfig', /holds no PEM certificate/],
  ])('%s in %j', async (...[, fields, reason, message]: [string, object, string, RegExp]) => {
    const error = await refusal({ endpoint: 'https://a.example.com', ...fields });

    expect(error).toBeInstanceOf(DeliveryError);
    expect(error).toMatchObject({ reason, permanent: true });
    expect(error.message).toMatch(message);
  });

  it('a line break in a secret header, without showing it', async () => {
    const error = await thrownBy(
      openWritten(webhook, {
        written: { endpoint: 'https://a.example.com', headersSecretRef: { name: 'h' } },
        secrets: { h: { 'X-Key': 'sec\r\nret: x' } },
      }),
    );

    expect(error.message).toBe('the value of header X-Key holds a line break or another control character');
  });
});

describe('what the webhook rejects of an event', () => {
  it.each(['a\nX-Evil: 1', 'a\r\nb', 'a\u0000b'])('a header value such as %j', async (message) => {
    await using sink = await open({
      endpoint: 'https://a.example.com',
      headers: { 'X-M': '{{ .Message }}' },
    });

    expect(() => sink.encode(sinkEvent({ message }))).toThrow(/header X-M holds a line break/);
  });

  it.each(['../../admin', '..', '%2e%2e/x', 'a b', 'a\tb', 'a\\..\\b', '.'])(
    'a path such as %j',
    async (message) => {
      await using sink = await open({ endpoint: 'https://a.example.com/x/{{ .Message }}/y' });

      expect(() => sink.encode(sinkEvent({ message }))).toThrow(
        expect.objectContaining({ reason: 'RenderFailed', permanent: true }) as Error,
      );
    },
  );

  it('nothing that stays on the path', async () => {
    await using sink = await open({ endpoint: 'https://a.example.com/x?q={{ .Message }}' });

    expect(() => sink.encode(sinkEvent({ message: '..&b=//evil.example.com/@' }))).not.toThrow();
  });
});

describe('the batches of the webhook', () => {
  it.each([
    [undefined, 1],
    ['Event', 1],
    ['NDJSON', 500],
    ['JSONArray', 500],
  ] as const)('with encoding %s hold %i events by default', (encoding, maxEvents) => {
    const config = { endpoint: 'https://a.example.com', encoding } as Static<typeof webhook.config>;

    expect(webhook.defaultsFor?.(config).batch?.maxEvents).toBe(maxEvents);
  });
});
