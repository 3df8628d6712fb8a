import { type Log } from '../telemetry/log.ts';
import { type KubeClient } from './api-client.ts';
import { type BackoffOptions } from './backoff.ts';
import { type Clock } from '../schema/clock.ts';
import { type KubeError } from './kube-error.ts';
import { type KubeObject, resourcePath, type ResourceName } from './kube-object.ts';
import { type Delta, type ListWatchState, startListWatch } from './list-watch.ts';
import { createObjectCache, objectKey } from './object-cache.ts';
import { createObjectQueue } from './object-queue.ts';

/** Which custom resources to keep up with, and who handles them. */
export interface ResourceWatchOptions {
  readonly client: Pick<KubeClient, 'request' | 'stream'>;
  readonly resource: ResourceName;
  readonly namespace?: string | undefined;
  /**
   * Handles an object's newest state; never twice at a time for one object. When it rejects it is called again, with
   * what is newest then. Changes that came in quick succession are one call.
   */
  readonly handle: (event: Delta<KubeObject>) => Promise<void>;
  readonly idleTimeoutMs?: number;
  readonly pageSize?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Of the watch. */
  readonly backoff?: BackoffOptions;
  /** Of an object's handler. */
  readonly retry?: BackoffOptions;
  readonly patienceMs?: number;
  readonly log: Log;
}

/** A running watch of custom resources. */
export interface ResourceWatch {
  state(): ListWatchState;
  /** Resolves when each object of the first list was handled once, well or not. */
  readonly synced: Promise<void>;
  stop(): Promise<void>;
}

/** Starts to keep up with a custom resource: lists, watches, remembers, and hands over what changed. */
export function startResourceWatch(options: ResourceWatchOptions): ResourceWatch {
  const { client, log, resource, namespace, handle } = options;
  const cache = createObjectCache<KubeObject>();
  /** What the handler was last called with, so that a deletion is told of exactly what it knows. */
  const handled = new Map<string, KubeObject>();
  const unsynced = createFirstList();

  const queue = createObjectQueue({
    ...options,
    name: nameOf(resource),
    backoff: { ...options.retry, ...(options.random && { random: options.random }) },
    onAttempted: unsynced.attempted,
    async handle(key) {
      const known = handled.get(key);
      const newest = cache.get(key);
      if (known && known.metadata.uid !== newest?.metadata.uid) {
        await handle({ type: 'DELETED', object: known });
        handled.delete(key);
      }
      if (newest === undefined) return;
      const type = handled.has(key) ? 'MODIFIED' : 'ADDED';
      handled.set(key, newest);
      await handle({ type, object: newest });
    },
  });

  const take = (changes: readonly Delta<KubeObject>[]): void => {
    for (const { object } of changes) {
      const key = objectKey(object);
      queue.add(key, { urgent: isNewIntention(handled.get(key), cache.get(key)) });
    }
  };

  const listWatch = startListWatch<KubeObject>({
    ...options,
    path: resourcePath(resource, { namespace }),
    backoff: { maxMs: 10_000, ...options.backoff },
    client,
    log,
    explain: (error) => explain(error, resource),
    onPage(items, place) {
      const changes = cache.takePage(items, place);
      unsynced.listed(changes, place.last);
      take(changes);
    },
    onDelta: (delta) => take(cache.takeDelta(delta)),
  });

  return {
    state: () => listWatch.state(),
    synced: unsynced.done,
    async stop() {
      await listWatch.stop();
      await queue.stop();
    },
  };
}

// Our own status writes come back as changes: they must not shorten the wait after a failure.
function isNewIntention(known: KubeObject | undefined, newest: KubeObject | undefined): boolean {
  const of = (object: KubeObject | undefined): unknown[] => [
    object?.metadata.uid,
    object?.metadata.generation,
    object?.metadata.deletionTimestamp,
  ];
  const before = of(known);
  return of(newest).some((part, index) => part !== before[index]);
}

const nameOf = ({ group, plural }: ResourceName): string => (group === '' ? plural : `${plural}.${group}`);

function explain({ failure }: KubeError, resource: ResourceName): string | undefined {
  const name = nameOf(resource);
  if (failure === 'notFound') {
    return `The API server does not know ${name} in version ${resource.version}: apply the CRDs, kubectl apply -f crds/`;
  }
  if (failure === 'forbidden') {
    return `The ServiceAccount may not list and watch ${name}: apply the Role or ClusterRole of the installation`;
  }
  return undefined;
}

interface FirstList {
  readonly done: Promise<void>;
  readonly listed: (changes: readonly Delta<KubeObject>[], last: boolean) => void;
  readonly attempted: (key: string) => void;
}

function createFirstList(): FirstList {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const waiting = new Set<string>();
  let isComplete = false;
  const check = (): void => {
    if (isComplete && waiting.size === 0) resolve(undefined);
  };
  return {
    done: promise,
    listed(changes, last) {
      if (isComplete) return;
      for (const { object } of changes) waiting.add(objectKey(object));
      isComplete = last;
      check();
    },
    attempted(key) {
      waiting.delete(key);
      check();
    },
  };
}
