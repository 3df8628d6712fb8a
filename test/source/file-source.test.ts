import { createReadStream } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';

import { exporterJson } from '../../operator/event/exporter-json.ts';
import { type Occurrence } from '../../operator/event/occurrence.ts';
import { createFileSource, type FileProblem, type FileSummary } from '../../operator/source/file-source.ts';
import { createFakeClock } from '../fake-clock.ts';
import { coreEvent, createFakeLog, keysOf } from './fakes.ts';

const recorded = join(__dirname, '../event/recorded/events.jsonl');

interface Result {
  readonly handed: readonly Occurrence[];
  readonly problems: readonly string[];
  readonly summary: FileSummary;
}

/** Reads a text, which may come in pieces, as a file. */
async function read(text: string | readonly (string | Buffer)[], clusterName?: string): Promise<Result> {
  const pieces = typeof text === 'string' ? [text] : text;
  // eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous by its type
  const stream = (async function* () {
    yield* pieces;
  })();
  const handed: Occurrence[] = [];
  const problems: string[] = [];
  const source = createFileSource({
    input: { stream, name: 'events' },
    clusterName,
    clock: createFakeClock(),
    log: createFakeLog(),
    onOccurrence: (occurrence) => void handed.push(occurrence),
    onProblem: ({ place, message }: FileProblem) => void problems.push(`${place} ${message}`),
  });
  await source.start();
  const summary = await source.finished();
  return { handed, problems, summary };
}

const one = coreEvent({ uid: 'a', version: 1 });
const two = coreEvent({ uid: 'b', version: 2, count: 4 });
const json = (value: unknown, indent?: number): string => JSON.stringify(value, undefined, indent);

