import { type AllowedRoutes, type EventReceiver } from '../api/event-receiver.ts';
import { keyText, type CustomResource, type ObjectKey } from '../api/resource.ts';
import { type Checkpoint } from '../delivery/course.ts';
import { type DeadLetterProblem } from '../delivery/dead-letter-office.ts';
import { type Pipeline } from '../delivery/pipeline.ts';
import { type Tally } from '../delivery/tally.ts';
import { type Clock } from '../schema/clock.ts';
import { type Reason } from '../schema/reasons.ts';
import { openSink, toDeliveryError, type Sink, type SinkContext } from '../sink-kit/index.ts';
import { type Verdict } from '../status/condition.ts';
import { type ReceiverStatus } from '../status/receiver-status.ts';
import { type Log } from '../telemetry/log.ts';
import { sendWhileLeading } from './leader-sink.ts';
import {
  prepareReceiver,
  type LocalSinkPolicy,
  type Objection,
  type PreparedReceiver,
} from './prepare-receiver.ts';
import { type StartOf } from './starting-point.ts';
import { type World } from './world.ts';

/** What a receiver is run with. */
export interface ReceiverSurroundings {
  readonly world: World;
  readonly clock: Clock;
  readonly log: Log;
  readonly allowsLocalSinks: LocalSinkPolicy;
  /** The addresses that sinks of a namespace may reach; undefined when all. */
  readonly addressGuard: (namespace: string) => SinkContext['isAddressAllowed'];
  readonly startOf: StartOf;
  /** Whether this replica is the one that delivers. */
  readonly isLeading: () => boolean;
}

/** The revision of a receiver that delivers. */
export interface RunningReceiver {
  readonly prepared: PreparedReceiver;
  /** Its manifest. */
  readonly object: CustomResource<ReceiverStatus>;
  readonly generation: number;
  readonly endpoint: string;
  readonly sink: Sink;
  /** When the sink was opened: what was delivered before says nothing about it. */
  readonly openedAt: Date;
}

/**
 * One EventReceiver from its manifest to an open sink in its pipeline. A revision that cannot be used leaves the one
 * before it running.
 */
export interface ManagedReceiver {
  readonly key: ObjectKey;
  /** The latest manifest. */
  object: CustomResource<ReceiverStatus>;
  /** What delivers; undefined when nothing does. */
  readonly running: RunningReceiver | undefined;
  /** What keeps the judged revision from being used. */
  readonly objection: Objection | undefined;
  /** Who may route into it: as the running revision says, else the judged one. */
  readonly allowedRoutes: AllowedRoutes;
  /** The judged revision holds deliveries back, whether it could be opened or not. */
  readonly isSuspended: boolean;
  /** What the sink's own check found; overtaken by the first delivery. */
  readonly checkFailure: Verdict | undefined;
  /** The generation that the verdicts are about; -1 before the first. */
  readonly judgedGeneration: number;
  tally(): Tally;
  /** What keeps its dead letters from their receiver. */
  deadLetterProblem(): DeadLetterProblem | undefined;
  /** Where it is in the source. */
  checkpoint(): Checkpoint | undefined;
  /** Brings what runs to what the manifest and its Secrets say now. Throws when the API server could not be asked. */
  reconcile(): Promise<void>;
  /** Asks the sink whether its system can be reached. */
  check(): Promise<void>;
  /** Stops opening and checking; the pipeline closes the sink. */
  close(): void;
}

/** How long a sink's check may take. */
const checkTimeoutMs = 8_000;
/** How long a verdict waits for the first check of a sink, so that a dead one is not called ready for a moment. */
const firstCheckMs = 1_000;
const openTimeoutMs = 30_000;

/** Creates the manager of a receiver; nothing runs before `reconcile`. */
export function manageReceiver(
  object: CustomResource<ReceiverStatus>,
  pipeline: Pipeline,
  around: ReceiverSurroundings,
): ManagedReceiver {
  return new PipelinedReceiver(object, pipeline, around);
}

class PipelinedReceiver implements ManagedReceiver {
  readonly key: ObjectKey;
  object: CustomResource<ReceiverStatus>;
  running: RunningReceiver | undefined;
  objection: Objection | undefined;
  isSuspended = false;
  checkFailure: Verdict | undefined;
  judgedGeneration = -1;
  readonly #pipeline: Pipeline;
  readonly #around: ReceiverSurroundings;
  readonly #closed = new AbortController();
  #judged: EventReceiver | undefined;

  constructor(object: CustomResource<ReceiverStatus>, pipeline: Pipeline, around: ReceiverSurroundings) {
    this.key = { namespace: object.metadata.namespace, name: object.metadata.name };
    this.object = object;
    this.#pipeline = pipeline;
    this.#around = around;
  }

