import {
  DeliveryError,
  failureOfResponse,
  headerOf,
  type HttpResponse,
  parseRetryAfter,
} from '../sink-kit/index.ts';

/** What the HTTP Event Collector says in the body of an answer. */
export interface SplunkAnswer {
  readonly code?: number;
  readonly text?: string;
  /** By which the indexing of the request can be asked for. */
  readonly ackId?: number;
  /** The event, counted from 0, at which the collector stopped. */
  readonly eventNumber?: number;
  /** By the number of each request that was asked for: whether it is indexed. */
  readonly acks?: Readonly<Record<string, unknown>>;
}

/** A refusal by the HTTP Event Collector. */
export class SplunkRefusal extends DeliveryError {
  readonly code: number | undefined;
  readonly eventNumber: number | undefined;
  /** Others of the request's events may be taken without the one that is wrong. */
  readonly isAboutEvents: boolean;

  constructor(failure: DeliveryError, { code, eventNumber }: SplunkAnswer, status: number) {
    const { reason, permanent, retryAfterMs, cause } = failure;
    super(failure.message, { reason, permanent, ...(retryAfterMs !== undefined && { retryAfterMs }), cause });
    this.code = code;
    this.eventNumber = eventNumber;
    this.isAboutEvents = reason === 'Rejected' && status === 400;
  }
}

type Meaning = Pick<DeliveryError, 'reason' | 'permanent'> & { readonly advice?: string };

const token = (advice: string): Meaning => ({ reason: 'Unauthorized', permanent: false, advice });
const setting = (advice: string): Meaning => ({ reason: 'InvalidConfig', permanent: false, advice });
const event = (advice: string): Meaning => ({ reason: 'Rejected', permanent: true, advice });
const busy: Meaning = { reason: 'Throttled', permanent: false };
const broken: Meaning = { reason: 'ServerError', permanent: false };

/**
 * What the collector's codes mean; others count by the HTTP status. See "Possible error codes" in
 * https://help.splunk.com/en/splunk-enterprise/get-data-in/collect-http-event-data/troubleshoot-http-event-collector
 */
const meanings: Readonly<Record<number, Meaning>> = {
  1: token('enable the token in Splunk, or set another'),
  2: token('set token'),
  3: token('check the token, and that no proxy changes the Authorization header'),
  4: token('check the token'),
  5: event('the request came without events'),
  6: event('the event does not read as JSON there'),
  7: {
    reason: 'TargetNotFound',
    permanent: false,
    advice: 'create the index, or add it to the allowed indexes of the token',
  },
  8: broken,
  9: busy,
  10: setting('the token asks for indexer acknowledgement: set ack: true, or turn it off for the token'),
  11: setting('channel has to be a GUID'),
  12: event('the layout gives no event'),
  13: event('the layout gives an empty event'),
  14: setting('remove ack: true, or turn indexer acknowledgement on for the token'),
  15: event('check the names and values of fields'),
  16: token('no token may be in the query of url'),
  18: busy,
  19: busy,
  20: busy,
  21: token('check the token'),
  22: token('enable the token in Splunk, or set another'),
  23: broken,
  26: busy,
  27: busy,
};

/** Reads the body of an answer; what is not the collector's gives an empty object. */
export function readAnswer({ bodyText }: Pick<HttpResponse, 'bodyText'>): SplunkAnswer {
  const body = parseObject(bodyText);
  return {
    ...numberIn(body, 'code', 'code'),
    ...numberIn(body, 'ackId', 'ackId'),
    ...numberIn(body, 'invalid-event-number', 'eventNumber'),
    ...(typeof body.text === 'string' && { text: body.text }),
    ...(isObject(body.acks) && { acks: body.acks }),
  };
}

/** Tells what an answer means for the delivery; undefined when the collector took the events. */
export function refusalOf(response: HttpResponse): SplunkRefusal | undefined {
  const answer = readAnswer(response);
  const failure = failureByCode(response, answer) ?? failureOfResponse(response) ?? strangeAnswer(response);
  return failure && new SplunkRefusal(failure, answer, response.status);
}

function failureByCode(
  response: HttpResponse,
  { code, text = 'no text' }: SplunkAnswer,
): DeliveryError | undefined {
  const meaning = code === undefined ? undefined : meanings[code];
  if (meaning === undefined) return undefined;
  const { reason, permanent, advice } = meaning;
  const said = `${response.endpoint} answered ${response.status}: ${text.slice(0, 200)} (code ${code})`;
  const retryAfterMs = parseRetryAfter(headerOf(response, 'retry-after'), Date.now());
  return new DeliveryError(advice === undefined ? said : `${said}; ${advice}`, {
    reason,
    permanent,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** A page of a proxy or of Splunk's own web server is no acknowledgement, though it comes with 200. */
function strangeAnswer({ endpoint, status, bodyText }: HttpResponse): DeliveryError | undefined {
  const text = bodyText.trim();
  if (text === '' || text.startsWith('{')) return undefined;
  return DeliveryError.retry(
    `${endpoint} answered ${status}, but not as an HTTP Event Collector: check host, port (8088 by default) and path`,
    'ServerError',
  );
}

type Body = Readonly<Record<string, unknown>>;

function parseObject(text: string): Body {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberIn<Name extends string>(body: Body, key: string, name: Name): Partial<Record<Name, number>> {
  const value = body[key];
  return typeof value === 'number' ? ({ [name]: value } as Record<Name, number>) : {};
}
