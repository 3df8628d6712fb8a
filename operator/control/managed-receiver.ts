import { keyText, type CustomResource, type ObjectKey } from '../api/resource.ts';
import { type Pipeline } from '../delivery/pipeline.ts';
import { type Tally } from '../delivery/tally.ts';
import { type Clock } from '../schema/clock.ts';
import { openSink, toDeliveryError, type Sink, type SinkContext } from '../sink-kit/index.ts';
import { type Verdict } from '../status/condition.ts';
import { type ReceiverStatus } from '../status/receiver-status.ts';
import { type Log } from '../telemetry/log.ts';
import {
  prepareReceiver,
  type LocalSinkPolicy,
  type Objection,
  type PreparedReceiver,
} from './prepare-receiver.ts';
import { type World } from './world.ts';

/** What a receiver is run with. */
export interface ReceiverSurroundings {
  readonly world: World;
  readonly clock: Clock;
  readonly log: Log;
  readonly allowsLocalSinks: LocalSinkPolicy;
  /** The addresses that sinks of a namespace may reach; undefined when all. */
  readonly addressGuard: (namespace: string) => SinkContext['isAddressAllowed'];
}

/** The revision of a receiver that delivers. */
export interface RunningReceiver {
  readonly prepared: PreparedReceiver;
  readonly generation: number;
  readonly endpoint: string;
  readonly sink: Sink;
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
  /** What the sink's own check found; overtaken by the first delivery. */
  readonly checkFailure: Verdict | undefined;
  /** The generation that the verdicts are about; -1 before the first. */
  readonly judgedGeneration: number;
  tally(): Tally;
  /** Brings what runs to what the manifest and its Secrets say now. Throws when the API server could not be asked. */
  reconcile(): Promise<void>;
  /** Asks the sink whether its system can be reached. */
  check(): Promise<void>;
  /** Stops opening and checking; the pipeline closes the sink. */
  close(): void;
}

/** How long a sink's check may take. */
const checkTimeoutMs = 8_000;
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
  checkFailure: Verdict | undefined;
  judgedGeneration = -1;
  readonly #pipeline: Pipeline;
  readonly #around: ReceiverSurroundings;
  readonly #closed = new AbortController();

  constructor(object: CustomResource<ReceiverStatus>, pipeline: Pipeline, around: ReceiverSurroundings) {
    this.key = { namespace: object.metadata.namespace, name: object.metadata.name };
    this.object = object;
    this.#pipeline = pipeline;
    this.#around = around;
  }

  tally(): Tally {
    return this.#pipeline.tally();
  }

  async reconcile(): Promise<void> {
    const { object } = this;
    const { world, allowsLocalSinks } = this.#around;
    const preparation = await prepareReceiver(object, world, allowsLocalSinks);
    const generation = object.metadata.generation ?? 0;
    if ('objection' in preparation) this.objection = preparation.objection;
    else await this.#run(preparation.prepared, generation);
    this.judgedGeneration = generation;
  }

  async #run(prepared: PreparedReceiver, generation: number): Promise<void> {
    this.#pipeline.setPolicy(prepared.policy);
    try {
      const isSame = this.running?.prepared.fingerprint === prepared.fingerprint;
      const sink = isSame && this.running !== undefined ? this.running.sink : await this.#open(prepared);
      this.running = { prepared, generation, endpoint: sink.endpoint, sink };
      this.objection = undefined;
      if (!isSame) void this.check();
    } catch (thrown) {
      const { message } = toDeliveryError(thrown);
      this.objection = { aspect: 'Accepted', verdict: { status: 'False', reason: 'InvalidConfig', message } };
    }
  }

  async #open({ receiver, config, secrets }: PreparedReceiver): Promise<Sink> {
    const { log, addressGuard } = this.#around;
    const isAddressAllowed = addressGuard(this.key.namespace);
    const sink = await openSink(
      receiver.sink,
      { config: config as never, secrets },
      {
        signal: AbortSignal.any([this.#closed.signal, AbortSignal.timeout(openTimeoutMs)]),
        ...(isAddressAllowed !== undefined && { isAddressAllowed }),
        warn: (message) =>
          log.warn('Sink reported a problem', { receiver: keyText(this.key), problem: message }),
      },
    );
    this.checkFailure = undefined;
    if (receiver.suspend) {
      // opened to find what is wrong with the configuration; nothing is to be sent, so nothing stays open
      this.#pipeline.useSink(undefined);
      await sink.close();
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
