import { encodeWithin } from '../../operator/delivery/event-size.ts';
import teams from '../../operator/sinks/teams.ts';
import { createAuthority, issue } from '../sink-kit/certificates.ts';
import { startServer } from '../sink-kit/http-server.ts';
import { describeHttpContract, type HttpContractPeer, openWritten, thrownBy } from './contract.ts';
import { numberedEvent, outgoing, sinkEvent } from './sink-event.ts';

const never = new AbortController().signal;
type Fields = Record<string, unknown>;

async function startPeer(): Promise<HttpContractPeer> {
  let status = 202;
  let headers: Readonly<Record<string, string>> = {};
  let mode: 'Answer' | 'Hang' | 'Echo' = 'Answer';
  const server = await startServer((response, request) => {
    if (mode === 'Hang') return;
    const text = JSON.stringify([request.url, request.headers, request.body]);
    response.writeHead(mode === 'Echo' ? 500 : status, headers).end(mode === 'Echo' ? text : '');
  });
  return {
    written: {
      endpointSecretRef: { name: 'teams', key: 'url' },
      headers: { 'X-Reason': '{{ .Reason }}' },
      headersSecretRef: { name: 'headers' },
    },
    secrets: {
      teams: {
        url: `${server.url}/workflows/0a1b2c3d4e5f/triggers/manual/paths/invoke?api-version=2016-06-01&sig=S1gnatur3-0f-th3-W0rkfl0w`,
      },
      headers: { 'X-Api-Key': 'k3y-of-the-gateway' },
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

describeHttpContract('teams', {
  definition: teams,
  start: startPeer,
  unrenderable: { title: '{{ .Series.Count }}' },
});

/** Posts an event and gives the body that the stand-in got. */
async function bodyOf(written: Fields, fields: Fields = {}): Promise<Fields> {
  await using server = await startServer((response) => response.writeHead(202).end());
  await using sink = await openWritten(teams, { written: { endpoint: server.url, ...written } });
  await sink.send(outgoing(sink, [sinkEvent(fields)]), never);
  return JSON.parse(server.requests[0]?.body ?? '') as Fields;
}

async function failureOf(status: number, body: string, headers: Record<string, string> = {}) {
  await using server = await startServer((response) => response.writeHead(status, headers).end(body));
  await using sink = await openWritten(teams, { written: { endpoint: `${server.url}/hook` } });
  return await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));
}

describe('a card of teams', () => {
  it('is an Adaptive Card in a message, as Workflows document it', async () => {
    await using server = await startServer((response) => response.writeHead(202).end());
    const event = sinkEvent();
    await using sink = await openWritten(teams, {
      written: {
        endpoint: `${server.url}/workflows/x?sig=y`,
        headers: { 'X-Kind': '{{ .InvolvedObject.Kind }}' },
      },
    });

    await sink.send(outgoing(sink, [event]), never);

    const [request] = server.requests;
    expect(request).toMatchObject({ method: 'POST', url: '/workflows/x?sig=y' });
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'idempotency-key': event.key,
      'x-kind': 'Pod',
    });
    expect(JSON.parse(request?.body ?? '')).toEqual({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          contentUrl: null,
          content: {
            $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
            type: 'AdaptiveCard',
            version: '1.4',
            msteams: { width: 'Full' },
            body: [
              {
                type: 'Container',
                style: 'attention',
                bleed: true,
                items: [
                  {
                    type: 'TextBlock',
                    text: 'BackOff: Pod shop/web-1',
                    weight: 'Bolder',
                    size: 'Medium',
                    wrap: true,
                  },
                ],
              },
              { type: 'TextBlock', text: 'Back-off restarting failed container', wrap: true },
              {
                type: 'FactSet',
                facts: [
                  { title: 'Object', value: 'Pod shop/web-1' },
                  { title: 'Cluster', value: 'prod' },
                  { title: 'Source', value: 'kubelet, node-7' },
                  { title: 'Count', value: '3' },
                  { title: 'Time', value: '2026-03-01T10:20:30.000Z' },
                ],
              },
            ],
          },
        },
      ],
    });
  });

  it('is a MessageCard for old connectors', async () => {
    const body = await bodyOf({
      format: 'MessageCard',
      title: 'T {{ .Reason }}',
      message: 'M {{ .Message }}',
      color: 'Accent',
      facts: { Team: '{{ .Namespace }}', None: '{{ if false }}x{{ end }}' },
    });

    expect(body).toEqual({
      '@type': 'MessageCard',
      '@context': 'https://schema.org/extensions',
      summary: 'T BackOff',
      themeColor: '0078D4',
      title: 'T BackOff',
      text: 'M Back-off restarting failed container',
      sections: [{ facts: [{ name: 'Team', value: 'shop' }], markdown: false }],
    });
  });

  it.each([
    [{}, { type: 'Warning' }, 'attention'],
    [{}, { type: 'Normal' }, 'good'],
    [{ color: '{{ if eq .Type "Warning" }}warning{{ end }}' }, { type: 'Warning' }, 'warning'],
    [{ color: 'mauve' }, { type: 'Normal' }, 'good'],
    [{ color: 'toString' }, { type: 'Normal' }, 'good'],
  ])('with %j for %j has the colour %s', async (written, fields, expected) => {
    const body = await bodyOf(written, fields);

    const [attachment] = body.attachments as { content: { body: { style?: string }[] } }[];
    expect(attachment?.content.body[0]?.style).toBe(expected);
  });

  it('leaves away what an event does not have', async () => {
    const body = await bodyOf({ facts: {}, title: ' ' }, { message: '', reason: '', involvedObject: {} });

    const [attachment] = body.attachments as { content: { body: { items?: { text: string }[] }[] } }[];
    expect(attachment?.content.body).toHaveLength(1);
    expect(attachment?.content.body[0]?.items?.[0]?.text).toBe('Kubernetes event');
  });

  it('is replaced whole by a layout', async () => {
    const layout = { text: '{{ .Message }}', n: 5, deep: [{ labels: '{{ toJson .Labels }}' }] };

    const body = await bodyOf(
      { layout, deDot: true, format: 'MessageCard' },
      { metadata: { uid: 'u', labels: { 'a.b': 'c' } } },
    );

    expect(body).toEqual({
      text: 'Back-off restarting failed container',
      n: 5,
      deep: [{ labels: '{"a_b":"c"}' }],
    });
  });

  it('is measured as it goes over the wire', async () => {
    await using sink = await openWritten(teams, { written: { endpoint: 'https://x.example.com/hook' } });

    const { payload, bytes } = sink.encode(sinkEvent({ message: 'ä' }));

    expect(bytes).toBe(Buffer.byteLength(payload.body));
    expect(teams.defaults).toMatchObject({ maxEventBytes: 28_672, concurrency: 1, batch: { maxEvents: 1 } });
  });
});

