import { type HttpClient } from '../sink-kit/index.ts';

/** How long a request of a credentials provider may take, in milliseconds: those come without a signal. */
const credentialsTimeoutMs = 10_000;
/** PutRecords answers some hundred bytes for each of 500 records. */
const maxAnswerBytes = 4_194_304;

type Query = Readonly<Record<string, string | readonly string[] | null>>;

/** A request as the AWS SDK hands it to its HTTP handler. */
export interface AwsRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Query;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** An answer as the AWS SDK takes it, with its text for our own error messages. */
export interface AwsResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
  readonly bodyText: string;
}

/** What the AWS SDK asks of an HTTP handler. */
export interface AwsHandler {
  readonly metadata: { readonly handlerProtocol: string };
  handle(
    request: AwsRequest,
    options?: { readonly abortSignal?: unknown },
  ): Promise<{ response: AwsResponse }>;
  destroy(): void;
  updateHttpClientConfig(): void;
  httpHandlerConfigs(): Record<string, never>;
}

/**
 * Lets the AWS SDK send by the operator's own HTTP client: its address guard, its proxies, its words for what fails on the
 * way. Always HTTP/1.1, so that endpoints without TLS work for Kinesis too.
 */
export function createAwsHandler(http: HttpClient): AwsHandler {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: async (request, { abortSignal } = {}) => {
      const signal =
        abortSignal instanceof AbortSignal ? abortSignal : AbortSignal.timeout(credentialsTimeoutMs);
      const answer = await http.request({
        method: request.method,
        url: urlOf(request),
        headers: withoutFraming(request.headers),
        ...(isBody(request.body) && { body: request.body }),
        signal,
        maxBodyBytes: maxAnswerBytes,
      });
      const headers = Object.entries(answer.headers).map(([name, value]) => [
        name,
        [value].flat().join(', '),
      ]);
      const response = {
        statusCode: answer.status,
        headers: Object.fromEntries(headers) as Record<string, string>,
        body: Buffer.from(answer.bodyText),
        bodyText: answer.bodyText,
      };
      return { response };
    },
    destroy: () => undefined,
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}

function urlOf({ protocol, hostname, port, path, query = {} }: AwsRequest): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value ?? []].flat().map((each) => `${encodeURIComponent(name)}=${encodeURIComponent(each)}`),
  );
  const authority = port === undefined ? hostname : `${hostname}:${port}`;
  return `${protocol}//${authority}${path}${pairs.length === 0 ? '' : `?${pairs.join('&')}`}`;
}

/** The HTTP client counts the body itself. */
function withoutFraming(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !['content-length', 'expect'].includes(name.toLowerCase())),
  );
}

function isBody(body: unknown): body is string | Uint8Array {
  return (typeof body === 'string' && body !== '') || body instanceof Uint8Array;
}
