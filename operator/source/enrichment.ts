import { type ClusterEvent, type InvolvedObject } from '../event/cluster-event.ts';
import { type ObjectMetadata } from '../event/object-metadata.ts';
import { type Log } from '../telemetry/log.ts';
import { type Clock } from '../schema/clock.ts';
import { isSameObject } from './live-object.ts';
import { type LookUpMetrics } from './look-up-result.ts';
import { createObjectCache, type Found, type ObjectCache, type ObjectCacheOptions } from './object-cache.ts';

/** What look-ups add to an Event; undefined where nothing could be found out. */
export interface Enriched {
  readonly object: ObjectMetadata | 'notFound' | undefined;
  readonly namespaceLabels: Readonly<Record<string, string>> | undefined;
}

/** Which look-ups any rule or template makes use of. */
export interface EnrichmentNeeds {
  readonly object: boolean;
  readonly namespaceLabels: boolean;
}

/** What an enrichment is made of; times in milliseconds. */
export interface EnrichmentOptions extends ObjectCacheOptions {
  /** How long an Event waits for its look-ups before it goes on without. @default 2000 */
  readonly deadlineMs?: number;
  /** Asked for each Event, because rules change. @default everything is looked up */
  readonly needs?: () => EnrichmentNeeds;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: LookUpMetrics;
}

/** Finds out what the objects that Events are about look like now. */
export interface Enrichment {
  /** Gives the answer at once where it is known; never throws or rejects, and ends within the deadline. */
  enrich(event: ClusterEvent): Enriched | Promise<Enriched>;
}

const everything: EnrichmentNeeds = { object: true, namespaceLabels: true };
const nothing: Enriched = { object: undefined, namespaceLabels: undefined };
const shortestDeadlineMs = 50;

/** Creates an enrichment. */
export function createEnrichment(options: EnrichmentOptions): Enrichment {
  return new CachedEnrichment(options);
}

/** An enrichment that looks nothing up, for the exporter's `omitLookup`. */
export const noEnrichment: Enrichment = { enrich: () => nothing };

class CachedEnrichment implements Enrichment {
  readonly #options: EnrichmentOptions;
  readonly #cache: ObjectCache;
  readonly #longestDeadlineMs: number;
  /**
   * Shrinks with each time-out and is whole again after an answer: when the API server does not answer look-ups, waiting
   * the whole deadline for each Event would let them arrive more slowly than they happen.
   */
  #deadlineMs: number;

  constructor(options: EnrichmentOptions) {
    this.#options = options;
    this.#cache = createObjectCache(options, {
      onAnswer: () => (this.#deadlineMs = this.#longestDeadlineMs),
    });
    this.#longestDeadlineMs = options.deadlineMs ?? 2_000;
    this.#deadlineMs = this.#longestDeadlineMs;
  }

  enrich(event: ClusterEvent): Enriched | Promise<Enriched> {
    const needs = this.#options.needs?.() ?? everything;
    if (!needs.object && !needs.namespaceLabels) return nothing;
    const { involvedObject } = event;
    const object = needs.object ? this.#findObject(involvedObject) : undefined;
    const namespace = needs.namespaceLabels ? this.#findNamespace(involvedObject.namespace) : undefined;
    if (!(object instanceof Promise) && !(namespace instanceof Promise)) {
      return combine(involvedObject, object, namespace);
    }
    return Promise.all([object, namespace]).then(([foundObject, foundNamespace]) =>
      combine(involvedObject, foundObject, foundNamespace),
    );
  }

  #findObject(object: InvolvedObject): Found | Promise<Found> {
    const { kind, namespace, name, uid } = object;
    if (kind === '' || name === '') return undefined;
    // Old clients leave the apiVersion out when they write about objects of the core group.
    const apiVersion = object.apiVersion === '' ? 'v1' : object.apiVersion;
    return this.#await(this.#cache.find({ apiVersion, kind, namespace, name }, uid));
  }

  #findNamespace(name: string): Found | Promise<Found> {
    if (name === '') return undefined;
    return this.#await(this.#cache.find({ apiVersion: 'v1', kind: 'Namespace', namespace: '', name }));
  }

  #await(pending: Found | ReturnType<ObjectCache['find']>): Found | Promise<Found> {
    if (pending === undefined || !(typeof pending === 'object' && 'answer' in pending)) return pending;
    const { clock, metrics } = this.#options;
    const { promise, resolve } = Promise.withResolvers<Found>();
    const timer = clock.setTimeout(() => {
      pending.leave();
      metrics.objectLookedUp('timeout');
      this.#deadlineMs = Math.max(shortestDeadlineMs, this.#deadlineMs / 2);
      resolve(undefined);
    }, this.#deadlineMs);
    void pending.answer.then((found) => {
      clock.clearTimeout(timer);
      resolve(found);
    });
    return promise;
  }
}

function combine(involved: InvolvedObject, object: Found, namespace: Found): Enriched {
  return {
    object: typeof object === 'object' ? judge(object, involved) : object,
    namespaceLabels: typeof namespace === 'object' ? namespace.metadata.labels : undefined,
  };
}

/** An object of the same name that was made later is another one; the one that the Event is about is gone. */
function judge(live: Exclude<Found, string | undefined>, involved: InvolvedObject): Enriched['object'] {
  return isSameObject(live, involved) ? live.metadata : 'notFound';
}
