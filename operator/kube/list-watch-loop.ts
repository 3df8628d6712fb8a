import { type Backoff, createBackoff } from './backoff.ts';
import { type Clock, sleep, systemClock } from '../schema/clock.ts';
import { isKubeFailure, KubeError, toError } from './kube-error.ts';
import { type KubeList, type KubeObject } from './kube-object.ts';
import { type ListWatchOptions, type ListWatchState, type PageInfo } from './list-watch-options.ts';
import { isBeyond, listPages } from './pager.ts';
import { decodeWatchLine, type WatchEvent } from './watch-event.ts';
import { runWatchSession } from './watch-session.ts';

// What a callback threw is told apart from what the API server did.
class CallbackError extends Error {}

const shortestWatchMs = 1000;
const defaultIdleTimeoutMs = 120_000;

/** One operator holds three watches: to ask again soon costs an API server nothing, and users wait for it. */
const longestBackoffMs = 5_000;

/** The loop of one list+watch. */
export interface ListWatchLoop {
  /** Runs until `stop`; never rejects. */
  run(): Promise<void>;
  stop(): void;
  state(): ListWatchState;
  resourceVersion(): string;
}

/** Creates the loop of a list+watch, not yet running. */
export function createListWatchLoop<T extends KubeObject>(options: ListWatchOptions<T>): ListWatchLoop {
  return new Loop(options);
}

class Loop<T extends KubeObject> implements ListWatchLoop {
  #resourceVersion: string;
  readonly #options: ListWatchOptions<T>;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #stopped = new AbortController();
  #pageSize: number;
  #cause: PageInfo['cause'];
  /** The version may be one that the API server has not reached: unknown origin, or a server that was replaced. */
  #isDoubtful = true;
  #state: Omit<ListWatchState, 'lastActivity'>;
  #lastActivity: Date | undefined;