describe('a card that is too large for teams', () => {
  it.each([{}, { format: 'MessageCard' }, { layout: { text: '{{ .Message }}' } }])(
    'is cut by delivery to 28 KB with %j',
    async (written) => {
      await using sink = await openWritten(teams, {
        written: { endpoint: 'https://x.example.com', ...written },
      });
      const maxEventBytes = teams.defaults?.maxEventBytes;
      const event = sinkEvent({ message: 'x'.repeat(100_000) });

      const { bytes } = encodeWithin(sink, event, { maxEventBytes, oversized: 'Truncate' });

      expect(bytes).toBeLessThanOrEqual(28_672);
      expect(bytes).toBeGreaterThan(10_000);
    },
  );
});

describe('what teams answers', () => {
  it.each([
    [200, '1'],
    [200, ''],
    [202, ''],
  ])('%i %j is taken', async (status, body) => {
    await using server = await startServer((response) => response.writeHead(status).end(body));
    await using sink = await openWritten(teams, { written: { endpoint: server.url } });

    await sink.send(outgoing(sink, [sinkEvent()]), never);

    expect(server.requests).toHaveLength(1);
  });

  const told = (status: number) =>
    `Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error ${status} with ContextId tcid=0,server=SEYPR04,cv=M7UV..`;

  it.each([
    [200, told(429), 'Throttled', false],
    [200, told(413), 'PayloadTooLarge', true],
    [200, told(404), 'TargetNotFound', false],
    [200, told(502), 'ServerError', false],
    [200, 'Webhook message delivery failed with error: something else', 'ServerError', false],
    [400, 'Summary or Text is required.', 'Rejected', true],
    [400, 'Bad payload received by generic incoming webhook.', 'Rejected', true],
    [
      401,
      '{"error":{"code":"DirectApiAuthorizationRequired","message":"The request must be authenticated only by Shared Access scheme."}}',
      'Unauthorized',
      false,
    ],
    [
      404,
      '{"error":{"code":"WorkflowNotFound","message":"The workflow could not be found."}}',
      'TargetNotFound',
      false,
    ],
    [
      400,
      '{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"Could not execute workflow trigger \'manual\' with state \'Disabled\'."}}',
      'TargetNotFound',
      false,
    ],
    [
      400,
      '{"error":{"code":"TriggerInputSchemaMismatch","message":"The input body for trigger \'manual\' does not match its schema."}}',
      'Rejected',
      true,
    ],
    [413, '', 'PayloadTooLarge', true],
    [500, '', 'ServerError', false],
  ])('%i %s is %s', async (status, body, reason, permanent) => {
    const error = await failureOf(status, body);

    expect(error).toMatchObject({ name: 'DeliveryError', reason, permanent });
    expect(error.message).not.toContain('{"error"');
  });

  it('in a 200 that means 429 has its Retry-After kept', async () => {
    expect(await failureOf(200, told(429), { 'retry-after': '9' })).toMatchObject({
      reason: 'Throttled',
      retryAfterMs: 9_000,
    });
  });

  it('nothing is an error, not a success as the exporter had it', async () => {
    await using server = await startServer((response) => void response.socket?.destroy());
    await using sink = await openWritten(teams, { written: { endpoint: server.url } });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

    expect(error).toMatchObject({ reason: 'Unreachable', permanent: false });
  });

  it('no to one of a batch leaves the others delivered', async () => {
    await using server = await startServer((response, { body }) =>
      response.writeHead(body.includes('message 2') ? 400 : 202).end(),
    );
    await using sink = await openWritten(teams, { written: { endpoint: server.url } });

    const error = await thrownBy(
      sink.send(outgoing(sink, [numberedEvent(1), numberedEvent(2), numberedEvent(3)]), never),
    );

    expect(error.results?.map((result) => result?.reason)).toEqual([undefined, 'Rejected', undefined]);
  });
});

