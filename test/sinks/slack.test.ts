import { createClusterEvent } from '../../operator/event/core-event.ts';
import { type SinkContext, type SinkEvent } from '../../operator/sink-kit/index.ts';
import slack from '../../operator/sinks/slack.ts';
import { createSlackThreads } from '../../operator/sinks/slack-threads.ts';
import { startServer } from '../sink-kit/http-server.ts';
import { createAuthority, issue } from '../sink-kit/certificates.ts';
import { describeHttpContract, type HttpContractPeer, openWritten, thrownBy } from './contract.ts';
import { numberedEvent, outgoing, sinkContext, sinkEvent } from './sink-event.ts';
import { type SlackReply, type SlackServer, startSlack } from './slack-server.ts';

const never = new AbortController().signal;
const token = 'xoxb-263594206564-FGqddMF8t08v8N7Oq4i57vs1';

type Context = Partial<SinkContext>;

const open = (server: SlackServer, written: Record<string, unknown> = {}, context: Context = {}) =>
  openWritten(
    slack,
    { written: { token: server.token, channel: '#alerts', apiUrl: server.apiUrl, ...written } },
    sinkContext(context),
  );

/** Posts events one after another and gives what the stand-in got. */
async function post(
  written: Record<string, unknown>,
  ...events: SinkEvent[]
): Promise<Readonly<Record<string, unknown>>[]> {
  await using server = await startSlack();
  await using sink = await open(server, written);
  await sink.send(outgoing(sink, events), never);
  return server.posted;
}

async function textOf(message: string, fields: Record<string, unknown> = {}): Promise<unknown> {
  const [posted] = await post({ message }, sinkEvent(fields));
  return posted?.text;
}

