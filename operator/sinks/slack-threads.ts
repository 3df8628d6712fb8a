import { type SinkEvent } from '../sink-kit/index.ts';

/** The threads that are open, each by its key; the ones that were longest without a reply go when there are too many. */
export interface SlackThreads {
  /** The `ts` of the message that opened the thread; undefined when there is none, or it has become too old. */
  find(key: string): string | undefined;
  open(key: string, ts: string): void;
  forget(key: string): void;
}

interface Thread {
  readonly ts: string;
  readonly openedMs: number;
}

/** Creates the memory of threads; `lifetimeMs` is how long replies go to one. */
export function createSlackThreads({
  lifetimeMs,
  limit = 10_000,
  now = Date.now,
}: {
  readonly lifetimeMs: number;
  readonly limit?: number;
  readonly now?: () => number;
}): SlackThreads {
  const threads = new Map<string, Thread>();
  const put = (key: string, thread: Thread) => {
    threads.delete(key);
    threads.set(key, thread);
  };
  return {
    find: (key) => {
      const thread = threads.get(key);
      if (thread === undefined) return undefined;
      if (now() - thread.openedMs >= lifetimeMs) {
        threads.delete(key);
        return undefined;
      }
      put(key, thread);
      return thread.ts;
    },
    open: (key, ts) => {
      put(key, { ts, openedMs: now() });
      const [oldest] = threads.keys();
      if (threads.size > limit && oldest !== undefined) threads.delete(oldest);
    },
    forget: (key) => void threads.delete(key),
  };
}

/** Names the thread of an event: its object, in a channel. */
export function threadKey({ event, key }: SinkEvent, channel: string): string {
  const { uid, kind, namespace, name } = event.involvedObject;
  const named = name === '' ? key : JSON.stringify([kind, namespace, name]);
  return JSON.stringify([channel, uid || named]);
}
