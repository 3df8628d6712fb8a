import { Agent, type Dispatcher, ProxyAgent } from 'undici';

import { basicAuthorization } from './auth.ts';
import { DeliveryError } from './delivery-error.ts';
import { addressNotAllowed, createGuardedLookup } from './guarded-lookup.ts';
import { createGuardedConnector, connectTimeoutMs } from './guarded-connector.ts';
import { type HttpClient, type HttpClientOptions, type HttpRequest } from './http-client.ts';
import { mergeHeaders } from './http-headers.ts';
import { headerOf, type HttpResponse } from './http-response.ts';
import { toDeliveryError } from './network-error.ts';
import { probeThrough } from './probe.ts';
import { bareHost, findProxy } from './proxy.ts';
import { readBody } from './response-body.ts';
import { createTlsOptions, type TlsOptions } from './tls.ts';

const defaultMaxBodyBytes = 65_536;

/** Creates an HTTP client on undici. */
export function createUndiciClient(options: HttpClientOptions): HttpClient {
  return new UndiciClient(options);
}

class UndiciClient implements HttpClient {
  readonly #options: HttpClientOptions;
  readonly #tls: TlsOptions;
  /** By proxy; `direct` for none. */
  readonly #dispatchers = new Map<string, Dispatcher>();
  #isClosed = false;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#tls = options.tls ?? createTlsOptions();
  }

  async request(request: HttpRequest): Promise<HttpResponse> {
    let url = new URL(request.url);
    for (let redirects = 0; ; redirects += 1) {
      const response = await this.#exchange(url, request);
      const next = redirects < (this.#options.maxRedirects ?? 0) ? placeWithin(url, response) : undefined;
      if (next === undefined) return response;
      url = next;
    }
  }

  async probe(url: string | URL, signal: AbortSignal): Promise<void> {
    const target = new URL(url);
    await this.#guarded(target, signal, async () => {
      const proxy = await this.#findAllowedProxy(target);
      await probeThrough(
        { target, proxy },
        { tls: this.#tls, isAddressAllowed: this.#options.isAddressAllowed, signal },
      );
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#dispatchers.values()].map((dispatcher) => dispatcher.destroy()));
    this.#dispatchers.clear();
  }

  #exchange(url: URL, request: HttpRequest): Promise<HttpResponse> {
    return this.#guarded(url, request.signal, async () => {
      const dispatcher = this.#dispatcherFor(await this.#findAllowedProxy(url));
      const response = await dispatcher.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: request.method ?? 'POST',
        headers: mergeHeaders({ 'user-agent': 'eventroute' }, authorizationIn(url), request.headers),
        body: request.body ?? null,
        signal: request.signal,
      });
      const body = await readBody(response.body, request.maxBodyBytes ?? defaultMaxBodyBytes);
      return { status: response.statusCode, headers: response.headers, ...body, endpoint: url.host };
    });
  }

  /** Runs a step with a URL's host; whatever it throws becomes a DeliveryError that names the host. */
  async #guarded<T>(url: URL, signal: AbortSignal, step: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw DeliveryError.retry(`the connection to ${url.host} was closed`, 'ShuttingDown');
    try {
      signal.throwIfAborted();
      return await step();
    } catch (error) {
      throw toDeliveryError(signal.aborted ? signal.reason : error, url.host);
    }
  }

  /**
   * Behind a proxy the name is looked up by the proxy, so ours is a check beforehand: it refuses what is plainly one of
   * our own addresses, and leaves names that only the proxy knows to the proxy's rules.
   */
  async #findAllowedProxy(url: URL): Promise<URL | undefined> {
    const proxy = findProxy(url, this.#options.environment ?? process.env);
    const { isAddressAllowed } = this.#options;
    if (proxy === undefined || isAddressAllowed === undefined) return proxy;
    const lookup = createGuardedLookup(isAddressAllowed);
    const error = await new Promise((resolve) => {
      lookup(bareHost(url), { all: true }, resolve);
    });
    if (error instanceof DeliveryError) throw addressNotAllowed(url.hostname);
    return proxy;
  }

  #dispatcherFor(proxy: URL | undefined): Dispatcher {
    const key = proxy?.href ?? 'direct';
    const known = this.#dispatchers.get(key);
    if (known !== undefined) return known;
    const created = this.#createDispatcher(proxy);
    this.#dispatchers.set(key, created);
    return created;
  }

  #createDispatcher(proxy: URL | undefined): Dispatcher {
    const connections = this.#options.connections ?? 32;
    if (proxy === undefined) {
      const connect = createGuardedConnector(this.#tls, this.#options.isAddressAllowed);
      return new Agent({ connect, connections, allowH2: false });
    }
    const requestTls = { ...this.#tls, timeout: connectTimeoutMs, allowH2: false };
    return new ProxyAgent({
      uri: proxy.href,
      connections,
      requestTls,
      allowH2: false,
      connectTimeout: connectTimeoutMs,
    });
  }
}

function authorizationIn(url: URL): { authorization: string } | undefined {
  if (url.username === '' && url.password === '') return undefined;
  const [username, password] = [url.username, url.password].map(decodePart) as [string, string];
  return { authorization: basicAuthorization(username, password) };
}

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** 301, 302 and 303 would turn the request into a GET without its body; the exporter lost events that way. */
function placeWithin(url: URL, response: HttpResponse): URL | undefined {
  if (response.status !== 307 && response.status !== 308) return undefined;
  const location = headerOf(response, 'location');
  const next = location === undefined ? null : URL.parse(location, url);
  if (next?.origin !== url.origin) return undefined;
  next.username = url.username;
  next.password = url.password;
  return next;
}