async function startApp(): Promise<HttpContractPeer> {
  const server = await startSlack(token);
  let mode: 'Answer' | 'Hang' | 'Echo' = 'Answer';
  let reply: SlackReply | undefined;
  server.override = ({ authorization, args }) => {
    if (mode === 'Hang') return 'Hang';
    if (mode === 'Echo')
      return { body: { ok: false, error: `failed ${authorization} ${JSON.stringify(args)}` } };
    return reply;
  };
  return {
    written: {
      tokenSecretRef: { name: 'slack', key: 'token' },
      channel: 'C0123456789',
      message: '{{ .Message }}',
      apiUrl: server.apiUrl,
    },
    secrets: { slack: { token } },
    taken: () => server.posted.length,
    hang: () => (mode = 'Hang'),
    failAndEcho: () => (mode = 'Echo'),
    connections: () => server.sockets.size,
    answerWith: (status, headers = {}) => (reply = { status, headers }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

describeHttpContract('slack with a token', {
  definition: slack,
  start: startApp,
  unrenderable: { message: '{{ .Series.Count }}' },
  // Without a body there is no `ok: true`, and what is not said to be posted is not.
  differently: { 204: 'retry' },
});

async function startWebhook(): Promise<HttpContractPeer> {
  let status = 200;
  let headers: Readonly<Record<string, string>> = {};
  let mode: 'Answer' | 'Hang' | 'Echo' = 'Answer';
  const server = await startServer((response, request) => {
    if (mode === 'Hang') return;
    const text = mode === 'Echo' ? `${request.url} ${request.body}` : status < 300 ? 'ok' : '';
    response.writeHead(mode === 'Echo' ? 500 : status, headers).end(text);
  });
  return {
    written: { webhookUrlSecretRef: { name: 'slack', key: 'url' }, message: '{{ .Message }}' },
    secrets: { slack: { url: `${server.url}/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX` } },
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

describeHttpContract('slack with a webhook', {
  definition: slack,
  start: startWebhook,
  unrenderable: { message: '{{ .Series.Count }}' },
});

describe('a message of slack', () => {
  it('is what chat.postMessage documents, with the key of its event', async () => {
    await using server = await startSlack(token);
    await using sink = await open(server, {
      channel: '@{{ .InvolvedObject.Name }}',
      message: '{{ .Message }}',
      color: '{{ if eq .Type "Warning" }}danger{{ end }}',
      title: '{{ .Reason }}',
      title_link: undefined,
      titleLink: 'https://dashboard.example.com/?ns={{ .Namespace }}&pod={{ .InvolvedObject.Name }}',
      authorName: 'kubelet',
      footer: '{{ .ClusterName }}',
      fields: { b: '{{ .Namespace }}', a: '{{ .Count }}' },
      blocks: [{ type: 'section', text: { type: 'mrkdwn', text: '*{{ .Reason }}*' } }],
      username: 'eventroute',
      iconEmoji: ':rotating_light:',
    });
    const event = sinkEvent();

    await sink.send(outgoing(sink, [event]), never);

    expect(server.calls).toEqual([
      {
        method: 'chat.postMessage',
        authorization: `Bearer ${token}`,
        args: {
          channel: '@web-1',
          text: 'Back-off restarting failed container',
          attachments: [
            {
              fallback: 'Back-off restarting failed container',
              color: 'danger',
              author_name: 'kubelet',
              title: 'BackOff',
              title_link: 'https://dashboard.example.com/?ns=shop&pod=web-1',
              fields: [
                { title: 'a', value: '3', short: false },
                { title: 'b', value: 'shop', short: false },
              ],
              footer: 'prod',
            },
          ],
          blocks: [{ type: 'section', text: { type: 'mrkdwn', text: '*BackOff*' } }],
          username: 'eventroute',
          icon_emoji: ':rotating_light:',
          unfurl_links: false,
          unfurl_media: false,
          metadata: { event_type: 'kubernetes_event', event_payload: { idempotency_key: event.key } },
        },
      },
    ]);
    expect(server.requests[0]?.headers).toMatchObject({
      'content-type': 'application/x-www-form-urlencoded',
      'user-agent': 'eventroute',
    });
  });

  it('is the exporter’s for the configuration of its README', async () => {
    const event = sinkEvent();
    const object = { labels: { owner: 'trinity' }, annotations: {}, ownerReferences: [], deleted: false };
    const [message] = await post(
      {
        channel: '@{{ .InvolvedObject.Labels.owner }}',
        message: '{{ .Message }}',
        color: null,
        title: null,
        authorName: null,
        footer: null,
        fields: { namespace: '{{ .Namespace }}', reason: '{{ .Reason }}', object: '{{ .Namespace }}' },
        metadata: false,
      },
      { ...event, event: createClusterEvent({ ...event.event.data }, { object }) },
    );

    expect(message).toEqual({
      channel: '@trinity',
      text: 'Back-off restarting failed container',
      attachments: [
        {
          fallback: 'Back-off restarting failed container',
          fields: [
            { title: 'namespace', value: 'shop', short: false },
            { title: 'object', value: 'shop', short: false },
            { title: 'reason', value: 'BackOff', short: false },
          ],
        },
      ],
      unfurl_links: false,
      unfurl_media: false,
    });
  });

  it('can hold what no URL can', async () => {
    expect(await textOf('{{ .Message }}', { message: 'a\ud800b' })).toBe('a\ufffdb');
  });

  it('carries the event’s message where nothing is written', async () => {
    const [plain, empty] = await post({ metadata: false }, sinkEvent(), sinkEvent({ message: '' }));

    expect(plain).toEqual({
      channel: '#alerts',
      text: 'Back-off restarting failed container',
      unfurl_links: false,
      unfurl_media: false,
    });
    expect(empty?.text).toBe('BackOff Pod shop/web-1');
  });

  it.each([
    [{ title: '{{ .Reason }}' }, { title: 'BackOff' }],
    [{ footer: 'f' }, { footer: 'f' }],
    [{ authorName: 'a' }, { author_name: 'a' }],
    [
      { color: 'GOOD', title: 't' },
      { color: 'good', title: 't' },
    ],
    [
      { color: '00ff00', title: 't' },
      { color: '#00ff00', title: 't' },
    ],
    [{ color: 'mauve', title: 't' }, { title: 't' }],
    [{ fields: { x: 'y' } }, { fields: [{ title: 'x', value: 'y', short: false }] }],
  ])('has an attachment for %j alone', async (written, expected) => {
    const [message] = await post(written, sinkEvent());

    expect(message?.text).toBeUndefined();
    expect(message?.attachments).toEqual([{ fallback: 'Back-off restarting failed container', ...expected }]);
  });

  it.each([{ color: 'good' }, { fields: {} }, { title: '{{ if false }}x{{ end }}' }])(
    'has a text beside an attachment that shows nothing: %j',
    async (written) => {
      const [message] = await post(written, sinkEvent());

      expect(message?.text).toBe('Back-off restarting failed container');
    },
  );

  it.each([
    ['{{ .InvolvedObject.Labels.owner }}', '<no value>'],
    ['@{{ .InvolvedObject.Labels.owner }}', '@<no value>'],
    ['#{{ index .Labels "team" }}', '#'],
    ['{{ if false }}x{{ end }}', ''],
  ])('is refused alone when the channel %s gives no name', async (channel, rendered) => {
    await using server = await startSlack();
    await using sink = await open(server, { channel });

    expect(() => sink.encode(sinkEvent())).toThrow(
      expect.objectContaining({
        reason: 'RenderFailed',
        permanent: true,
        message: expect.stringContaining(JSON.stringify(rendered)) as string,
      }) as Error,
    );
  });

  it('is cut to what Slack takes, with no mark or entity in halves', async () => {
    const long = await textOf('{{ .Message }}', { message: 'ä'.repeat(50_000) });
    const entities = await textOf('{{ .Message }}', { message: '<'.repeat(20_000) });
    const mention = await textOf(`{{ .Message }}<@U12345678>`, { message: 'x'.repeat(39_995) });

    expect(long).toBe(`${'ä'.repeat(39_997)}...`);
    expect(entities).toMatch(/^(&lt;)+\.\.\.$/);
    expect(String(entities).length).toBeGreaterThan(39_990);
    expect(mention).toBe(`${'x'.repeat(39_995)}...`);
  });
});

describe('marks in a message of slack', () => {
  it.each([
    ['<!here> {{ .Message }}', '<!here> M'],
    ['<!subteam^S012AB3CD|oncall>: {{ .Message }}', '<!subteam^S012AB3CD|oncall>: M'],
    ['<@U123> <#C123|x> {{ .Message }} <mailto:a@b.c|mail>', '<@U123> <#C123|x> M <mailto:a@b.c|mail>'],
    ['<@{{ .InvolvedObject.Name }}>', '<@web-1>'],
    [
      '<https://x.example.com/{{ .Namespace }}?a=1&amp;b=2|{{ .Reason }}>',
      '<https://x.example.com/shop?a=1&amp;b=2|BackOff>',
    ],
    ['a & b &lt; c < d > e', 'a &amp; b &lt; c &lt; d > e'],
    ['{{ if true }}<!channel>{{ end }}', '<!channel>'],
    ['> quoted {{ .Message }}', '> quoted M'],
  ])('stay as they are written: %s', async (template, expected) => {
    expect(await textOf(template, { message: 'M' })).toBe(expected);
  });

  it.each([
    '<!channel>',
    '<!here|here>',
    '<@U123>',
    '<https://evil.example.com|log in>',
    '&lt;!channel&gt;',
    'a<b && c>d',
  ])('are taken from the event’s own text: %s', async (message) => {
    const shown = message.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

    expect(await textOf('<!here> {{ .Message }}', { message })).toBe(`<!here> ${shown}`);
    expect(await textOf('{{ .Message | b64enc | b64dec }}', { message })).toBe(shown);
    expect(await textOf('{{ printf "<%s>" .Message }}', { message })).toBe(`&lt;${shown}&gt;`);
  });

  it.each([
    ['<{{ .Message }}|runbook>', 'https://wiki.example.com/x', '<https://wiki.example.com/x|runbook>'],
    ['<{{ .Message }}>', '!channel', '&lt;!channel>'],
    ['<{{ .Message }}>', '@U123', '&lt;@U123>'],
    ['<!{{ .Message }}>', 'channel', '&lt;!channel>'],
    ['<{{ .Message }}', '!channel> x', '&lt;!channel&gt; x'],
    ['<https://x/{{ .Message }}|x>', 'a|b><!channel', '<https://x/a|b&gt;&lt;!channel|x>'],
  ])('let an event give a link and never a command: %s of %j', async (template, message, expected) => {
    expect(await textOf(template, { message })).toBe(expected);
  });

  it('do not change what the template’s functions see', async () => {
    expect(
      await textOf('{{ len .Message }} {{ .Message | trunc 3 }} {{ contains "<" .Message }}', {
        message: 'a<b>&c',
      }),
    ).toBe('6 a&lt;b true');
  });

  it('cannot be guessed: stand-ins of another message mean nothing', async () => {
    const message = '\ue0000123456789abcdef01c\ue001!channel\ue0000123456789abcdef01g\ue001';

    expect(await textOf('<!here> {{ .Message }}', { message })).toBe(`<!here> ${message}`);
  });

  it('are escaped in every part of the attachment', async () => {
    const [message] = await post(
      {
        title: '{{ .Message }}',
        footer: '{{ .Message }}',
        authorName: '{{ .Message }}',
        fields: { f: '<@U1> {{ .Message }}' },
      },
      sinkEvent({ message: '<!channel>' }),
    );

    const safe = '&lt;!channel&gt;';
    expect(message?.attachments).toEqual([
      {
        fallback: safe,
        title: safe,
        footer: safe,
        author_name: safe,
        fields: [{ title: 'f', value: `<@U1> ${safe}`, short: false }],
      },
    ]);
  });
});

describe('blocks of slack', () => {
  it('are escaped where Slack reads marks, and typed', async () => {
    const [message] = await post(
      {
        blocks: [
          { type: 'header', text: { type: 'plain_text', text: '<b> {{ .Message }}', emoji: true } },
          {
            type: 'section',
            fields: [{ type: 'mrkdwn', text: '<!here> {{ .Message }}' }],
            accessory: {
              type: 'button',
              text: { type: 'plain_text', text: 'Open' },
              url: 'https://x.example.com/?a=1&b={{ .Reason }}',
              value: '{{ .Message }}',
            },
          },
          { type: 'markdown', text: '**{{ .Message }}**' },
          {
            type: 'rich_text',
            elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: '{{ .Message }}' }] }],
          },
          { type: 'divider', count: '{{ .Count | toTyped }}', n: 3, none: null },
        ],
      },
      sinkEvent({ message: '<!channel> & co' }),
    );

    const safe = '&lt;!channel&gt; &amp; co';
    const raw = '<!channel> & co';
    expect(message?.text).toBe(safe);
    expect(message?.blocks).toEqual([
      { type: 'header', text: { type: 'plain_text', text: `<b> ${raw}`, emoji: true } },
      {
        type: 'section',
        fields: [{ type: 'mrkdwn', text: `<!here> ${safe}` }],
        accessory: {
          type: 'button',
          text: { type: 'plain_text', text: 'Open' },
          url: 'https://x.example.com/?a=1&b=BackOff',
          value: raw,
        },
      },
      { type: 'markdown', text: `**${safe}**` },
      {
        type: 'rich_text',
        elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: raw }] }],
      },
      { type: 'divider', count: 3, n: 3, none: null },
    ]);
  });

  it('have a text in every text object, or Slack would take none of the message', async () => {
    const [message] = await post(
      { blocks: [{ type: 'section', text: { type: 'mrkdwn', text: '{{ if false }}x{{ end }}' } }] },
      sinkEvent(),
    );

    expect(message?.blocks).toEqual([{ type: 'section', text: { type: 'mrkdwn', text: ' ' } }]);
  });

  it('have texts of the lengths that Slack takes', async () => {
    const text = (type: string) => ({ type, text: '{{ .Message }}' });
    const [message] = await post(
      {
        blocks: [
          { type: 'header', text: text('plain_text') },
          { type: 'section', text: text('mrkdwn'), fields: [text('mrkdwn')] },
          { type: 'markdown', text: '{{ .Message }}' },
        ],
      },
      sinkEvent({ message: 'x'.repeat(20_000) }),
    );

    const [header, section, markdown] = message?.blocks as {
      text: { text: string };
      fields: { text: string }[];
    }[];
    expect([header?.text.text.length, section?.text.text.length, section?.fields[0]?.text.length]).toEqual([
      150, 3_000, 2_000,
    ]);
    expect(markdown?.text).toHaveLength(12_000);
  });
});

