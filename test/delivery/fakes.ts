import { type ClusterEvent } from '../../operator/event/cluster-event.ts';
import { type Occurrence } from '../../operator/event/occurrence.ts';
import { type DeadLetterOffice } from '../../operator/delivery/dead-letter-office.ts';
import { type Attempt, type DeliveryObserver, type Outcome } from '../../operator/delivery/observer.ts';
import { createPipeline, type Pipeline } from '../../operator/delivery/pipeline.ts';
import { type DeliveryPolicy, resolvePolicy } from '../../operator/delivery/policy.ts';
import { type Outgoing, type Sink, type SinkEvent } from '../../operator/sink-kit/index.ts';
import { type Log, type LogFields } from '../../operator/telemetry/log.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';

/** An occurrence about `object`, with `number` as its key's end. */
export function occurrence(object: string, number = 1): Occurrence {
  const event = {
    uid: `event-of-${object}`,
    involvedObject: { uid: object, kind: 'Pod', namespace: 'shop', name: object },
  } as unknown as ClusterEvent;
  return { event, key: `${object}-${number}`, number, time: new Date(0), position: String(number) };
}

type Reply = (batch: readonly string[], signal: AbortSignal) => Promise<void> | void;

/** A sink that notes what it is given and answers as it is told. */
export interface FakeSink extends Sink<string> {
  /** The keys of each batch, in the order in which sends began. */
  readonly batches: string[][];
  /** Times at which sends began. */
  readonly times: number[];
  readonly encoded: string[];
  readonly inFlight: number;
  readonly mostInFlight: number;
  closes: number;
  reply: Reply;
  encodeWith: (event: SinkEvent) => { payload: string; bytes: number };
}

export function fakeSink(clock: FakeClock, reply: Reply = () => undefined): FakeSink {
  let inFlight = 0;
  let mostInFlight = 0;
  const sink: FakeSink = {
    endpoint: 'fake:1',
    batches: [],
    times: [],
    encoded: [],
    closes: 0,
    reply,
    encodeWith: (event) => ({ payload: event.key, bytes: 10 }),
    get inFlight() {
      return inFlight;
    },
    get mostInFlight() {
      return mostInFlight;
    },
    encode(event) {
      sink.encoded.push(event.key);
      return sink.encodeWith(event);
    },
    async send(batch: readonly Outgoing<string>[], signal) {
      const keys = batch.map(({ event }) => event.key);
      sink.batches.push(keys);
      sink.times.push(clock.now());
      inFlight += 1;
      mostInFlight = Math.max(mostInFlight, inFlight);
      try {
        await sink.reply(keys, signal);
      } finally {
        inFlight -= 1;
      }
    },
    close() {
      sink.closes += 1;
      return Promise.resolve();
    },
  };
  return sink;
}

/** Never answers; obeys the signal. */
export const hangUntilAborted: Reply = (_, signal) =>
  new Promise((_resolve, reject) => {
    const give = (): void => reject(signal.reason as Error);
    if (signal.aborted) give();
    else signal.addEventListener('abort', give);
  });

/** Never answers and does not obey the signal. */
export const hangForEver: Reply = () => new Promise(() => undefined);

export interface FakeLog extends Log {
  readonly lines: { level: string; message: string; fields: LogFields | undefined }[];
}

export function fakeLog(): FakeLog {
  const lines: FakeLog['lines'] = [];
  const write =
    (level: string) =>
    (message: string, fields?: LogFields): void =>
      void lines.push({ level, message, fields });
  return { lines, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}

export interface Rig {
  readonly clock: FakeClock;
  readonly pipeline: Pipeline;
  readonly log: FakeLog;
  readonly settled: { key: string; outcome: Outcome }[];
  readonly attempts: Attempt[];
  /** Accepts occurrences of objects: `a` or `a:2` for the second of a. */
  readonly accept: (...names: string[]) => void;
}

/** A pipeline on a fake clock; `written` is a `spec.delivery`. */
export function pipelineRig(
  written: unknown = {},
  options: {
    random?: () => number;
    observer?: DeliveryObserver;
    policy?: Partial<DeliveryPolicy>;
    office?: DeadLetterOffice | undefined;
  } = {},
): Rig {
  const clock = createFakeClock();
  const log = fakeLog();
  const settled: Rig['settled'] = [];
  const attempts: Attempt[] = [];
  const pipeline = createPipeline({
    receiver: 'shop/hook',
    policy: { ...resolvePolicy(written), ...options.policy },
    clock,
    random: options.random ?? (() => 1),
    office: options.office,
    log,
    observer: options.observer ?? {
      settled: (event, outcome) => void settled.push({ key: event.key, outcome }),
      attempted: (attempt) => void attempts.push(attempt),
    },
  });
  return {
    clock,
    pipeline,
    log,
    settled,
    attempts,
    accept(...names) {
      for (const name of names) {
        const [object = '', number = '1'] = name.split(':');
        pipeline.accept(occurrence(object, Number(number)), ['shop/route']);
      }
    },
  };
}

/** Says how a pipeline breaks what must hold at every moment; undefined when it holds. */
export function brokenLaw(pipeline: Pipeline): string | undefined {
  const { received, delivered, dropped, deadLettered, pending, droppedByReason } = pipeline.tally();
  const byReason = Object.values(droppedByReason).reduce((sum, count) => sum + count, 0);
  const holds =
    received === delivered + dropped + deadLettered + pending && byReason === dropped && pending >= 0;
  return holds ? undefined : `the conservation law is broken: ${JSON.stringify(pipeline.tally())}`;
}
