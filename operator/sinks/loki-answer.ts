import { DeliveryError, excerpt, failureOfResponse, type HttpResponse } from '../sink-kit/index.ts';

/** A refusal by Loki. */
export class LokiRefusal extends DeliveryError {
  /** Others of the push's entries may be, or have been, taken: smaller pushes tell which. */
  readonly isPartial: boolean;
  /** The push named no tenant, and there has to be one. */
  readonly isWithoutTenant: boolean;

  constructor(failure: DeliveryError, { isPartial = false, isWithoutTenant = false } = {}) {
    const { reason, permanent, retryAfterMs, cause } = failure;
    super(failure.message, { reason, permanent, ...(retryAfterMs !== undefined && { retryAfterMs }), cause });
    this.isPartial = isPartial;
    this.isWithoutTenant = isWithoutTenant;
  }
}

interface Meaning extends Pick<DeliveryError, 'reason' | 'permanent'> {
  readonly statuses: readonly number[];
  readonly said: RegExp;
  readonly advice: string;
}

const withoutTenant: Meaning = {
  statuses: [400, 401],
  said: /no org id/i,
  reason: 'Unauthorized',
  permanent: false,
  advice: 'set tenantID',
};

/** What Loki says to pushes (pkg/validation/validate.go, pkg/ingester); all else counts by the HTTP status. */
const meanings: readonly Meaning[] = [
  withoutTenant,
  {
    statuses: [400],
    said: /tenant ID|too many tenant|multiple org IDs/i,
    reason: 'InvalidConfig',
    permanent: false,
    advice: "tenantID takes up to 150 letters, digits and !-_.*'()",
  },
  {
    statuses: [400],
    said: /max entry size/,
    reason: 'PayloadTooLarge',
    permanent: true,
    advice: 'send less by a layout, or raise max_line_size in Loki',
  },
  {
    statuses: [400],
    said: /too far behind|out of order|timestamp too old/i,
    reason: 'Rejected',
    permanent: true,
    advice: 'Loki takes no entries that are so old, see reject_old_samples_max_age and max_chunk_age',
  },
  {
    statuses: [400],
    said: /timestamp too new/,
    reason: 'Rejected',
    permanent: true,
    advice: "the event is from the future: check the clocks of the cluster's nodes and of Loki",
  },
  {
    statuses: [400],
    said: /includes structured metadata/,
    reason: 'InvalidConfig',
    permanent: false,
    advice: 'set structuredMetadata: {}, or allow_structured_metadata in Loki',
  },
  {
    statuses: [400],
    said: /label names; limit|label name too long|missing required labels/,
    reason: 'InvalidConfig',
    permanent: false,
    advice: 'change streamLabels',
  },
  {
    statuses: [500],
    said: /ResourceExhausted|received message larger than max/,
    reason: 'PayloadTooLarge',
    permanent: true,
    advice: 'lower delivery.batch.maxBytes, or raise grpc_server_max_recv_msg_size in Loki',
  },
];

/** With this status Loki refuses what a tenant may not write for the time being, so that clients do not retry. */
const blockedStatus = 260;

/** Tells what an answer to a push of `entries` entries means; undefined when Loki took all of them. */
export function refusalOf(response: HttpResponse, entries: number): LokiRefusal | undefined {
  const { status, bodyText, endpoint } = response;
  const answer = `${endpoint} answered ${status}: ${excerpt(bodyText)}`;
  if (status === blockedStatus) return new LokiRefusal(DeliveryError.retry(answer, 'Forbidden'));
  const failure = failureOfResponse(response);
  if (failure === undefined) return undefined;
  const meaning = meanings.find(({ statuses, said }) => statuses.includes(status) && said.test(bodyText));
  const told = meaning === undefined ? failure : withMeaning(answer, meaning);
  return new LokiRefusal(told, {
    isPartial: isPartial(response, told, entries),
    isWithoutTenant: meaning === withoutTenant,
  });
}

function withMeaning(answer: string, { reason, permanent, advice }: Meaning): DeliveryError {
  return new DeliveryError(`${answer}; ${advice}`, { reason, permanent });
}

function isPartial(
  { status, bodyText }: HttpResponse,
  { permanent }: DeliveryError,
  entries: number,
): boolean {
  if (status === 400) return permanent && refusedIn(bodyText) !== entries;
  return status === 429 && exceedsRateAlone(bodyText);
}

/** A push that is larger than what may come in a second may never get through as one. */
function exceedsRateAlone(text: string): boolean {
  const [, limit, total] = /limit: (\d{1,15}) bytes\/sec\).* totaling '(\d{1,15})' bytes/.exec(text) ?? [];
  return Number(total) > Number(limit);
}

/** Counts the refusals in a text such as `2 errors like: ...; 1 errors like: ...`; undefined where it tells no number. */
function refusedIn(text: string): number | undefined {
  const counts = [...text.matchAll(/(?:^|; )(\d{1,6}) errors like: /g)].map(([, count]) => Number(count));
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
}