  constructor(options: ListWatchOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#backoff = createBackoff({
      maxMs: longestBackoffMs,
      ...options.backoff,
      ...(options.random && { random: options.random }),
    });
    this.#pageSize = options.pageSize ?? 500;
    this.#resourceVersion = options.resourceVersion ?? '';
    this.#cause = this.#resourceVersion === '' ? 'start' : 'expired';
    this.#state = { state: 'listing', since: this.#clock.date() };
  }

  state(): ListWatchState {
    return { ...this.#state, lastActivity: this.#lastActivity };
  }

  resourceVersion(): string {
    return this.#resourceVersion;
  }

  stop(): void {
    this.#stopped.abort();
  }

  async run(): Promise<void> {
    while (!this.#isStopped()) {
      try {
        if (this.#resourceVersion === '') await this.#list();
        else if (this.#isDoubtful) await this.#checkVersion();
        if (!this.#isStopped()) await this.#watch();
      } catch (thrown) {
        if (!this.#isStopped()) await this.#recover(toError(thrown));
      }
    }
    this.#enter('stopped');
  }

  #isStopped(): boolean {
    return this.#stopped.signal.aborted;
  }

  async #list(): Promise<void> {
    this.#enter('listing');
    const { client, path, query = {}, onPage } = this.#options;
    const cause = this.#cause;
    const version = await listPages<T>({
      client,
      path,
      query,
      pageSize: this.#pageSize,
      signal: this.#stopped.signal,
      onPage: (page: KubeList<T>, place) => {
        this.#lastActivity = this.#clock.date();
        const resourceVersion = page.metadata.resourceVersion ?? '';
        return guarded(() => onPage(page.items, { resourceVersion, ...place, cause }));
      },
    });
    if (this.#isStopped()) return;
    if (version === '') throw new KubeError(`GET ${path} answered no list`, { failure: 'protocol' });
    this.#resourceVersion = version;
    this.#cause = 'expired';
    this.#isDoubtful = false;
    this.#pageSize = this.#options.pageSize ?? 500;
  }

  // After etcd was restored from a backup, a watch from the old future would wait in silence until it is reached again.
  async #checkVersion(): Promise<void> {
    const { client, path, query } = this.#options;
    const page = await client.request<KubeList<T>>('GET', path, {
      query: { ...query, limit: 1 },
      signal: this.#stopped.signal,
    });
    const newest = page.metadata.resourceVersion ?? '';
    if (isBeyond(this.#resourceVersion, newest)) {
      const text = `${path} is at ${newest}, before ${this.#resourceVersion}: the API server's data was replaced`;
      throw new KubeError(text, { failure: 'expired' });
    }
    this.#isDoubtful = false;
  }

  async #watch(): Promise<void> {
    const { client, path, query = {}, random = Math.random } = this.#options;
    const idleTimeoutMs = this.#options.idleTimeoutMs ?? defaultIdleTimeoutMs;
    const startMs = this.#clock.now();
    let received = 0;
    await runWatchSession<T>({
      client,
      path,
      query,
      resourceVersion: this.#resourceVersion,
      timeoutSeconds: Math.max(1, Math.floor((idleTimeoutMs / 1000) * (0.5 + 0.3 * random()))),
      idleTimeoutMs,
      clock: this.#clock,
      signal: this.#stopped.signal,
      decode: this.#options.decode ?? decodeWatchLine,
      onOpen: () => {
        this.#lastActivity = this.#clock.date();
        this.#enter('watching');
      },
      onActivity: () => (this.#lastActivity = this.#clock.date()),
      onEvent: (event) => {
        received += 1;
        return this.#handle(event);
      },
    });
    if (received === 0 && this.#clock.now() - startMs < shortestWatchMs) {
      throw new KubeError(`the watch of ${path} was ended at once`, { failure: 'protocol' });
    }
    this.#backoff.reset();
  }

  #handle(event: Exclude<WatchEvent<T>, { type: 'ERROR' }>): void | Promise<void> {
    const advance = (): void => {
      this.#resourceVersion = event.object.metadata.resourceVersion ?? this.#resourceVersion;
      this.#backoff.reset();
    };
    const pending = event.type === 'BOOKMARK' ? undefined : guarded(() => this.#options.onDelta(event));
    if (pending === undefined) advance();
    else return pending.then(advance);
  }

  async #recover(error: Error): Promise<void> {
    this.#isDoubtful = true;
    if (isKubeFailure(error, 'expired')) this.#expire();
    const waitMs = this.#backoff.nextMs(error instanceof KubeError ? error.retryAfterMs : 0);
    this.#enter('backingOff', error instanceof CallbackError ? toError(error.cause) : error);
    this.#report(error, Math.round(waitMs));
    await sleep(this.#clock, waitMs, this.#stopped.signal);
  }

  #expire(): void {
    // A list that takes longer than the history is kept never ends, unless its pages grow.
    if (this.#resourceVersion === '') this.#pageSize *= 4;
    this.#resourceVersion = '';
  }

  #report(error: Error, waitMs: number): void {
    const { log, path, explain } = this.#options;
    const fields = { path, resourceVersion: this.#resourceVersion, waitMs };
    if (error instanceof CallbackError) {
      log.error('Failed to handle what the API server sent; it will be read again', {
        ...fields,
        error: error.cause,
      });
    } else if (isKubeFailure(error, 'expired')) {
      log.info('The history that the watch needed is gone; listing again', {
        ...fields,
        error: error.message,
      });
    } else {
      const advice = error instanceof KubeError ? explain?.(error) : undefined;
      log.warn(advice ?? 'Failed to list or watch; trying again', { ...fields, error: error.message });
    }
  }

  #enter(state: ListWatchState['state'], error?: Error): void {
    this.#state = { state, since: this.#clock.date(), ...(error && { error }) };
    try {
      this.#options.onState?.(this.state());
    } catch (thrown) {
      this.#options.log.error('Failed to tell the state of a watch', {
        path: this.#options.path,
        error: thrown,
      });
    }
  }
}

// Keeps a synchronous callback synchronous: a promise for each delta would cost more than reading it.
function guarded(callback: () => void | Promise<void>): void | Promise<void> {
  const fail = (thrown: unknown): never => {
    throw new CallbackError('callback failed', { cause: thrown });
  };
  try {
    const pending = callback();
    return pending === undefined ? undefined : pending.catch(fail);
  } catch (thrown) {
    return fail(thrown);
  }
}
