import {
  DeliveryError,
  type Outgoing,
  type PartOfBatch,
  sendInOrder,
  toDeliveryError,
} from '../sink-kit/index.ts';

/** Parts of a batch that go out one after another. */
export type Lane<Payload> = readonly PartOfBatch<Payload>[];

/**
 * Sends the lanes of a batch side by side, at most `width` at a time, and throws what failed, event by event. After a failure
 * that is to be retried, lanes that have not begun are not begun, unless what failed was a target of that lane's own.
 */
export async function sendLanes<Payload>(
  batch: readonly Outgoing<Payload>[],
  lanes: readonly Lane<Payload>[],
  width: number,
): Promise<void> {
  const failures = new Map<Outgoing<Payload>, DeliveryError>();
  const waiting = [...lanes];
  let obstacle: DeliveryError | undefined;
  const work = async (): Promise<void> => {
    for (let lane = waiting.shift(); lane !== undefined; lane = waiting.shift()) {
      const events = lane.flatMap((part) => part.events);
      const failure = obstacle ?? (await outcomeOf(events, lane));
      if (failure === undefined) continue;
      events.forEach((outgoing, index) => {
        const own = failure.results === undefined ? failure : failure.results[index];
        if (own !== undefined) failures.set(outgoing, own);
      });
      if (isObstacle(failure)) obstacle ??= failure;
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, lanes.length) }, work));
  const [first] = failures.values();
  if (first === undefined) return;
  if (failures.size === batch.length && new Set(failures.values()).size === 1) throw first;
  throw DeliveryError.partial(
    `${failures.size} of ${batch.length} events failed: ${first.message}`,
    batch.map((outgoing) => failures.get(outgoing)),
  );
}

async function outcomeOf<Payload>(
  events: readonly Outgoing<Payload>[],
  lane: Lane<Payload>,
): Promise<DeliveryError | undefined> {
  return sendInOrder(events, lane).then(
    () => undefined,
    (thrown: unknown) => toDeliveryError(thrown),
  );
}

function isObstacle({ permanent, reason, results }: DeliveryError): boolean {
  return results === undefined && !permanent && reason !== 'TargetNotFound';
}
