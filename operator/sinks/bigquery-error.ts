import { DeliveryError, excerpt, failureOfResponse, type HttpResponse } from '../sink-kit/index.ts';
import { withoutTokens } from './google-token.ts';

type Reason = DeliveryError['reason'];

interface Meaning {
  readonly reason: Reason;
  readonly permanent?: boolean;
  readonly advice?: string;
}

const throttled: Meaning = { reason: 'Throttled' };
const failing: Meaning = { reason: 'ServerError' };
const rejected: Meaning = { reason: 'Rejected', permanent: true };
const forbidden: Meaning = {
  reason: 'Forbidden',
  advice:
    'grant roles/bigquery.dataEditor on the dataset, and roles/bigquery.user on the project to create one',
};
const tooLarge: Meaning = { reason: 'PayloadTooLarge', permanent: true };

/** BigQuery's own codes: https://cloud.google.com/bigquery/docs/error-messages */
const meanings: Readonly<Record<string, Meaning>> = {
  accessDenied: forbidden,
  forbidden,
  insufficientPermissions: forbidden,
  accessNotConfigured: { reason: 'Forbidden', advice: 'enable the BigQuery API of the project' },
  billingNotEnabled: { reason: 'Forbidden', advice: 'enable billing: streaming is not in the free tier' },
  blocked: { reason: 'Forbidden' },
  authError: { reason: 'Unauthorized', advice: 'check the credentials' },
  required: { reason: 'Unauthorized', advice: 'check the credentials' },
  notFound: { reason: 'TargetNotFound' },
  quotaExceeded: throttled,
  rateLimitExceeded: throttled,
  userRateLimitExceeded: throttled,
  backendError: failing,
  internalError: failing,
  jobBackendError: failing,
  jobInternalError: failing,
  tableUnavailable: failing,
  timeout: failing,
  stopped: failing,
  invalid: rejected,
  badRequest: rejected,
  parseError: rejected,
  invalidParameter: rejected,
  requestTooLarge: tooLarge,
  uploadTooLarge: tooLarge,
};

/** An entry of BigQuery's lists of errors. */
export interface ErrorProto {
  readonly reason?: string;
  readonly message?: string;
  readonly location?: string;
}

const unknown = { reason: 'unknown', message: '', location: '' };

/** BigQuery itself refused a whole request: one of its rows is to blame, or the table. */
export class RequestRefusal extends DeliveryError {}

/** Tells what an answer means; undefined when the request was done. */
export function failureOfAnswer(response: HttpResponse): DeliveryError | undefined {
  const byStatus = failureOfResponse(response);
  if (byStatus === undefined) return undefined;
  const { message, errors } = errorIn(response.bodyText);
  const code = errors[0]?.reason ?? '';
  const meaning = response.status === 401 ? undefined : meaningOf(code);
  if (meaning === undefined) return withText(byStatus, withoutTokens(byStatus.message));
  const { reason, permanent = false, advice } = meaning;
  const says = `${response.endpoint} answered ${response.status} ${code}: ${withoutTokens(excerpt(message))}`;
  const Failure = meaning === rejected ? RequestRefusal : DeliveryError;
  return new Failure([says, advice].filter(Boolean).join('; '), {
    reason,
    permanent,
    ...(byStatus.retryAfterMs !== undefined && { retryAfterMs: byStatus.retryAfterMs }),
  });
}

function withText(error: DeliveryError, text: string): DeliveryError {
  const { reason, permanent, retryAfterMs } = error;
  return new DeliveryError(text, { reason, permanent, ...(retryAfterMs !== undefined && { retryAfterMs }) });
}

/**
 * Tells what the errors of one row mean.
 * @param isSettling the columns of the table were changed a short while ago, and BigQuery may not know them everywhere yet.
 */
export function failureOfRow(errors: readonly ErrorProto[], isSettling: boolean): DeliveryError {
  const { reason: code, message, location } = { ...unknown, ...errors[0] };
  const { reason, permanent = false } = meaningOf(code) ?? failing;
  const place = location === '' || message.includes(location) ? '' : ` in ${excerpt(location)}`;
  const says = `BigQuery refused the row: ${code}${place}: ${withoutTokens(excerpt(message))}`;
  if (isSettling && permanent && /no such field/i.test(message)) {
    return DeliveryError.retry(`${says}; the column is new, and not known everywhere yet`, 'TargetNotFound');
  }
  return new DeliveryError(says, { reason, permanent });
}

function meaningOf(code: string): Meaning | undefined {
  return Object.hasOwn(meanings, code) ? meanings[code] : undefined;
}

function errorIn(bodyText: string): { message: string; errors: readonly ErrorProto[] } {
  try {
    const { error } = JSON.parse(bodyText) as { error?: { message?: unknown; errors?: unknown } };
    return {
      message: typeof error?.message === 'string' ? error.message : '',
      errors: Array.isArray(error?.errors) ? (error.errors as ErrorProto[]) : [],
    };
  } catch {
    return { message: '', errors: [] };
  }
}
