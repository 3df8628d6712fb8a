import { type Occurrence } from '../event/occurrence.ts';
import { type KubeClient } from '../kube/client.ts';
import { KubeError } from '../kube/kube-error.ts';
import { type KubeObject, resourcePath } from '../kube/kube-object.ts';
import { type ListWatch, type ListWatchOptions, type PageInfo, startListWatch } from '../kube/list-watch.ts';
import { listPagesAnew } from '../kube/pager.ts';
import { type Backlog, createBacklog } from './backlog.ts';
import {
  type CoreEvent,
  createIntake,
  type Intake,
  type IntakeMetrics,
  type IntakeOptions,
} from './intake.ts';
import { comparePositions, isPosition } from './position.ts';
import { findEvent } from './held-event.ts';
import { replayEvents, type ReplayContext } from './replay.ts';
import {
  type Position,
  type ReplayableSource,
  type Replayed,
  type ReplayOptions,
  type SourceHealth,
} from './source.ts';

type ListedEvent = KubeObject & CoreEvent;

/** Counts what came in and what went wrong. */
export interface ClusterSourceMetrics extends IntakeMetrics {
  watchFailed(resource: string, reason: string): void;
}

/** Where the Events of a cluster come from and who takes them. */
export interface ClusterSourceOptions extends IntakeOptions {
  readonly client: Pick<KubeClient, 'request' | 'stream'>;
  /** @default the engine of the kube room */
  readonly startListWatch?: (options: ListWatchOptions<ListedEvent>) => ListWatch;
  /** Only the Events of one namespace; of all when left out. */
  readonly namespace?: string | undefined;
  /**
   * Goes on after this position; `'0'` begins with the oldest Event that the API server still holds. Without it, what
   * happened before the start is left alone.
   */
  readonly resume?: Position | undefined;
  /** How many Events of a list are held to put them into order. @default 10000 */
  readonly backlogSize?: number | undefined;
  /** @default 500 */
  readonly pageSize?: number | undefined;
  readonly metrics: ClusterSourceMetrics;
}

const oldest: Position = '0';

/** Creates the source that lists and watches the core/v1 Events of an API server. */
export function createClusterSource(options: ClusterSourceOptions): ReplayableSource {
  return new ClusterSource(options);
}

class ClusterSource implements ReplayableSource {
  readonly #options: ClusterSourceOptions;
  readonly #intake: Intake;
  readonly #path: string;
  readonly #stopping = new AbortController();
  readonly #started = Promise.withResolvers<undefined>();
  #isStarted = false;
  #listWatch: ListWatch | undefined;
  #backlog: Backlog<ListedEvent> | undefined;
  /** Everything up to here was taken in; undefined means: wherever the first list begins. */
  #position: Position | undefined;
  /** Set while the list comes from an API server whose versions began anew: then only time tells what is new. */
  #notBefore: Date | undefined;

  constructor(options: ClusterSourceOptions) {
    this.#options = options;
    this.#intake = createIntake(options);
    const { namespace, resume } = options;
    this.#path = resourcePath({ group: '', version: 'v1', plural: 'events' }, { namespace });
    if (resume !== undefined) this.#position = isPosition(resume) ? resume : oldest;
  }

  async start(): Promise<void> {
    this.#listWatch ??= this.#startEngine();
    await this.#started.promise;
  }

