/** Why a request to the API server failed, by what the caller can do about it. */
export type KubeFailure =
  /** No answer came: the connection was refused, reset or cut, or the name was not found. */
  | 'network'
  /** No answer came in time. */
  | 'timeout'
  /** The caller gave up. */
  | 'aborted'
  /** No credentials could be made, or the API server did not accept them (401). */
  | 'credentials'
  /** The credentials lack a permission (403). */
  | 'forbidden'
  /** The object, or its whole kind, is not there (404). */
  | 'notFound'
  /** Somebody else was faster (409). */
  | 'conflict'
  /** The resourceVersion or continue token is no longer in the history (410). */
  | 'expired'
  /** The API server asks to slow down (429). */
  | 'throttled'
  /** The API server refused the request itself (other 4xx). */
  | 'invalid'
  /** The API server failed (5xx). */
  | 'server'
  /** The answer was not what an API server sends. */
  | 'protocol';

/** A Kubernetes metav1.Status, as far as we read it. */
export interface KubeStatus {
  readonly kind?: string;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string }[];
  };
}

/** What a {@link KubeError} is made of. */
export interface KubeErrorOptions {
  readonly failure: KubeFailure;
  readonly status?: number;
  readonly reason?: string;
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** A request to the API server that failed. Its message says what, where and what to do, and holds no secret. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  readonly failure: KubeFailure;
  /** The HTTP status, or the code of a Status object in a stream; 0 when there was no answer. */
  readonly status: number;
  /** The `reason` of the Status, such as `AlreadyExists`; else the system's code (`ECONNRESET`); else `''`. */
  readonly reason: string;
  /** How long the API server asked to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: KubeErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.failure = options.failure;
    this.status = options.status ?? 0;
    this.reason = options.reason ?? '';
    this.retryAfterMs = options.retryAfterMs;
  }
}

const byStatus: Readonly<Record<number, KubeFailure>> = {
  401: 'credentials',
  403: 'forbidden',
  404: 'notFound',
  409: 'conflict',
  410: 'expired',
  429: 'throttled',
};

const advice: Partial<Record<KubeFailure, string>> = {
  credentials: 'check the token or certificate that the kubeconfig or the ServiceAccount gives',
  forbidden: 'give the permission to the operator by its ClusterRole or Role',
  throttled: 'the API server limits requests',
};

// A server that lags behind, or was restored from a backup, answers 504 to a resourceVersion of the future.
const isOfTheFuture = (status: KubeStatus): boolean =>
  status.details?.causes?.some(({ reason }) => reason === 'ResourceVersionTooLarge') ?? false;

function failureOf(code: number, status: KubeStatus): KubeFailure {
  if (status.reason === 'Expired' || status.reason === 'Gone' || isOfTheFuture(status)) return 'expired';
  return byStatus[code] ?? (code >= 500 ? 'server' : code >= 400 ? 'invalid' : 'protocol');
}

/** Where a Status came from. */
export interface StatusOrigin {
  /** `GET /api/v1/events`: without the query, which may be long. */
  readonly request: string;
  readonly httpStatus?: number;
  readonly retryAfterMs?: number | undefined;
}

/** Makes a KubeError of a Status object, of an HTTP answer or of an ERROR line in a watch. */
export function kubeErrorOf(status: KubeStatus, origin: StatusOrigin): KubeError {
  const code = status.code ?? origin.httpStatus ?? 0;
  const reason = status.reason ?? '';
  const failure = failureOf(code, status);
  const said = status.message?.slice(0, 500);
  const hint = advice[failure];
  const parts = [
    `${origin.request} answered ${[code, reason].join(' ').trim()}`,
    said ? `: ${said}` : '',
    hint ? ` (${hint})` : '',
  ];
  const retryAfterMs = origin.retryAfterMs ?? retryAfterOf(status);
  return new KubeError(parts.join(''), { failure, status: code, reason, retryAfterMs });
}

function retryAfterOf({ details }: KubeStatus): number | undefined {
  return details?.retryAfterSeconds ? details.retryAfterSeconds * 1000 : undefined;
}

/** Makes an Error of anything that was thrown. */
export function toError(thrown: unknown): Error {
  // Not `instanceof`, which is false for an error that another realm made.
  const isError = Object.prototype.toString.call(thrown) === '[object Error]';
  return isError ? (thrown as Error) : new Error(String(thrown));
}

/** Tells whether a thrown value is a KubeError of this failure. */
export function isKubeFailure(thrown: unknown, ...failures: KubeFailure[]): thrown is KubeError {
  return thrown instanceof KubeError && failures.includes(thrown.failure);
}
