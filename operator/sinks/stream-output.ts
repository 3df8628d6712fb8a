import { DeliveryError } from '../sink-kit/index.ts';
import { toFileError } from './file-error.ts';
import { type Appended, type LineOutput } from './line-sink.ts';

/** What is needed of process.stdout. */
export interface LineStream {
  readonly writable: boolean;
  write(chunk: string, done: (error?: Error | null) => void): boolean;
  on(event: 'error', listener: (error: Error) => void): unknown;
  listeners(event: 'error'): unknown[];
}

/** Each write gets its own error from its callback. */
const ignore = (): void => undefined;

/** Creates the output for lines on a stream of the process, which shares it and never closes it. */
export function createStreamOutput(stream: LineStream, name: string): LineOutput {
  // Without a listener an EPIPE would end the process. It may come after the last write, so it is never removed.
  if (!stream.listeners('error').includes(ignore)) stream.on('error', ignore);
  return {
    endpoint: name,
    append: async (lines) => {
      const { promise, resolve } = Promise.withResolvers<Appended>();
      stream.write(`${lines.join('\n')}\n`, (error) => {
        if (error) resolve({ written: 0, failure: toFileError(error, name) });
        else resolve({ written: lines.length });
      });
      return promise;
    },
    check: async () => {
      if (stream.writable) return Promise.resolve();
      throw DeliveryError.retry(
        `could not write [path=${name}]: the stream is closed; start its reader again`,
        'Unreachable',
      );
    },
    close: () => Promise.resolve(),
  };
}
