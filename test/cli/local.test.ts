import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startServer, type TestServer } from '../sink-kit/http-server.ts';
import { eventroute, root } from './command.ts';

let folder: string;
let server: TestServer;
let failures: number;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eventroute-local-'));
  failures = 0;
  server = await startServer((response, { method }) => {
    const fails = method === 'POST' && failures > 0;
    if (fails) failures -= 1;
    response.statusCode = fails ? 503 : 200;
    response.end();
  });
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const write = async (name: string, text: string): Promise<string> => {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
};
const secret = () =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: oncall-webhook}\nstringData: {url: "${server.url}/secret-path-of-oncall"}\n`;

/** The quickstart with its archive in this test's own folder. */
async function quickstart(): Promise<string[]> {
  const receivers = await readFile(join(root, 'examples/quickstart/receivers.yaml'), 'utf8');
  const archived = receivers.replace(
    '/tmp/eventroute-quickstart/events.jsonl',
    join(folder, 'archive.jsonl'),
  );
  await write('receivers.yaml', archived);
  await write('route.yaml', await readFile(join(root, 'examples/quickstart/route.yaml'), 'utf8'));
  await write('secret.yaml', secret());
  return ['local', '-f', folder, '--events', 'examples/quickstart/events.jsonl'];
}

const event = (name: string) =>
  JSON.stringify({
    metadata: { name, namespace: 'shop', uid: name },
    involvedObject: { kind: 'Pod', namespace: 'shop', name, uid: name },
    reason: 'BackOff',
    type: 'Warning',
    message: 'Back-off',
    count: 1,
  });
const toTerminal = `apiVersion: eventroute.dev/v1beta1
kind: EventReceiver
metadata: {name: terminal}
spec: {sink: {stdout: {layout: {name: '{{ .InvolvedObject.Name }}'}}}}
---
apiVersion: eventroute.dev/v1beta1
kind: EventRoute
metadata: {name: all}
spec: {match: [{receiver: terminal}]}
`;

describe('eventroute local', () => {
  test('walks the quickstart to stdout, a file and a webhook that fails at first, and prints the tables', async () => {
    failures = 2;
    const { code, out, err } = await eventroute(await quickstart());
    expect(`${code}\n${code === 0 ? '' : err}`).toBe('0\n');
    const posts = server.requests.filter(({ method }) => method === 'POST');
    const keys = new Set(posts.map(({ headers }) => headers['idempotency-key']));
    expect(posts.length - 2).toBe(keys.size);
    expect(posts[0]!.url).toBe('/secret-path-of-oncall');
    const archived = (await readFile(join(folder, 'archive.jsonl'), 'utf8')).trimEnd().split('\n');
    const lines = out.split('\n');
    const route = lines.find((line) => line.includes('eventroute/quickstart'))!.split(/ {2,}/);
    expect(route.slice(2, 5)).toEqual(['True', 'Cluster', '3/3']);
    const cells = (name: string) =>
      lines.find((line) => line.includes(`eventreceiver/${name}`))!.split(/ {2,}/);
    expect(cells('archive').slice(2, 7)).toEqual(['True', 'file', String(archived.length), '0', '0']);
    expect(cells('oncall').slice(2, 5)).toEqual(['True', 'webhook', String(keys.size)]);
    expect(`${out}${err}`).not.toContain('secret-path-of-oncall');
  }, 30_000);

  test('writes nothing but the events to stdout with --no-status, read from standard input', async () => {
    const path = await write('all.yaml', toTerminal);
    const input = `${event('a')}\n${event('b')}\n`;
    const { code, out } = await eventroute(['local', '-f', path, '--events', '-', '--no-status'], { input });
    expect(code).toBe(0);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([{ name: 'a' }, { name: 'b' }]);
  }, 30_000);

  test('exits with 1 and says where when an Event cannot be read, and delivers the others', async () => {
    const path = await write('all.yaml', toTerminal);
    const input = `${event('a')}\n{"broken\n${event('b')}\n`;
    const { code, out, err } = await eventroute(['local', '-f', path, '--events', '-', '--no-status'], {
      input,
    });
    expect(code).toBe(1);
    expect(out.trimEnd().split('\n')).toHaveLength(2);
    expect(err.match(/place="?standard input:2/g)).toHaveLength(1);
    expect(err).toMatch(/Failed to read a recorded Event place="?standard input:2/);
  }, 30_000);

  test('tells before it ends what a rate limit held back', async () => {
    const limited = toTerminal
      .replace("'{{ .InvolvedObject.Name }}'", "'{{ .InvolvedObject.Name }}', text: '{{ .Message }}'")
      .replace('}}}}\n---', '}}}, delivery: {rateLimit: {events: 2, per: 1h}}}\n---');
    const path = await write('all.yaml', limited);
    const events = await write('events.jsonl', [1, 2, 3, 4, 5].map((pod) => event(`pod-${pod}`)).join('\n'));
    const { out, err } = await eventroute(['local', '-f', path, '--events', events, '--no-status']);
    const lines = out.trimEnd().split('\n');
    expect({ lines: lines.length, last: JSON.parse(lines.at(-1)!) as unknown }).toEqual({
      lines: 3,
      last: {
        name: 'terminal',
        text: '3 events of namespace shop were held back by the rate limit of 2 per 1h: 3 BackOff of Pod',
      },
    });
    expect(err).toContain('reason=RateLimited');
  }, 30_000);

  test('sends before it ends what a throttle holds, and calls nothing lost that was folded', async () => {
    const throttled = toTerminal
      .replace(
        "'{{ .InvolvedObject.Name }}'",
        "'{{ .InvolvedObject.Name }}', folded: '{{ .FoldedOccurrences }}'",
      )
      .replace('receiver: terminal', 'receiver: terminal, throttle: {by: [namespace], per: 24h}');
    const path = await write('all.yaml', throttled);
    // more than may wait before the file is read on
    const pods = Array.from({ length: 1_500 }, (_, index) => event(`pod-${index}`));
    const events = await write('events.jsonl', pods.join('\n'));
    const { code, out } = await eventroute(['local', '-f', path, '--events', events, '--no-status']);
    const lines = out.trimEnd().split('\n');
    expect({ code, told: lines.map((line) => JSON.parse(line) as unknown) }).toEqual({
      code: 0,
      told: [
        { name: 'pod-0', folded: '0' },
        { name: 'pod-1499', folded: '1498' },
      ],
    });
  }, 30_000);

  test('reads on though throttles hold many events', async () => {
    const throttled = toTerminal.replace('receiver: terminal', 'receiver: terminal, throttle: {per: 24h}');
    const path = await write('all.yaml', throttled);
    const pods = Array.from({ length: 1_500 }, (_, index) => event(`pod-${index}`));
    const again = pods.map((line) => line.replace('"count":1', '"count":2'));
    const events = await write('events.jsonl', [...pods, ...again].join('\n'));
    const { code, out } = await eventroute(['local', '-f', path, '--events', events, '--no-status']);
    expect({ code, lines: out.trimEnd().split('\n').length }).toEqual({ code: 0, lines: 3_000 });
  }, 30_000);

  test('exits with 1 when an object is refused, and its status tells why', async () => {
    const path = await write('all.yaml', toTerminal.replace('receiver: terminal', 'receiver: termnal'));
    const { code, out } = await eventroute(['local', '-f', path, '--wide']);
    expect(code).toBe(1);
    expect(out).toContain('ReceiverNotFound');
    expect(out).toContain('did you mean `terminal`?');
  }, 30_000);

  test('exits with 1 when an Event is not delivered in time', async () => {
    failures = 1_000;
    const path = await write(
      'all.yaml',
      toTerminal.replace(/sink: .*/, `sink: {webhook: {endpoint: "${server.url}"}}}`),
    );
    const args = ['local', '-f', path, '--events', '-', '--timeout', '300ms'];
    const { code, out } = await eventroute(args, { input: `${event('a')}\n` });
    expect(code).toBe(1);
    expect(out).toContain('eventreceiver/terminal');
  }, 30_000);

  test('exits with 1 and one line when the file of Events is not there', async () => {
    const path = await write('all.yaml', toTerminal);
    const { code, err } = await eventroute(['local', '-f', path, '--events', join(folder, 'none.jsonl')]);
    expect(code).toBe(1);
    expect(err.trimEnd().split('\n').at(-1)).toMatch(/^eventroute: .*none\.jsonl/);
    expect(err).not.toMatch(/^ {4}at /m);
  }, 30_000);
});
