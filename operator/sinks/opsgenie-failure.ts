import { DeliveryError, failureOfResponse, headerOf, type HttpResponse } from '../sink-kit/index.ts';

interface Answer {
  readonly code?: number;
  readonly message?: string;
  readonly errors?: Readonly<Record<string, unknown>>;
}

/**
 * Tells what an answer of Opsgenie means; undefined when the request was taken.
 * https://docs.opsgenie.com/docs/response, https://docs.opsgenie.com/docs/api-rate-limiting
 */
export function opsgenieFailure(response: HttpResponse): DeliveryError | undefined {
  const answer = readAnswer(response);
  const said = [answer?.message, answer?.errors && JSON.stringify(answer.errors)].filter(Boolean).join(' ');
  const failure = failureOfResponse({ ...response, bodyText: said || response.bodyText });
  return failure && refine(failure, response, said);
}

function refine(failure: DeliveryError, response: HttpResponse, said: string): DeliveryError {
  const { status } = response;
  if (status === 402) {
    return DeliveryError.retry(`${failure.message}; the account's plan does not include this`, 'Forbidden');
  }
  // A key that is none is told as an error in the body.
  if (status === 422 && /\bkey format\b/i.test(said)) {
    return DeliveryError.retry(`${failure.message}; check the API key`, 'Unauthorized');
  }
  return status === 429 && failure.retryAfterMs === undefined ? throttled(failure, response) : failure;
}

/** Tells whether an answer of 404 is Opsgenie's own and not of a wrong URL. */
export function isOpsgenieAnswer(response: HttpResponse): boolean {
  return readAnswer(response)?.message !== undefined;
}

/** Opsgenie counts by the second and by the minute, and says which of them was too much. */
function throttled(failure: DeliveryError, response: HttpResponse): DeliveryError {
  const seconds = Number(headerOf(response, 'x-ratelimit-period-in-sec'));
  if (!(seconds > 0 && seconds <= 3_600)) return failure;
  return DeliveryError.retry(failure.message, failure.reason, { retryAfterMs: seconds * 1_000 });
}

function readAnswer({ bodyText }: HttpResponse): Answer | undefined {
  try {
    const answer: unknown = JSON.parse(bodyText);
    return typeof answer === 'object' && answer !== null ? answer : undefined;
  } catch {
    return undefined;
  }
}
