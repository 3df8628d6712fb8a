import { gunzipSync } from 'node:zlib';

import { DeliveryError, type SinkContext } from '../../operator/sink-kit/index.ts';
import splunk from '../../operator/sinks/splunk.ts';
import { createAuthority, issue } from '../sink-kit/certificates.ts';
import { type SeenRequest, startServer } from '../sink-kit/http-server.ts';
import { describeHttpContract, openWritten, thrownBy, type HttpContractPeer } from './contract.ts';
import { numberedEvent, outgoing, sinkContext, sinkEvent } from './sink-event.ts';

const never = new AbortController().signal;
const token = 'B5A79AAD-D822-46CC-80D1-819F80D7BFB0';

const answer = (code: number, more: Record<string, unknown> = {}): string =>
  JSON.stringify({ text: `text of ${code}`, code, ...more });
const success = answer(0);
const noData = answer(5);
const isEvents = ({ url, body }: SeenRequest): boolean => url.endsWith('/event') && body !== '';

async function startPeer(): Promise<HttpContractPeer> {
  let status = 200;
  let headers: Readonly<Record<string, string>> = {};
  let mode: 'Answer' | 'Hang' | 'Echo' = 'Answer';
  const server = await startServer((response, request) => {
    if (mode === 'Hang') return;
    if (mode === 'Echo') response.writeHead(500).end(JSON.stringify([request.headers, request.body]));
    else if (request.body === '') response.writeHead(400).end(noData);
    else response.writeHead(status, headers).end(status === 200 ? success : '');
  });
  const taken = () =>
    server.requests.filter(isEvents).reduce((sum, { body }) => sum + body.split('\n').length, 0);
  return {
    written: { url: server.url, tokenSecretRef: { name: 'splunk', key: 'token' } },
    secrets: { splunk: { token } },
    taken,
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

describeHttpContract('splunk', {
  definition: splunk,
  start: startPeer,
  unrenderable: { layout: { count: '{{ .Series.Count }}' } },
});

const open = (written: Record<string, unknown>, context: Partial<SinkContext> = {}) =>
  openWritten(splunk, { written: { token, ...written } }, sinkContext(context));

/** A collector that answers 200 to all but what `judge` refuses. */
async function startCollector(judge: (request: SeenRequest) => string | undefined = () => undefined) {
  return startServer((response, request) => {
    const said = judge(request) ?? (request.body === '' ? noData : success);
    const { code } = JSON.parse(said) as { code: number };
    response.writeHead(code === 0 ? 200 : 400, { 'content-type': 'application/json' }).end(said);
  });
}

const lines = (body: string): Record<string, unknown>[] =>
  body.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);

describe('what Splunk gets', () => {
  it('is an object for each event, with its own time and key', async () => {
    await using server = await startCollector();
    await using sink = await open({ url: server.url });
    const events = [sinkEvent({ lastTimestamp: '2026-03-01T10:20:30Z' }), numberedEvent(2)];

    await sink.send(outgoing(sink, events), never);

    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      url: '/services/collector/event',
      headers: { authorization: `Splunk ${token}`, 'content-type': 'application/json' },
    });
    expect(server.requests[0]?.headers).not.toHaveProperty('x-splunk-request-channel');
    const [first, second] = lines(server.requests[0]?.body ?? '');
    expect(first).toEqual({
      time: 1_772_360_430,
      host: 'node-7',
      event: expect.objectContaining({ reason: 'BackOff', clusterName: 'prod' }) as unknown,
      fields: { eventroute_key: events[0]?.key },
    });
    expect(second).toMatchObject({ fields: { eventroute_key: events[1]?.key } });
  });

  it('has milliseconds where the event has them', async () => {
    await using server = await startCollector();
    await using sink = await open({ url: server.url });
    const event = sinkEvent({ lastTimestamp: null, eventTime: '2026-03-01T10:20:30.123456Z' });

    await sink.send(outgoing(sink, [event]), never);

    expect(server.requests[0]?.body).toMatch(/^\{"time":1772360430\.123,/);
  });

  it('takes templates for index, source, sourcetype, host and fields, and leaves empty ones out', async () => {
    await using server = await startCollector();
    await using sink = await open({
      url: server.url,
      index: 'k8s_{{ .InvolvedObject.Namespace }}',
      source: '{{ .ClusterName }}',
      sourcetype: 'kube:objects:events',
      host: '{{ .Action }}',
      fields: { kind: '{{ .InvolvedObject.Kind }}', empty: '{{ .Action }}', 'quote"d': 'a"b' },
      layout: { text: '{{ .Message }}' },
    });
    const event = sinkEvent();

    await sink.send(outgoing(sink, [event]), never);

    expect(lines(server.requests[0]?.body ?? '')).toEqual([
      {
        time: 1_772_360_430,
        index: 'k8s_shop',
        source: 'prod',
        sourcetype: 'kube:objects:events',
        event: { text: 'Back-off restarting failed container' },
        fields: { eventroute_key: event.key, kind: 'Pod', 'quote"d': 'a"b' },
      },
    ]);
  });

  it.each([
    ['', '/services/collector/event'],
    ['/', '/services/collector/event'],
    ['/services/collector', '/services/collector/event'],
    ['/services/collector/event', '/services/collector/event'],
    ['/services/collector/event/1.0', '/services/collector/event'],
    ['/splunk', '/splunk/services/collector/event'],
    ['/splunk/services/collector/?key=1', '/splunk/services/collector/event?key=1'],
  ])('goes from the path %j to %s', async (path, expected) => {
    await using server = await startCollector();
    await using sink = await open({ url: `${server.url}${path}` });

    await sink.send(outgoing(sink, [sinkEvent()]), never);

    expect(server.requests[0]?.url).toBe(expected);
  });

  it.each(['Splunk abc-token', ' abc-token '])('has a token written as %j once', async (written) => {
    await using server = await startCollector();
    await using sink = await open({ url: server.url, token: written });

    await sink.send(outgoing(sink, [sinkEvent()]), never);

    expect(server.requests[0]?.headers.authorization).toBe('Splunk abc-token');
  });

  it('is compressed when it is worth it, unless that is turned off', async () => {
    const bodies: Buffer[] = [];
    await using server = await startServer((response, request) => {
      bodies.push(Buffer.from(request.rawBody));
      response.end(success);
    });
    await using plain = await open({ url: server.url, compression: 'None' });
    await using gzip = await open({ url: server.url });
    const events = [numberedEvent(1, 'x'.repeat(3_000))];

    await plain.send(outgoing(plain, events), never);
    await gzip.send(outgoing(gzip, events), never);

    expect(server.requests.map(({ headers }) => headers['content-encoding'])).toEqual([undefined, 'gzip']);
    expect(gunzipSync(bodies[1] ?? Buffer.alloc(0))).toEqual(bodies[0]);
  });
});