describe('threads of slack', () => {
  const about = (uid: string, number: number) =>
    sinkEvent({
      metadata: { name: `e${number}`, namespace: 'shop', uid: `u${number}` },
      involvedObject: { kind: 'Pod', namespace: 'shop', name: uid, uid },
    });
  const threadsOf = (messages: readonly Readonly<Record<string, unknown>>[]) =>
    messages.map(({ thread_ts }) => thread_ts);

  it('hold what happens to one object', async () => {
    const events = [about('a', 1), about('b', 2), about('a', 3), about('b', 4), about('a', 5)];

    const messages = await post({ thread: 'InvolvedObject' }, ...events);

    const [first, second] = ['1503435956.000001', '1503435956.000002'];
    expect(threadsOf(messages)).toEqual([undefined, undefined, first, second, first]);
  });

  it('are one for each channel', async () => {
    const messages = await post(
      { thread: 'InvolvedObject', channel: '#{{ .Reason }}' },
      sinkEvent({ reason: 'one' }),
      sinkEvent({ reason: 'two' }),
      sinkEvent({ reason: 'one' }),
    );

    expect(threadsOf(messages)).toEqual([undefined, undefined, '1503435956.000001']);
  });

  it('open anew when their first message is gone', async () => {
    await using server = await startSlack();
    await using sink = await open(server, { thread: 'InvolvedObject' });
    await sink.send(outgoing(sink, [about('a', 1)]), never);
    server.override = ({ args }) =>
      args.thread_ts === '1503435956.000001' ? { body: { ok: false, error: 'thread_not_found' } } : undefined;

    await sink.send(outgoing(sink, [about('a', 2), about('a', 3)]), never);

    expect(threadsOf(server.posted)).toEqual([undefined, undefined, '1503435956.000002']);
  });

  it('are not opened by a message that Slack refused', async () => {
    await using server = await startSlack();
    await using sink = await open(server, { thread: 'InvolvedObject' });
    server.override = () => ({ body: { ok: false, error: 'internal_error', ts: '1.1' } });
    await thrownBy(sink.send(outgoing(sink, [about('a', 1)]), never));
    server.override = () => undefined;

    await sink.send(outgoing(sink, [about('a', 1)]), never);

    expect(threadsOf(server.posted)).toEqual([undefined]);
  });

  it('end after their time, and the longest silent go first when there are too many', () => {
    let nowMs = 0;
    const threads = createSlackThreads({ lifetimeMs: 100, limit: 2, now: () => nowMs });
    threads.open('a', '1');
    nowMs = 50;
    threads.open('b', '2');
    threads.find('a');
    threads.open('c', '3');

    expect(['a', 'b', 'c'].map((key) => threads.find(key))).toEqual(['1', undefined, '3']);
    nowMs = 100;
    expect(['a', 'c'].map((key) => threads.find(key))).toEqual([undefined, '3']);
  });
});