  replay(options: ReplayOptions): Promise<Replayed> {
    const { pageSize = 500, backlogSize = 10_000 } = this.#options;
    const signal = AbortSignal.any([options.signal, this.#stopping.signal]);
    const context = { ...this.#context(), pageSize, backlogSize, path: this.#path };
    return replayEvents(context, { ...options, signal });
  }

  find(event: { readonly namespace: string; readonly name: string }): Promise<Occurrence | undefined> {
    return findEvent(this.#context(), event, this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#listWatch?.stop();
    await this.#intake.drain();
    this.#started.resolve(undefined);
  }

  health(): SourceHealth {
    const state = this.#listWatch?.state();
    if (state === undefined) return { state: 'idle', lastActivity: undefined };
    const { lastActivity, error } = state;
    return { state: state.state, lastActivity, ...(error && { error }) };
  }

  position(): Position {
    return this.#position ?? '';
  }

  compare(one: Position, other: Position): number {
    return comparePositions(one, other);
  }

  #context(): Pick<ReplayContext, 'client' | 'clusterName' | 'enrichment' | 'includeOwnEvents'> {
    const { client, enrichment, clusterName = '', includeOwnEvents = () => false } = this.#options;
    return { client, enrichment, clusterName, includeOwnEvents };
  }

  #startEngine(): ListWatch {
    const { client, log, pageSize, metrics, startListWatch: startEngine = startListWatch } = this.#options;
    const resumable = this.#position !== undefined && this.#position !== oldest;
    return startEngine({
      client,
      path: this.#path,
      pageSize: pageSize ?? 500,
      ...(resumable && { resourceVersion: this.#position }),
      log,
      explain: (error) =>
        error.failure === 'forbidden'
          ? 'Failed to watch Events: the ServiceAccount needs the verbs list and watch on events'
          : undefined,
      onPage: (items, page) => this.#takePage(items, page),
      onDelta: ({ type, object }) =>
        type === 'DELETED' ? this.#intake.forget(object) : this.#takeDelta(object),
      onState: ({ state, error }) => {
        if (state === 'watching') this.#begin();
        if (state !== 'backingOff') return;
        metrics.watchFailed('events', error instanceof KubeError ? error.failure : 'callback');
      },
    });
  }

  #begin(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#options.onStart?.(this.position());
    this.#started.resolve(undefined);
  }

  #takeDelta(event: ListedEvent): void | Promise<void> {
    this.#advance(event.metadata.resourceVersion);
    return this.#intake.take(event);
  }

  #takePage(items: readonly ListedEvent[], page: PageInfo): void | Promise<void> {
    if (page.first) this.#openBacklog(page);
    for (const item of items) {
      if (this.#backlog === undefined) this.#intake.learn(item);
      else this.#backlog.add(item);
    }
    return page.last ? this.#finishList(page.resourceVersion) : undefined;
  }

  #openBacklog({ resourceVersion, cause }: PageInfo): void {
    this.#backlog = undefined;
    if (this.#position === undefined && cause === 'start') return;
    if (comparePositions(resourceVersion, this.#position ?? oldest) < 0)
      this.#acceptNewHistory(resourceVersion);
    this.#backlog = createBacklog({
      after: this.#position ?? oldest,
      upTo: resourceVersion,
      limit: this.#options.backlogSize ?? 10_000,
    });
  }

  /** An API server that was restored from a backup counts its versions from an earlier one again. */
  #acceptNewHistory(resourceVersion: string): void {
    this.#options.log.warn(
      'Found an API server whose data was replaced; its Events are told apart by their time',
      {
        resourceVersion,
        position: this.#position,
      },
    );
    this.#notBefore ??= this.#intake.latest();
    this.#position = oldest;
  }

  async #finishList(resourceVersion: string): Promise<void> {
    const backlog = this.#backlog;
    for (let isPartial = backlog !== undefined; isPartial && backlog !== undefined;) {
      const taken = backlog.take();
      await this.#replay(taken.items);
      ({ isPartial } = taken);
      if (isPartial) await this.#listAgain(backlog);
    }
    if (this.#stopping.signal.aborted) return;
    this.#backlog = undefined;
    this.#notBefore = undefined;
    this.#advance(resourceVersion);
  }

  async #replay(events: readonly ListedEvent[]): Promise<void> {
    for (const event of events) {
      if (this.#stopping.signal.aborted) return;
      await this.#intake.take(event, { notBefore: this.#notBefore });
      this.#advance(event.metadata.resourceVersion);
    }
  }

  async #listAgain(backlog: Backlog<ListedEvent>): Promise<void> {
    const { client, pageSize } = this.#options;
    await listPagesAnew<ListedEvent>({
      client,
      path: this.#path,
      query: {},
      pageSize: pageSize ?? 500,
      signal: this.#stopping.signal,
      onPage({ items }, { first }) {
        if (first) backlog.begin();
        for (const item of items) backlog.add(item);
      },
    });
  }

  #advance(resourceVersion = ''): void {
    if (comparePositions(resourceVersion, this.#position ?? '') > 0) this.#position = resourceVersion;
  }
}
