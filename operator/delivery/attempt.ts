import { type Clock } from '../schema/clock.ts';
import { formatDuration } from '../schema/duration.ts';
import { DeliveryError, type Outgoing, type Sink, toDeliveryError } from '../sink-kit/index.ts';

/** How long a sink may take to obey the signal before its send is given up as if it had never ended. */
const abandonAfterMs = 1_000;

/** What an attempt came to. */
export interface AttemptResult {
  /** What failed the attempt, or the first that failed of it; undefined when all was delivered. */
  readonly error: DeliveryError | undefined;
  /** One for each event of the batch: what failed it, or undefined when it was delivered. */
  readonly results: readonly (DeliveryError | undefined)[];
  /** The sink did not obey the signal, and its send was given up. */
  readonly abandoned: boolean;
  /** Something is wrong with how the sink reports. */
  readonly warning?: string;
}

/** An attempt that is under way. */
export interface Attempting {
  /** Settles once, at the latest a second after the time-out; never rejects. */
  readonly result: Promise<AttemptResult>;
  /** Gives the attempt up: events whose fate the sink does not tell fail with this error. */
  readonly abort: (error: DeliveryError) => void;
}

/** Sends a batch once; a result that comes later than the time-out allows is ignored. */
export function attempt(
  sink: Sink,
  batch: readonly Outgoing<unknown>[],
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Attempting {
  const size = batch.length;
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<AttemptResult>();
  let aborted: DeliveryError | undefined;

  const abort = (error: DeliveryError): void => {
    if (aborted !== undefined) return;
    aborted = error;
    clock.clearTimeout(timer);
    timer = clock.setTimeout(() => resolve({ ...failAll(error, size), abandoned: true }), abandonAfterMs);
    controller.abort(
      new DOMException(error.message, error.reason === 'Timeout' ? 'TimeoutError' : 'AbortError'),
    );
  };
  const finish = (result: AttemptResult): void => {
    clock.clearTimeout(timer);
    resolve(result);
  };
  let timer = clock.setTimeout(() => abort(timeoutError(timeoutMs)), timeoutMs);
  sendSafely(sink, batch, controller.signal).then(
    () => finish({ error: undefined, results: new Array<undefined>(size).fill(undefined), abandoned: false }),
    (thrown: unknown) => finish(readFailure(thrown, { size, endpoint: sink.endpoint, aborted })),
  );
  return { result: promise, abort };
}

/** Makes a synchronous throw of `send` a rejection. */
async function sendSafely(
  sink: Sink,
  batch: readonly Outgoing<unknown>[],
  signal: AbortSignal,
): Promise<void> {
  await sink.send(batch, signal);
}

function timeoutError(timeoutMs: number): DeliveryError {
  return DeliveryError.retry(
    `no answer within ${formatDuration(timeoutMs)}: check the system, or raise delivery.timeout`,
    'Timeout',
  );
}

interface Circumstances {
  readonly size: number;
  readonly endpoint: string;
  readonly aborted: DeliveryError | undefined;
}

function readFailure(thrown: unknown, { size, endpoint, aborted }: Circumstances): AttemptResult {
  const error = toDeliveryError(thrown, endpoint);
  if (error.results !== undefined) return readResults(error, error.results, { size, endpoint });
  // What a client throws when we abort it says nothing about the system; a refusal for good still does.
  return failAll(aborted === undefined || error.permanent ? error : aborted, size);
}

function readResults(
  error: DeliveryError,
  told: readonly unknown[],
  { size, endpoint }: { size: number; endpoint: string },
): AttemptResult {
  if (told.length !== size) {
    const { message, reason, retryAfterMs } = error;
    const retry = new DeliveryError(message, { reason, retryAfterMs, cause: error });
    const warning = `the sink told ${told.length} results for ${size} events; all are sent again`;
    return { ...failAll(retry, size), warning };
  }
  const results = Array.from(told, (result) =>
    result === undefined || result === null ? undefined : toDeliveryError(result, endpoint),
  );
  const first = results.find((result) => result !== undefined);
  return { error: first, results, abandoned: false };
}

function failAll(error: DeliveryError, size: number): AttemptResult {
  return { error, results: new Array<DeliveryError>(size).fill(error), abandoned: false };
}