describe('what slack refuses', () => {
  it.each([
    ['invalid_auth', 'Unauthorized', false],
    ['not_authed', 'Unauthorized', false],
    ['account_inactive', 'Unauthorized', false],
    ['token_revoked', 'Unauthorized', false],
    ['token_expired', 'Unauthorized', false],
    ['channel_not_found', 'TargetNotFound', false],
    ['not_in_channel', 'TargetNotFound', false],
    ['is_archived', 'TargetNotFound', false],
    ['missing_scope', 'Forbidden', false],
    ['restricted_action', 'Forbidden', false],
    ['ekm_access_denied', 'Forbidden', false],
    ['ratelimited', 'Throttled', false],
    ['rate_limited', 'Throttled', false],
    ['internal_error', 'ServerError', false],
    ['fatal_error', 'ServerError', false],
    ['something_new', 'ServerError', false],
    ['msg_too_long', 'PayloadTooLarge', true],
    ['msg_blocks_too_long', 'PayloadTooLarge', true],
    ['metadata_too_large', 'PayloadTooLarge', true],
    ['too_many_attachments', 'PayloadTooLarge', true],
    ['no_text', 'Rejected', true],
    ['invalid_blocks', 'Rejected', true],
    ['cannot_parse_attachment', 'Rejected', true],
  ])('with %s is %s', async (code, reason, permanent) => {
    await using server = await startSlack();
    await using sink = await open(server);
    server.override = () => ({ body: { ok: false, error: code } });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

    expect(error).toMatchObject({ name: 'DeliveryError', reason, permanent });
    expect(error.message).toContain(`${server.host} refused chat.postMessage [channel=#alerts]: ${code}`);
  });

  it('says which scope is missing, and what is wrong with blocks', async () => {
    await using server = await startSlack();
    await using sink = await open(server);
    const said: string[] = [];
    for (const body of [
      { ok: false, error: 'missing_scope', needed: 'chat:write', provided: 'identify' },
      {
        ok: false,
        error: 'invalid_blocks',
        response_metadata: {
          messages: ['[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]'],
        },
      },
    ]) {
      server.override = () => ({ body });
      said.push((await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never))).message);
    }

    expect(said[0]).toMatch(/missing_scope \(needs the scope chat:write\); add the scope/);
    expect(said[1]).toContain('json-pointer:/blocks/0/text/text');
  });

  it('for good is a channel of the event’s own choice that does not exist', async () => {
    await using server = await startSlack();
    await using sink = await open(server, { channel: '#{{ .Reason }}' });
    server.override = () => ({ body: { ok: false, error: 'channel_not_found' } });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

    expect(error).toMatchObject({ reason: 'TargetNotFound', permanent: true });
  });

  it('does not count a page of another server as posted', async () => {
    await using server = await startSlack();
    await using sink = await open(server);
    server.override = () => ({
      body: '<html>Please log in</html>',
      headers: { 'content-type': 'text/html' },
    });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

    expect(error).toMatchObject({ reason: 'ServerError', permanent: false });
    expect(error.message).toMatch(/answered 200 and nothing that Slack would say/);
  });

  it('waits as long as Slack says, and sends no more of the batch', async () => {
    await using server = await startSlack();
    await using sink = await open(server);
    server.override = () => ({
      status: 429,
      headers: { 'retry-after': '30' },
      body: { ok: false, error: 'ratelimited' },
    });

    const error = await thrownBy(sink.send(outgoing(sink, [numberedEvent(1), numberedEvent(2)]), never));

    expect(error).toMatchObject({ reason: 'Throttled', retryAfterMs: 30_000, permanent: false });
    expect(server.calls).toHaveLength(1);
  });

  it('waits as long as Slack says beside a 200, too', async () => {
    await using server = await startSlack();
    await using sink = await open(server);
    server.override = () => ({
      headers: { 'retry-after': '4' },
      body: { ok: false, error: 'ratelimited' },
    });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

    expect(error).toMatchObject({ reason: 'Throttled', retryAfterMs: 4_000 });
  });

  it('alone leaves the others of a batch delivered', async () => {
    await using server = await startSlack();
    await using sink = await open(server);
    server.override = ({ args }) =>
      args.text === 'message 2' ? { body: { ok: false, error: 'invalid_arguments' } } : undefined;

    const error = await thrownBy(
      sink.send(outgoing(sink, [numberedEvent(1), numberedEvent(2), numberedEvent(3)]), never),
    );

    expect(error.results?.map((result) => result?.reason)).toEqual([undefined, 'Rejected', undefined]);
    expect(server.posted.map(({ text }) => text)).toEqual(['message 1', 'message 3']);
  });
});

