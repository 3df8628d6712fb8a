import { type Log } from '../telemetry/log.ts';
import { type Backoff, type BackoffOptions, createBackoff } from './backoff.ts';
import { type Clock, systemClock } from '../schema/clock.ts';
import { toError } from './kube-error.ts';

/** How the objects of a queue are handled. */
export interface ObjectQueueOptions {
  /** For the log: the collection that the keys belong to. */
  readonly name: string;
  /** Brings the world in line with the object's newest state, which it looks up itself. */
  readonly handle: (key: string) => Promise<void>;
  /** A key was handled, well or not, or takes so long that nobody should wait for it. */
  readonly onAttempted?: (key: string) => void;
  /** How many objects are handled at a time. @default 16 */
  readonly concurrency?: number;
  /** A handler that takes longer no longer keeps others waiting. @default 30000 */
  readonly patienceMs?: number;
  readonly backoff?: BackoffOptions;
  readonly clock?: Clock;
  readonly log: Log;
}

/** Keys of objects that are to be handled: one at a time for each object, several objects at once. */
export interface ObjectQueue {
  /** Has the object handled soon. An object that waits after a failure goes on waiting, unless it is `urgent`. */
  add(key: string, options?: { readonly urgent?: boolean }): void;
  /** Begins nothing more; resolves when the running handlers ended, or did not within `patienceMs`. */
  stop(): Promise<void>;
}

interface Entry {
  state: 'queued' | 'running' | 'waiting';
  /** It was added again while it ran. */
  isStale: boolean;
  timer?: unknown;
  readonly backoff: Backoff;
}

/** Creates a queue of objects; a handler that fails is called again, after waits that double. */
export function createObjectQueue(options: ObjectQueueOptions): ObjectQueue {
  return new Queue(options);
}

class Queue implements ObjectQueue {
  readonly #options: ObjectQueueOptions;
  readonly #clock: Clock;
  readonly #concurrency: number;
  readonly #patienceMs: number;
  readonly #entries = new Map<string, Entry>();
  readonly #ready = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  #taken = 0;
  #isStopped = false;

  constructor(options: ObjectQueueOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#concurrency = options.concurrency ?? 16;
    this.#patienceMs = options.patienceMs ?? 30_000;
  }

  add(key: string, { urgent = false }: { readonly urgent?: boolean } = {}): void {
    if (this.#isStopped) return;
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      const backoff = createBackoff({ initialMs: 500, maxMs: 60_000, ...this.#options.backoff });
      this.#enqueue(key, { state: 'queued', isStale: false, backoff });
    } else if (entry.state === 'running') {
      entry.isStale = true;
    } else if (entry.state === 'waiting' && urgent) {
      this.#clock.clearTimeout(entry.timer);
      this.#enqueue(key, entry);
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#ready.clear();
    for (const { timer } of this.#entries.values()) this.#clock.clearTimeout(timer);
    const patience = Promise.withResolvers<undefined>();
    const timer = this.#clock.setTimeout(() => patience.resolve(undefined), this.#patienceMs);
    await Promise.race([Promise.all(this.#running), patience.promise]);
    this.#clock.clearTimeout(timer);
  }

  #enqueue(key: string, entry: Entry): void {
    entry.state = 'queued';
    this.#entries.set(key, entry);
    this.#ready.add(key);
    this.#fill();
  }

  #fill(): void {
    for (const key of this.#ready) {
      if (this.#taken >= this.#concurrency) return;
      this.#ready.delete(key);
      const entry = this.#entries.get(key);
      if (entry === undefined) continue;
      const run = this.#run(key, entry).finally(() => this.#running.delete(run));
      this.#running.add(run);
    }
  }

  async #run(key: string, entry: Entry): Promise<void> {
    entry.state = 'running';
    entry.isStale = false;
    const release = this.#takePlace(key);
    try {
      await this.#options.handle(key);
      entry.backoff.reset();
      release();
      this.#settle(key, entry);
    } catch (thrown) {
      release();
      this.#wait(key, entry, toError(thrown));
    }
    if (!this.#isStopped) this.#fill();
  }

  // A handler that hangs gives its place back after a while; its object stays out of reach until it ends.
  #takePlace(key: string): () => void {
    this.#taken += 1;
    let isReleased = false;
    const release = (): void => {
      if (isReleased) return;
      isReleased = true;
      this.#clock.clearTimeout(timer);
      this.#taken -= 1;
      this.#options.onAttempted?.(key);
    };
    const timer = this.#clock.setTimeout(() => {
      release();
      const fields = { resource: this.#options.name, object: key, afterMs: this.#patienceMs };
      this.#options.log.warn('An object is taking long to be handled', fields);
      this.#fill();
    }, this.#patienceMs);
    return release;
  }

  #settle(key: string, entry: Entry): void {
    if (entry.isStale && !this.#isStopped) this.#enqueue(key, entry);
    else this.#entries.delete(key);
  }

  #wait(key: string, entry: Entry, error: Error): void {
    if (this.#isStopped) return;
    const waitMs = entry.backoff.nextMs();
    const fields = { resource: this.#options.name, object: key, waitMs: Math.round(waitMs), error };
    this.#options.log.warn('Failed to handle an object; trying again', fields);
    entry.state = 'waiting';
    entry.timer = this.#clock.setTimeout(() => this.#enqueue(key, entry), waitMs);
  }
}