describe('the codes of the HTTP Event Collector', () => {
  it.each([
    [403, 1, 'Unauthorized', false, /enable the token/],
    [401, 2, 'Unauthorized', false, /set token/],
    [401, 3, 'Unauthorized', false, /check the token/],
    [403, 4, 'Unauthorized', false, /check the token/],
    [400, 6, 'Rejected', true, /does not read as JSON/],
    [400, 7, 'TargetNotFound', false, /create the index, or add it to the allowed indexes/],
    [500, 8, 'ServerError', false, /code 8/],
    [503, 9, 'Throttled', false, /code 9/],
    [400, 10, 'InvalidConfig', false, /set ack: true/],
    [400, 11, 'InvalidConfig', false, /GUID/],
    [400, 12, 'Rejected', true, /no event/],
    [400, 13, 'Rejected', true, /empty event/],
    [400, 15, 'Rejected', true, /fields/],
    [400, 16, 'Unauthorized', false, /query/],
    [400, 21, 'Unauthorized', false, /check the token/],
    [503, 23, 'ServerError', false, /code 23/],
    [429, 26, 'Throttled', false, /code 26/],
    [429, 27, 'Throttled', false, /code 27/],
    [200, 7, 'TargetNotFound', false, /create the index/],
  ])('%i with code %i means %s', async (status, code, reason, permanent, message) => {
    await using server = await startServer((response) => response.writeHead(status).end(answer(code)));
    await using sink = await open({ url: server.url });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

    expect(error).toBeInstanceOf(DeliveryError);
    expect(error).toMatchObject({ reason, permanent });
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`${server.host} answered ${status}: text of ${code} (code ${code})`);
  });

  it.each([0, 24, 25])('200 with code %i is a delivery', async (code) => {
    await using server = await startServer((response) => response.end(answer(code)));
    await using sink = await open({ url: server.url });

    await expect(sink.send(outgoing(sink, [sinkEvent()]), never)).resolves.toBeUndefined();
  });

  it('the wait that a busy collector asks for is kept', async () => {
    await using server = await startServer((response) =>
      response.writeHead(503, { 'retry-after': '7' }).end(answer(9)),
    );
    await using sink = await open({ url: server.url });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

    expect(error).toMatchObject({ reason: 'Throttled', retryAfterMs: 7_000 });
  });

  it('a page with 200 is no acknowledgement', async () => {
    await using server = await startServer((response) => response.end('<html>Splunk login</html>'));
    await using sink = await open({ url: server.url });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

    expect(error).toMatchObject({ reason: 'ServerError', permanent: false });
    expect(error.message).toMatch(/not as an HTTP Event Collector: check host, port/);
  });
});