describe('the check of teams', () => {
  const check = async (endpoint: string) => {
    await using sink = await openWritten(teams, { written: { endpoint } });
    return await sink.check!(never).then(
      () => undefined,
      (error: unknown) => error as Error & { reason: string },
    );
  };

  it('connects and posts nothing, and tells a wrong host from a wrong certificate', async () => {
    const authority = await createAuthority('Authority');
    await using secure = await startServer(undefined, await issue(authority, ['127.0.0.1']));
    await using server = await startServer();

    expect(await check(`${server.url}/hook`)).toBeUndefined();
    expect(await check('http://127.0.0.1:1/hook')).toMatchObject({ reason: 'Unreachable' });
    expect(await check(`${secure.url}/hook`)).toMatchObject({ reason: 'TLSFailed' });
    expect(server.requests).toHaveLength(0);
  });
});

describe('what teams refuses when it is opened', () => {
  it.each([
    [{ endpoint: 'outlook.office.com/webhook/x' }, /endpoint is no URL/],
    [{ endpoint: 'https://x.example.com', headers: { 'a b': 'c' } }, /is no name of an HTTP header/],
    [{ endpoint: 'https://x.example.com', tls: { ca: 'nonsense' } }, /holds no PEM certificate/],
  ])('%j', async (written, message) => {
    const error = await thrownBy(openWritten(teams, { written }));

    expect(error).toMatchObject({ reason: 'InvalidConfig', permanent: true });
    expect(error.message).toMatch(message);
  });
});
