import { DeliveryError, excerpt, failureOfResponse } from '../sink-kit/index.ts';
import { type SearchAnswer } from './search-client.ts';

type Reason = DeliveryError['reason'];

/** What Elasticsearch and OpenSearch say of an error. */
export interface SearchFault {
  readonly type?: string;
  readonly reason?: string;
  readonly caused_by?: SearchFault;
}

/** What one action of a bulk request came to. */
export interface BulkItem {
  readonly status: number;
  /** The index behind an alias or data stream. */
  readonly _index?: string;
  readonly error?: SearchFault;
}

interface Meaning {
  readonly reason: Reason;
  readonly permanent?: boolean;
  readonly advice?: string;
}

const missing = (advice: string): Meaning => ({ reason: 'TargetNotFound', advice });
const rejected: Meaning = { reason: 'Rejected', permanent: true };

/** Types of errors whose meaning is not that of their status. */
const byType: Readonly<Record<string, Meaning>> = {
  index_not_found_exception: missing(
    'create the index, or allow it in action.auto_create_index of the cluster',
  ),
  index_closed_exception: missing('open the index'),
  cluster_block_exception: {
    reason: 'Forbidden',
    advice: 'lift the block of the index, and free disk space if that is what blocks it',
  },
  // Full shards are a state of the cluster, though its status is 400.
  validation_exception: { reason: 'ServerError', advice: 'check the settings of the cluster' },
  fail_processor_exception: rejected,
};

/** Errors of type illegal_argument_exception that are mended by configuration and not by another event. */
const byText: readonly (readonly [RegExp, Meaning])[] = [
  [
    /^pipeline with id \[.{1,300}\] does not exist/s,
    missing('create the ingest pipeline, or correct `pipeline`'),
  ],
  [
    /^Document ID is not supported/i,
    { reason: 'Rejected', advice: 'set `documentID: Generated` for this kind of collection' },
  ],
];

const byStatus: Readonly<Record<number, Meaning>> = {
  401: { reason: 'Unauthorized', advice: 'check the credentials' },
  403: { reason: 'Forbidden', advice: 'check what the credentials may do' },
  404: { reason: 'TargetNotFound' },
  408: { reason: 'Timeout' },
  413: { reason: 'PayloadTooLarge', permanent: true },
  429: { reason: 'Throttled' },
};

/** Tells what failed an action; undefined when the document is stored, now or by an earlier attempt. */
export function failureOfItem(
  item: BulkItem,
  document: { index: string },
  endpoint: string,
): DeliveryError | undefined {
  const { status, error = {} } = item;
  if (status < 300) return undefined;
  if (status === 409 && error.type === 'version_conflict_engine_exception') return undefined;
  const { reason, permanent = false, advice } = meaningOf(status, error);
  const says = `${endpoint} refused the document with ${status} [index=${document.index}]: ${faultText(error)}`;
  return new DeliveryError(advice === undefined ? says : `${says}; ${advice}`, { reason, permanent });
}

function meaningOf(status: number, { type = '', reason = '' }: SearchFault): Meaning {
  if (Object.hasOwn(byType, type)) return byType[type] ?? rejected;
  const told = byText.find(([pattern]) => pattern.test(reason));
  if (told !== undefined) return told[1];
  const known = byStatus[status];
  if (known !== undefined) return known;
  return status >= 400 && status < 500 && status !== 409 ? rejected : { reason: 'ServerError' };
}

/**
 * Tells what failed a whole request; undefined when it was taken. What a server thinks of events it says of each of them, so
 * a refusal of the whole is about us or something on the way, and is retried; only one that is too large is not.
 */
export function failureOfAnswer(answer: SearchAnswer): DeliveryError | undefined {
  const { status, headers, endpoint, body } = answer;
  // An answer that was taken is long, and its text is of no use.
  const bodyText = status < 300 ? '' : textOf(body);
  const failure = failureOfResponse({ status, headers, bodyText, isCut: false, endpoint });
  if (failure === undefined) return undefined;
  const { message, reason, retryAfterMs, permanent } = failure;
  return new DeliveryError(message, {
    reason: isSignatureFault(status, bodyText) ? 'Unauthorized' : reason,
    permanent: permanent && status === 413,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** Says that something answered which is not the server that was expected. */
export function strangeAnswer({ endpoint, status, body }: SearchAnswer, product: string): DeliveryError {
  const said = excerpt(textOf(body), 80);
  return DeliveryError.retry(
    `${endpoint} answered ${status}${said === '' ? '' : ` (${said})`}, but not as ${product} does: check host, port and path`,
    'ServerError',
  );
}

/** The fault that an error's body tells of. */
function faultOf(body: unknown): SearchFault | undefined {
  const { error } = (body ?? {}) as { error?: unknown };
  if (typeof error === 'string') return { reason: error };
  return typeof error === 'object' && error !== null ? error : undefined;
}

/** AWS answers 403 where its credentials are at fault, too. */
function isSignatureFault(status: number, bodyText: string): boolean {
  return (
    status === 403 && /security token|signature|access key|token .{0,40}expired|Credential/i.test(bodyText)
  );
}

function textOf(body: unknown): string {
  if (typeof body === 'string') return body;
  const fault = faultOf(body);
  if (fault !== undefined) return faultText(fault);
  const { message, Message } = (body ?? {}) as { message?: unknown; Message?: unknown };
  const told = [message, Message].find((text) => typeof text === 'string');
  return told ?? JSON.stringify(body ?? '');
}

function faultText({ type, reason, caused_by: cause }: SearchFault): string {
  const deeper =
    typeof cause?.reason === 'string' && !(reason ?? '').includes(cause.reason) ? cause.reason : undefined;
  return excerpt([type, reason, deeper].filter((text) => typeof text === 'string').join(': '));
}

/** Judges the answer to a bulk request without actions: a refusal for that alone, in the server's own words, is what is wanted. */
export function failureOfProbe(answer: SearchAnswer, product: string): DeliveryError | undefined {
  if (answer.status === 400) {
    const type = faultOf(answer.body)?.type;
    return type === undefined ? strangeAnswer(answer, product) : undefined;
  }
  const isJson = typeof answer.body === 'object' && answer.body !== null;
  return failureOfAnswer(answer) ?? (isJson ? undefined : strangeAnswer(answer, product));
}
