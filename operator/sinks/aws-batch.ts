import { DeliveryError, type Outgoing, sendInOrder, toDeliveryError } from '../sink-kit/index.ts';
import { type AwsAnswer, type AwsPlace, entryError, unanswered } from './aws-error.ts';

type Batch<Payload> = readonly Outgoing<Payload>[];

/** For each event of a request what failed it, or undefined when it was taken. */
export type Results = readonly (DeliveryError | undefined)[];

/** What one request of a batch API may hold. */
export interface RequestLimits<Payload> {
  readonly maxEntries: number;
  readonly maxBytes: number;
  /** What a payload adds to a request, by the vendor's counting. */
  readonly bytesOf: (payload: Payload) => number;
  /** Payloads with the same key never share a request, so that a failure between them cannot change their order. */
  readonly orderKeyOf?: (payload: Payload) => string | undefined;
}

/**
 * Sends a batch by as many requests as the vendor's limits ask for, in order. A request that is refused as a whole for what is
 * in it is sent again in halves, so that one bad record costs no other.
 * @param put sends one request; throws what failed all of it.
 */
export async function sendByRequests<Payload>(
  batch: Batch<Payload>,
  limits: RequestLimits<Payload>,
  put: (events: Batch<Payload>) => Promise<Results>,
): Promise<void> {
  await sendInOrder(
    batch,
    divide(batch, limits).map((events) => ({
      events,
      send: async () => {
        const results = await resultsOf(events, put);
        throwFailures(results);
      },
    })),
  );
}

/** Divides a batch into what each request takes; an event over the limits has a request to itself. */
function divide<Payload>(batch: Batch<Payload>, limits: RequestLimits<Payload>): Batch<Payload>[] {
  const requests: Outgoing<Payload>[][] = [];
  let open: Outgoing<Payload>[] = [];
  let bytes = 0;
  let keys = new Set<string>();
  for (const outgoing of batch) {
    const size = limits.bytesOf(outgoing.payload);
    const key = limits.orderKeyOf?.(outgoing.payload);
    const isFull = open.length >= limits.maxEntries || bytes + size > limits.maxBytes;
    if (open.length === 0 || isFull || (key !== undefined && keys.has(key))) {
      open = [];
      bytes = 0;
      keys = new Set();
      requests.push(open);
    }
    open.push(outgoing);
    bytes += size;
    if (key !== undefined) keys.add(key);
  }
  return requests;
}

async function resultsOf<Payload>(
  events: Batch<Payload>,
  put: (events: Batch<Payload>) => Promise<Results>,
): Promise<Results> {
  try {
    return await put(events);
  } catch (error) {
    const failure = toDeliveryError(error);
    if (!failure.permanent || events.length === 1) return events.map(() => failure);
    const middle = Math.ceil(events.length / 2);
    const first = await resultsOf(events.slice(0, middle), put);
    const rest = events.slice(middle);
    const obstacle = first.find((result) => result?.permanent === false);
    return [...first, ...(obstacle === undefined ? await resultsOf(rest, put) : rest.map(() => obstacle))];
  }
}

function throwFailures(results: Results): void {
  const failures = results.filter((result) => result !== undefined);
  const [first] = failures;
  if (first === undefined) return;
  if (failures.length === results.length && new Set(failures).size === 1) throw first;
  throw DeliveryError.partial(
    `${failures.length} of ${results.length} events failed: ${first.message}`,
    results,
  );
}

/** What SQS and SNS answer to a batch. */
export interface BatchAnswer extends AwsAnswer {
  readonly Successful?: readonly { readonly Id?: string | undefined }[] | undefined;
  readonly Failed?:
    | readonly {
        readonly Id?: string | undefined;
        readonly Code?: string | undefined;
        readonly Message?: string | undefined;
        readonly SenderFault?: boolean | undefined;
      }[]
    | undefined;
}

/** Reads the answer to a batch whose entries had their places as ids; an entry that it does not name counts as not taken. */
export function entryResults(
  answer: BatchAnswer,
  { count, place }: { readonly count: number; readonly place: AwsPlace },
): Results {
  const taken = new Set(answer.Successful?.map(({ Id }) => Id));
  const failures = new Map(
    answer.Failed?.map(({ Id, Code, Message, SenderFault = false }) => [
      Id,
      entryError({ code: Code, message: Message, isOurs: SenderFault }, place),
    ]),
  );
  return Array.from({ length: count }, (_, index) => {
    const id = String(index);
    return failures.get(id) ?? (taken.has(id) ? undefined : unanswered(answer, place));
  });
}

/** What Kinesis, Firehose and EventBridge answer for one record. */
export interface RecordAnswer {
  readonly ErrorCode?: string | undefined;
  readonly ErrorMessage?: string | undefined;
}

/**
 * Reads an answer that has one entry for each record, in order; one that has none counts as not taken.
 */
export function recordResults(
  answer: AwsAnswer,
  records: readonly RecordAnswer[] | undefined,
  { count, place }: { readonly count: number; readonly place: AwsPlace },
): Results {
  return Array.from({ length: count }, (_, index) => {
    const record = records?.[index];
    if (record === undefined) return unanswered(answer, place);
    const { ErrorCode, ErrorMessage } = record;
    if (!ErrorCode) return undefined;
    return entryError({ code: ErrorCode, message: ErrorMessage, isOurs: isOurFault(ErrorCode) }, place);
  });
}

/** Where an answer does not say whose fault it was, its code does: what is the service's own fault passes. */
function isOurFault(code: string): boolean {
  return !/Internal|Unavailable|Timeout|Thrott/i.test(code);
}
