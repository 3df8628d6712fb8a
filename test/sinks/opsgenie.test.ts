import { type SinkContext } from '../../operator/sink-kit/index.ts';
import opsgenie from '../../operator/sinks/opsgenie.ts';
import { createAuthority, issue } from '../sink-kit/certificates.ts';
import { startServer } from '../sink-kit/http-server.ts';
import { describeHttpContract, type HttpContractPeer, openWritten, thrownBy } from './contract.ts';
import { accepted, type OpsgenieReply, type OpsgenieServer, startOpsgenie } from './opsgenie-server.ts';
import { numberedEvent, outgoing, sinkContext, sinkEvent } from './sink-event.ts';

const never = new AbortController().signal;
type Fields = Record<string, unknown>;

const open = (server: OpsgenieServer, written: Fields = {}, context: Partial<SinkContext> = {}) =>
  openWritten(
    opsgenie,
    { written: { apiKey: server.apiKey, url: server.url, ...written } },
    sinkContext(context),
  );

/** Sends an event and gives the request that it made. */
async function requestOf(
  written: Fields,
  fields: Fields = {},
): Promise<{ url: string | undefined; body: Fields }> {
  await using server = await startOpsgenie();
  await using sink = await open(server, written);
  await sink.send(outgoing(sink, [sinkEvent(fields)]), never);
  expect(server.requests).toHaveLength(1);
  const [request] = server.requests;
  return { url: request?.url, body: JSON.parse(request?.body ?? '') as Fields };
}