  get allowedRoutes(): AllowedRoutes {
    return (this.running?.prepared.receiver ?? this.#judged)?.allowedRoutes ?? {};
  }

  tally(): Tally {
    return this.#pipeline.tally();
  }

  deadLetterProblem(): DeadLetterProblem | undefined {
    return this.#pipeline.deadLetterProblem();
  }

  checkpoint(): Checkpoint | undefined {
    return this.#pipeline.checkpoint();
  }

  async reconcile(): Promise<void> {
    const { object } = this;
    const { world, allowsLocalSinks } = this.#around;
    const preparation = await prepareReceiver(object, world, allowsLocalSinks);
    const generation = object.metadata.generation ?? 0;
    const receiver = 'objection' in preparation ? preparation.receiver : preparation.prepared.receiver;
    this.#judged = receiver;
    if (receiver !== undefined) this.#suspend(receiver.suspend);
    if ('objection' in preparation) {
      this.objection = preparation.objection;
      await this.#renewSecrets();
    } else {
      await this.#run(preparation.prepared, object);
    }
    this.judgedGeneration = generation;
  }

  /** The revision that goes on running because the newest cannot be used goes on with the Secrets of today. */
  async #renewSecrets(): Promise<void> {
    const { running, objection } = this;
    if (running === undefined || running.object === this.object) return;
    const { world, allowsLocalSinks } = this.#around;
    const preparation = await prepareReceiver(running.object, world, allowsLocalSinks);
    if ('prepared' in preparation) await this.#run(preparation.prepared, running.object);
    this.objection = objection;
  }

  /** Whoever suspends a receiver wants it to stop, whatever else is wrong with it. */
  #suspend(isSuspended: boolean): void {
    if (isSuspended === this.isSuspended) return;
    this.isSuspended = isSuspended;
    this.#pipeline.useSink(undefined);
    this.running = undefined;
  }

  async #run(prepared: PreparedReceiver, object: CustomResource<ReceiverStatus>): Promise<void> {
    try {
      const same = this.running?.prepared.fingerprint === prepared.fingerprint ? this.running : undefined;
      const sink = same?.sink ?? (await this.#open(prepared));
      this.#pipeline.setPolicy(prepared.policy);
      const openedAt = same?.openedAt ?? this.#around.clock.date();
      const generation = object.metadata.generation ?? 0;
      this.running = { prepared, object, generation, endpoint: sink.endpoint, sink, openedAt };
      this.objection = undefined;
      if (same === undefined) await this.#checkFirst();
    } catch (thrown) {
      this.objection = { aspect: 'Accepted', verdict: refusalOf(thrown, prepared.receiver.sinkName) };
    }
  }

  async #open({ receiver, config, secrets }: PreparedReceiver): Promise<Sink> {
    const { log, addressGuard, isLeading } = this.#around;
    const isAddressAllowed = addressGuard(this.key.namespace);
    const opened = await openSink(
      receiver.sink,
      { config: config as never, secrets },
      {
        signal: AbortSignal.any([this.#closed.signal, AbortSignal.timeout(openTimeoutMs)]),
        ...(isAddressAllowed !== undefined && { isAddressAllowed }),
        warn: (message) =>
          log.warn('Sink reported a problem', { receiver: keyText(this.key), problem: message }),
      },
    );
    const sink = sendWhileLeading(opened, isLeading);
    this.checkFailure = undefined;
    if (receiver.suspend) {
      // opened to find what is wrong with the configuration; nothing is to be sent, so nothing stays open
      await sink
        .close()
        .catch((error: unknown) => log.warn('Sink failed to close', { receiver: keyText(this.key), error }));
    } else {
      this.#pipeline.useSink(sink);
    }
    log.info('Opened sink', {
      receiver: keyText(this.key),
      sink: receiver.sinkName,
      endpoint: sink.endpoint,
    });
    return sink;
  }

  async #checkFirst(): Promise<void> {
    const { clock } = this.#around;
    const { promise: late, resolve } = Promise.withResolvers<undefined>();
    const timer = clock.setTimeout(() => resolve(undefined), firstCheckMs);
    await Promise.race([this.check(), late]);
    clock.clearTimeout(timer);
  }

  async check(): Promise<void> {
    if (this.running === undefined || this.running.prepared.receiver.suspend) return;
    const { sink } = this.running;
    const signal = AbortSignal.any([this.#closed.signal, AbortSignal.timeout(checkTimeoutMs)]);
    try {
      await sink.check?.(signal);
      if (sink === this.running.sink) this.checkFailure = undefined;
    } catch (thrown) {
      if (this.#closed.signal.aborted || sink !== this.running.sink) return;
      const { reason, message } = toDeliveryError(thrown);
      this.checkFailure = { status: 'False', reason, message };
    }
  }

  close(): void {
    this.#closed.abort();
  }
}

/** What a sink may say of its configuration; whatever else fails an opening is a wrong configuration too. */
const refusals: ReadonlySet<Reason> = new Set<Reason>(['InvalidTemplate', 'SinkNotAllowed']);

function refusalOf(thrown: unknown, sinkName: string): Verdict {
  const { reason, message } = toDeliveryError(thrown);
  return {
    status: 'False',
    reason: refusals.has(reason) ? reason : 'InvalidConfig',
    message: `spec.sink.${sinkName}: ${message}`,
  };
}
