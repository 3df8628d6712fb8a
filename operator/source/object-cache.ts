import { LRUCache } from 'lru-cache';

import { isKubeFailure, toError } from '../kube/kube-error.ts';
import { type Log } from '../telemetry/log.ts';
import { type Clock } from '../schema/clock.ts';
import { type LookUpMetrics } from './look-up-result.ts';
import { createLimiter, type Limiter } from './limiter.ts';
import { type LiveObject, type LookUpObject, type ObjectReference } from './live-object.ts';

/** An answer; undefined when nothing could be found out. */
export type Found = LiveObject | 'notFound' | undefined;

/** An answer that is still to come; it never rejects. */
export interface PendingAnswer {
  readonly answer: Promise<Found>;
  /** Says that the answer is no longer waited for, so that a request that has not begun need not be made. */
  leave(): void;
}

/** What a cache of live objects is made of; times in milliseconds. */
export interface ObjectCacheOptions {
  readonly lookUp: LookUpObject;
  /** How many objects are remembered. @default 4096 */
  readonly cacheSize?: number;
  /** How long an answer is good for, since labels change. @default 60000 */
  readonly ttlMs?: number;
  /** How long an object counts as gone without asking again. @default 5000 */
  readonly notFoundTtlMs?: number;
  /** When a request is given up. @default 10000 */
  readonly lookUpTimeoutMs?: number;
  /** How many requests are made at a time. @default 16 */
  readonly concurrency?: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: LookUpMetrics;
}

/** Remembers live objects, and asks for each at most once at a time. */
export interface ObjectCache {
  /** Finds an object; one of the same name with another uid is looked up on its own. */
  find(reference: ObjectReference, uid?: string): Found | PendingAnswer;
}

interface Flight {
  readonly answer: Promise<Found>;
  /** How many wait for it. */
  waiting: number;
}

const failedTtlMs = 1_000;
const forbiddenTtlMs = 60_000;
const warnPeriodMs = 60_000;

/** Creates a cache of live objects; `onAnswer` hears of each answer of the API server. */
export function createObjectCache(
  options: ObjectCacheOptions,
  { onAnswer }: { onAnswer: () => void },
): ObjectCache {
  return new LiveObjectCache(options, onAnswer);
}

class LiveObjectCache implements ObjectCache {
  readonly #options: ObjectCacheOptions;
  readonly #onAnswer: () => void;
  readonly #limit: Limiter;
  readonly #answers: LRUCache<string, { readonly found: Found }>;
  /** The kinds, by namespace, that we may not read. */
  readonly #forbidden: LRUCache<string, true>;
  /** What was warned of lately. */
  readonly #warned: LRUCache<string, true>;
  readonly #flights = new Map<string, Flight>();

  constructor(options: ObjectCacheOptions, onAnswer: () => void) {
    this.#options = options;
    this.#onAnswer = onAnswer;
    this.#limit = createLimiter(options.concurrency ?? 16);
    // The cache takes a start at 0 for "has no time to live". A resolution would be a timer beyond our clock.
    const time = { perf: { now: () => options.clock.now() + 1 }, ttlResolution: 0 };
    this.#answers = new LRUCache({ ...time, max: options.cacheSize ?? 4_096, ttl: options.ttlMs ?? 60_000 });
    this.#forbidden = new LRUCache({ ...time, max: 1_024, ttl: forbiddenTtlMs });
    this.#warned = new LRUCache({ ...time, max: 128, ttl: warnPeriodMs });
  }

  find(reference: ObjectReference, uid = ''): Found | PendingAnswer {
    const { metrics } = this.#options;
    const key = JSON.stringify([reference, uid]);
    const known = this.#answers.get(key);
    if (known !== undefined) {
      metrics.objectLookedUp('hit');
      return known.found;
    }
    if (this.#forbidden.has(scopeOf(reference))) {
      metrics.objectLookedUp('forbidden');
      return undefined;
    }
    const flight = this.#flights.get(key) ?? this.#depart(key, reference);
    flight.waiting += 1;
    return { answer: flight.answer, leave: () => (flight.waiting -= 1) };
  }

  #depart(key: string, reference: ObjectReference): Flight {
    const answer = Promise.resolve().then(() =>
      this.#limit(async () => {
        // All who asked have gone on without the answer, so the API server is spared the question.
        if (flight.waiting === 0 || this.#forbidden.has(scopeOf(reference))) return undefined;
        return this.#ask(key, reference);
      }),
    );
    const flight: Flight = { waiting: 0, answer: answer.finally(() => this.#flights.delete(key)) };
    this.#flights.set(key, flight);
    return flight;
  }

  async #ask(key: string, reference: ObjectReference): Promise<Found> {
    const { clock, lookUp, lookUpTimeoutMs = 10_000, metrics, notFoundTtlMs = 5_000 } = this.#options;
    const giveUp = new AbortController();
    const timer = clock.setTimeout(() => giveUp.abort(), lookUpTimeoutMs);
    try {
      const answer = await lookUp(reference, giveUp.signal);
      this.#onAnswer();
      metrics.objectLookedUp(typeof answer === 'string' ? answer : 'found');
      const found = answer === 'unknownKind' ? undefined : answer;
      this.#answers.set(key, { found }, answer === 'notFound' ? { ttl: notFoundTtlMs } : undefined);
      return found;
    } catch (thrown) {
      this.#handleFailure(key, reference, toError(thrown));
      return undefined;
    } finally {
      clock.clearTimeout(timer);
    }
  }

  #handleFailure(key: string, reference: ObjectReference, error: Error): void {
    const { log, metrics } = this.#options;
    const { apiVersion, kind, namespace, name } = reference;
    if (isKubeFailure(error, 'forbidden')) {
      metrics.objectLookedUp('forbidden');
      this.#onAnswer();
      this.#forbidden.set(scopeOf(reference), true);
      if (!this.#isFirst(`forbidden ${apiVersion} ${kind}`)) return;
      log.warn('Sent Events on without labels, annotations and owners of their objects', {
        apiVersion,
        kind,
        namespace,
        error: error.message,
      });
      return;
    }
    metrics.objectLookedUp('failed');
    this.#answers.set(key, { found: undefined }, { ttl: failedTtlMs });
    if (!this.#isFirst('failed')) return;
    log.warn('Failed to look up the object of an Event', {
      apiVersion,
      kind,
      namespace,
      name,
      error: error.message,
    });
  }

  /** Says yes once a minute, so that a failure that hits every Event does not fill the log. */
  #isFirst(topic: string): boolean {
    if (this.#warned.has(topic)) return false;
    this.#warned.set(topic, true);
    return true;
  }
}

/** Permissions are given by kind, for one namespace or for all. */
function scopeOf({ apiVersion, kind, namespace }: ObjectReference): string {
  return JSON.stringify([apiVersion, kind, namespace]);
}
