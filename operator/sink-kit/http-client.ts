import { type AddressGuard } from './address-guard.ts';
import { type HttpResponse } from './http-response.ts';
import { type ProxyEnvironment } from './proxy.ts';
import { type TlsOptions } from './tls.ts';

/** How a sink's HTTP client connects. */
export interface HttpClientOptions {
  readonly tls?: TlsOptions;
  /** Judges every address before a connection to it, as the sink's context gives it. */
  readonly isAddressAllowed?: AddressGuard | undefined;
  /** Open connections to one origin, at most. @default 32 */
  readonly connections?: number;
  /** How many redirects (307, 308) to the same origin are followed. @default 0 */
  readonly maxRedirects?: number;
  /** Where HTTP_PROXY, HTTPS_PROXY and NO_PROXY are read. @default process.env */
  readonly environment?: ProxyEnvironment;
}

/** One request. */
export interface HttpRequest {
  /** @default POST */
  readonly method?: string;
  /** User info in it becomes Basic authentication, unless the headers authenticate already. */
  readonly url: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal: AbortSignal;
  /** How much of the answer's body is kept, in bytes. @default 65536 */
  readonly maxBodyBytes?: number;
}

/** An HTTP client of one sink: its connections, TLS sessions and limits are shared with nobody. */
export interface HttpClient {
  /** Sends a request and reads the answer; throws DeliveryError when there is none. */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Connects to a URL's host, by TLS for https, without sending a request; throws DeliveryError. */
  probe(url: string | URL, signal: AbortSignal): Promise<void>;
  /** Drops all connections. */
  close(): Promise<void>;
}
