import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { type FileHandle, mkdtemp, open, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import pipe from '../../operator/sinks/pipe.ts';
import { describeSinkContract } from './contract.ts';
import { noAbort, numberedEvent, outgoing, sinkContext, sinkEvent, timeoutError } from './sink-event.ts';

let folder = '';
let path = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pipe-sink-'));
  path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const openReader = (): Promise<FileHandle> => open(path, constants.O_RDONLY | constants.O_NONBLOCK);

/** Reads what the pipe holds now; '' when it is empty. */
async function readSome(reader: FileHandle): Promise<string> {
  const { bytesRead, buffer } = await reader.read(Buffer.alloc(1_048_576)).catch((thrown: unknown) => {
    if ((thrown as { code?: string }).code === 'EAGAIN') return { bytesRead: 0, buffer: Buffer.alloc(0) };
    throw thrown;
  });
  return buffer.toString('utf8', 0, bytesRead);
}

/** Reads until the sending is done, and then what is left. */
async function readWhile(reader: FileHandle, sending: Promise<void>): Promise<string> {
  const state = { isDone: false };
  const done = sending.finally(() => (state.isDone = true));
  let text = '';
  while (!state.isDone) {
    text += await readSome(reader);
    await new Promise(setImmediate);
  }
  await done;
  return text + (await readSome(reader));
}

const messagesOf = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { message: string }).message);

describe('pipe', () => {
  it('hands each event to the reader as a line of JSON', async () => {
    const reader = await openReader();
    const sink = await pipe.open({ path }, sinkContext());
    await sink.send(outgoing(sink, [numberedEvent(1), numberedEvent(2)]), noAbort);
    const text = await readSome(reader);
    expect(text.endsWith('\n')).toBe(true);
    expect(messagesOf(text)).toEqual(['message 1', 'message 2']);
    await sink.close();
    await reader.close();
  });

  it('says at once that nobody reads, and delivers when a reader comes', async () => {
    const sink = await pipe.open({ path }, sinkContext());
    const batch = outgoing(sink, [numberedEvent(1)]);
    await expect(sink.send(batch, noAbort)).rejects.toMatchObject({
      message: `could not write [path=${path}]: nobody reads; start the reader`,
      reason: 'Unreachable',
      permanent: false,
    });
    const reader = await openReader();
    await sink.send(batch, noAbort);
    expect(messagesOf(await readSome(reader))).toEqual(['message 1']);
    await sink.close();
    await reader.close();
  });

  it('notices that the reader left, and goes on with the next one', async () => {
    const sink = await pipe.open({ path }, sinkContext());
    const first = await openReader();
    await sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);
    await readSome(first);
    await first.close();
    const batch = outgoing(sink, [numberedEvent(2)]);
    await expect(sink.send(batch, noAbort)).rejects.toMatchObject({
      message: `could not write [path=${path}]: the reader went away; start it again`,
      reason: 'Unreachable',
    });
    const second = await openReader();
    await sink.send(batch, noAbort);
    expect(messagesOf(await readSome(second))).toEqual(['message 2']);
    await sink.close();
    await second.close();
  });

  it('waits for a slow reader', async () => {
    const reader = await openReader();
    const sink = await pipe.open({ path }, sinkContext());
    const events = Array.from({ length: 300 }, (_, index) => numberedEvent(index, 'x'.repeat(1_000)));
    const text = await readWhile(reader, sink.send(outgoing(sink, events), noAbort));
    expect(messagesOf(text)).toHaveLength(300);
    await sink.close();
    await reader.close();
  });

  it('breaks no line and tells which events are out when a full pipe outlasts the attempt', async () => {
    const reader = await openReader();
    const sink = await pipe.open({ path }, sinkContext());
    const events = Array.from({ length: 30 }, (_, index) =>
      numberedEvent(index, `${index} ${'x'.repeat(7_000)}`),
    );
    const attempt = new AbortController();
    const sent = sink.send(outgoing(sink, events), attempt.signal).catch((thrown: unknown) => thrown);
    const held = await firstByte(reader);
    attempt.abort(timeoutError());
    const failure = (await sent) as { reason: string; results: readonly unknown[] };

    expect(failure.reason).toBe('Timeout');
    const isOut = failure.results.map((result) => result === undefined);
    const out = isOut.lastIndexOf(true) + 1;
    expect(out).toBeGreaterThan(0);
    expect(isOut.slice(0, out).every(Boolean)).toBe(true);
    expect(out).toBeLessThan(30);

    const rest = sink.send(outgoing(sink, events.slice(out)), noAbort);
    const text = held + (await readWhile(reader, rest));
    const numbers = messagesOf(text).map((message) => Number.parseInt(message, 10));
    // The line that was half out is finished first, and then sent again as the outcome says.
    expect(numbers).toEqual([
      ...numbers.slice(0, out + 1),
      ...events.slice(out).map((_, index) => out + index),
    ]);
    expect(numbers.slice(0, out + 1)).toEqual(Array.from({ length: out + 1 }, (_, index) => index));
    await sink.close();
    await reader.close();
  });

  it('starts a line of its own for a reader that follows one who left within a line', async () => {
    const first = await openReader();
    const sink = await pipe.open({ path }, sinkContext());
    const events = Array.from({ length: 30 }, (_, index) => numberedEvent(index, 'x'.repeat(7_000)));
    const attempt = new AbortController();
    const sent = sink.send(outgoing(sink, events), attempt.signal).catch((thrown: unknown) => thrown);
    await firstByte(first);
    attempt.abort(timeoutError());
    await sent;
    await first.close();
    const batch = outgoing(sink, [numberedEvent(99)]);
    await expect(sink.send(batch, noAbort)).rejects.toMatchObject({ reason: 'Unreachable' });
    const second = await openReader();
    await sink.send(batch, noAbort);
    const text = await readSome(second);
    expect(text.startsWith('\n')).toBe(true);
    expect(messagesOf(text)).toEqual(['message 99']);
    await sink.close();
    await second.close();
  });

  it('makes a file where nothing exists and appends to one that does', async () => {
    const plain = join(folder, 'plain');
    for (const number of [1, 2]) {
      const sink = await pipe.open({ path: plain }, sinkContext());
      await sink.send(outgoing(sink, [numberedEvent(number)]), noAbort);
      await sink.close();
    }
    expect(messagesOf(await readFile(plain, 'utf8'))).toEqual(['message 1', 'message 2']);
    expect((await stat(plain)).isFile()).toBe(true);
  });

  it('makes no folder', async () => {
    const sink = await pipe.open({ path: join(folder, 'a', 'b') }, sinkContext());
    const expected = {
      reason: 'TargetNotFound',
      message: expect.stringContaining('a folder of the path does not exist') as string,
    };
    await expect(sink.check?.(noAbort)).rejects.toMatchObject(expected);
    await expect(sink.send(outgoing(sink, [sinkEvent()]), noAbort)).rejects.toMatchObject(expected);
    await sink.close();
  });

  it('leaves the reader of a FIFO undisturbed by its check', async () => {
    const reader = await openReader();
    const sink = await pipe.open({ path }, sinkContext());
    const writer = await open(path, constants.O_WRONLY | constants.O_NONBLOCK);
    await sink.check?.(noAbort);
    await writer.write('still here');
    expect(await readSome(reader)).toBe('still here');
    await Promise.all([writer.close(), reader.close(), sink.close()]);
  });

  it('says that a socket is none of its business', async () => {
    const socket = join(folder, 'socket');
    const server = createServer().listen(socket);
    await new Promise((resolve) => server.once('listening', resolve));
    const sink = await pipe.open({ path: socket }, sinkContext());
    const expected = {
      message: `could not write [path=${socket}]: it is a socket; name a file or a FIFO, or use the syslog sink`,
      reason: 'TargetNotFound',
    };
    await expect(sink.check?.(noAbort)).rejects.toMatchObject(expected);
    await expect(sink.send(outgoing(sink, [sinkEvent()]), noAbort)).rejects.toMatchObject(expected);
    await sink.close();
    server.close();
  });
});

