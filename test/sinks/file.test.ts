import { existsSync, readFileSync } from 'node:fs';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { createRotation, type RotationLimits } from '../../operator/sinks/file-rotation.ts';
import file from '../../operator/sinks/file.ts';
import { createLineSink } from '../../operator/sinks/line-sink.ts';
import { createPathOutput } from '../../operator/sinks/path-output.ts';
import { describeSinkContract } from './contract.ts';
import { noAbort, numberedEvent, outgoing, sinkContext, sinkEvent, timeoutError } from './sink-event.ts';

let folder = '';
let path = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-sink-'));
  path = join(folder, 'events.json');
});

afterEach(async () => {
  await chmod(folder, 0o700);
  await rm(folder, { recursive: true, force: true });
});

const startMs = Date.parse('2026-03-01T10:00:00.000Z');

/** A file sink with limits in bytes and a clock of the test's. */
function openSmall(limits: Partial<RotationLimits> = {}, now: () => number = () => startMs) {
  const context = sinkContext();
  const all = { maxBytes: 1_000, maxAgeMs: 0, maxBackups: 0, compress: false, ...limits };
  const rotation = createRotation(path, all, { warn: context.warn, now });
  const output = createPathOutput(path, {
    mode: 0o600,
    makeFolders: true,
    rotation,
    warn: context.warn,
    now,
  });
  return { sink: createLineSink(output, {}), warnings: context.warnings };
}

async function messagesIn(name = 'events.json'): Promise<string[]> {
  const bytes = await readFile(join(folder, name));
  const text = (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  expect(text.endsWith('\n')).toBe(true);
  return text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { message: string }).message);
}

const backups = async (): Promise<string[]> =>
  (await readdir(folder)).filter((name) => name !== 'events.json').sort();

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    if (await isTrue()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('waited in vain');
}