describe('a request that Splunk refuses for some of its events', () => {
  /** Refuses like a collector that reads all before it takes any, and tells the first that is wrong, counted from 0. */
  const refuseBad =
    (taken: string[], { base = 0, names = true } = {}) =>
    ({ body }: SeenRequest): string | undefined => {
      const bad = lines(body).findIndex(({ event }) => (event as { message: string }).message === 'bad');
      if (bad >= 0) return answer(6, names ? { 'invalid-event-number': bad + base } : {});
      taken.push(...lines(body).map(({ event }) => (event as { message: string }).message));
      return undefined;
    };
  const messages = ['1', 'bad', '3', '4', 'bad', '6'];
  const batch = () => messages.map((message, index) => numberedEvent(index, message));

  it.each([
    ['names the event', { base: 0 }],
    ['counts from 1', { base: 1 }],
    ['names none', { names: false }],
  ])('rejects these alone where it %s', async (_, options) => {
    const taken: string[] = [];
    await using server = await startCollector(refuseBad(taken, options));
    await using sink = await open({ url: server.url });

    const error = await thrownBy(sink.send(outgoing(sink, batch()), never));

    expect(taken).toEqual(['1', '3', '4', '6']);
    expect(error.results?.map((result) => result?.reason)).toEqual([
      undefined,
      'Rejected',
      undefined,
      undefined,
      'Rejected',
      undefined,
    ]);
    expect(error.results?.[1]).toMatchObject({ permanent: true });
  });

  it('sends nothing out of order when it gets busy meanwhile', async () => {
    const taken: string[] = [];
    const refuse = refuseBad(taken);
    await using server = await startCollector((request) =>
      request.body.includes('"message":"4"') && !request.body.includes('"bad"') ? answer(9) : refuse(request),
    );
    await using sink = await open({ url: server.url });

    const error = await thrownBy(sink.send(outgoing(sink, batch()), never));

    expect(taken).toEqual(['1']);
    expect(error.results?.map((result) => result?.reason)).toEqual([
      undefined,
      'Rejected',
      'Throttled',
      'Throttled',
      'Throttled',
      'Throttled',
    ]);
  });

  it('lets the events of other indexes through where one index is refused', async () => {
    await using server = await startCollector(({ body }) =>
      body.includes('"index":"secret"') ? answer(7, { 'invalid-event-number': 0 }) : undefined,
    );
    await using sink = await open({ url: server.url, index: '{{ .Message }}' });
    const events = ['main', 'secret', 'main'].map((message, index) =>
      sinkEvent({
        message,
        metadata: { name: `e${index}`, namespace: 'shop', uid: `u${index}` },
        involvedObject: { kind: 'Pod', uid: `pod-${index}` },
      }),
    );

    const error = await thrownBy(sink.send(outgoing(sink, events), never));

    expect(server.requests).toHaveLength(2);
    expect(error.results?.map((result) => result?.reason)).toEqual([undefined, 'TargetNotFound', undefined]);
  });

  it('sends smaller requests where they are too large, and rejects what is too large alone', async () => {
    await using server = await startServer((response, { body }) =>
      response.writeHead(body.length > 3_000 ? 413 : 200).end(body.length > 3_000 ? 'too large' : success),
    );
    await using sink = await open({ url: server.url, compression: 'None' });
    const events = [
      numberedEvent(1, 'x'.repeat(1_500)),
      numberedEvent(2, 'x'.repeat(1_500)),
      numberedEvent(3, 'x'.repeat(5_000)),
    ];

    const error = await thrownBy(sink.send(outgoing(sink, events), never));

    expect(error.results?.map((result) => result?.reason)).toEqual([undefined, undefined, 'PayloadTooLarge']);
    expect(error.results?.[2]).toMatchObject({ permanent: true });
  });
});

