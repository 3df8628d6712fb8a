import { DeliveryError, excerpt, toDeliveryError } from '../sink-kit/index.ts';
import { withoutTokens } from './google-token.ts';

/** What happened to a call, besides what gRPC says. */
export interface CallPlace {
  /** Host and port. */
  readonly endpoint: string;
  /** What was published to. */
  readonly topic?: string | undefined;
  /** Why the host could not be looked up last time, if it could not. */
  readonly lookupError?: unknown;
}

/** The fields of the errors of gRPC and google-gax. */
interface CallError {
  readonly code: number;
  readonly details?: string;
  readonly message: string;
  /** `google.rpc` details: https://google.aip.dev/193 */
  readonly statusDetails?: unknown;
}

type Reason = DeliveryError['reason'];
interface Meaning {
  readonly reason: Reason;
  readonly permanent?: boolean;
  readonly advice?: string;
}

/** Codes of gRPC with what they mean here: https://cloud.google.com/pubsub/docs/reference/error-codes */
const meanings: Readonly<Record<number, Meaning & { readonly name: string }>> = {
  1: { name: 'CANCELLED', reason: 'ServerError' },
  2: { name: 'UNKNOWN', reason: 'ServerError' },
  3: { name: 'INVALID_ARGUMENT', reason: 'Rejected', permanent: true },
  4: { name: 'DEADLINE_EXCEEDED', reason: 'Timeout' },
  5: { name: 'NOT_FOUND', reason: 'TargetNotFound' },
  7: {
    name: 'PERMISSION_DENIED',
    reason: 'Forbidden',
    advice:
      'grant roles/pubsub.publisher on the topic, and check that the topic exists and its API is enabled',
  },
  8: { name: 'RESOURCE_EXHAUSTED', reason: 'Throttled' },
  9: {
    name: 'FAILED_PRECONDITION',
    reason: 'Forbidden',
    advice: 'check the key and the policies of the topic',
  },
  10: { name: 'ABORTED', reason: 'ServerError' },
  11: { name: 'OUT_OF_RANGE', reason: 'Rejected', permanent: true },
  12: { name: 'UNIMPLEMENTED', reason: 'TargetNotFound', advice: 'check the endpoint: it is not Pub/Sub' },
  13: { name: 'INTERNAL', reason: 'ServerError' },
  14: { name: 'UNAVAILABLE', reason: 'ServerError' },
  15: { name: 'DATA_LOSS', reason: 'ServerError' },
  16: { name: 'UNAUTHENTICATED', reason: 'Unauthorized', advice: 'check the credentials' },
};

/** What OpenSSL and Node say in words, with their codes: gRPC hands on the words alone. */
const connectionErrors: readonly (readonly [RegExp, string])[] = [
  [/self-signed certificate in certificate chain/i, 'SELF_SIGNED_CERT_IN_CHAIN'],
  [/self-signed certificate/i, 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  [/unable to (verify the first|get local issuer) certificate/i, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  [/certificate has expired/i, 'CERT_HAS_EXPIRED'],
  [/certificate is not yet valid/i, 'CERT_NOT_YET_VALID'],
  [/does not match certificate's altnames/i, 'ERR_TLS_CERT_ALTNAME_INVALID'],
  [/wrong version number|packet length too long/i, 'ERR_SSL_WRONG_VERSION_NUMBER'],
  [/alert (certificate required|handshake failure)/i, 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'],
  [/alert unknown ca/i, 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA'],
  [/alert bad certificate/i, 'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE'],
  [/no application protocol/i, 'ERR_SSL_NO_APPLICATION_PROTOCOL'],
];

/** Turns what a call threw into a DeliveryError, by gRPC's code and, where nobody answered, by what the connection met. */
export function toPubsubError(thrown: unknown, place: CallPlace): DeliveryError {
  if (thrown instanceof DeliveryError || !isCallError(thrown)) return toDeliveryError(thrown, place.endpoint);
  const meaning = meanings[thrown.code] ?? { name: `code ${thrown.code}`, reason: 'ServerError' as const };
  if (thrown.code === 14) {
    const met = connectionFailure(thrown, place);
    if (met !== undefined) return met;
  }
  const { reason, permanent = false, name } = meaning;
  const says = `${place.endpoint} answered ${name}: ${withoutTokens(excerpt(thrown.details ?? thrown.message))}`;
  const retryAfterMs = retryDelayMs(thrown.statusDetails);
  return new DeliveryError([says, adviceOf(meaning, place)].filter(Boolean).join('; '), {
    reason,
    permanent,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    cause: thrown,
  });
}

function adviceOf({ reason, advice }: Meaning, { topic }: CallPlace): string | undefined {
  if (advice !== undefined || reason !== 'TargetNotFound' || topic === undefined) return advice;
  return `create the topic ${topic}, or set createTopic`;
}

function connectionFailure(error: CallError, place: CallPlace): DeliveryError | undefined {
  if (place.lookupError !== undefined) return toDeliveryError(place.lookupError, place.endpoint);
  const words = error.details ?? error.message;
  const code =
    connectionErrors.find(([pattern]) => pattern.test(words))?.[1] ?? /\bE[A-Z]{4,}\b/.exec(words)?.[0];
  if (code !== undefined) return toDeliveryError(Object.assign(new Error(words), { code }), place.endpoint);
  if (!/^(No connection established|Connection dropped|Failed to connect)/.test(words)) return undefined;
  return DeliveryError.retry(
    `${place.endpoint} did not speak gRPC, or closed the connection: check host, port, and https against http`,
    'Unreachable',
    { cause: error },
  );
}

/** Reads `google.rpc.RetryInfo`. */
function retryDelayMs(details: unknown): number | undefined {
  if (!Array.isArray(details)) return undefined;
  for (const detail of details as { retryDelay?: { seconds?: unknown; nanos?: unknown } | null }[]) {
    const { seconds = 0, nanos = 0 } = detail.retryDelay ?? {};
    const ms = Math.ceil(Number(seconds) * 1_000 + Number(nanos) / 1e6);
    if (Number.isSafeInteger(ms) && ms > 0) return ms;
  }
  return undefined;
}

function isCallError(thrown: unknown): thrown is CallError {
  return thrown instanceof Error && typeof (thrown as Partial<CallError>).code === 'number';
}
