import {
  longestRequest,
  readRequest,
  requestAnnotation,
  requestNames,
  type RequestName,
} from '../api/receiver-request.ts';
import { keyText } from '../api/resource.ts';
import { type Delivery } from '../delivery/delivery.ts';
import { type Clock } from '../schema/clock.ts';
import { timestamp } from '../status/condition.ts';
import { type RequestStatus } from '../status/request-status.ts';
import { type Log } from '../telemetry/log.ts';
import { type DeadLetterBook } from './dead-letter-book.ts';
import { type Errand, type ErrandContext, type ErrandEnd } from './errand.ts';
import { type ManagedReceiver } from './managed-receiver.ts';
import { type Receivers } from './receivers.ts';
import { createReplayErrand, type ReplayOptions } from './replay-errand.ts';
import { createRetryErrand, type FindEvent } from './retry-errand.ts';
import { createTestErrand } from './test-errand.ts';

/** What requests are carried out with. */
export interface RequestsOptions extends Omit<ReplayOptions, 'reading' | 'delivery'> {
  readonly receivers: Pick<Receivers, 'get' | 'all'>;
  readonly delivery: Pick<Delivery, 'pipeline' | 'front'>;
  readonly deadLetters: DeadLetterBook;
  readonly findEvent: FindEvent;
  readonly clusterName: string;
  readonly clock: Clock;
  readonly log: Log;
  /** An answer changed that somebody waits for. */
  readonly onAnswer: () => void;
}

/** What users ask of receivers by annotations. Each value of an annotation is handled once; the answer is in the status. */
export interface Requests {
  /** The source has begun, so that what is handed over holds checkpoints: from now on requests are taken. */
  begin(): void;
  /**
   * Takes what annotations ask for, and goes on with what is under way: every second for all receivers, and for one when it
   * changed.
   */
  step(only?: string): void;
  /** The answers of a receiver, as its status has them. */
  of(receiver: ManagedReceiver): readonly RequestStatus[];
  /** Forgets a receiver that was deleted. */
  forget(receiver: string): void;
  /** Takes nothing more; what is not done is begun again by the next start. */
  stop(): void;
}

/** Creates the desk where requests are taken. */
export function createRequests(options: RequestsOptions): Requests {
  return new RequestDesk(options);
}

/** A request with its answer; once the errand is over it is undefined. */
interface Case {
  answer: RequestStatus;
  errand: Errand | undefined;
}

