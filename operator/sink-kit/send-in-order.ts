import { type Reason } from '../schema/reasons.ts';
import { DeliveryError } from './delivery-error.ts';
import { toDeliveryError } from './network-error.ts';
import { type Outgoing } from './sink.ts';

/** Some events of a batch that go out together, by one request. */
export interface PartOfBatch<Payload> {
  readonly events: readonly Outgoing<Payload>[];
  /** Throws a DeliveryError with one result for each of `events` where they did not all fare the same. */
  readonly send: () => Promise<void>;
}

/** Failures of the system as a whole: what comes after in the batch would fail as well. */
const generalReasons: ReadonlySet<Reason> = new Set<Reason>([
  'Unreachable',
  'Timeout',
  'TLSFailed',
  'Unauthorized',
  'Throttled',
  'AddressNotAllowed',
  'ShuttingDown',
]);

/**
 * Sends the parts of a batch one after another and throws what failed, event by event. After a failure that is to be
 * retried, later events about the same object are not sent, so that their order holds; after one of the system as a
 * whole, nothing is.
 */
export async function sendInOrder<Payload>(
  batch: readonly Outgoing<Payload>[],
  parts: readonly PartOfBatch<Payload>[],
): Promise<void> {
  const failures = new Map<Outgoing<Payload>, DeliveryError>();
  const waiting = new Map<string, DeliveryError>();
  for (const part of parts) {
    const before = waiting.get('') ?? firstOf(part, waiting);
    const failure = before ?? (await outcomeOf(part));
    if (failure === undefined) continue;
    for (const [outgoing, own] of failuresIn(part, failure)) {
      failures.set(outgoing, own);
      if (!own.permanent) waiting.set(objectOf(outgoing), own);
      if (generalReasons.has(own.reason)) waiting.set('', own);
    }
  }
  throwFailures(batch, failures);
}

/** A part may have failed in part itself. */
function failuresIn<Payload>(
  { events }: PartOfBatch<Payload>,
  failure: DeliveryError,
): (readonly [Outgoing<Payload>, DeliveryError])[] {
  if (failure.results === undefined) return events.map((outgoing) => [outgoing, failure] as const);
  return events.flatMap((outgoing, index) => {
    const own = failure.results?.[index];
    return own === undefined ? [] : [[outgoing, own] as const];
  });
}

function throwFailures<Payload>(
  batch: readonly Outgoing<Payload>[],
  failures: ReadonlyMap<Outgoing<Payload>, DeliveryError>,
): void {
  const [first] = failures.values();
  if (first === undefined) return;
  if (failures.size === batch.length && new Set(failures.values()).size === 1) throw first;
  throw DeliveryError.partial(
    `${failures.size} of ${batch.length} events failed: ${first.message}`,
    batch.map((outgoing) => failures.get(outgoing)),
  );
}

async function outcomeOf<Payload>(part: PartOfBatch<Payload>): Promise<DeliveryError | undefined> {
  try {
    await part.send();
    return undefined;
  } catch (error) {
    return toDeliveryError(error);
  }
}

function firstOf<Payload>(
  part: PartOfBatch<Payload>,
  waiting: ReadonlyMap<string, DeliveryError>,
): DeliveryError | undefined {
  if (waiting.size === 0) return undefined;
  return part.events
    .map((outgoing) => waiting.get(objectOf(outgoing)))
    .find((failure) => failure !== undefined);
}

/** Events about no known object are in nobody's way: each has an object of its own. */
function objectOf({ event }: Outgoing<unknown>): string {
  return `object:${event.event.involvedObject.uid || event.key}`;
}
