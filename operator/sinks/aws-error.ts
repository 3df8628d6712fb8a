import {
  DeliveryError,
  excerpt,
  failureOfResponse,
  parseRetryAfter,
  toDeliveryError,
} from '../sink-kit/index.ts';
import { type AwsMeaning, meaningOf } from './aws-error-code.ts';
import { type AwsResponse } from './aws-handler.ts';

/** Where a request went, for people. */
export interface AwsPlace {
  /** The host: `sqs.eu-central-1.amazonaws.com`. */
  readonly host: string;
  /** What was sent to: `queue "events"`; told when it does not exist. */
  readonly target?: string;
}

/** The fields by which the SDK tells about an answer (`$metadata`, `$response`, `$fault`). */
interface SdkError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: Partial<AwsResponse>;
}

/** Turns what a client of the AWS SDK threw into a DeliveryError, by AWS's own code, else by the HTTP status. */
export function toAwsError(thrown: unknown, place: AwsPlace): DeliveryError {
  if (thrown instanceof DeliveryError || !isSdkError(thrown)) return toDeliveryError(thrown, place.host);
  const status = thrown.$metadata?.httpStatusCode ?? thrown.$response?.statusCode;
  if (status === undefined) return withoutCredentials(thrown) ?? toDeliveryError(thrown, place.host);
  return (
    byCode(thrown, status, place) ?? byCode(inXml(thrown), status, place) ?? byStatus(thrown, status, place)
  );
}

/**
 * Reads an error that came as XML where the SDK awaits JSON: emulators and what stands before AWS answer so in the words of the
 * older protocols, which the SDK does not read any more.
 */
function inXml(error: SdkError): SdkError {
  const text = error.$response?.bodyText?.slice(0, 10_000) ?? '';
  const code = /<Code>([^<>]{1,200})<\/Code>/.exec(text)?.[1];
  if (code === undefined) return error;
  const message = /<Message>([^<>]{0,2000})<\/Message>/.exec(text)?.[1] ?? '';
  const { $response } = error;
  return Object.assign(new Error(message, { cause: error }), { name: code, ...($response && { $response }) });
}

function byCode(error: SdkError, status: number, place: AwsPlace): DeliveryError | undefined {
  const meaning = status < 300 ? undefined : meaningOf(error.name, error.message);
  if (meaning === undefined) return undefined;
  const retryAfterMs = parseRetryAfter(error.$response?.headers?.['retry-after'], Date.now());
  const says = `${place.host} answered ${status} ${codeAndText(error.name, error.message)}`;
  return failure(says, { place, meaning, retryAfterMs, cause: error });
}

/** Turns the code and text that a batch API gives for one entry into a DeliveryError. */
export function entryError(
  {
    code = '',
    message = '',
    isOurs,
  }: { readonly code: string | undefined; readonly message: string | undefined; readonly isOurs: boolean },
  place: AwsPlace,
): DeliveryError {
  const unknown: AwsMeaning = isOurs
    ? { reason: 'Rejected', permanent: true }
    : { reason: 'ServerError', permanent: false };
  const meaning = meaningOf(code, message) ?? unknown;
  return failure(`${place.host} refused the event: ${codeAndText(code, message)}`, { place, meaning });
}

/** Tells whether a call failed because what it was to make is there already, which is what it was for. */
export function alreadyExists(error: unknown): boolean {
  if (!(error instanceof DeliveryError)) return false;
  const { name = '' } = (error.cause ?? {}) as { readonly name?: string };
  return name === 'OpsItemAlreadyExistsException';
}

/** What every answer of the SDK holds. */
export interface AwsAnswer {
  readonly $metadata: { readonly httpStatusCode?: number | undefined };
}

/** An endpoint that answers, but not as AWS does, must not pass for one that has taken the event. */
export function unanswered({ $metadata }: AwsAnswer, { host }: AwsPlace): DeliveryError {
  return DeliveryError.retry(
    `${host} answered ${$metadata.httpStatusCode ?? 200} without a word on the event: check that the endpoint is one of AWS`,
    'ServerError',
  );
}

interface FailureOptions {
  readonly place: AwsPlace;
  readonly meaning: AwsMeaning;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

function failure(says: string, { place, meaning, retryAfterMs, cause }: FailureOptions): DeliveryError {
  const { reason, permanent, advice } = meaning;
  const missing = reason === 'TargetNotFound' && place.target !== undefined ? `${place.target}: ` : '';
  return new DeliveryError(advice === undefined ? says : `${says}; ${missing}${advice}`, {
    reason,
    permanent,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(cause !== undefined && { cause }),
  });
}

function codeAndText(code: string, message: string): string {
  const text = excerpt(message);
  return text === '' || text === code ? code : `${code}: ${text}`;
}

/** A status alone, as proxies and servers that are not AWS's answer. */
function byStatus(error: SdkError, status: number, place: AwsPlace): DeliveryError {
  const { headers = {}, bodyText = '' } = error.$response ?? {};
  const told = failureOfResponse({ status, headers, bodyText, isCut: false, endpoint: place.host });
  return (
    told ??
    DeliveryError.retry(
      `${place.host} answered ${status} with something that AWS never answers: ${excerpt(bodyText)}; check the endpoint`,
      'ServerError',
      { cause: error },
    )
  );
}

/** No request was made, because there was nothing to sign it with. */
function withoutCredentials(error: SdkError): DeliveryError | undefined {
  if (!/^(Credentials|Token)ProviderError$/.test(error.name)) return undefined;
  return DeliveryError.retry(
    `no AWS credentials were found (${excerpt(error.message)}): set \`accessKeyId\` and \`secretAccessKey\`, or give the ` +
      "operator's service account a role by IRSA or EKS Pod Identity",
    'Unauthorized',
    { cause: error },
  );
}

function isSdkError(thrown: unknown): thrown is SdkError {
  return (
    typeof thrown === 'object' && thrown !== null && typeof (thrown as { name?: unknown }).name === 'string'
  );
}
