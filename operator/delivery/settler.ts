import { type Clock } from '../schema/clock.ts';
import { formatDuration } from '../schema/duration.ts';
import { type Reason } from '../schema/reasons.ts';
import { type DeliveryError, type SinkEvent } from '../sink-kit/index.ts';
import { type Log } from '../telemetry/log.ts';
import { backoffMs, retryAfterWaitMs } from './backoff.ts';
import { type DeadLetterOffice, writeDeadLetter } from './dead-letter-office.ts';
import { type DropLog } from './drop-log.ts';
import { expiry } from './expiry.ts';
import { type Gate } from './gate.ts';
import { type Landed, loadResult } from './landed.ts';
import { type Ledger } from './ledger.ts';
import { type DeliveryObserver, type Outcome } from './observer.ts';
import { type DeliveryPolicy } from './policy.ts';
import { type Entry } from './entry.ts';
import { type Queue } from './queue.ts';

/** What a settler works on: the parts of one pipeline. */
export interface SettlerOptions {
  readonly receiver: string;
  readonly queue: Queue;
  readonly gate: Gate;
  readonly ledger: Ledger;
  readonly dropLog: DropLog;
  readonly deadLetterLog: DropLog;
  readonly office: DeadLetterOffice;
  readonly policy: () => DeliveryPolicy;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly observer: Required<DeliveryObserver>;
}

/** Ends events, or sends them round again; every count and every report to the observer is made here. */
export interface Settler {
  /** Counts an event that was never let in. */
  refuse(event: SinkEvent, reason: Reason): void;
  drop(entry: Entry, reason: Reason, message?: string): void;
  /** Ends an event that a later one stands for; as its rule asks for that, the log does not tell of it. */
  fold(entry: Entry): void;
  /** Gives up an event that its sink could not encode. */
  reject(entry: Entry, error: DeliveryError): void;
  land(attempt: Landed): void;
}

/** Creates the settler of a pipeline. */
export function createSettler(options: SettlerOptions): Settler {
  return new PipelineSettler(options);
}

const delivered: Outcome = { kind: 'delivered' };

class PipelineSettler implements Settler {
  readonly #pipeline: SettlerOptions;

  constructor(options: SettlerOptions) {
    this.#pipeline = options;
  }

  refuse(event: SinkEvent, reason: Reason): void {
    const { ledger, dropLog, observer } = this.#pipeline;
    ledger.dropped(reason);
    dropLog.dropped(reason);
    observer.settled(event, { kind: 'dropped', reason });
  }

  drop(entry: Entry, reason: Reason, message?: string): void {
    this.#lose(entry, { kind: 'dropped', reason, ...(message !== undefined && { message }) });
  }