describe('file', () => {
  it('appends a line of JSON for each event, in order', async () => {
    const sink = await file.open({ path }, sinkContext());
    await sink.send(outgoing(sink, [numberedEvent(1), numberedEvent(2)]), noAbort);
    await sink.send(outgoing(sink, [numberedEvent(3)]), noAbort);
    await sink.close();
    expect(await messagesIn()).toEqual(['message 1', 'message 2', 'message 3']);
  });

  it('makes missing folders and a file that only its owner reads', async () => {
    path = join(folder, 'a', 'b', 'events.json');
    const sink = await file.open({ path }, sinkContext());
    await sink.send(outgoing(sink, [sinkEvent()]), noAbort);
    await sink.close();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('keeps sends that overlap apart and in order', async () => {
    const { sink } = openSmall();
    const sends = Array.from({ length: 20 }, (_, index) =>
      sink.send(outgoing(sink, [numberedEvent(index)]), noAbort),
    );
    await Promise.all(sends);
    await sink.close();
    const all = [...(await backups()), 'events.json'];
    const messages = (await Promise.all(all.map((name) => messagesIn(name)))).flat();
    expect(messages).toEqual(Array.from({ length: 20 }, (_, index) => `message ${index}`));
  });

  it('names backups as lumberjack does and never takes a name twice', async () => {
    const { sink } = openSmall({ maxBytes: 10 });
    for (const number of [1, 2, 3]) await sink.send(outgoing(sink, [numberedEvent(number)]), noAbort);
    await sink.close();
    expect(await backups()).toEqual([
      'events-2026-03-01T10-00-00.000.json',
      'events-2026-03-01T10-00-00.001.json',
    ]);
    expect(await messagesIn('events-2026-03-01T10-00-00.000.json')).toEqual(['message 1']);
    expect(await messagesIn()).toEqual(['message 3']);
  });

  it('rotates in the midst of a batch, before the file outgrows its limit', async () => {
    const { sink } = openSmall({ maxBytes: 1_500 });
    await sink.send(
      outgoing(
        sink,
        Array.from({ length: 9 }, (_, index) => numberedEvent(index)),
      ),
      noAbort,
    );
    await sink.close();
    const names = [...(await backups()), 'events.json'];
    expect(names.length).toBeGreaterThan(2);
    for (const name of names) expect((await stat(join(folder, name))).size).toBeLessThanOrEqual(1_500);
    const messages = (await Promise.all(names.map((name) => messagesIn(name)))).flat();
    expect(messages).toEqual(Array.from({ length: 9 }, (_, index) => `message ${index}`));
  });

  it('counts what the file held before it was opened', async () => {
    await writeFile(path, `${JSON.stringify({ message: 'x'.repeat(900) })}\n`);
    const { sink } = openSmall();
    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);
    await sink.close();
    expect(await backups()).toHaveLength(1);
    expect(await messagesIn()).toEqual(['message 1']);
  });

  it('gives an event that is larger than the limit a file to itself', async () => {
    const { sink } = openSmall();
    const large = numberedEvent(2, 'x'.repeat(5_000));
    await sink.send(outgoing(sink, [numberedEvent(1), large, numberedEvent(3)]), noAbort);
    await sink.close();
    const [first = '', second = ''] = await backups();
    expect(await messagesIn(first)).toEqual(['message 1']);
    expect(await messagesIn(second)).toEqual(['x'.repeat(5_000)]);
    expect(await messagesIn()).toEqual(['message 3']);
  });

  it('keeps the newest backups, and leaves files of other names alone', async () => {
    await writeFile(join(folder, 'events-notes.json'), 'mine');
    let nowMs = startMs;
    const { sink } = openSmall({ maxBytes: 10, maxBackups: 2 }, () => nowMs);
    for (const number of [1, 2, 3, 4, 5]) {
      nowMs += 1_000;
      await sink.send(outgoing(sink, [numberedEvent(number)]), noAbort);
    }
    await until(async () => (await backups()).length === 3);
    expect(await backups()).toEqual([
      'events-2026-03-01T10-00-04.000.json',
      'events-2026-03-01T10-00-05.000.json',
      'events-notes.json',
    ]);
    await sink.close();
  });

  it('deletes backups by the age in their names, compressed ones too', async () => {
    await writeFile(join(folder, 'events-2026-02-20T10-00-00.000.json.gz'), '');
    await writeFile(join(folder, 'events-2026-02-20T09-00-00.000.json'), '');
    await writeFile(join(folder, 'events-2026-02-28T10-00-00.000.json'), '');
    const { sink } = openSmall({ maxAgeMs: 7 * 86_400_000 });
    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);
    await until(async () => (await backups()).length === 1);
    expect(await backups()).toEqual(['events-2026-02-28T10-00-00.000.json']);
    await sink.close();
  });

  it('deletes old backups while the file itself never gets full', async () => {
    let nowMs = startMs;
    await writeFile(join(folder, 'events-2026-02-28T10-00-00.000.json'), '');
    const { sink } = openSmall({ maxAgeMs: 2 * 86_400_000 }, () => nowMs);
    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);
    nowMs += 2 * 86_400_000;
    await sink.send(outgoing(sink, [numberedEvent(2)]), noAbort);
    await until(async () => (await backups()).length === 0);
    await sink.close();
  });

  it('compresses backups with the permissions that they had', async () => {
    const { sink } = openSmall({ maxBytes: 10, compress: true });
    for (const number of [1, 2]) await sink.send(outgoing(sink, [numberedEvent(number)]), noAbort);
    await until(async () => (await backups()).join() === 'events-2026-03-01T10-00-00.000.json.gz');
    expect(await messagesIn('events-2026-03-01T10-00-00.000.json.gz')).toEqual(['message 1']);
    expect((await stat(join(folder, 'events-2026-03-01T10-00-00.000.json.gz'))).mode & 0o777).toBe(0o600);
    await sink.close();
  });

  it('takes up a compression that a crash cut short', async () => {
    const backup = 'events-2026-02-28T10-00-00.000.json';
    await writeFile(join(folder, backup), `${JSON.stringify({ message: 'old' })}\n`);
    await writeFile(join(folder, `${backup}.gz.part`), 'half');
    const { sink } = openSmall({ compress: true });
    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);
    await until(async () => (await backups()).join() === `${backup}.gz`);
    expect(await messagesIn(`${backup}.gz`)).toEqual(['old']);
    await sink.close();
  });

  it('ends the half line that a crash left before it writes on', async () => {
    await writeFile(path, '{"message":"whole"}\n{"mess');
    const sink = await file.open({ path }, sinkContext());
    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);
    await sink.close();
    const lines = (await readFile(path, 'utf8')).split('\n');
    expect(lines.slice(0, 2)).toEqual(['{"message":"whole"}', '{"mess']);
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({ message: 'message 1' });
  });

  it('writes to a new file when somebody moved or deleted the old one', async () => {
    const sink = await file.open({ path }, sinkContext());
    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);
    await rename(path, join(folder, 'moved'));
    await sink.send(outgoing(sink, [numberedEvent(2)]), noAbort);
    await rm(path);
    await sink.send(outgoing(sink, [numberedEvent(3)]), noAbort);
    await sink.close();
    expect(await messagesIn('moved')).toEqual(['message 1']);
    expect(await messagesIn()).toEqual(['message 3']);
  });

  it('goes on from the start of a file that somebody emptied', async () => {
    const { sink } = openSmall();
    await sink.send(outgoing(sink, [numberedEvent(1, 'x'.repeat(700))]), noAbort);
    await writeFile(path, '');
    await sink.send(outgoing(sink, [numberedEvent(2)]), noAbort);
    await sink.close();
    expect(await backups()).toEqual([]);
    expect(await messagesIn()).toEqual(['message 2']);
  });

  it('says what is wrong with the path, and recovers when that is mended', async () => {
    await mkdir(path);
    const sink = await file.open({ path }, sinkContext());
    const batch = outgoing(sink, [numberedEvent(1)]);
    await expect(sink.send(batch, noAbort)).rejects.toMatchObject({
      message: `could not write [path=${path}]: the path is a folder; name a file in it`,
      reason: 'TargetNotFound',
      permanent: false,
    });
    await rm(path, { recursive: true });
    await sink.send(batch, noAbort);
    await sink.close();
    expect(await messagesIn()).toEqual(['message 1']);
  });

  it('tells of a full device', async () => {
    const sink = await file.open({ path: '/dev/full' }, sinkContext());
    await expect(sink.send(outgoing(sink, [sinkEvent()]), noAbort)).rejects.toMatchObject({
      message:
        'could not write [path=/dev/full]: no space is left on the device; free some, or keep fewer backups',
      reason: 'ServerError',
      permanent: false,
    });
    await sink.close();
  });

  it('writes to a device without rotation', async () => {
    const device = join(folder, 'null');
    await symlink('/dev/null', device);
    const sink = await file.open({ path: device, maxSize: 1 }, sinkContext());
    const large = numberedEvent(1, 'x'.repeat(2_000_000));
    await sink.send(outgoing(sink, [large, large]), noAbort);
    await sink.close();
    expect(await readdir(folder)).toEqual(['null']);
  });

  it('rejects at once when the signal has aborted, and writes nothing', async () => {
    const sink = await file.open({ path }, sinkContext());
    await expect(
      sink.send(outgoing(sink, [sinkEvent()]), AbortSignal.abort(timeoutError())),
    ).rejects.toMatchObject({ reason: 'Timeout' });
    await sink.close();
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('checks without making anything', async () => {
    path = join(folder, 'a', 'b', 'events.json');
    const sink = await file.open({ path }, sinkContext());
    await sink.check?.(noAbort);
    await sink.close();
    expect(await readdir(folder)).toEqual([]);
  });

  it('finds in its check a folder where the file should be', async () => {
    const sink = await file.open({ path: folder }, sinkContext());
    await expect(sink.check?.(noAbort)).rejects.toMatchObject({ reason: 'TargetNotFound' });
    await sink.close();
  });

  it('writes on into a full file when it cannot be put aside, and says so', async () => {
    const warnings: string[] = [];
    const rotation = {
      maxBytes: 10,
      rotate: () => Promise.reject(new Error('EACCES: permission denied, rename')),
      tidy: () => undefined,
      close: () => Promise.resolve(),
    };
    const warn = (message: string): void => void warnings.push(message);
    const sink = createLineSink(
      createPathOutput(path, { mode: 0o600, rotation, warn, now: () => startMs }),
      {},
    );
    for (const number of [1, 2, 3]) await sink.send(outgoing(sink, [numberedEvent(number)]), noAbort);
    await sink.close();
    expect(await messagesIn()).toEqual(['message 1', 'message 2', 'message 3']);
    expect(warnings).toEqual([
      `could not rotate ${path}, went on writing to it: EACCES: permission denied, rename`,
    ]);
  });
});

describeSinkContract('file', {
  definition: file,
  start: async () => {
    const own = await mkdtemp(join(tmpdir(), 'file-contract-'));
    const target = join(own, 'events.json');
    return {
      written: { path: target },
      taken: () => (existsSync(target) ? readFileSync(target, 'utf8').split('\n').length - 1 : 0),
      [Symbol.asyncDispose]: () => rm(own, { recursive: true, force: true }),
    };
  },
  unrenderable: { layout: { count: '{{ .Series.Count }}' } },
});
