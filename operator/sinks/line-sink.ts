import {
  DeliveryError,
  encodePayload,
  type PayloadConfig,
  type Sink,
  toDeliveryError,
} from '../sink-kit/index.ts';
import { unlessAborted } from './abortable.ts';
import { closable } from './closable.ts';

/** How far an append came. */
export interface Appended {
  /** How many lines, from the first on, are written whole. */
  readonly written: number;
  /** What kept the others from being written; undefined when all were. */
  readonly failure?: DeliveryError | undefined;
}

/** A place that takes lines. Appends never overlap, so it keeps no order of its own. */
export interface LineOutput {
  readonly endpoint: string;
  /** Appends lines, with a line feed behind each. Once the signal aborts it stops where a line ends, if it can. */
  append(lines: readonly string[], signal: AbortSignal): Promise<Appended>;
  /** Tells without side effects whether lines could be appended; throws DeliveryError. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** Makes a sink that writes the JSON document of each event as one line. */
export function createLineSink(output: LineOutput, config: PayloadConfig): Sink<string> {
  const takeTurn = createTurns();
  return closable({
    endpoint: output.endpoint,
    encode: (event) => {
      const payload = encodePayload(config, event);
      return { payload, bytes: Buffer.byteLength(payload) + 1 };
    },
    send: async (batch, signal) => {
      const lines = batch.map(({ payload }) => payload);
      const turn = takeTurn(() => output.append(lines, signal), signal);
      const { written, failure } = await turn.catch((thrown: unknown) => {
        throw toDeliveryError(thrown, output.endpoint);
      });
      if (failure === undefined) return;
      if (written === 0) throw failure;
      throw DeliveryError.partial(
        failure.message,
        lines.map((_, index) => (index < written ? undefined : failure)),
      );
    },
    check: () => output.check(),
    close: () => output.close(),
  });
}

/** What a write that has begun may take to end once the signal aborts. */
const writeGraceMs = 20;

type TakeTurn = <Result>(task: () => Promise<Result>, signal: AbortSignal) => Promise<Result>;

/**
 * Runs tasks one after the other. A caller whose signal aborts is let go at once; its task keeps the turn until it
 * ends, so that a disk or reader that hangs cannot pile up writes.
 */
function createTurns(): TakeTurn {
  let last: Promise<unknown> = Promise.resolve();
  return (task, signal) => {
    const turn = last.then(() => {
      signal.throwIfAborted();
      return task();
    });
    last = turn.catch(() => undefined);
    return unlessAborted(() => turn, signal, writeGraceMs);
  };
}
