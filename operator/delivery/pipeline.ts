import { type Occurrence } from '../event/occurrence.ts';
import { type Clock } from '../schema/clock.ts';
import { type Sink, type SinkEvent } from '../sink-kit/index.ts';
import { type CatchUp, createCatchUp } from './catch-up.ts';
import { type Checkpoint, createCourse, type Routed } from './course.ts';
import { type DeadLetterOffice, type DeadLetterProblem, noDeadLetterOffice } from './dead-letter-office.ts';
import { createDispatcher, type Dispatcher } from './dispatcher.ts';
import { createDropLog, type DropLog } from './drop-log.ts';
import { type Entry, type NewEntry, type OnEnd } from './entry.ts';
import { createGate, type Gate } from './gate.ts';
import { createIntake, type Intake } from './intake.ts';
import { createLedger, type Ledger } from './ledger.ts';
import { guardObserver } from './observer.ts';
import { type PipelineOptions, type StopOptions } from './pipeline-options.ts';
import { type DeliveryPolicy } from './policy.ts';
import { createQueue, type Queue } from './queue.ts';
import { createRateLimiter, type RateLimiter } from './rate-limiter.ts';
import { createSettler, type Settler } from './settler.ts';
import { type Tally } from './tally.ts';

/** The way of one receiver's events: buffer, batches, attempts, retries, counts. */
export interface Pipeline {
  /**
   * Takes an occurrence, or leaves it for a replay when the receiver is behind or full; never throws and never waits.
   * After `stop` it is counted as dropped.
   */
  accept(occurrence: Occurrence, routes: readonly string[], throttles?: Routed['throttles']): void;
  /** Takes what another receiver gave up; gives the reason when it cannot, else calls `onEnd` when it has ended. */
  acceptDeadLetter(letter: SinkEvent, onEnd: OnEnd): string | undefined;
  /** Takes an event that somebody asked for beside the course of the source; false when there is no room for it. */
  acceptRequested(event: SinkEvent, onEnd: OnEnd): boolean;
  /** `namespace/name` of the receiver that gets what this one gives up. */
  readonly deadLetterTo: string | undefined;
  /** What keeps dead letters from going there. */
  deadLetterProblem(): DeadLetterProblem | undefined;
  /** Where the receiver is in its source; undefined before the source has begun, and when it cannot tell again. */
  checkpoint(): Checkpoint | undefined;
  /** How the receiver comes up with its source again. */
  readonly catchUp: CatchUp;
  /**
   * Delivers through this sink from now on. The one before finishes what it is sending and is closed once; `undefined`
   * (suspended, not ready) keeps the events until a sink comes. The pipeline owns every sink that it was given.
   */
  useSink(sink: Sink | undefined): void;
  /** Applies another policy to all that is not being sent at this moment. */
  setPolicy(policy: DeliveryPolicy): void;
  /** How many attempts the receiver gets at the same time, as things are. */
  readonly concurrency: number;
  tally(): Tally;
  /**
   * Ends intake, delivers what it can within the grace period, then aborts what is being sent, drops the rest and closes
   * the sink. Ends early when nothing could be delivered any more; takes at most two seconds longer than the grace period.
   */
  stop(options: StopOptions): Promise<Tally>;
}

/** Creates a pipeline without a sink: it keeps what it accepts until `useSink`. */
export function createPipeline(options: PipelineOptions): Pipeline {
  return new ReceiverPipeline(options);
}

class ReceiverPipeline implements Pipeline {
  readonly #receiver: string;
  readonly #clock: Clock;
  readonly #queue: Queue;
  readonly #ledger: Ledger;
  readonly #dropLogs: readonly DropLog[];
  readonly #office: DeadLetterOffice;
  readonly #settler: Settler;
  readonly #gate: Gate;
  readonly #rateLimiter: RateLimiter;
  readonly #dispatcher: Dispatcher;
  readonly #intake: Intake;
  readonly #course = createCourse();
  readonly #front: PipelineOptions['front'];
  readonly catchUp: CatchUp;
  #policy: DeliveryPolicy;
  #stopReason: StopOptions['reason'] | undefined;
  #stopped: Promise<Tally> | undefined;