describe('createFileSource', () => {
  it.each([
    ['JSON lines', `${json(one)}\n${json(two)}\n`],
    ['JSON lines without a last line end', `${json(one)}\n\n${json(two)}`],
    ['lines that end as on Windows', `\ufeff${json(one)}\r\n${json(two)}\r\n`],
    ['a List', json({ kind: 'List', apiVersion: 'v1', items: [one, two] })],
    ['an EventList over many lines', `${json({ kind: 'EventList', items: [one, two] }, 2)}\n`],
    ['a JSON array', json([one, two], 1)],
    ['a JSON array whose items are not indented', `[\n${json(one)},\n${json(two)}\n]`],
    ['what kubectl writes for a watch', `${json(one, 4)}\n${json(two, 4)}\n`],
    [
      'lines of a watch',
      `${json({ type: 'ADDED', object: one })}\n${json({ type: 'MODIFIED', object: two })}`,
    ],
    ['YAML documents', `# recorded\n---\n${json(one, 2)}\n---\n${json(two)}\n...\n`],
  ])('reads %s', async (_form, text) => {
    const { handed, problems, summary } = await read(text);

    expect(problems).toEqual([]);
    expect(keysOf(handed)).toEqual(['a-1', 'b-4']);
    expect(summary).toEqual({ events: 2, skipped: 0, problems: 0 });
  });

  it('reads YAML as people write it', async () => {
    const { handed } = await read(
      [
        'kind: Event',
        'metadata: {name: x, namespace: shop, labels: {version: 1.5}}',
        'involvedObject: {kind: Pod, name: web}',
        'message: 404',
        'lastTimestamp: 2026-11-22T14:00:01Z',
      ].join('\n'),
    );

    expect(handed[0]?.event).toMatchObject({ message: '404', name: 'x' });
    expect(handed[0]?.time.toISOString()).toBe('2026-11-22T14:00:01.000Z');
  });

  it('reads the same from pieces of any size', async () => {
    const text = `${json(one, 2)}\n${json({ ...two, message: 'é漢😀 "{[' })}\n{"broken": \n${json(one)}\n`;
    const whole = await read(text);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), async (size) => {
        const bytes = Buffer.from(text);
        const count = Math.ceil(bytes.length / size);
        const pieces = Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
        const { handed, problems } = await read(pieces);
        expect(handed.map(({ event }) => exporterJson(event))).toEqual(
          whole.handed.map(({ event }) => exporterJson(event)),
        );
        expect(problems).toEqual(whole.problems);
      }),
      { numRuns: 20 },
    );
    expect(whole.handed).toHaveLength(3);
  });

  it('reports what is no Event by its line, and goes on', async () => {
    const { handed, problems, summary } = await read(
      [
        json(one),
        'garbage',
        '{"metadata": {"name": "cut off"',
        json({ kind: 'Pod', metadata: {} }),
        '42',
        json({ kind: 'Event' }),
        json({ type: 'ERROR', object: { kind: 'Status', message: 'too old resource version' } }),
        json({ items: [two, { kind: 'Node' }] }),
        '{"open": [',
      ].join('\n'),
    );

    expect(keysOf(handed)).toEqual(['a-1', 'b-4']);
    expect(problems.map((problem) => problem.replace(/(not JSON): .*/, '$1'))).toEqual([
      'events:2 is not JSON',
      'events:3 is not JSON',
      'events:4 is of kind Pod, not an Event',
      'events:5 is not an object',
      'events:6 is not an Event: it has no involvedObject',
      'events:7 is an error of the watch: too old resource version',
      'events:8 item 2 is of kind Node, not an Event',
      'events:9 is not JSON',
    ]);
    expect(summary).toEqual({ events: 2, skipped: 0, problems: 8 });
  });

  it('names the line of a mistake in YAML, and goes on with the next document', async () => {
    const { handed, problems } = await read(
      `---\nkind: Event\nreason: [1\n---\n${json(one)}\n---\nkind: *gone\n`,
    );

    expect(keysOf(handed)).toEqual(['a-1']);
    expect(problems).toEqual([
      expect.stringMatching(/^events:[34] is not YAML: /),
      expect.stringMatching(/^events:[67] is not YAML: /),
    ]);
  });

  it('takes from a watch only what is a new occurrence', async () => {
    const line = (type: string, count: number): string =>
      json({ type, object: coreEvent({ uid: 'a', version: 1, count }) });
    const lines = [
      line('ADDED', 1),
      line('MODIFIED', 1),
      line('MODIFIED', 2),
      line('DELETED', 2),
      line('BOOKMARK', 9),
    ];
    const { handed, summary } = await read(lines.join('\n'));

    expect(keysOf(handed)).toEqual(['a-1', 'a-2']);
    expect(summary).toEqual({ events: 2, skipped: 3, problems: 0 });
  });

  it('keeps what an enriched Event carries', async () => {
    const involvedObject = {
      kind: 'Pod',
      name: 'web',
      labels: { 'app.kubernetes.io/name': 'web' },
      annotations: { a: 'b' },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'r', controller: true },
      ],
      deleted: true,
    };
    const { handed } = await read(json({ ...one, involvedObject, clusterName: 'prod' }), 'test');
    const again = await read(exporterJson(handed[0]!.event));

    expect(handed[0]?.event).toMatchObject({ involvedObject, clusterName: 'prod' });
    expect(exporterJson(again.handed[0]!.event)).toBe(exporterJson(handed[0]!.event));
  });

  it('leaves labels of an object open where the Event carries none, and names the cluster', async () => {
    const { handed } = await read(json(one), 'test');

    expect(handed[0]?.event.involvedObject.labels).toBeUndefined();
    expect(handed[0]?.event.clusterName).toBe('test');
  });

  it('translates Events of events.k8s.io', async () => {
    const { handed } = await read(
      json({
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { name: 'x', uid: 'u' },
        regarding: { kind: 'Pod', name: 'web', namespace: 'shop' },
        note: 'Failed',
        reportingController: 'default-scheduler',
        deprecatedSource: { component: 'scheduler' },
        deprecatedCount: 3,
        deprecatedLastTimestamp: '2026-11-22T14:00:01Z',
        action: 'Binding',
      }),
    );

    expect(handed[0]).toMatchObject({ key: 'u-3', time: new Date('2026-11-22T14:00:01Z') });
    expect(handed[0]?.event).toMatchObject({
      message: 'Failed',
      component: 'scheduler',
      reportingController: 'default-scheduler',
      action: 'Binding',
      involvedObject: { kind: 'Pod', name: 'web' },
    });
  });

  it('numbers the occurrences, so that positions can be compared', async () => {
    const text = Array.from({ length: 11 }, () => json(one)).join('\n');
    const { handed } = await read(text);
    const source = createFileSource({
      input: '/nowhere',
      clock: createFakeClock(),
      log: createFakeLog(),
      onOccurrence: () => undefined,
    });

    expect(handed.map(({ position }) => position)).toEqual(
      Array.from({ length: 11 }, (_, index) => `${index + 1}`),
    );
    expect(source.compare('2', '11')).toBeLessThan(0);
  });

  it('reads the recorded Events', async () => {
    const handed: Occurrence[] = [];
    const source = createFileSource({
      input: { stream: createReadStream(recorded), name: 'recorded' },
      clock: createFakeClock(),
      log: createFakeLog(),
      onOccurrence: (occurrence) => void handed.push(occurrence),
    });
    await source.start();

    expect(await source.finished()).toMatchObject({ problems: 0, skipped: 0, events: handed.length });
    expect(handed.length).toBeGreaterThanOrEqual(30);
    expect(handed.some(({ event }) => event.involvedObject.labels?.tier === 'critical')).toBe(true);
    expect(handed.some(({ event }) => event.involvedObject.deleted)).toBe(true);
    expect(source.health().state).toBe('ended');
  });

  it('says which file cannot be read', async () => {
    const source = createFileSource({
      input: join(__dirname, 'nowhere.jsonl'),
      clock: createFakeClock(),
      log: createFakeLog(),
      onOccurrence: () => undefined,
    });
    await source.start();

    await expect(source.finished()).rejects.toThrow(/^cannot read events from .*nowhere\.jsonl: ENOENT/);
  });

  it('stops between two Events', async () => {
    const handed: string[] = [];
    const source = createFileSource({
      input: recorded,
      clock: createFakeClock(),
      log: createFakeLog(),
      onOccurrence: ({ key }) => {
        handed.push(key);
        void source.stop();
      },
    });
    await source.start();
    await source.finished();

    expect(handed).toHaveLength(1);
    expect(source.health().state).toBe('stopped');
  });
});
