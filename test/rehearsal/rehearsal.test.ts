import { stringify } from 'yaml';

import { lintManifests } from '../../operator/lint/lint.ts';
import { offline } from '../../operator/lint/surroundings.ts';
import { readManifestSet } from '../../operator/manifest/manifest-set.ts';
import { formatRendered } from '../../operator/rehearsal/delivery-text.ts';
import { readDocument } from '../../operator/rehearsal/document.ts';
import { occurrenceOf, readRecordedEvents } from '../../operator/rehearsal/rehearsed-event.ts';
import { createRehearsal, type Rehearsal } from '../../operator/rehearsal/rehearsal.ts';
import { type RenderedPayload } from '../../operator/rehearsal/rendered-payload.ts';
import { loadSink, sinkNames } from '../../operator/sinks/registry.ts';
import { startServer } from '../sink-kit/http-server.ts';

const manifest = (kind: string, name: string, spec: unknown, namespace = 'root'): string =>
  stringify({ apiVersion: 'eventroute.dev/v1beta1', kind, metadata: { name, namespace }, spec });

const core = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  metadata: { name: 'web.1', namespace: 'shop', uid: 'uid-1' },
  involvedObject: { kind: 'Pod', namespace: 'shop', name: 'web-1', uid: 'pod-1', apiVersion: 'v1' },
  reason: 'BackOff',
  message: 'Back-off restarting failed container',
  type: 'Warning',
  count: 3,
  lastTimestamp: '2026-01-01T00:00:00Z',
  ...fields,
});
const occurrence = (fields?: Record<string, unknown>) =>
  occurrenceOf({ core: core(fields), object: undefined }, {});

let rehearsal: Rehearsal;
afterEach(() => rehearsal.close());

const rehearse = async (...manifests: string[]): Promise<Rehearsal> => {
  const set = readManifestSet([{ file: 'a.yaml', text: manifests.join('---\n') }], 'root');
  const lint = await lintManifests(set, { outside: offline, rootNamespace: 'root', localSinkNamespaces: [] });
  rehearsal = createRehearsal(lint, 'root');
  return rehearsal;
};
const renderFirst = async (...manifests: string[]): Promise<RenderedPayload> => {
  const { route, render } = await rehearse(...manifests).then((one) => ({
    route: one.route.bind(one),
    render: one.render.bind(one),
  }));
  const [delivery] = route(occurrence());
  return (await render(occurrence(), delivery!)) as RenderedPayload;
};
const toOne = manifest('EventRoute', 'all', { match: [{ receiver: 'one' }] });