describe('the check of slack', () => {
  const check = async (server: SlackServer, written: Record<string, unknown> = {}) => {
    await using sink = await open(server, { channel: 'C0123456789', ...written });
    return await sink.check!(never).then(
      () => undefined,
      (error: unknown) => error as Error & { reason: string },
    );
  };

  it('posts nothing, and asks who we are and for the channel', async () => {
    await using server = await startSlack();

    expect(await check(server)).toBeUndefined();

    expect(server.calls.map(({ method, args }) => [method, args.channel])).toEqual([
      ['auth.test', undefined],
      ['conversations.info', 'C0123456789'],
    ]);
  });

  it.each([
    ['a wrong token', { token: 'xoxb-wrong' }, {}, 'Unauthorized', /invalid_auth; check the token/],
    ['a channel that is not there', { channel: 'C9999999999' }, {}, 'TargetNotFound', /channel_not_found/],
    [
      'an archived channel',
      {},
      { ok: true, channel: { is_archived: true, is_member: true } },
      'TargetNotFound',
      /is_archived; the channel is archived/,
    ],
    [
      'a channel without us',
      {},
      { ok: true, channel: { is_archived: false, is_member: false } },
      'TargetNotFound',
      /not_in_channel; invite the app/,
    ],
  ])('tells of %s', async (...[, written, info, reason, message]) => {
    await using server = await startSlack();
    server.override = ({ method }) =>
      method === 'conversations.info' && 'ok' in info ? { body: info } : undefined;

    const error = await check(server, written);

    expect(error?.reason).toBe(reason);
    expect(error?.message).toMatch(message);
  });

  it('tells of a missing scope by the header of the answer', async () => {
    await using server = await startSlack();
    const withScopes = (scopes: string) => () => ({
      headers: { 'x-oauth-scopes': scopes },
      body: { ok: true, channel: { is_archived: false, is_member: false } },
    });

    server.override = withScopes('channels:read,users:read');
    expect(await check(server)).toMatchObject({ reason: 'Forbidden' });
    server.override = withScopes('chat:write,chat:write.public,channels:read');
    expect(await check(server)).toBeUndefined();
    server.override = withScopes('chat:write,channels:read');
    expect(await check(server)).toMatchObject({ reason: 'TargetNotFound' });
  });

  it('is content where channels may not be looked up, or have names', async () => {
    await using server = await startSlack();
    server.override = ({ method }) =>
      method === 'conversations.info'
        ? { body: { ok: false, error: 'missing_scope', needed: 'channels:read' } }
        : undefined;

    expect(await check(server)).toBeUndefined();
    expect(await check(server, { channel: '#alerts' })).toBeUndefined();
    expect(await check(server, { channel: '#{{ .Reason }}' })).toBeUndefined();
  });

  it('tells wrong host, wrong certificate and wrong token apart', async () => {
    const authority = await createAuthority('Authority');
    await using secure = await startServer(undefined, await issue(authority, ['127.0.0.1']));
    await using server = await startSlack();

    expect(await check(server, { apiUrl: 'http://127.0.0.1:1/api/' })).toMatchObject({
      reason: 'Unreachable',
    });
    expect(await check(server, { apiUrl: `${secure.url}/api/` })).toMatchObject({ reason: 'TLSFailed' });
    expect(await check(server, { token: 'xoxb-nope' })).toMatchObject({ reason: 'Unauthorized' });
  });
});

