import { keyText, type CustomResource } from '../api/resource.ts';
import { type Clock } from '../schema/clock.ts';
import { type Condition, type Verdict } from '../status/condition.ts';
import { receiverStatus, type ReceiverStatus } from '../status/receiver-status.ts';
import { routeStatus, type RouteStatus } from '../status/route-status.ts';
import { createStatusSchedule, type StatusSchedule } from '../status/status-schedule.ts';
import { type Log } from '../telemetry/log.ts';
import { type DeadLetterBook } from './dead-letter-book.ts';
import { type Gaps } from './gap.ts';
import { ownEventOf } from './own-event.ts';
import { receiverFacts } from './receiver-facts.ts';
import { type Receivers } from './receivers.ts';
import { routeFacts } from './route-facts.ts';
import { type Requests } from './requests.ts';
import { type RouteTallies } from './route-tally.ts';
import { type Routes } from './routes.ts';
import { type World } from './world.ts';

/** What statuses are made from and where they go. */
export interface StatusReporterOptions {
  readonly receivers: Receivers;
  readonly routes: Routes;
  readonly tallies: RouteTallies;
  readonly gaps: Pick<Gaps, 'of'>;
  readonly requests: Pick<Requests, 'of'>;
  readonly deadLetters: Pick<DeadLetterBook, 'of'>;
  readonly world: Pick<World, 'writeStatus' | 'recordEvent'>;
  readonly clock: Clock;
  readonly log: Log;
  /** The least time between two writes of an object for its counters alone. */
  readonly counterPeriodMs: number;
}

/** Writes what is known of each object back to it. */
export interface StatusReporter {
  /** Writes the statuses that are due; called every second, and when something happened that users wait for. */
  report(): Promise<void>;
  /** Writes all statuses that differ from what was written, counters too, after those that are being written. */
  flush(): Promise<void>;
  /** The statuses of this moment. */
  receiverStatus(key: string): ReceiverStatus | undefined;
  routeStatus(key: string): RouteStatus | undefined;
  /** Forgets an object that was deleted. */
  forget(kind: 'EventReceiver' | 'EventRoute', key: string): void;
}

type AnyStatus = ReceiverStatus & RouteStatus;

/** An object with what is to be told of it. */
interface Draft {
  readonly id: string;
  readonly object: CustomResource;
  readonly status: AnyStatus;
}

/** How many statuses are written at a time: after a start there is one for each object. */
const concurrency = 8;

/** Creates a reporter. */
export function createStatusReporter(options: StatusReporterOptions): StatusReporter {
  return new ScheduledReporter(options);
}

class ScheduledReporter implements StatusReporter {
  readonly #options: StatusReporterOptions;
  readonly #schedule: StatusSchedule<AnyStatus>;
  /** What an object's status said when it was first reported: its counters go on from there. */
  readonly #bases = new Map<string, AnyStatus>();
  readonly #writing = new Set<string>();
  readonly #rounds = new Set<Promise<void>>();

  constructor(options: StatusReporterOptions) {
    this.#options = options;
    this.#schedule = createStatusSchedule<AnyStatus>(options.clock, options.counterPeriodMs);
  }

  async report(): Promise<void> {
    await this.#write(({ id, status }) => this.#schedule.isDue(id, status));
  }

  async flush(): Promise<void> {
    await Promise.all(this.#rounds);
    await this.#write(({ id, status }) => !isEqual(this.#schedule.written(id), status));
  }

  receiverStatus(key: string): ReceiverStatus | undefined {
    const receiver = this.#options.receivers.get(key);
    if (receiver === undefined || receiver.judgedGeneration < 0) return undefined;
    const before = this.#before(`EventReceiver ${key}`, receiver.object);
    const { gaps, requests, deadLetters } = this.#options;
    const parts = { gaps: gaps.of(key), requests: requests.of(receiver), deadLetters: deadLetters.of(key) };
    return receiverStatus(receiverFacts(receiver, { now: before.now, ...parts }), before);
  }

  routeStatus(key: string): RouteStatus | undefined {
    return this.#routeStatus(key, (receiver) => this.receiverStatus(receiver));
  }

  forget(kind: 'EventReceiver' | 'EventRoute', key: string): void {
    this.#bases.delete(`${kind} ${key}`);
    this.#schedule.forget(`${kind} ${key}`);
  }

  #routeStatus(
    key: string,
    statusOf: (receiver: string) => ReceiverStatus | undefined,
  ): RouteStatus | undefined {
    const { receivers, routes, tallies } = this.#options;
    const route = routes.get(key);
    if (route === undefined || route.judgedGeneration < 0) return undefined;
    const facts = routeFacts(route, tallies.get(key), (name) => {
      const receiver = receivers.get(name);
      return receiver && { ready: readyOf(statusOf(name)) ?? unjudged, pending: receiver.tally().pending };
    });
    return routeStatus(facts, this.#before(`EventRoute ${key}`, route.object));
  }

  #before(
    id: string,
    object: CustomResource<AnyStatus>,
  ): { readonly base: AnyStatus; readonly previous: AnyStatus; readonly now: Date } {
    const base = this.#bases.get(id) ?? object.status ?? {};
    return { base, previous: this.#schedule.written(id) ?? base, now: this.#options.clock.date() };
  }

  async #write(isDue: (draft: Draft) => boolean): Promise<void> {
    const due = this.#drafts().filter((draft) => !this.#writing.has(draft.id) && isDue(draft));
    for (const { id, object } of due) {
      this.#writing.add(id);
      // from now on the object's own status is what we wrote
      if (!this.#bases.has(id)) this.#bases.set(id, object.status ?? {});
    }
    const rest = due.values();
    const work = async (): Promise<void> => {
      for (const draft of rest) await this.#writeOne(draft);
    };
    const round = Promise.all(Array.from({ length: concurrency }, work)).then(() => undefined);
    this.#rounds.add(round);
    await round;
    this.#rounds.delete(round);
  }

  async #writeOne({ id, object, status }: Draft): Promise<void> {
    const { world, log } = this.#options;
    const base = this.#bases.get(id);
    try {
      const result = await world.writeStatus(object, status);
      // it was deleted meanwhile, and one of the same name starts anew
      if (base === undefined || this.#bases.get(id) !== base) return;
      const event = ownEventOf(readyOf(this.#schedule.written(id) ?? base), readyOf(status));
      this.#schedule.markWritten(id, status);
      if (event !== undefined && result === 'written') world.recordEvent(object, event);
    } catch (error) {
      if (this.#bases.has(id)) this.#schedule.markFailed(id);
      log.warn('Failed to write a status', { object: id, error });
    } finally {
      this.#writing.delete(id);
    }
  }

  #drafts(): Draft[] {
    const { receivers, routes } = this.#options;
    const drafts: Draft[] = [];
    const statuses = new Map<string, ReceiverStatus>();
    for (const { key, object } of receivers.all()) {
      const status = this.receiverStatus(keyText(key));
      if (status === undefined) continue;
      statuses.set(keyText(key), status);
      drafts.push({ id: `EventReceiver ${keyText(key)}`, object, status });
    }
    for (const { key, object } of routes.all()) {
      const status = this.#routeStatus(keyText(key), (receiver) => statuses.get(receiver));
      if (status !== undefined) drafts.push({ id: `EventRoute ${keyText(key)}`, object, status });
    }
    return drafts;
  }
}

const unjudged: Verdict = { status: 'Unknown', reason: 'Pending', message: 'Not judged yet' };

function isEqual(one: AnyStatus | undefined, other: AnyStatus): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function readyOf(status: { readonly conditions?: readonly Condition[] } | undefined): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === 'Ready');
}