/** Reads the first byte, which is there once the writer has filled the pipe: 64 KiB, which is no whole line. */
async function firstByte(reader: FileHandle): Promise<string> {
  for (;;) {
    const { bytesRead, buffer } = await reader
      .read(Buffer.alloc(1))
      .catch(() => ({ bytesRead: 0, buffer: undefined }));
    if (bytesRead === 1 && buffer !== undefined) return buffer.toString();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describeSinkContract('pipe', {
  definition: pipe,
  start: async () => {
    const own = await mkdtemp(join(tmpdir(), 'pipe-contract-'));
    const fifo = join(own, 'pipe');
    execFileSync('mkfifo', [fifo]);
    const descriptor = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    let lines = 0;
    return {
      written: { path: fifo },
      taken: () => {
        lines += countLines(descriptor);
        return lines;
      },
      // A full pipe: nobody takes anything out of it.
      hang: () => {
        const writer = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK);
        writeSync(writer, Buffer.alloc(65_536));
        closeSync(writer);
      },
      [Symbol.asyncDispose]: async () => {
        closeSync(descriptor);
        await rm(own, { recursive: true, force: true });
      },
    };
  },
  unrenderable: { layout: { count: '{{ .Series.Count }}' } },
});

function countLines(descriptor: number): number {
  try {
    const buffer = Buffer.alloc(65_536);
    return buffer.toString('utf8', 0, readSync(descriptor, buffer)).split('\n').length - 1;
  } catch {
    return 0; // EAGAIN: the pipe is empty
  }
}
