import { DeliveryError, type Outgoing, toDeliveryError } from '../sink-kit/index.ts';

type Batch<Payload> = readonly Outgoing<Payload>[];

/** How a batch is sent by systems that may refuse it as a whole for the sake of some of its events. */
export interface DividedSend<Payload> {
  /** Sends events by one request. */
  readonly send: (events: Batch<Payload>) => Promise<void>;
  /** Gives the pieces to try next, in order; undefined where the failure is that of all events. */
  readonly divide: (failure: DeliveryError, events: Batch<Payload>) => readonly Batch<Payload>[] | undefined;
}

/**
 * Sends a batch and, where it is refused for some of its events, smaller and smaller pieces of it until each event has
 * an answer of its own. Nothing is sent after a failure that is to be retried, so that order holds.
 */
export async function sendDivided<Payload>(
  batch: Batch<Payload>,
  options: DividedSend<Payload>,
): Promise<void> {
  const outcomes = await outcomesOf(batch, options);
  const failures = outcomes.filter((outcome) => outcome !== undefined);
  const [first] = failures;
  if (first === undefined) return;
  if (failures.length === batch.length && new Set(failures).size === 1) throw first;
  throw DeliveryError.partial(
    `${failures.length} of ${batch.length} events failed: ${first.message}`,
    outcomes,
  );
}

/** Divides a batch in the middle; a batch of one is not divisible. */
export function halves<Payload>(events: Batch<Payload>): readonly Batch<Payload>[] {
  const middle = Math.ceil(events.length / 2);
  return [events.slice(0, middle), events.slice(middle)];
}

async function outcomesOf<Payload>(
  events: Batch<Payload>,
  options: DividedSend<Payload>,
): Promise<(DeliveryError | undefined)[]> {
  const failure = await options.send(events).then(
    () => undefined,
    (thrown: unknown) => toDeliveryError(thrown),
  );
  const pieces = failure && piecesOf(failure, events, options);
  if (pieces === undefined) return failure?.results?.slice() ?? events.map(() => failure);
  const outcomes: (DeliveryError | undefined)[] = [];
  let obstacle: DeliveryError | undefined;
  for (const piece of pieces) {
    const known = obstacle;
    outcomes.push(...(known === undefined ? await outcomesOf(piece, options) : piece.map(() => known)));
    obstacle ??= outcomes.find((outcome) => outcome?.permanent === false);
  }
  return outcomes;
}

/** Only pieces that are smaller than the whole are worth an attempt. */
function piecesOf<Payload>(
  failure: DeliveryError,
  events: Batch<Payload>,
  { divide }: DividedSend<Payload>,
): readonly Batch<Payload>[] | undefined {
  const pieces = divide(failure, events)?.filter((piece) => piece.length > 0);
  return pieces !== undefined && pieces.length > 1 ? pieces : undefined;
}