class RequestDesk implements Requests {
  readonly #options: RequestsOptions;
  readonly #cases = new Map<string, Map<RequestName, Case>>();
  readonly #reading: ReplayOptions['reading'] = { by: undefined };
  #isOpen = false;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  begin(): void {
    this.#isOpen = true;
    this.step();
  }

  step(only?: string): void {
    if (!this.#isOpen) return;
    const { receivers } = this.#options;
    for (const receiver of only === undefined ? receivers.all() : [receivers.get(only)]) {
      if (receiver === undefined) continue;
      const cases = this.#open(receiver);
      for (const name of requestNames) this.#look(receiver, name, cases);
      for (const { errand } of cases.values()) errand?.step();
    }
  }

  of(receiver: ManagedReceiver): readonly RequestStatus[] {
    const cases = this.#open(receiver);
    return requestNames
      .map((name) => cases.get(name))
      .filter((found) => found !== undefined)
      .map(({ answer, errand }) =>
        errand === undefined ? answer : { ...answer, events: errand.events, message: errand.message },
      );
  }

  forget(receiver: string): void {
    for (const { errand } of this.#cases.get(receiver)?.values() ?? []) errand?.stop();
    this.#cases.delete(receiver);
  }

  stop(): void {
    this.#isOpen = false;
    for (const cases of this.#cases.values()) for (const { errand } of cases.values()) errand?.stop();
  }

  /** The first look at a receiver goes on from its status. */
  #open(receiver: ManagedReceiver): Map<RequestName, Case> {
    const key = keyText(receiver.key);
    const open = this.#cases.get(key);
    if (open !== undefined) return open;
    const { requests = [] } = receiver.object.status ?? {};
    const known = requests.filter(({ name }) => (requestNames as readonly string[]).includes(name));
    const cases = new Map(
      known.map((answer) => [answer.name as RequestName, { answer, errand: undefined } satisfies Case]),
    );
    this.#cases.set(key, cases);
    return cases;
  }

  #look(receiver: ManagedReceiver, name: RequestName, cases: Map<RequestName, Case>): void {
    const value = receiver.object.metadata.annotations?.[requestAnnotation(name)];
    const known = cases.get(name);
    if (value === undefined) {
      if (known?.answer.state === 'Running') {
        known.errand?.stop();
        this.#end(receiver, known, { state: 'Failed', message: 'withdrawn: the annotation was removed' });
      }
      return;
    }
    const requestedAt = handledValue(value);
    const isHandled = known?.answer.requestedAt === requestedAt;
    // one that is running without an errand was begun by an operator that is no more
    if (isHandled && (known.answer.state !== 'Running' || known.errand !== undefined)) return;
    this.#take(receiver, name, { value, requestedAt, cases });
  }

  #take(
    receiver: ManagedReceiver,
    name: RequestName,
    {
      value,
      requestedAt,
      cases,
    }: { readonly value: string; readonly requestedAt: string; readonly cases: Map<RequestName, Case> },
  ): void {
    const { delivery, clock, log } = this.#options;
    const request = readRequest(name, value);
    const pipeline = delivery.pipeline(keyText(receiver.key));
    if (pipeline === undefined || (typeof request !== 'string' && isOlder(request.requestedAt, receiver)))
      return;
    const known = cases.get(name);
    known?.errand?.stop();
    const startedTime = timestamp(clock.date());
    const taken: Case = { answer: { name, requestedAt, state: 'Running', startedTime }, errand: undefined };
    cases.set(name, taken);
    log.info('Took a request', {
      receiver: keyText(receiver.key),
      request: name,
      value: value.slice(0, 200),
    });
    if (typeof request === 'string') {
      this.#end(receiver, taken, { state: 'Failed', message: request });
      return;
    }
    const context: ErrandContext = {
      ...{ request, receiver, pipeline, clock, key: keyText(receiver.key) },
      finish: (end) => this.#end(receiver, taken, end),
    };
    taken.errand = this.#begin(context);
    this.#options.onAnswer();
    taken.errand?.step();
  }

  #begin(context: ErrandContext): Errand | undefined {
    const { deadLetters, clusterName } = this.#options;
    const { request, key, finish } = context;
    switch (request.name) {
      case 'replay':
        return createReplayErrand(context, { ...this.#options, reading: this.#reading });
      case 'send-test':
        return createTestErrand(context, clusterName);
      case 'retry-dead-letters':
        return createRetryErrand(context, this.#options);
      case 'drop-dead-letters': {
        const { keys } = request;
        const dropped = deadLetters.remove(key, keys.length === 0 ? undefined : keys);
        const missing = keys.length === 0 ? 0 : keys.length - dropped;
        const note = missing > 0 ? `; not of dead letters here: ${missing} of the keys` : '';
        finish({ state: missing > 0 ? 'Failed' : 'Done', message: `${dropped} forgotten${note}` });
        return undefined;
      }
    }
  }

  #end(receiver: ManagedReceiver, ended: Case, { state, message }: ErrandEnd): void {
    // one that was withdrawn may still come to its end
    if (ended.answer.state !== 'Running') return;
    const { log, clock, onAnswer } = this.#options;
    const events = ended.errand?.events;
    const completedTime = timestamp(clock.date());
    ended.answer = {
      ...ended.answer,
      state,
      completedTime,
      message,
      ...(events !== undefined && { events }),
    };
    ended.errand = undefined;
    const { name } = ended.answer;
    log.info('Ended a request', { receiver: keyText(receiver.key), request: name, state, outcome: message });
    onAnswer();
  }
}

/** What a status repeats of an annotation; a longer one is refused, but answered all the same. */
function handledValue(value: string): string {
  return value.length <= longestRequest ? value : `${value.slice(0, 100)}...`;
}

/** A manifest that was copied brings along what was asked of another object, before this one was made. */
function isOlder(requestedAt: Date, { object }: ManagedReceiver): boolean {
  const { creationTimestamp } = object.metadata;
  return creationTimestamp !== undefined && requestedAt.getTime() < Date.parse(creationTimestamp);
}
