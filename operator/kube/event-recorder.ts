import { LRUCache } from 'lru-cache';

import { type Log } from '../telemetry/log.ts';
import { type KubeClient } from './api-client.ts';
import { type Clock, systemClock } from '../schema/clock.ts';
import { isKubeFailure, toError } from './kube-error.ts';
import { resourcePath } from './kube-object.ts';
import { newEvent, type ObjectReference, type OwnEvent, repeatedEvent } from './own-event-record.ts';
import { createTokenBuckets } from './token-buckets.ts';

export { type OwnEvent } from './own-event-record.ts';

/** How Events about our own objects are made. */
export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, 'request'>;
  /** Such as `eventroute.dev/controller`. */
  readonly reportingController: string;
  /** Which of its replicas: the Pod's name. */
  readonly reportingInstance: string;
  /** Events of one object that may come at once. @default 10 */
  readonly burst?: number;
  /** After a burst, one more Event of an object is allowed each so often. @default 60000 */
  readonly refillMs?: number;
  readonly clock?: Clock;
  readonly log: Log;
}

/** Tells users, by Events, what happened to an object. */
export interface EventRecorder {
  /** Records an Event soon; repeats raise the count of the first. Never throws: what fails is logged. */
  record(event: OwnEvent): void;
  /** Takes nothing more; resolves when what was recorded is sent, or could not be. */
  stop(): Promise<void>;
}

interface Recorded {
  readonly name: string;
  count: number;
}

const maxRemembered = 4096;
const maxPending = 1000;
const requestTimeoutMs = 5000;
// An Event lives an hour by default; a repeat after that is a new one.
const rememberedMs = 50 * 60_000;

/** Creates a recorder of core/v1 Events. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new Recorder(options);
}

class Recorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #allow: (key: string) => boolean;
  readonly #recorded: LRUCache<string, Recorded>;
  readonly #stopping = new AbortController();
  #pending = 0;
  #sequence = 0;
  /** One request at a time, in order: a count can then be raised without asking for it. */
  #tail: Promise<void> = Promise.resolve();

  constructor(options: EventRecorderOptions) {
    const { burst = 10, refillMs = 60_000, clock = systemClock } = options;
    this.#options = options;
    this.#clock = clock;
    this.#allow = createTokenBuckets({ burst, refillMs, maxKeys: maxRemembered, clock });
    this.#recorded = new LRUCache({ max: maxRemembered, ttl: rememberedMs, ttlResolution: 0, perf: clock });
  }

  record(event: OwnEvent): void {
    if (this.#stopping.signal.aborted) return;
    const { object, reason } = event;
    const fields = { object: `${object.kind} ${object.namespace}/${object.name}`, reason };
    if (this.#pending >= maxPending || !this.#allow(object.uid ?? fields.object)) {
      this.#options.log.debug('Left out an Event: too many', fields);
      return;
    }
    this.#pending += 1;
    this.#tail = this.#tail
      .then(() => this.#send(event))
      .catch((thrown: unknown) => {
        this.#options.log.debug('Failed to record an Event', { ...fields, error: toError(thrown).message });
      })
      .finally(() => (this.#pending -= 1));
  }

  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const timer = this.#clock.setTimeout(() => resolve(undefined), requestTimeoutMs);
    this.#stopping.abort();
    await Promise.race([this.#tail, promise]);
    this.#clock.clearTimeout(timer);
  }

  async #send(event: OwnEvent): Promise<void> {
    const { object, type, reason, message } = event;
    const { kind, namespace, name, uid = '' } = object;
    const key = JSON.stringify([kind, namespace, name, uid, type, reason, message]);
    const known = this.#recorded.get(key);
    if (known === undefined || !(await this.#repeat(known, object))) await this.#create(key, event);
  }

  /** Raises the count of an Event; false when it is gone. */
  async #repeat(known: Recorded, { namespace }: ObjectReference): Promise<boolean> {
    const { client } = this.#options;
    try {
      await client.request('PATCH', eventPath(namespace, known.name), {
        body: repeatedEvent(known.count + 1, this.#clock.date()),
        timeoutMs: requestTimeoutMs,
      });
    } catch (thrown) {
      if (isKubeFailure(thrown, 'notFound')) return false;
      throw thrown;
    }
    known.count += 1;
    return true;
  }

  async #create(key: string, event: OwnEvent): Promise<void> {
    const { client, reportingController, reportingInstance } = this.#options;
    const now = this.#clock.date();
    const name = this.#nameFor(event.object, now);
    const body = newEvent(event, { name, now, reportingController, reportingInstance });
    await client.request('POST', eventPath(event.object.namespace), { body, timeoutMs: requestTimeoutMs });
    this.#recorded.set(key, { name, count: 1 });
  }

  // Like client-go's names, but told apart by more than the clock.
  #nameFor({ name }: ObjectReference, now: Date): string {
    this.#sequence += 1;
    const suffix = `${now.getTime().toString(16)}${(this.#sequence % 0x10000).toString(16).padStart(4, '0')}`;
    return `${name.slice(0, 230)}.${suffix}`;
  }
}

// Events about objects without a namespace live in `default`.
function eventPath(namespace: string | undefined, name?: string): string {
  const where = { namespace: namespace ?? 'default', ...(name !== undefined && { name }) };
  return resourcePath({ group: '', version: 'v1', plural: 'events' }, where);
}
