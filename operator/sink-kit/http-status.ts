import { STATUS_CODES } from 'node:http';

import { type Reason } from '../schema/reasons.ts';
import { excerpt } from './clean-text.ts';
import { DeliveryError } from './delivery-error.ts';
import { headerOf, type HttpResponse } from './http-response.ts';
import { parseRetryAfter } from './retry-after.ts';

interface Outcome {
  readonly reason: Reason;
  readonly permanent: boolean;
  /** What to do about it. */
  readonly advice?: string;
}

/** Statuses with a meaning of their own; credentials and targets can be mended, so those are retried until maxAge. */
const outcomes: Readonly<Record<number, Outcome>> = {
  401: { reason: 'Unauthorized', permanent: false, advice: 'check the credentials' },
  403: { reason: 'Forbidden', permanent: false, advice: 'check what the credentials may do' },
  404: { reason: 'TargetNotFound', permanent: false, advice: 'check the path' },
  407: { reason: 'Unauthorized', permanent: false, advice: 'check the credentials for the proxy' },
  408: { reason: 'Timeout', permanent: false },
  410: { reason: 'TargetNotFound', permanent: false, advice: 'the target was removed' },
  413: { reason: 'PayloadTooLarge', permanent: true, advice: 'send less with a layout or a smaller batch' },
  425: { reason: 'Throttled', permanent: false },
  429: { reason: 'Throttled', permanent: false },
  501: { reason: 'Rejected', permanent: true, advice: 'the server does not know the method' },
  505: { reason: 'Rejected', permanent: true },
};

/** What Go's servers, nginx and Apache say to plain HTTP on a port for https. */
const httpsOnly =
  /HTTP request to an HTTPS server|plain HTTP request was sent to HTTPS port|plain HTTP to an SSL-enabled server/;

/**
 * Tells what an answer means for the delivery; undefined when it was taken (2xx).
 * 408, 425, 429 and 5xx are retried, after the time that Retry-After names; other 4xx and redirects are permanent.
 */
export function failureOfResponse(response: HttpResponse, nowMs = Date.now()): DeliveryError | undefined {
  const { status } = response;
  if (status >= 200 && status < 300) return undefined;
  if (status >= 300 && status < 400) return redirectFailure(response);
  if (status === 400 && httpsOnly.test(response.bodyText)) return schemeFailure(response);
  const { reason, permanent, advice } = outcomes[status] ?? outcomeOfClass(status);
  return new DeliveryError([describe(response), advice].filter(Boolean).join('; '), {
    reason,
    permanent,
    ...withWait(parseRetryAfter(headerOf(response, 'retry-after'), nowMs)),
  });
}

function withWait(retryAfterMs: number | undefined): { retryAfterMs?: number } {
  return retryAfterMs === undefined ? {} : { retryAfterMs };
}

function outcomeOfClass(status: number): Outcome {
  if (status >= 400 && status < 500) return { reason: 'Rejected', permanent: true };
  return { reason: 'ServerError', permanent: false };
}

function describe({ status, endpoint, bodyText }: HttpResponse): string {
  const said = excerpt(bodyText);
  const name = STATUS_CODES[status];
  return `${endpoint} answered ${status}${name === undefined ? '' : ` ${name}`}${said === '' ? '' : `: ${said}`}`;
}

/** Nothing is wrong with the event, so it waits until somebody has mended the address. */
function schemeFailure(response: HttpResponse): DeliveryError {
  return DeliveryError.retry(
    `${describe(response)}; write https:// where the address has http://`,
    'TLSFailed',
  );
}

/** The host is all that is told of the new place: its path and query may be a credential as ours may. */
function redirectFailure(response: HttpResponse): DeliveryError {
  const { status, endpoint } = response;
  const location = headerOf(response, 'location');
  const place = location === undefined ? null : URL.parse(location, `http://${endpoint}`);
  const where = place === null ? 'nowhere' : `${place.protocol}//${place.host}`;
  return DeliveryError.permanent(
    `${endpoint} answered ${status} and redirects to ${where}: redirects are not followed, set the final address`,
  );
}
