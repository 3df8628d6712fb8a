import { lookup } from 'node:dns/promises';
import { type IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

import { type Log } from '../telemetry/log.ts';
import { readAnswer, throwUnlessOk } from './answer.ts';
import { type BackoffOptions, createBackoff } from './backoff.ts';
import { type Clock, sleep, systemClock } from '../schema/clock.ts';
import { type Credentials } from './credentials.ts';
import { createDeadline } from './deadline.ts';
import { createExchanger, type Exchanger, isConnectionLoss } from './exchange.ts';
import { isKubeFailure, KubeError } from './kube-error.ts';

/** The HTTP verbs of the API server. */
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Query parameters; undefined ones are left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** What may be said about one request. */
export interface KubeRequestOptions {
  readonly query?: Query | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** @default application/json; of PATCH application/merge-patch+json */
  readonly contentType?: string;
  /** @default application/json */
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
  /** Of one attempt, body included. @default 30000 */
  readonly timeoutMs?: number;
}

/** The bytes of a watch: reading slowly slows the API server down; `destroy` ends it. */
type KubeStream = AsyncIterable<Buffer> & { destroy(): unknown };

/** What GET /version says. */
interface ServerVersion {
  readonly major: string;
  readonly minor: string;
  readonly gitVersion: string;
}

/** The API server, as the other rooms see it. */
export interface KubeClient {
  /** The API server's URL. */
  readonly server: string;
  /** The namespace of the kubeconfig's context, or the Pod's own. */
  readonly namespace: string;
  /**
   * Sends a request and resolves with the parsed answer. Tries again when the API server is busy (429) or, where that
   * is harmless, when the connection broke. Throws KubeError.
   */
  request<T>(method: Method, path: string, options?: KubeRequestOptions): Promise<T>;
  /** Opens a stream of bytes, with one attempt. Throws KubeError. */
  stream(
    path: string,
    options?: Pick<KubeRequestOptions, 'query' | 'accept' | 'signal'>,
  ): Promise<KubeStream>;
  /** The IP addresses of the API server, which receivers must not reach. */
  serverAddresses(): Promise<readonly string[]>;
  version(signal?: AbortSignal): Promise<ServerVersion>;
  /** Ends all connections. */
  close(): void;
}

/** What an API client is made of. */
export interface ApiClientOptions {
  readonly credentials: Credentials;
  readonly log: Log;
  readonly userAgent?: string;
  /** Attempts of one request in all. @default 4 */
  readonly maxAttempts?: number;
  readonly backoff?: BackoffOptions;
  readonly clock?: Clock;
}

const defaultTimeoutMs = 30_000;
const headersTimeoutMs = 30_000;
// A request that has to wait longer is given back to its caller, who knows what else to do.
const longestRetryAfterMs = 15_000;

/** Creates a client that uses these credentials. */
export function createApiClient(options: ApiClientOptions): KubeClient {
  return new ApiClient(options);
}

/** Appends a query to a path. */
function withQuery(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return text === '' ? path : `${path}?${text}`;
}

class ApiClient implements KubeClient {
  readonly server: string;
  readonly namespace: string;
  readonly #credentials: Credentials;
  readonly #requests: Exchanger;
  readonly #streams: Exchanger;
  readonly #userAgent: string;
  readonly #maxAttempts: number;
  readonly #backoff: BackoffOptions;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(options: ApiClientOptions) {
    const { credentials } = options;
    this.server = credentials.server;
    this.namespace = credentials.namespace;
    this.#credentials = credentials;
    this.#requests = createExchanger(credentials, 32);
    this.#streams = createExchanger(credentials, Infinity);
    this.#userAgent = options.userAgent ?? 'eventroute';
    this.#maxAttempts = options.maxAttempts ?? 4;
    this.#backoff = options.backoff ?? { initialMs: 250, maxMs: 5000 };
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log;
  }

  async request<T>(method: Method, path: string, options: KubeRequestOptions = {}): Promise<T> {
    const backoff = createBackoff(this.#backoff);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await this.#attempt(method, path, options)) as T;
      } catch (thrown) {
        const waitMs = this.#retryWaitMs(thrown, { method, options, attempt });
        if (waitMs === undefined) throw thrown;
        const { message } = thrown as KubeError;
        this.#log.debug('Retried a request to the API server', { method, path, attempt, error: message });
        await sleep(this.#clock, backoff.nextMs(waitMs), options.signal);
      }
    }
  }

  async stream(
    path: string,
    options: Pick<KubeRequestOptions, 'query' | 'accept' | 'signal'> = {},
  ): Promise<KubeStream> {
    try {
      return await this.#open(path, options);
    } catch (thrown) {
      if (!isKubeFailure(thrown, 'credentials') || thrown.status !== 401) throw thrown;
      if (!this.#credentials.refresh()) throw thrown;
      return await this.#open(path, options);
    }
  }

  async serverAddresses(): Promise<readonly string[]> {
    const { hostname } = new URL(this.server);
    const host = hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0) return [host];
    const found = await lookup(host, { all: true });
    return found.map(({ address }) => address);
  }

  version(signal?: AbortSignal): Promise<ServerVersion> {
    return this.request('GET', '/version', { signal });
  }

  close(): void {
    this.#requests.close();
    this.#streams.close();
  }

  async #open(
    path: string,
    options: Pick<KubeRequestOptions, 'query' | 'accept' | 'signal'>,
  ): Promise<KubeStream> {
    // Only the head of the answer has a deadline: its body lasts as long as the watch.
    using deadline = createDeadline(this.#clock, {
      request: `GET ${path}`,
      timeoutMs: headersTimeoutMs,
      signal: options.signal,
    });
    const response = await deadline.guard(
      this.#streams.send({
        method: 'GET',
        path: withQuery(path, options.query),
        headers: this.#headers(options.accept),
        signal: deadline.signal,
      }),
    );
    // An aborted stream may emit its error after its reader has left.
    response.on('error', () => undefined);
    await deadline.guard(throwUnlessOk(response, `GET ${path}`));
    return response as IncomingMessage & AsyncIterable<Buffer>;
  }

  async #attempt(method: Method, path: string, options: KubeRequestOptions): Promise<unknown> {
    const { accept, body, signal, timeoutMs = defaultTimeoutMs } = options;
    const fallbackType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const contentType = options.contentType ?? fallbackType;
    const request = `${method} ${path}`;
    using deadline = createDeadline(this.#clock, { request, timeoutMs, signal });
    const response = await deadline.guard(
      this.#requests.send({
        method,
        path: withQuery(path, options.query),
        headers: { ...this.#headers(accept), ...(body === undefined ? {} : { 'Content-Type': contentType }) },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: deadline.signal,
      }),
    );
    return await deadline.guard(readAnswer(response, request));
  }

  #headers(accept = 'application/json'): Record<string, string> {
    return { Accept: accept, 'User-Agent': this.#userAgent };
  }

  /** How long to wait at least before the next attempt; undefined when there is to be none. */
  #retryWaitMs(
    thrown: unknown,
    { method, options, attempt }: { method: Method; options: KubeRequestOptions; attempt: number },
  ): number | undefined {
    if (!(thrown instanceof KubeError) || attempt >= this.#maxAttempts || options.signal?.aborted)
      return undefined;
    if (thrown.status === 401) return this.#credentials.refresh() ? 0 : undefined;
    if (thrown.failure === 'throttled') return politeWaitMs(thrown);
    return isConnectionLoss(thrown) && isIdempotent(method, options.contentType) ? 0 : undefined;
  }
}

function politeWaitMs({ retryAfterMs = 1000 }: KubeError): number | undefined {
  return retryAfterMs <= longestRetryAfterMs ? retryAfterMs : undefined;
}

// Server-side apply says the whole intention, so saying it twice changes nothing.
function isIdempotent(method: Method, contentType = ''): boolean {
  return method === 'PATCH' ? contentType.startsWith('application/apply-patch') : method !== 'POST';
}
