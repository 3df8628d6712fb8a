import {
  basicAuthorization,
  createHttpClient,
  createTlsOptions,
  DeliveryError,
  failureOfResponse,
  type HttpClient,
  type HttpResponse,
  type SinkContext,
  type TlsConfig,
} from '../sink-kit/index.ts';

/** The resolved `oauth` block. */
export interface OauthConfig {
  readonly token?: string;
  readonly tokenEndpointUrl?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly scope?: string;
  readonly extensions?: Readonly<Record<string, string>>;
  readonly tls?: TlsConfig;
}

/** A token with the time, in milliseconds since 1970, from which on it should not be used. */
export interface Token {
  readonly text: string;
  readonly expiresAtMs: number;
}

/** Where the tokens of a receiver come from; they are kept until shortly before they expire. */
export interface TokenSource {
  token(signal: AbortSignal): Promise<string>;
  /** Forgets the token: the brokers refused it. */
  forget(): void;
  close(): Promise<void>;
}

const renewBeforeMs = 60_000;
/** What is taken when the endpoint does not say how long a token lives. */
const unknownLifetimeMs = 5 * 60_000;

/** Keeps tokens for as long as they can be used. Who asks meanwhile waits for the same fetch. */
export function createTokenSource(
  fetchToken: (signal: AbortSignal) => Promise<Token>,
  close: () => Promise<void>,
  now: () => number = Date.now,
): TokenSource {
  let kept: Token | undefined;
  return {
    token: async (signal) => {
      if (kept === undefined || kept.expiresAtMs - renewBeforeMs <= now()) kept = await fetchToken(signal);
      return kept.text;
    },
    forget: () => (kept = undefined),
    close,
  };
}

/**
 * Makes the source of OAuth tokens that a configuration describes.
 * @throws DeliveryError (permanent, InvalidConfig) when it describes none, or two.
 */
export async function createOauthSource(
  config: OauthConfig,
  context: Pick<SinkContext, 'isAddressAllowed'>,
): Promise<TokenSource> {
  const { token, tokenEndpointUrl = '' } = config;
  if (token !== undefined && tokenEndpointUrl !== '') {
    throw invalid('sasl.oauth sets both `token` and `tokenEndpointUrl`; keep one of them');
  }
  if (token !== undefined) {
    const fixed = { text: token, expiresAtMs: Infinity };
    return createTokenSource(
      () => Promise.resolve(fixed),
      () => Promise.resolve(),
    );
  }
  if (tokenEndpointUrl === '')
    throw invalid('sasl.mechanism oauthbearer needs sasl.oauth with a `token` or a `tokenEndpointUrl`');
  const { clientId, clientSecret } = config;
  if (clientId === undefined || clientSecret === undefined) {
    throw invalid('sasl.oauth.tokenEndpointUrl needs `clientId` and `clientSecret`');
  }
  if (!URL.canParse(tokenEndpointUrl)) throw invalid('sasl.oauth.tokenEndpointUrl is no URL');
  const client = await createHttpClient({
    tls: createTlsOptions(config.tls),
    isAddressAllowed: context.isAddressAllowed,
  });
  const request = { url: tokenEndpointUrl, clientId, clientSecret, scope: config.scope };
  return createTokenSource(
    (signal) => fetchByCredentials(client, request, signal),
    () => client.close(),
  );
}

interface TokenRequest {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string | undefined;
}

/** RFC 6749 4.4, with the client authenticated as its section 2.3.1 wants every server to take it. */
async function fetchByCredentials(
  client: HttpClient,
  { url, clientId, clientSecret, scope }: TokenRequest,
  signal: AbortSignal,
): Promise<Token> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope && { scope }) });
  const response = await client.request({
    url,
    headers: {
      authorization: basicAuthorization(formEncoded(clientId), formEncoded(clientSecret)),
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    },
    body: form.toString(),
    signal,
  });
  return readToken(response);
}

/** The credentials are form-encoded before they become Basic authentication. */
function formEncoded(text: string): string {
  return new URLSearchParams({ text }).toString().slice('text='.length);
}

function readToken(response: HttpResponse): Token {
  const { status, endpoint } = response;
  if (status === 400 || status === 401) {
    throw DeliveryError.retry(
      `${endpoint} gave no token (${oauthError(response)}): check sasl.oauth.clientId, clientSecret and scope`,
      'Unauthorized',
    );
  }
  const failure = failureOfResponse(response);
  if (failure !== undefined) {
    const { reason, retryAfterMs } = failure;
    throw new DeliveryError(`no token could be fetched: ${failure.message}`, {
      reason,
      retryAfterMs,
      cause: failure,
    });
  }
  const { access_token: text, expires_in: seconds } = jsonOf(response);
  if (typeof text !== 'string' || text === '') {
    throw DeliveryError.retry(
      `${endpoint} answered without an access_token: check sasl.oauth.tokenEndpointUrl`,
      'Unauthorized',
    );
  }
  const lifetimeMs = Number(seconds) > 0 ? Number(seconds) * 1_000 : unknownLifetimeMs;
  return { text, expiresAtMs: Date.now() + lifetimeMs };
}

/** RFC 6749 5.2 names a short code; more of the answer may repeat what we sent. */
function oauthError(response: HttpResponse): string {
  const { error } = jsonOf(response);
  return typeof error === 'string' && /^[\w ]{1,60}$/.test(error) ? error : `status ${response.status}`;
}

function jsonOf({ bodyText }: HttpResponse): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(bodyText);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function invalid(message: string): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig');
}