  constructor(options: PipelineOptions) {
    const { receiver, clock, random, log } = options;
    this.#receiver = receiver;
    this.#clock = clock;
    this.#policy = options.policy;
    const policy = (): DeliveryPolicy => this.#policy;
    this.#queue = createQueue(options.policy.ordering);
    this.#ledger = createLedger(clock);
    const dropLog = createDropLog(options);
    const deadLetterLog = createDropLog({ ...options, title: 'Gave up events to the dead-letter receiver' });
    this.#dropLogs = [dropLog, deadLetterLog];
    this.#office = options.office ?? noDeadLetterOffice;
    this.#gate = createGate(policy, random);
    const parts = { receiver, clock, log, policy, queue: this.#queue, gate: this.#gate };
    this.#front = options.front;
    const observer = guardObserver(options.observer, log);
    this.#settler = createSettler({
      ...parts,
      ...{ ledger: this.#ledger, observer, office: this.#office },
      ...{ dropLog, deadLetterLog, random },
    });
    this.#rateLimiter = createRateLimiter({
      ...parts,
      drop: (entry) => this.#settler.drop(entry, 'RateLimited'),
      send: (summary, onEnd) => this.#sendSummary(summary, onEnd),
    });
    this.#dispatcher = createDispatcher({ ...parts, rateLimiter: this.#rateLimiter, settler: this.#settler });
    this.#intake = createIntake({
      ...{ ...parts, front: options.front, ledger: this.#ledger, observer, settler: this.#settler },
      onReady: () => this.#dispatcher.schedule(),
    });
    this.catchUp = createCatchUp({
      course: this.#course,
      room: () => (this.#stopReason === undefined ? this.#intake.room : 0),
      capacity: () => this.#policy.buffer.maxEvents,
      take: (routed, how) => this.#intake.take(routed, how),
    });
  }

  accept(occurrence: Occurrence, routes: readonly string[], throttles?: Routed['throttles']): void {
    const routed = { occurrence, routes, throttles };
    const isStopped = this.#stopReason !== undefined;
    if (!isStopped && this.#course.behind !== undefined) {
      this.#course.pass(routed, this.#intake.room);
      return;
    }
    const before = this.#front?.();
    const hasRoom = isStopped || this.#intake.makeRoom();
    if (!hasRoom && before !== undefined && this.#policy.buffer.onFull === 'CatchUp') {
      this.#course.fallBehind({ position: before, time: this.#clock.date() });
      this.#course.pass(routed, 0);
      return;
    }
    const refusal = this.#stopReason ?? (hasRoom ? undefined : 'QueueFull');
    this.#intake.take(routed, { before, refusal });
  }

  acceptDeadLetter(letter: SinkEvent, onEnd: OnEnd): string | undefined {
    if (this.#stopReason !== undefined) return 'stops';
    if (!this.#intake.makeRoom()) return 'has no room for it';
    this.#bringIn(letter, { onEnd });
    return undefined;
  }

  acceptRequested(event: SinkEvent, onEnd: OnEnd): boolean {
    if (this.catchUp.room <= 0) return false;
    // what somebody asked for is not held back, and a test is to tell of the sink and not of the limit
    this.#bringIn(event, { onEnd, admission: event.requested === 'test' ? 'admitted' : 'patient' });
    return true;
  }

  #sendSummary(summary: Occurrence, onEnd: OnEnd): boolean {
    if (!this.#intake.makeRoom()) return false;
    this.#bringIn({ ...summary, receiver: this.#receiver, routes: [] }, { onEnd, admission: 'admitted' });
    return true;
  }

  #bringIn(given: SinkEvent, how: Pick<NewEntry, 'onEnd' | 'admission'>): void {
    const event = { ...given, receiver: this.#receiver };
    // it holds the checkpoint where an event of its own would, as the checkpoint must not pass what waits behind it
    this.#intake.bringIn(event, { ...how, before: this.#course.behind?.position ?? this.#front?.() });
  }

  get deadLetterTo(): string | undefined {
    return this.#policy.deadLetter;
  }

  deadLetterProblem(): DeadLetterProblem | undefined {
    const { deadLetterTo: to } = this;
    return to === undefined ? undefined : this.#office.problem(this.#receiver, to);
  }

  checkpoint(): Checkpoint | undefined {
    const oldest = this.#queue.oldest();
    if (oldest?.before !== undefined)
      return { position: oldest.before, time: this.#dateOf(oldest.acceptedAt) };
    const { behind } = this.#course;
    const position = behind === undefined ? this.#front?.() : undefined;
    return position === undefined ? behind : { position, time: this.#clock.date() };
  }

  useSink(sink: Sink | undefined): void {
    this.#dispatcher.useSink(sink);
  }

  setPolicy(policy: DeliveryPolicy): void {
    this.#policy = policy;
    this.#queue.setOrdering(policy.ordering);
    this.#intake.applyPolicy();
    this.#dispatcher.schedule();
  }

  get concurrency(): number {
    return this.#gate.lanes;
  }

  tally(): Tally {
    // what is held does not wait for the receiver
    const oldest = this.#queue.oldestUnheld();
    const oldestPendingTime = oldest && this.#dateOf(oldest.readyAt);
    const { size: pending, parked: pendingElsewhere, held } = this.#queue;
    return this.#ledger.tally({ pending, pendingElsewhere, held, oldestPendingTime });
  }

  stop({ graceMs, reason }: StopOptions): Promise<Tally> {
    this.#stopReason ??= reason;
    this.#intake.close();
    const drained = this.#dispatcher.drainUntil(this.#clock.now() + graceMs);
    this.#stopped ??= this.#finish(drained, this.#stopReason);
    return this.#stopped;
  }

  #dateOf(atMs: number): Date {
    return new Date(this.#clock.date().getTime() - (this.#clock.now() - atMs));
  }

  async #finish(drained: Promise<void>, reason: StopOptions['reason']): Promise<Tally> {
    await drained;
    // what the source can tell again is left to the next start, which goes on from the checkpoint
    const isKept = reason === 'ShuttingDown' && this.#front !== undefined;
    // and what is parked, its dead-letter receiver ends
    const next = (): Entry | undefined => (isKept ? undefined : this.#queue.oldestIdle());
    for (let entry = next(); entry !== undefined; entry = next()) this.#settler.drop(entry, reason);
    for (const dropLog of this.#dropLogs) dropLog.flush();
    this.#rateLimiter.close();
    await this.#dispatcher.close();
    return this.tally();
  }
}