describe('a rehearsal', () => {
  test('says which receivers an Event reaches, and by which routes', async () => {
    const { route } = await rehearse(
      toOne,
      manifest('EventRoute', 'warnings', {
        match: [
          { type: 'Warning', receiver: 'one' },
          { type: 'Normal', receiver: 'two' },
        ],
      }),
      manifest('EventReceiver', 'one', { sink: { stdout: {} } }),
      manifest('EventReceiver', 'two', { sink: { stdout: {} } }),
    ).then((one) => ({ route: one.route.bind(one) }));
    expect(route(occurrence())).toEqual([{ receiver: 'root/one', routes: ['root/all', 'root/warnings'] }]);
  });

  test.each([
    [
      'it is not there',
      [manifest('EventRoute', 'all', { match: [{ receiver: 'none' }] })],
      /spec\.match\[0\]\.receiver names `none`: there is no EventReceiver/,
    ],
    [
      'it does not let the route in',
      [
        manifest('EventRoute', 'all', { match: [{ receiver: 'other/one' }] }),
        manifest('EventReceiver', 'one', { sink: { webhook: { endpoint: 'https://a.example' } } }, 'other'),
      ],
      /which does not let namespace root in/,
    ],
    [
      'its manifest is refused',
      [toOne, manifest('EventReceiver', 'one', { sink: { webhook: { endpoint: 'nowhere' } } })],
      /it cannot be used: spec\.sink\.webhook endpoint is no URL/,
    ],
    [
      'only a Shadow route names it',
      [
        manifest('EventRoute', 'all', { mode: 'Shadow', match: [{ receiver: 'one' }] }),
        manifest('EventReceiver', 'one', { sink: { stdout: {} } }),
      ],
      /mode: Shadow/,
    ],
  ])('says why a receiver gets nothing when %s', async (_, manifests, expected) => {
    const [delivery] = (await rehearse(...manifests)).route(occurrence());
    expect(delivery!.obstacle).toMatch(expected);
  });

  test('shows the request that a webhook would get, without its secrets, and sends nothing', async () => {
    await using server = await startServer();
    const rendered = await renderFirst(
      toOne,
      manifest('EventReceiver', 'one', {
        sink: {
          webhook: {
            endpoint: `http://user:hunter2@${server.host}/hooks/{{ .InvolvedObject.Namespace }}?key=very-secret-key`,
            headers: { 'X-Reason': '{{ .Reason }}' },
            bearer: { token: 'top-secret-token' },
            layout: { text: '{{ .Message }}' },
          },
        },
      }),
    );
    expect(rendered).toEqual({
      endpoint: server.host,
      request: {
        method: 'POST',
        url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/hooks\/shop\?key=/) as string,
        headers: expect.objectContaining({
          authorization: '***',
          'x-reason': 'BackOff',
          'idempotency-key': 'uid-1-3',
        }) as object,
      },
      payload: { text: 'Back-off restarting failed container' },
    });
    expect(JSON.stringify(rendered)).not.toMatch(/hunter2|top-secret/);
    expect(server.requests).toEqual([]);
  });

  test('shows a payload although the Secrets are not at hand, and a request that is compressed', async () => {
    const rendered = await renderFirst(
      toOne,
      manifest('EventReceiver', 'one', {
        sink: {
          splunk: {
            url: 'https://splunk.example.com:8088',
            tokenSecretRef: { name: 's', key: 't' },
            layout: { m: '{{ .Reason }}' },
          },
        },
      }),
    );
    expect(rendered.payload).toMatchObject({ event: { m: 'BackOff' } });
    expect(rendered.request!.url).toMatch(/^https:\/\/splunk\.example\.com:8088\//);
  });

  test('says why an Event cannot be rendered', async () => {
    const rendered = await renderFirst(
      toOne,
      manifest('EventReceiver', 'one', {
        sink: { webhook: { endpoint: 'https://a.example', layout: { a: '{{ fail "no" }}' } } },
      }),
    );
    expect(rendered).toEqual({ failure: expect.stringMatching(/layout.*failed on this event/) as string });
  });

  test.each(sinkNames)('renders for every kind of sink without a connection: %s', async (name) => {
    const { example } = await loadSink(name);
    const rendered = await renderFirst(
      toOne,
      manifest('EventReceiver', 'one', { sink: { [name]: example } }),
    );
    expect(rendered).not.toHaveProperty('failure');
    expect(JSON.stringify(rendered.payload)).toMatch(/BackOff|Back-off|web-1/);
    if (['webhook', 'slack', 'loki', 'splunk', 'opsgenie', 'teams'].includes(name)) {
      expect(rendered.request).toMatchObject({
        method: 'POST',
        url: expect.stringMatching(/^https:\/\//) as string,
      });
    } else {
      expect(rendered.request).toBeUndefined();
    }
  });
});

describe('a rendered payload', () => {
  test('is written as a request for people, without control characters of the event', () => {
    const text = formatRendered({
      endpoint: 'a',
      request: { method: 'POST', url: 'https://a/', headers: { a: 'b' } },
      payload: { text: 'x' },
    });
    expect(text).toBe('POST https://a/\na: b\n\n{\n  "text": "x"\n}');
    expect(formatRendered({ endpoint: 'a', payload: 'a\u001b[2Jb' })).toBe('a\\u001b[2Jb');
  });

  test('is plain data: bytes as text, JSON in texts as what it says, lines of JSON as a list', () => {
    expect(
      readDocument({
        a: Buffer.from('{"b":1}'),
        c: '[1',
        d: new Map([['e', 1n]]),
        f: '{"x":1}\n{"y":2}\n',
        g: () => 1,
      }),
    ).toEqual({
      a: { b: 1 },
      c: '[1',
      d: { e: '1' },
      f: [{ x: 1 }, { y: 2 }],
    });
    expect(readDocument(Buffer.from([0xff, 0xfe]))).toBe('base64://4=');
  });
});

test('recorded Events are read with their places, and what is none is told', async () => {
  const lines = [JSON.stringify({ kind: 'List', items: [core(), core()] }), '{"kind":"Pod"}', '{'];
  const stream = (async function* () {
    yield await Promise.resolve(`${lines.join('\n')}\n`);
  })();
  const { events, problems } = await readRecordedEvents(stream, 'e.jsonl');
  expect(events).toHaveLength(2);
  expect(problems).toEqual([
    expect.stringMatching(/^e\.jsonl:2 is of kind Pod/),
    expect.stringMatching(/^e\.jsonl:3 is not JSON/),
  ]);
  await (await rehearse()).close();
});
