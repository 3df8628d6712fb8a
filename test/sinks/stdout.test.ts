import { createLineSink } from '../../operator/sinks/line-sink.ts';
import stdout from '../../operator/sinks/stdout.ts';
import { createStreamOutput, type LineStream } from '../../operator/sinks/stream-output.ts';
import { describeSinkContract } from './contract.ts';
import { noAbort, numberedEvent, outgoing, sinkContext, timeoutError } from './sink-event.ts';

/** A stream whose writes end when the test says so. */
class FakeStream implements LineStream {
  writable = true;
  /** Takes what is written at once, instead of when the test says so. */
  takes = false;
  readonly chunks: string[] = [];
  readonly #pending: ((error?: Error | null) => void)[] = [];
  readonly #listeners: ((error: Error) => void)[] = [];

  write(chunk: string, done: (error?: Error | null) => void): boolean {
    this.chunks.push(chunk);
    if (this.takes) done();
    else this.#pending.push(done);
    return this.takes;
  }

  on(_event: 'error', listener: (error: Error) => void): void {
    this.#listeners.push(listener);
  }

  listeners(): unknown[] {
    return this.#listeners;
  }

  end(error?: Error): void {
    this.#pending.shift()?.(error);
  }

  get pending(): number {
    return this.#pending.length;
  }
}

/** The stream of the contract that runs. */
let current = new FakeStream();

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('stdout', () => {
  it('writes a batch in one piece, a line of JSON for each event', async () => {
    const stream = new FakeStream();
    const sink = createLineSink(createStreamOutput(stream, 'stdout'), {});
    const sent = sink.send(outgoing(sink, [numberedEvent(1), numberedEvent(2)]), noAbort);
    await turn();
    stream.end();
    await sent;
    expect(stream.chunks).toHaveLength(1);
    const lines = (stream.chunks[0] ?? '').split('\n');
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({ message: 'message 2' });
  });

  it('holds the next batch back until the stream has taken the one before, even one that was given up', async () => {
    const stream = new FakeStream();
    const sink = createLineSink(createStreamOutput(stream, 'stdout'), {});
    const attempt = new AbortController();
    const first = sink.send(outgoing(sink, [numberedEvent(1)]), attempt.signal);
    await turn();
    attempt.abort(timeoutError());
    await expect(first).rejects.toMatchObject({
      reason: 'Timeout',
      message: 'stdout did not answer in time',
    });

    const second = sink.send(outgoing(sink, [numberedEvent(2)]), noAbort);
    await turn();
    expect(stream.pending).toBe(1);
    stream.end();
    await turn();
    stream.end();
    await second;
    expect(stream.chunks).toHaveLength(2);
  });

  it('says that nobody reads, and keeps an unwatched error from ending the process', async () => {
    const stream = new FakeStream();
    const sink = createLineSink(createStreamOutput(stream, 'stdout'), {});
    const sent = sink.send(outgoing(sink, [numberedEvent(1)]), noAbort);
    await turn();
    stream.end(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await expect(sent).rejects.toMatchObject({
      message: 'could not write [path=stdout]: the reader went away; start it again',
      reason: 'Unreachable',
      permanent: false,
    });
    expect(stream.listeners()).toHaveLength(1);
  });

  it('adds one listener to the stream, however many sinks use it', () => {
    const stream = new FakeStream();
    createStreamOutput(stream, 'stdout');
    createStreamOutput(stream, 'stdout');
    expect(stream.listeners()).toHaveLength(1);
  });

  it('finds in its check that the stream is closed', async () => {
    const stream = new FakeStream();
    const output = createStreamOutput(stream, 'stdout');
    await output.check();
    stream.writable = false;
    await expect(output.check()).rejects.toMatchObject({ reason: 'Unreachable' });
  });

  it("opens on the process's standard output and is local", async () => {
    const sink = await stdout.open({}, sinkContext());
    expect(sink.endpoint).toBe('stdout');
    expect(stdout.local).toBe(true);
    await sink.close();
  });
});

describeSinkContract('stdout', {
  definition: {
    ...stdout,
    open: (config) => createLineSink(createStreamOutput(current, 'stdout'), config),
  },
  start: () => {
    const stream = new FakeStream();
    current = stream;
    stream.takes = true;
    return Promise.resolve({
      written: {},
      taken: () => stream.chunks.join('').split('\n').length - 1,
      hang: () => (stream.takes = false),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
  unrenderable: { layout: { count: '{{ .Series.Count }}' } },
});