async function startPeer(): Promise<HttpContractPeer> {
  const server = await startOpsgenie();
  let mode: 'Answer' | 'Hang' | 'Echo' = 'Answer';
  let reply: OpsgenieReply | undefined;
  server.override = () => {
    if (mode === 'Hang') return 'Hang';
    const [request] = server.requests.slice(-1);
    if (mode === 'Echo') {
      return { status: 500, body: { message: `${request?.headers.authorization} ${request?.body}` } };
    }
    return reply;
  };
  return {
    written: {
      apiKeySecretRef: { name: 'opsgenie', key: 'apiKey' },
      url: server.url,
      message: '{{ .Message }}',
    },
    secrets: { opsgenie: { apiKey: server.apiKey } },
    taken: () => server.created.length,
    hang: () => (mode = 'Hang'),
    failAndEcho: () => (mode = 'Echo'),
    connections: () => server.sockets.size,
    answerWith: (status, headers = {}) => (reply = { status, headers, body: '' }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

describeHttpContract('opsgenie', {
  definition: opsgenie,
  start: startPeer,
  unrenderable: { message: '{{ .Series.Count }}' },
  differently: { 402: 'retry' },
});

describe('an alert of opsgenie', () => {
  it('is what the Alert API documents', async () => {
    await using server = await startOpsgenie();
    await using sink = await open(server, {
      message: 'An example {{ .Reason }}',
      alias: 'Life is too short for no {{ .InvolvedObject.Name }}',
      description: 'Every {{ .InvolvedObject.Kind }} needs a description',
      responders: [
        { type: 'team', id: '4513b7ea-3b91-438f-b7e4-e3e54af9147c' },
        { type: 'team', name: '{{ .Namespace }}-team' },
        { type: 'user', username: 'trinity@opsgenie.com' },
        { type: 'schedule', name: '{{ .InvolvedObject.Labels.schedule }}' },
      ],
      visibleTo: [{ type: 'user', id: 'bb4d9938-c3c2-455d-aaab-727aa701c0d8' }],
      actions: ['Restart', '{{ .Reason }}'],
      tags: ['OverwriteQuietHours', '{{ .Type }}', '{{ if false }}x{{ end }}', '{{ .Type }}'],
      details: { node: '{{ .Source.Host }}', namespace: '{{ .Namespace }}' },
      entity: '{{ .InvolvedObject.Name }}',
      source: 'cluster {{ .ClusterName }}',
      priority: 'p1',
      user: 'eventroute',
      note: 'seen {{ .Count }} times',
    });

    await sink.send(outgoing(sink, [sinkEvent()]), never);

    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'POST', url: '/v2/alerts' });
    expect(request?.headers).toMatchObject({
      authorization: `GenieKey ${server.apiKey}`,
      'content-type': 'application/json',
    });
    expect(server.created).toEqual([
      {
        message: 'An example BackOff',
        alias: 'Life is too short for no web-1',
        description: 'Every Pod needs a description',
        responders: [
          { type: 'team', id: '4513b7ea-3b91-438f-b7e4-e3e54af9147c' },
          { type: 'team', name: 'shop-team' },
          { type: 'user', username: 'trinity@opsgenie.com' },
        ],
        visibleTo: [{ type: 'user', id: 'bb4d9938-c3c2-455d-aaab-727aa701c0d8' }],
        actions: ['Restart', 'BackOff'],
        tags: ['OverwriteQuietHours', 'Warning'],
        details: { node: 'node-7', namespace: 'shop' },
        entity: 'web-1',
        priority: 'P1',
        source: 'cluster prod',
        user: 'eventroute',
        note: 'seen 3 times',
      },
    ]);
  });

  it('is the exporter’s for the configuration of its README', async () => {
    const { body } = await requestOf({
      priority: 'P3',
      message:
        'Event {{ .Reason }} for {{ .InvolvedObject.Namespace }}/{{ .InvolvedObject.Name }} on K8s cluster',
      alias: '{{ .UID }}',
      description: '<pre>{{ toPrettyJson . }}</pre>',
      tags: ['event', '{{ .Reason }}', '{{ .InvolvedObject.Kind }}', '{{ .InvolvedObject.Name }}'],
    });

    const { description, ...rest } = body;
    expect(rest).toEqual({
      message: 'Event BackOff for shop/web-1 on K8s cluster',
      alias: 'uid-1',
      tags: ['event', 'BackOff', 'Pod', 'web-1'],
      priority: 'P3',
      source: 'eventroute prod',
    });
    expect(JSON.parse(/^<pre>(.*)<\/pre>$/s.exec(String(description))?.[1] ?? '')).toMatchObject({
      reason: 'BackOff',
      involvedObject: { name: 'web-1' },
    });
  });

  it('has what is needed where nothing is written', async () => {
    const { body } = await requestOf({});

    expect(body).toEqual({
      message: 'BackOff: Pod shop/web-1',
      alias: 'uid-1',
      description: 'Back-off restarting failed container',
      priority: 'P3',
      source: 'eventroute prod',
    });
  });

  it.each([
    ['{{ if false }}x{{ end }}', {}, 'BackOff: Pod shop/web-1'],
    ['  ', { reason: '', involvedObject: {} }, 'Back-off restarting failed container'],
    ['', { reason: '', message: '', involvedObject: {} }, 'Kubernetes event'],
  ])('has a message also where %j gives none', async (message, fields, expected) => {
    expect((await requestOf({ message }, fields)).body.message).toBe(expected);
  });

  it('puts a message that is too long into the description', async () => {
    const long = 'x'.repeat(129) + '🙂'.repeat(100);
    const { body } = await requestOf({ message: '{{ .Message }}' }, { message: long });
    const whole = await requestOf({ message: '{{ .Message }}' }, { message: 'short' });
    const own = await requestOf({ message: '{{ .Message }}', description: 'own' }, { message: long });

    expect(body.message).toBe(`${'x'.repeat(127)}...`);
    expect(body.description).toBe(long);
    expect(whole.body.description).toBeUndefined();
    expect(own.body.description).toBe('own');
  });

  it('keeps to the limits of the API', async () => {
    const long = '{{ .Message }}';
    const { body } = await requestOf(
      {
        message: long,
        description: long,
        entity: long,
        source: long,
        user: long,
        note: long,
        tags: [long],
        actions: [long],
        details: { first: 'a', big: long, late: 'b' },
      },
      { message: 'y'.repeat(30_000) },
    );

    const lengths = Object.entries(body).map(([key, value]) => [key, String(value).length]);
    expect(Object.fromEntries(lengths)).toMatchObject({
      message: 130,
      description: 15_000,
      entity: 512,
      source: 100,
      user: 100,
      note: 25_000,
      tags: 50,
      actions: 50,
    });
    const details = Object.entries(body.details as Record<string, string>);
    expect(details.reduce((sum, [key, value]) => sum + key.length + value.length, 0)).toBe(8_000);
  });
});

describe('the alias of opsgenie', () => {
  it('is one for all repeats of an Event and another for other Events', async () => {
    const alias = async (fields: Fields) => (await requestOf({}, fields)).body.alias;

    expect(await alias({ count: 1 })).toBe(await alias({ count: 500 }));
    expect(await alias({})).not.toBe(await alias({ metadata: { uid: 'uid-2' } }));
    expect(await alias({ metadata: { name: 'a', namespace: 'b' } })).not.toBe(
      await alias({ metadata: { name: 'c', namespace: 'b' } }),
    );
  });

  it.each(['{{ .InvolvedObject.Labels.app }}', '{{ if false }}x{{ end }}', ' '])(
    'is the Event’s own where %j gives nothing that tells events apart',
    async (alias) => {
      expect((await requestOf({ alias })).body.alias).toBe('uid-1');
    },
  );

  it('stays different when it is cut', async () => {
    const alias = async (message: string) =>
      String((await requestOf({ alias: '{{ .Message }}' }, { message })).body.alias);
    const long = 'z'.repeat(600);

    const [one, other, again] = [await alias(`${long}1`), await alias(`${long}2`), await alias(`${long}1`)];

    expect(one).toHaveLength(512);
    expect(one).not.toBe(other);
    expect(one).toBe(again);
  });
});

describe('the priority of opsgenie', () => {
  it('is P3 with one warning where the template gives no priority', async () => {
    await using server = await startOpsgenie();
    const context = sinkContext();
    await using sink = await openWritten(
      opsgenie,
      {
        written: {
          apiKey: server.apiKey,
          url: server.url,
          priority: '{{ index .Labels "priority" }}',
        },
      },
      context,
    );
    const event = (priority?: string) =>
      sinkEvent({ metadata: { uid: 'u', ...(priority !== undefined && { labels: { priority } }) } });

    await sink.send(outgoing(sink, [event('p2'), event('urgent'), event()]), never);

    expect(server.created.map(({ priority }) => priority)).toEqual(['P2', 'P3', 'P3']);
    expect(context.warnings).toEqual([
      'priority gave "urgent" for an event, not one of P1 to P5; P3 was used',
    ]);
  });
});

describe('closing alerts of opsgenie', () => {
  it('asks for it by the alias', async () => {
    const { url, body } = await requestOf({
      close: true,
      alias: '{{ .InvolvedObject.Namespace }}/{{ .InvolvedObject.Name }} ü?',
      note: 'recovered: {{ .Reason }}',
      user: 'eventroute',
    });

    expect(url).toBe('/v2/alerts/shop%2Fweb-1%20%C3%BC%3F/close?identifierType=alias');
    expect(body).toEqual({ source: 'eventroute prod', user: 'eventroute', note: 'recovered: BackOff' });
  });

  it('is done for the events that closeWhen chooses', async () => {
    await using server = await startOpsgenie();
    await using sink = await open(server, {
      alias: '{{ .InvolvedObject.UID }}',
      closeWhen: '{{ eq .Reason "NodeReady" }}',
    });

    await sink.send(
      outgoing(sink, [sinkEvent({ reason: 'NodeNotReady' }), sinkEvent({ reason: 'NodeReady' })]),
      never,
    );

    expect(server.requests.map(({ url }) => url)).toEqual([
      '/v2/alerts',
      '/v2/alerts/pod-1/close?identifierType=alias',
    ]);
  });

  it.each(['.', '..'])('rejects the alias %j, which no URL can hold', async (alias) => {
    await using server = await startOpsgenie();
    await using sink = await open(server, { close: true, alias: '{{ .Message }}' });

    expect(() => sink.encode(sinkEvent({ message: alias }))).toThrow(/cannot be closed/);
  });
});

describe('the URL of opsgenie', () => {
  it.each([
    ['', '/v2/alerts'],
    ['/', '/v2/alerts'],
    ['/jsm/ops/integration', '/jsm/ops/integration/v2/alerts'],
    ['/jsm/ops/integration/', '/jsm/ops/integration/v2/alerts'],
  ])('with %j posts to %s', async (path, expected) => {
    await using server = await startServer((response) =>
      response.writeHead(202).end(JSON.stringify(accepted)),
    );
    await using sink = await openWritten(opsgenie, {
      written: { apiKey: 'key', url: `${server.url}${path}` },
    });

    await sink.send(outgoing(sink, [sinkEvent()]), never);

    expect(server.requests[0]?.url).toBe(expected);
  });

  it('is that of the EU also without a scheme, as the exporter has it', async () => {
    await using sink = await openWritten(opsgenie, {
      written: { apiKey: 'key', url: 'api.eu.opsgenie.com' },
    });

    expect(sink.endpoint).toBe('api.eu.opsgenie.com');
  });
});

describe('what opsgenie refuses', () => {
  it.each([
    [401, { message: 'Could not authenticate' }, 'Unauthorized', false],
    [402, { message: 'Your plan does not include it' }, 'Forbidden', false],
    [422, { message: 'Key format is not valid!' }, 'Unauthorized', false],
    [
      403,
      { code: 40301, message: 'To perform this action, use an API key from an API integration.' },
      'Forbidden',
      false,
    ],
    [
      422,
      {
        message: 'Request body is not processable. Please check the errors.',
        errors: { message: 'can not be empty' },
      },
      'Rejected',
      true,
    ],
    [400, { message: 'Request body is invalid' }, 'Rejected', true],
    [503, { message: 'Service unavailable' }, 'ServerError', false],
  ])('with %i %j is %s', async (status, body, reason, permanent) => {
    await using server = await startOpsgenie();
    await using sink = await open(server);
    server.override = () => ({ status, body: { ...body, took: 0.0, requestId: 'a574eb09' } });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

    expect(error).toMatchObject({ reason, permanent });
    expect(error.message).toContain(body.message);
    expect(error.message).not.toContain('requestId');
    if ('errors' in body) expect(error.message).toContain('can not be empty');
  });

  it.each([
    [{ 'retry-after': '5' }, 5_000],
    [{ 'x-ratelimit-state': 'THROTTLED', 'x-ratelimit-period-in-sec': '60' }, 60_000],
    [{ 'x-ratelimit-period-in-sec': 'soon' }, undefined],
    [{}, undefined],
  ])('by throttling with %j waits %s ms', async (headers, retryAfterMs) => {
    await using server = await startOpsgenie();
    await using sink = await open(server);
    server.override = () => ({
      status: 429,
      headers: headers,
      body: { message: 'You are making too many requests!' },
    });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

    expect(error).toMatchObject({ reason: 'Throttled', permanent: false, retryAfterMs });
  });

  it('of a batch leaves the others delivered', async () => {
    await using server = await startOpsgenie();
    await using sink = await open(server, { message: '{{ .Message }}' });
    let number = 0;
    server.override = () => ((number += 1) === 2 ? { status: 422, body: { message: 'no' } } : undefined);

    const error = await thrownBy(
      sink.send(outgoing(sink, [numberedEvent(1), numberedEvent(2), numberedEvent(3)]), never),
    );

    expect(error.results?.map((result) => result?.reason)).toEqual([undefined, 'Rejected', undefined]);
    expect(server.created.map(({ message }) => message)).toEqual(['message 1', 'message 3']);
  });
});

describe('the check of opsgenie', () => {
  const check = async (server: OpsgenieServer, written: Fields = {}) => {
    await using sink = await open(server, written);
    return await sink.check!(never).then(
      () => undefined,
      (error: unknown) => error as Error & { reason: string },
    );
  };

  it('reads and makes nothing', async () => {
    await using server = await startOpsgenie();

    expect(await check(server)).toBeUndefined();

    expect(server.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /v2/alerts/requests/00000000-0000-0000-0000-000000000000',
    ]);
  });

  it('is content with a key that may not read', async () => {
    await using server = await startOpsgenie();
    server.override = () => ({
      status: 403,
      body: { code: 40301, message: 'You are not authorized to access this resource.', took: 0.1 },
    });

    expect(await check(server)).toBeUndefined();
  });

  it.each([
    [401, { message: 'Could not authenticate' }, 'Unauthorized'],
    [422, { message: 'Key format is not valid!' }, 'Unauthorized'],
    [403, { message: 'To perform this action, use an API key from an API integration.' }, 'Forbidden'],
    [403, '<html>blocked</html>', 'Forbidden'],
    [404, '<html>not here</html>', 'TargetNotFound'],
    [500, { message: 'oops' }, 'ServerError'],
  ])('tells of %i %j', async (status, body, reason) => {
    await using server = await startOpsgenie();
    server.override = () => ({ status, body });

    expect(await check(server)).toMatchObject({ reason });
  });

  it('tells wrong host, wrong certificate and wrong key apart', async () => {
    const authority = await createAuthority('Authority');
    await using secure = await startServer(undefined, await issue(authority, ['127.0.0.1']));
    await using server = await startOpsgenie();

    expect(await check(server, { url: 'http://127.0.0.1:1' })).toMatchObject({ reason: 'Unreachable' });
    expect(await check(server, { url: secure.url })).toMatchObject({ reason: 'TLSFailed' });
    expect(await check(server, { apiKey: 'wrong' })).toMatchObject({ reason: 'Unauthorized' });
  });
});

describe('what opsgenie refuses when it is opened', () => {
  it.each([
    [{ url: 'ftp://x' }, /url is no URL/],
    [{ url: 'a b' }, /url is no URL/],
    [{ priority: 'high' }, /priority is "high", not one of P1/],
    [{ close: true }, /needs `alias` to close/],
    [{ closeWhen: '{{ eq .Reason "x" }}' }, /needs `alias` to close/],
    [{ responders: [{ type: 'team' }] }, /a team needs an `id`, `name` or `username`/],
    [{ visibleTo: [{ type: 'user' }] }, /a user needs/],
  ])('%j', async (written, message) => {
    const error = await thrownBy(openWritten(opsgenie, { written: { apiKey: 'key', ...written } }));

    expect(error).toMatchObject({ reason: 'InvalidConfig', permanent: true });
    expect(error.message).toMatch(message);
  });
});
