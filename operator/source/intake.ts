import { type CountedEvent, createClusterEvent } from '../event/core-event.ts';
import { createOccurrence, type Occurrence } from '../event/occurrence.ts';
import { isOwnEvent } from '../event/own-event.ts';
import { type Log } from '../telemetry/log.ts';
import { type Clock } from '../schema/clock.ts';
import { type Enriched, type Enrichment } from './enrichment.ts';
import { createOccurrenceMemory, type OccurrenceMemory } from './occurrence-memory.ts';
import { createOrderedWindow, type OrderedWindow } from './ordered-window.ts';
import { type DropReason, type SourceCallbacks } from './source.ts';

/** An Event as the API server sent it. */
export type CoreEvent = Record<string, unknown>;

/** Counts what came in. */
export interface IntakeMetrics {
  eventReceived(): void;
  eventDiscarded(reason: DropReason): void;
}

/** What an intake is made of. */
export interface IntakeOptions extends SourceCallbacks {
  readonly clusterName?: string | undefined;
  /** Older occurrences are dropped; undefined takes all. */
  readonly maxEventAgeMs?: number | undefined;
  /** Whether the operator's own Events are handed on. @default never */
  readonly includeOwnEvents?: (() => boolean) | undefined;
  readonly enrichment: Pick<Enrichment, 'enrich'>;
  /** How many occurrences may wait for their look-ups. @default 64 */
  readonly windowSize?: number | undefined;
  /** How many Events it remembers the last occurrence of. */
  readonly memoryCapacity?: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: IntakeMetrics;
}

/** Turns Events into occurrences and hands them on. */
export interface Intake {
  /**
   * Takes an Event as it is now: hands it on if it stands for an occurrence that was not seen before. Settles when the
   * next one may come.
   */
  take(core: CoreEvent, options?: { notBefore?: Date | undefined }): void | Promise<void>;
  /** Notes an Event that happened before we began. */
  learn(core: CoreEvent): void;
  /** Forgets an Event that is gone. */
  forget(core: CoreEvent): void;
  /** When the latest occurrence happened that was taken. */
  latest(): Date;
  /** Resolves when everything that was taken has been handed on. */
  drain(): Promise<void>;
}

/** Creates an intake. */
export function createIntake(options: IntakeOptions): Intake {
  return new OccurrenceIntake(options);
}

class OccurrenceIntake implements Intake {
  readonly #options: IntakeOptions;
  readonly #memory: OccurrenceMemory;
  readonly #window: OrderedWindow<Occurrence>;
  readonly #started: Date;
  #latest: Date;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#memory = createOccurrenceMemory(options.memoryCapacity);
    this.#window = createOrderedWindow({
      limit: options.windowSize ?? 64,
      emit: (occurrence) => this.#emit(occurrence),
    });
    this.#started = options.clock.date();
    this.#latest = this.#started;
  }

  take(core: CoreEvent, { notBefore }: { notBefore?: Date | undefined } = {}): void | Promise<void> {
    const event = this.#read(core);
    if (!this.#isWanted(event)) return undefined;
    const occurrence = createOccurrence(event);
    if (notBefore !== undefined && occurrence.time < notBefore) return undefined;
    this.#options.metrics.eventReceived();
    if (occurrence.time > this.#latest) this.#latest = occurrence.time;
    if (this.#isTooOld(occurrence)) return undefined;
    const found = this.#options.enrichment.enrich(event);
    return this.#window.push(
      found instanceof Promise
        ? found.then((enriched) => this.#complete(core, occurrence, enriched))
        : this.#complete(core, occurrence, found),
    );
  }

  learn(core: CoreEvent): void {
    const event = this.#read(core);
    this.#memory.note(event.uid, event.occurrenceNumber);
  }

  forget(core: CoreEvent): void {
    this.#memory.forget(this.#read(core).uid);
  }

  latest(): Date {
    return this.#latest;
  }

  drain(): Promise<void> {
    return this.#window.drain();
  }

  #isWanted(event: CountedEvent): boolean {
    if (!this.#memory.note(event.uid, event.occurrenceNumber)) return false;
    return !isOwnEvent(event) || this.#options.includeOwnEvents?.() === true;
  }

  #read(core: CoreEvent): CountedEvent {
    return createClusterEvent(core, { clusterName: this.#options.clusterName ?? '' });
  }

  #complete(core: CoreEvent, occurrence: Occurrence, enriched: Enriched): Occurrence {
    const { object, namespaceLabels } = enriched;
    if (object === undefined && namespaceLabels === undefined) return occurrence;
    const clusterName = this.#options.clusterName ?? '';
    return { ...occurrence, event: createClusterEvent(core, { clusterName, object, namespaceLabels }) };
  }

  /** The exporter judges the age when an Event arrives, not when it is delivered, and so do we. */
  #isTooOld(occurrence: Occurrence): boolean {
    const { maxEventAgeMs, clock, log } = this.#options;
    if (maxEventAgeMs === undefined) return false;
    const ageMs = clock.date().getTime() - occurrence.time.getTime();
    if (ageMs <= maxEventAgeMs) return false;
    if (occurrence.time > this.#started) {
      const { namespace, name } = occurrence.event;
      log.warn('Dropped an Event that was older than maxEventAge', { namespace, name, ageMs, maxEventAgeMs });
      this.#drop(occurrence, 'TooOld');
    } else {
      // What a cluster holds from before the start is no news: the exporter leaves it out without a word.
      this.#drop(occurrence, 'BeforeStart');
    }
    return true;
  }

  #emit(occurrence: Occurrence): void | Promise<void> {
    try {
      const pending = this.#options.onOccurrence(occurrence);
      if (pending !== undefined) return pending.catch((thrown: unknown) => this.#fail(occurrence, thrown));
    } catch (thrown) {
      this.#fail(occurrence, thrown);
    }
    return undefined;
  }

  /** One Event that cannot be routed must not hold up all that come after it. */
  #fail(occurrence: Occurrence, error: unknown): void {
    const { namespace, name } = occurrence.event;
    this.#options.log.error('Failed to route an Event', { namespace, name, key: occurrence.key, error });
    this.#drop(occurrence, 'HandlerFailed');
  }

  #drop(occurrence: Occurrence, reason: DropReason): void {
    this.#options.metrics.eventDiscarded(reason);
    this.#options.onDropped?.(occurrence, reason);
  }
}