describe('an incoming webhook of slack', () => {
  it('gets the message as JSON, with the key of its event as a header', async () => {
    await using server = await startServer();
    const event = sinkEvent();
    await using sink = await openWritten(slack, {
      written: {
        webhookUrl: `${server.url}/services/T0/B0/X0`,
        message: '<!here> {{ .Message }}',
        color: 'danger',
        title: '{{ .Reason }}',
      },
    });

    await sink.check?.(never);
    await sink.send(outgoing(sink, [event]), never);

    const [request] = server.requests;
    expect(server.requests).toHaveLength(1);
    expect(request).toMatchObject({ method: 'POST', url: '/services/T0/B0/X0' });
    expect(request?.headers).toMatchObject({
      'content-type': 'application/json',
      'idempotency-key': event.key,
    });
    expect(JSON.parse(request?.body ?? '')).toEqual({
      text: '<!here> Back-off restarting failed container',
      attachments: [
        {
          fallback: '<!here> Back-off restarting failed container',
          color: 'danger',
          title: 'BackOff',
        },
      ],
      unfurl_links: false,
      unfurl_media: false,
    });
  });

  it.each([
    [400, 'invalid_payload', 'Rejected', true],
    [400, 'invalid_blocks', 'Rejected', true],
    [400, 'no_text', 'Rejected', true],
    [400, 'user_not_found', 'TargetNotFound', false],
    [400, 'too_many_attachments', 'PayloadTooLarge', true],
    [403, 'action_prohibited', 'Forbidden', false],
    [403, 'posting_to_general_channel_denied', 'Forbidden', false],
    [403, 'invalid_token', 'Unauthorized', false],
    [404, 'channel_not_found', 'TargetNotFound', false],
    [404, 'no_service', 'TargetNotFound', false],
    [404, 'no_team', 'TargetNotFound', false],
    [410, 'channel_is_archived', 'TargetNotFound', false],
    [500, 'rollup_error', 'ServerError', false],
    [400, 'Bad Request', 'Rejected', true],
    [404, 'no_such page, as a proxy may say', 'TargetNotFound', false],
    [400, 'toString', 'Rejected', true],
  ])('that answers %i %s is %s', async (status, body, reason, permanent) => {
    await using server = await startServer((response) => response.writeHead(status).end(body));
    await using sink = await openWritten(slack, {
      written: { webhookUrl: `${server.url}/services/T0/B0/X0` },
    });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

    expect(error).toMatchObject({ reason, permanent });
    expect(error.message).toContain(body);
  });

  it('that is throttled waits as it says', async () => {
    await using server = await startServer((response) =>
      response.writeHead(429, { 'retry-after': '7' }).end('rate_limited'),
    );
    await using sink = await openWritten(slack, { written: { webhookUrl: `${server.url}/x` } });

    const error = await thrownBy(sink.send(outgoing(sink, [sinkEvent()]), never));

    expect(error).toMatchObject({ reason: 'Throttled', retryAfterMs: 7_000 });
  });
});

describe('what slack refuses when it is opened', () => {
  it.each([
    [{ channel: '#a' }, /needs `token` or `webhookUrl`/],
    [{ token: 'xoxb-1', webhookUrl: 'https://hooks.slack.com/services/x' }, /both `token` and `webhookUrl`/],
    [{ token: 'xoxb-1' }, /needs `channel`/],
    [{ webhookUrl: 'https://hooks.slack.com/services/x', thread: 'InvolvedObject' }, /webhooks cannot reply/],
    [{ webhookUrl: 'hooks.slack.com/services/x' }, /webhookUrl is no URL/],
    [{ token: 'xoxb-1', channel: '#a', apiUrl: 'slack.com/api' }, /apiUrl is no URL/],
  ])('%j', async (written, message) => {
    const error = await thrownBy(openWritten(slack, { written }));

    expect(error).toMatchObject({ reason: 'InvalidConfig', permanent: true });
    expect(error.message).toMatch(message);
  });
});