describe('indexer acknowledgement', () => {
  /** A collector with acknowledgements; the events of request `n` are indexed when they were asked for `afterPolls` times. */
  async function startAcknowledging(afterPolls: number, ackAnswer?: () => [number, string]) {
    let ackId = -1;
    const polls: number[] = [];
    const server = await startServer((response, { url, headers, body }) => {
      if (headers['x-splunk-request-channel'] === undefined) return response.writeHead(400).end(answer(10));
      if (body === '') return response.writeHead(400).end(noData);
      if (url.endsWith('/event')) {
        ackId += 1;
        return response.setHeader('set-cookie', [`node=${ackId}; Path=/`, 'lb=2']).end(answer(0, { ackId }));
      }
      const [asked = -1] = (JSON.parse(body) as { acks: number[] }).acks;
      polls.push(asked);
      const special = ackAnswer?.();
      if (special !== undefined) return response.writeHead(special[0]).end(special[1]);
      return response.end(JSON.stringify({ acks: { [asked]: polls.length > afterPolls } }));
    });
    return Object.assign(server, { polls });
  }

  it('waits until the events are indexed, in one channel and on one indexer', async () => {
    await using server = await startAcknowledging(1);
    await using sink = await open({ url: server.url, ack: true });

    await sink.send(outgoing(sink, [sinkEvent()]), never);

    expect(server.polls).toEqual([0, 0]);
    const [event, ...asked] = server.requests;
    const channel = event?.headers['x-splunk-request-channel'];
    expect(channel).toMatch(/^[0-9a-f-]{36}$/);
    for (const { url, headers } of asked) {
      expect(url).toBe('/services/collector/ack');
      expect(headers).toMatchObject({
        'x-splunk-request-channel': channel,
        authorization: `Splunk ${token}`,
        cookie: 'node=0; lb=2',
      });
    }
  });

  it('does not take the events for delivered while it waits, and stops at once when time is up', async () => {
    await using server = await startAcknowledging(Number.POSITIVE_INFINITY);
    await using sink = await open({ url: server.url, ack: true });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), AbortSignal.timeout(300)));

    expect(error).toMatchObject({ reason: 'Timeout', permanent: false });
    expect(server.polls.length).toBeGreaterThan(0);
  });

  it('asks again where a question fails for a moment, rather than send the events again', async () => {
    const answers: [number, string][] = [
      [503, answer(9)],
      [502, 'bad gateway'],
      [200, JSON.stringify({ acks: { 0: true } })],
    ];
    await using server = await startAcknowledging(0, () => answers.shift() ?? [500, '']);
    await using sink = await open({ url: server.url, ack: true });

    await sink.send(outgoing(sink, [sinkEvent()]), never);

    expect(server.requests.filter(isEvents)).toHaveLength(1);
    expect(answers).toHaveLength(0);
  });

  it('never counts a refused question as the refusal of the events', async () => {
    await using server = await startAcknowledging(0, () => [400, 'what?']);
    await using sink = await open({ url: server.url, ack: true });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

    expect(error.permanent).toBe(false);
  });

  it('delivers and warns once where the token gives no acknowledgements', async () => {
    await using server = await startCollector();
    const context = sinkContext();
    await using sink = await openWritten(splunk, { written: { url: server.url, token, ack: true } }, context);

    await sink.send(outgoing(sink, [numberedEvent(1)]), never);
    await sink.send(outgoing(sink, [numberedEvent(2)]), never);

    expect(context.warnings).toHaveLength(1);
    expect(context.warnings[0]).toMatch(/without an ackId.*turn indexer acknowledgement on/);
  });

  it('sends in the channel that is set', async () => {
    await using server = await startCollector();
    const channel = '0aeeac95-ac74-4aa9-b30d-6c4c0ac581ba';
    await using sink = await open({ url: server.url, channel });

    await sink.send(outgoing(sink, [sinkEvent()]), never);

    expect(server.requests[0]?.headers['x-splunk-request-channel']).toBe(channel);
  });

  it('has a longer time-out by default', () => {
    expect(splunk.defaultsFor?.({ ack: true } as never)).toMatchObject({ timeoutMs: 120_000 });
    expect(splunk.defaultsFor?.({} as never).timeoutMs).toBeUndefined();
  });
});

