import { type KubeClient, type Query } from './api-client.ts';
import { type Clock } from '../schema/clock.ts';
import { networkError } from './exchange.ts';
import { KubeError, kubeErrorOf, toError } from './kube-error.ts';
import { type KubeObject } from './kube-object.ts';
import { createLineSplitter } from './line-splitter.ts';
import { createWatchdog, type Watchdog } from './watchdog.ts';
import { type WatchEvent } from './watch-event.ts';

/** One watch request, from its opening to its end. */
export interface WatchSessionOptions<T extends KubeObject> {
  readonly client: Pick<KubeClient, 'stream'>;
  readonly path: string;
  readonly query: Query;
  readonly resourceVersion: string;
  /** When the API server is to end the watch; below `idleTimeoutMs`, so that longer silence means a dead connection. */
  readonly timeoutSeconds: number;
  readonly idleTimeoutMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly decode: (line: Buffer) => WatchEvent<T>;
  readonly onOpen: () => void;
  readonly onActivity: () => void;
  /** Called in order; nothing is read while a promise of it is pending. */
  readonly onEvent: (event: Exclude<WatchEvent<T>, { type: 'ERROR' }>) => void | Promise<void>;
}

/** Runs one watch. Resolves when the API server ended it in order, throws KubeError or what `onEvent` threw. */
export async function runWatchSession<T extends KubeObject>(options: WatchSessionOptions<T>): Promise<void> {
  const { client, path, query, resourceVersion, timeoutSeconds, idleTimeoutMs, signal } = options;
  const stream = await client.stream(path, {
    query: { ...query, watch: true, resourceVersion, timeoutSeconds, allowWatchBookmarks: true },
    signal,
  });
  options.onOpen();
  let silence: KubeError | undefined;
  using watchdog = createWatchdog(options.clock, idleTimeoutMs, () => {
    silence = new KubeError(`the watch of ${path} was silent for ${idleTimeoutMs} ms`, {
      failure: 'timeout',
    });
    stream.destroy();
  });
  const reader = createReader(options, watchdog);
  for await (const chunk of connected(stream, () => silence ?? path)) {
    await reader(chunk);
    if (signal.aborted) return;
  }
}

// Only what the connection throws becomes a KubeError here, not what a callback throws in the body of the loop.
async function* connected(
  stream: AsyncIterable<Buffer>,
  why: () => KubeError | string,
): AsyncGenerator<Buffer> {
  try {
    yield* stream;
  } catch (thrown) {
    const reason = why();
    throw typeof reason === 'string' ? networkError(thrown, `the watch of ${reason}`) : reason;
  }
  const reason = why();
  if (typeof reason !== 'string') throw reason;
}

function createReader<T extends KubeObject>(
  options: WatchSessionOptions<T>,
  watchdog: Watchdog,
): (chunk: Buffer) => Promise<void> {
  const { path, signal, onEvent, onActivity } = options;
  const splitter = createLineSplitter();
  return async (chunk) => {
    watchdog.touch();
    onActivity();
    for (const line of splitter.push(chunk)) {
      const event = read(line, options);
      if (event.type === 'ERROR') throw kubeErrorOf(event.object, { request: `the watch of ${path}` });
      const pending = onEvent(event);
      if (pending !== undefined) {
        watchdog.pause();
        await pending;
        watchdog.touch();
      }
      if (signal.aborted) return;
    }
  };
}

function read<T extends KubeObject>(line: Buffer, { path, decode }: WatchSessionOptions<T>): WatchEvent<T> {
  try {
    return decode(line);
  } catch (thrown) {
    throw new KubeError(`the watch of ${path} sent a line that cannot be read: ${toError(thrown).message}`, {
      failure: 'protocol',
      cause: thrown,
    });
  }
}
