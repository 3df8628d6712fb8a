import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

import { eventroute } from './command.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eventroute-convert-'));
});

afterEach(() => rm(folder, { recursive: true }));

const config = `route:
  match:
    - receiver: out
    - kind: Pod
      receiver: hook
receivers:
  - name: out
    stdout: {layout: {name: "{{ .InvolvedObject.Name }}"}}
  - name: hook
    webhook: {endpoint: "http://127.0.0.1:1/secret-path"}
`;

const write = async (text: string): Promise<string> => {
  const path = join(folder, 'exporter.yaml');
  await writeFile(path, text);
  return path;
};
const event = (name: string, more: object = {}) =>
  JSON.stringify({
    metadata: { name, namespace: 'shop', uid: name },
    involvedObject: { kind: 'Node', namespace: 'shop', name, uid: name },
    reason: 'R',
    type: 'Warning',
    message: 'M',
    count: 1,
    lastTimestamp: '2026-01-01T00:00:00Z',
    ...more,
  });

describe('eventroute convert', () => {
  test('writes manifests that local takes, and a report, into a folder', async () => {
    const made = join(folder, 'made');
    const { code, out, err } = await eventroute(['convert', await write(config), '-n', 'ops', '-o', made]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect((await readdir(made)).sort()).toEqual([
      '1-secrets.yaml',
      '2-receivers.yaml',
      '3-route.yaml',
      'MIGRATION.md',
    ]);
    expect(out).toContain(join(made, 'MIGRATION.md'));
    expect((await stat(join(made, '1-secrets.yaml'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(made, 'MIGRATION.md'), 'utf8')).not.toContain('secret-path');
    const args = ['local', '-f', made, '-n', 'ops', '--events', '-', '--no-status'];
    const run = await eventroute(args, { input: `${event('a')}\n` });
    expect(run.out).toBe('{"name":"a"}\n');
  }, 30_000);

  test('writes over nothing without --force', async () => {
    const path = await write(config);
    const made = join(folder, 'made');
    await eventroute(['convert', path, '-o', made]);
    const again = await eventroute(['convert', path, '-o', made]);
    expect(again.code).toBe(2);
    expect(again.err).toMatch(
      /1-secrets\.yaml.* would be written over; choose another folder, or add --force/,
    );
    expect((await eventroute(['convert', path, '-o', made, '--force'])).code).toBe(0);
  }, 30_000);

  test('writes to stdout what kubectl applies, and the report to stderr', async () => {
    const { code, out, err } = await eventroute(['convert', '-', '-n', 'ops'], { input: config });
    expect(code).toBe(0);
    const objects = parseAllDocuments(out).map(
      (document) => document.toJS() as { kind: string; metadata: object },
    );
    expect(objects.map(({ kind }) => kind)).toEqual([
      'Secret',
      'EventReceiver',
      'EventReceiver',
      'EventRoute',
    ]);
    for (const { metadata } of objects) expect(metadata).toMatchObject({ namespace: 'ops' });
    expect(err).toMatch(/^# From standard input to Eventroute/);
  }, 30_000);

  test('converts what can be used, and exits with 1 when a part cannot', async () => {
    const path = await write(`${config}  - name: bad\n    slak: {}\n`);
    const { code, out, err } = await eventroute(['convert', path]);
    expect(code).toBe(1);
    expect(out).toContain('kind: EventRoute');
    expect(err).toContain(`eventroute: ${path}:11: receivers[2] has no sink`);
  }, 30_000);

  test.each([
    [['--strict'], `${config}surplus: 1\n`, /exporter\.yaml:11: surplus is not known/],
    [[], 'a: 1\nroute: {{ x }}\n', /exporter\.yaml:2: route begins with \{\{/],
    [[], 'logLevel: LOUD\nlogFormat: xml\n', /:1: logLevel must be .*\n.*:2: logFormat must be/],
  ])(
    'writes nothing with %j for %j',
    async (flags, text, message) => {
      const { code, out, err } = await eventroute(['convert', await write(text), ...flags]);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toMatch(message);
      expect(err).not.toMatch(/^ {4}at /m);
    },
    30_000,
  );

  test('says in one line that there is no such file', async () => {
    const { code, err } = await eventroute(['convert', join(folder, 'none.yaml')]);
    expect(code).toBe(1);
    expect(err).toMatch(/^eventroute: .*none\.yaml cannot be read: there is no such file\n$/);
  }, 30_000);
});

describe('eventroute local --config', () => {
  const simple = config.replaceAll(/ {4}- kind[^]*?hook\n/g, '').replace(/ {2}- name: hook[^]*$/, '');
  const local = (path: string, events: readonly string[], ...more: string[]) =>
    eventroute(['local', '--config', path, '--events', '-', '--no-status', ...more], {
      input: `${events.join('\n')}\n`,
    });
  const names = (out: string) =>
    out
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { name: string }).name);

  test('delivers the first sight of each Event, whatever its count, and repeats with reportUpdates', async () => {
    const events = [event('a', { count: 4 }), event('b'), event('a', { count: 5 }), event('b', { count: 2 })];
    expect(names((await local(await write(simple), events)).out)).toEqual(['a', 'b']);
    const all = await local(await write(`reportUpdates: true\n${simple}`), events);
    expect(names(all.out)).toEqual(['a', 'b', 'a', 'b']);
  }, 30_000);

  test('judges the age as of --now, and not without it', async () => {
    const path = await write(`maxEventAgeSeconds: 60\n${simple}`);
    const events = [
      event('old', { lastTimestamp: '2026-01-01T00:00:00Z' }),
      event('edge', { lastTimestamp: '2026-01-01T00:00:30Z' }),
      event('born', { lastTimestamp: null, eventTime: '2026-01-01T00:00:31.000000Z' }),
    ];
    expect(names((await local(path, events)).out)).toEqual(['old', 'edge', 'born']);
    expect(names((await local(path, events, '--now', '2026-01-01T00:01:30Z')).out)).toEqual(['edge', 'born']);
  }, 30_000);

  test('puts clusterName into events', async () => {
    const path = await write(`clusterName: blue\n${simple.replace('.InvolvedObject.Name', '.ClusterName')}`);
    expect(names((await local(path, [event('a')])).out)).toEqual(['blue']);
  }, 30_000);

  test('tells what the exporter ignores, whatever level the file wants, and goes on', async () => {
    const path = await write(`logLevel: error\nlogFormat: json\nsurplus: 1\n${simple}`);
    const { code, out, err } = await local(path, [event('a')]);
    expect(code).toBe(0);
    expect(names(out)).toEqual(['a']);
    const [line] = err.split('\n').filter((text) => text.includes('surplus'));
    expect(JSON.parse(line!)).toMatchObject({ level: 'warn', place: `${path}:3` });
    expect(err).not.toContain('"level":"info","message":"Opened sink"');
    expect((await local(path, [event('a')], '--strict')).code).toBe(1);
  }, 30_000);

  test('goes on without a receiver that cannot be used, and exits with 1', async () => {
    const path = await write(`${simple}  - name: bad\n    webhook: {}\n`);
    const { code, out, err } = await local(path, [event('a')]);
    expect(code).toBe(1);
    expect(names(out)).toEqual(['a']);
    expect(err).toMatch(/ERROR Left out a part of the configuration .*receivers\[1\]\.webhook/);
  }, 30_000);

  test.each([
    [['-f', 'x', '--config', 'y'], /takes -f or --config, not both/],
    [['--config', 'CONFIG', '--now', 'noon'], /--now must be a time such as/],
  ])(
    'refuses %j with 2',
    async (flags, message) => {
      const path = await write(simple);
      const { code, err } = await eventroute(['local', ...flags.map((flag) => flag.replace('CONFIG', path))]);
      expect(code).toBe(2);
      expect(err).toMatch(message);
    },
    30_000,
  );
});