  #lose(entry: Entry, outcome: Extract<Outcome, { kind: 'dropped' }>): void {
    const { ledger, dropLog } = this.#pipeline;
    ledger.dropped(outcome.reason);
    dropLog.dropped(outcome.reason, outcome.message);
    this.#end(entry, outcome);
  }

  fold(entry: Entry): void {
    this.#pipeline.ledger.dropped('Folded');
    this.#end(entry, { kind: 'dropped', reason: 'Folded' });
  }

  reject(entry: Entry, error: DeliveryError): void {
    const { ledger } = this.#pipeline;
    ledger.failed(1, error);
    ledger.gotNothingThrough();
    this.#giveUp(entry, error);
  }

  #end(entry: Entry, outcome: Outcome): void {
    const { queue, observer } = this.#pipeline;
    queue.end(entry);
    observer.settled(entry.event, outcome);
    entry.onEnd?.(outcome);
  }

  /** Ends an event for good, or lets the dead-letter receiver end it; until then it counts as pending here. */
  #giveUp(entry: Entry, { reason, message }: Pick<DeliveryError, 'reason' | 'message'>): void {
    const { queue, ledger, policy, office, clock, deadLetterLog } = this.#pipeline;
    const { deadLetter: to, batch } = policy();
    const isUnwanted = reason === 'PayloadTooLarge' && batch.oversized === 'Drop';
    if (isUnwanted || entry.event.requested === 'test') {
      this.drop(entry, reason, message);
      return;
    }
    const letter = writeDeadLetter(entry, { reason, message }, clock);
    const lose = (fate = ''): void => {
      const { deadLetter: story } = letter;
      const told = story && { ...story, message: `${story.message}${fate}` };
      this.#lose(entry, { kind: 'dropped', reason, message: `${message}${fate}`, letter: told });
    };
    if (to === undefined) {
      lose();
      return;
    }
    queue.park(entry);
    const refusal = office.hand(letter, to, (outcome) => {
      if (outcome.kind === 'dropped') {
        const why = outcome.message === undefined ? '' : `: ${outcome.message}`;
        lose(`; the dead-letter receiver ${to} gave it up as ${outcome.reason}${why}`);
        return;
      }
      ledger.deadLettered();
      deadLetterLog.dropped(reason, message);
      this.#end(entry, { kind: 'deadLettered' });
    });
    if (refusal !== undefined) lose(`; ${refusal}`);
  }

  land(attempt: Landed): void {
    const { log, receiver } = this.#pipeline;
    if (attempt.warning !== undefined)
      log.warn('Sink reported wrongly', { receiver, warning: attempt.warning });
    if (attempt.abandoned) log.warn('Sink did not obey the signal; its send was given up', { receiver });
    // An attempt that we cut short to stop says nothing about the receiver.
    const isJudged = !(attempt.givenUp && attempt.error?.reason === 'ShuttingDown');
    if (isJudged) this.#judge(attempt);
    const landing = { ...attempt, now: this.#pipeline.clock.now() };
    attempt.entries.forEach((entry, index) => this.#settle(entry, attempt.results[index], landing));
    if (isJudged) this.#report(attempt);
    this.#expireOverdue();
  }

  /** Lets the gate and the ledger know before any event goes round again, which depends on them. */
  #judge({ results, error, period, cuts, outdated, startedAt, underWay }: Landed): void {
    const { ledger, gate, clock } = this.#pipeline;
    const failures = results.filter((result) => result !== undefined);
    if (error !== undefined && failures.length > 0) ledger.failed(failures.length, error);
    if (failures.length < results.length) ledger.succeeded();
    else ledger.gotNothingThrough();
    if (outdated) return;
    const events = results.length;
    const result = loadResult(failures, events);
    gate.concurrency.landed({ cuts, startedAt, now: clock.now(), events, underWay, result });
    const wasClosed = gate.closed;
    if (failures.length === results.length && failures.every(({ permanent }) => !permanent)) {
      const waits = failures.flatMap(({ retryAfterMs }) => retryAfterMs ?? []);
      gate.failed({ period, now: clock.now(), ...(waits.length > 0 && { retryAfterMs: longest(waits) }) });
    } else {
      gate.succeeded();
    }
    this.#logTurn(wasClosed, error);
  }

  #logTurn(wasClosed: boolean, error: DeliveryError | undefined): void {
    const { gate, log, receiver, clock } = this.#pipeline;
    if (!wasClosed && gate.closed) {
      const probeIn = formatDuration(Math.max(0, gate.opensAt - clock.now()));
      log.warn('Receiver failed; it gets one probe for each back-off', {
        receiver,
        reason: error?.reason,
        failure: error?.message,
        probeIn,
      });
    } else if (wasClosed && !gate.closed) {
      log.info('Receiver took events again', { receiver });
    }
  }

  #settle(
    entry: Entry,
    error: DeliveryError | undefined,
    { outdated, givenUp, startedAt, now }: Landed & { readonly now: number },
  ): void {
    const { queue, ledger, policy } = this.#pipeline;
    const { maxAgeMs } = policy().retry;
    entry.attempts += 1;
    entry.firstTriedAt ??= startedAt;
    entry.lastTriedAt = now;
    if (error === undefined) {
      ledger.delivered();
      this.#end(entry, delivered);
    } else if (error.permanent) {
      this.#giveUp(entry, error);
    } else if (givenUp || outdated) {
      queue.retry(entry, now);
    } else if (entry.event.requested === 'test') {
      // who asked is waiting for the answer
      this.#giveUp(entry, error);
    } else if (now - entry.readyAt >= maxAgeMs) {
      this.#giveUp(entry, { reason: 'Expired', message: expiry(maxAgeMs, error.message) });
    } else {
      queue.retry(entry, Math.min(now + this.#waitMs(entry, error), entry.readyAt + maxAgeMs));
    }
  }

  #waitMs(entry: Entry, { retryAfterMs }: DeliveryError): number {
    const { gate, policy, random } = this.#pipeline;
    const { initialMs, maxMs, maxAgeMs } = policy().retry;
    if (retryAfterMs !== undefined) {
      return retryAfterWaitMs(retryAfterMs, { initialMs, longestMs: Math.max(maxMs, maxAgeMs) }, random);
    }
    // A closed gate paces all events; once it opens, none of them is to wait any longer.
    if (gate.closed) return 0;
    entry.failures += 1;
    return backoffMs(entry.failures, { initialMs, maxMs }, random);
  }

  #report({ entries, results, error, startedAt }: Landed): void {
    const { observer, receiver, clock } = this.#pipeline;
    observer.attempted({
      receiver,
      events: entries.length,
      failedEvents: entries.filter((_, index) => results[index] !== undefined).map(({ event }) => event),
      ok: error === undefined,
      ...(error !== undefined && { reason: error.reason, message: error.message }),
      durationMs: clock.now() - startedAt,
    });
  }

  /**
   * Drops what is too old once the receiver has failed for all of `retry.maxAge`, also events that were never tried:
   * the few probes of a dead receiver could not get round to them all.
   */
  #expireOverdue(): void {
    const { gate, queue, policy, clock, ledger } = this.#pipeline;
    const { maxAgeMs } = policy().retry;
    const now = clock.now();
    if (maxAgeMs === 0 || gate.failingSince === undefined || now - gate.failingSince < maxAgeMs) return;
    const message = expiry(maxAgeMs, ledger.lastFailureMessage());
    for (let entry = queue.oldestIdle(); entry !== undefined; entry = queue.oldestIdle()) {
      if (now - entry.readyAt < maxAgeMs) return;
      this.#giveUp(entry, { reason: 'Expired', message });
    }
  }
}

function longest(waitsMs: readonly number[]): number {
  return waitsMs.reduce((a, b) => Math.max(a, b), 0);
}