describe('the check of Splunk', () => {
  it('sends no event, and tells wrong host, certificate, token, path and setting apart', async () => {
    const authority = await createAuthority('Authority');
    await using good = await startCollector();
    await using secure = await startServer(undefined, await issue(authority, ['127.0.0.1']));
    await using wrongToken = await startServer((response) => response.writeHead(403).end(answer(4)));
    await using elsewhere = await startServer((response) => response.writeHead(404).end('Not found'));
    await using needsAck = await startServer((response) => response.writeHead(400).end(answer(10)));
    await using noAck = await startCollector(({ url }) => (url.endsWith('/ack') ? answer(14) : undefined));
    const gone = await startServer();
    await gone[Symbol.asyncDispose]();
    const check = async (written: Record<string, unknown>): Promise<DeliveryError | undefined> => {
      await using sink = await open(written);
      return await sink.check?.(never).then(
        () => undefined,
        (error: unknown) => error as DeliveryError,
      );
    };

    expect(await check({ url: good.url })).toBeUndefined();
    expect(await check({ url: good.url, ack: true })).toBeUndefined();
    expect(good.requests.filter(isEvents)).toHaveLength(0);
    const failures = [
      await check({ url: gone.url }),
      await check({ url: secure.url }),
      await check({ url: wrongToken.url }),
      await check({ url: elsewhere.url }),
      await check({ url: needsAck.url }),
      await check({ url: noAck.url, ack: true }),
    ];

    expect(failures.map((failure) => failure?.reason)).toEqual([
      'Unreachable',
      'TLSFailed',
      'Unauthorized',
      'TargetNotFound',
      'InvalidConfig',
      'InvalidConfig',
    ]);
    expect(new Set(failures.map((failure) => failure?.message)).size).toBe(6);
  });
});

describe('what Splunk cannot be opened with', () => {
  it.each<[string, object, RegExp]>([
    ['no URL', { url: 'splunk.example.com:8088' }, /begins with http/],
    ['the raw endpoint', { url: 'https://s.example.com/services/collector/raw' }, /ends in "raw"/],
    ['a token with a line break', { url: 'https://s.example.com', token: 'a\nb' }, /line break/],
    ['tls', { url: 'https://s.example.com', tls: { ca: 'nonsense' } }, /holds no PEM certificate/],
  ])('%s', async (_, written, message) => {
    const error = await thrownBy(open(written as Record<string, unknown>));

    expect(error).toMatchObject({ reason: 'InvalidConfig', permanent: true });
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('a\nb');
  });
});
