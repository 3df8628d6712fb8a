import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';

import {
  DeliveryError,
  headerValue,
  type HttpClient,
  type HttpResponse,
  toDeliveryError,
} from '../sink-kit/index.ts';
import { jsonBody } from './request-body.ts';
import { readAnswer, refusalOf, SplunkRefusal } from './splunk-answer.ts';

/** What a collector is reached with. */
export interface SplunkCollectorOptions {
  readonly url: string;
  readonly token: string;
  readonly compression: 'Gzip' | 'None';
  /** Wait until the events are indexed. */
  readonly ack: boolean;
  readonly channel?: string | undefined;
  readonly warn: (message: string) => void;
}

/** An HTTP Event Collector. */
export interface SplunkCollector {
  readonly endpoint: string;
  /** Sends events, as JSON objects one after the other; throws SplunkRefusal where the collector says no. */
  post(events: string, signal: AbortSignal): Promise<void>;
  check(signal: AbortSignal): Promise<void>;
}

/** Codes by which an empty request is refused; the token was looked at before. */
const emptyCodes: ReadonlySet<number> = new Set([5, 6, 12]);
/** Said of a channel in which nothing was sent yet. */
const invalidChannel = 11;
const passing: ReadonlySet<DeliveryError['reason']> = new Set([
  'Throttled',
  'ServerError',
  'Timeout',
  'Unreachable',
]);
const firstPollMs = 200;
const longestPollMs = 5_000;

/**
 * Creates the way to an HTTP Event Collector.
 * @throws DeliveryError (permanent, InvalidConfig) for a URL or token that cannot be one.
 */
export function createSplunkCollector(options: SplunkCollectorOptions, client: HttpClient): SplunkCollector {
  return new Collector(options, client);
}

class Collector implements SplunkCollector {
  readonly endpoint: string;
  readonly #client: HttpClient;
  readonly #options: SplunkCollectorOptions;
  readonly #eventUrl: URL;
  readonly #ackUrl: URL;
  readonly #headers: Readonly<Record<string, string>>;
  #hasWarned = false;

  constructor(options: SplunkCollectorOptions, client: HttpClient) {
    const { url, token, ack, channel = ack ? randomUUID() : undefined } = options;
    const base = collectorUrl(url);
    this.endpoint = base.host;
    this.#client = client;
    this.#options = options;
    this.#eventUrl = under(base, 'event');
    this.#ackUrl = under(base, 'ack');
    this.#headers = {
      authorization: headerValue('Authorization', `Splunk ${bareToken(token)}`, 'InvalidConfig'),
      ...(channel !== undefined && { 'x-splunk-request-channel': channel }),
    };
  }

  async post(events: string, signal: AbortSignal): Promise<void> {
    const { body, headers } = await jsonBody(events, this.#options.compression);
    const response = await this.#request({ url: this.#eventUrl, headers, body, signal });
    const refusal = refusalOf(response);
    if (refusal !== undefined) throw refusal;
    if (this.#options.ack) await this.#untilIndexed(response, signal);
  }

  /** An empty request is refused with "No data", but only once the token was found good. */
  async check(signal: AbortSignal): Promise<void> {
    const refusal = refusalOf(await this.#request({ url: this.#eventUrl, body: '', signal }));
    if (refusal !== undefined && !emptyCodes.has(refusal.code ?? -1)) throw refusal;
    if (!this.#options.ack) return;
    await this.#isIndexed(0, { signal }).catch((error: unknown) => {
      if (!(error instanceof SplunkRefusal && error.code === invalidChannel)) throw error;
    });
  }

  #request(request: {
    readonly url: URL;
    readonly body: string | Uint8Array;
    readonly headers?: Readonly<Record<string, string>>;
    readonly signal: AbortSignal;
  }): Promise<HttpResponse> {
    return this.#client.request({ ...request, headers: { ...request.headers, ...this.#headers } });
  }

  async #untilIndexed(response: HttpResponse, signal: AbortSignal): Promise<void> {
    const { ackId } = readAnswer(response);
    if (ackId === undefined) {
      this.#warnOnce();
      return;
    }
    const cookie = cookieOf(response);
    for (let waitMs = firstPollMs; ; waitMs = Math.min(2 * waitMs, longestPollMs)) {
      await wait(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      if (await this.#isIndexed(ackId, { signal, cookie }).catch(falseForNow)) return;
      signal.throwIfAborted();
    }
  }

  async #isIndexed(
    ackId: number,
    { signal, cookie }: { readonly signal: AbortSignal; readonly cookie?: string | undefined },
  ): Promise<boolean> {
    const headers = { 'content-type': 'application/json', ...(cookie !== undefined && { cookie }) };
    const body = JSON.stringify({ acks: [ackId] });
    const response = await this.#request({ url: this.#ackUrl, headers, body, signal });
    const refusal = refusalOf(response);
    if (refusal !== undefined) throw refusal;
    return readAnswer(response).acks?.[String(ackId)] === true;
  }

  #warnOnce(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#options.warn(
      `${this.endpoint} took events without an ackId, so their indexing cannot be waited for: turn indexer ` +
        'acknowledgement on for the token, or remove ack: true',
    );
  }
}

/**
 * A question that fails for a moment is asked again: to send the events again instead would put them into the index
 * twice. They were taken, so no answer to the question counts as their refusal.
 */
function falseForNow(error: unknown): boolean {
  const { message, reason } = toDeliveryError(error);
  if (passing.has(reason)) return false;
  throw DeliveryError.retry(message, reason, { cause: error });
}

/** Takes the address with or without the collector's path, and with a path of a proxy before it. */
function collectorUrl(text: string): URL {
  const url = URL.parse(text.trim());
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw invalid('url is no URL that begins with http:// or https:// and a host');
  }
  const path = url.pathname.replace(/\/+$/, '');
  const known = /^(.*\/services\/collector)(?:\/(\w+)(?:\/1\.0)?)?$/.exec(path);
  if (known?.[2] !== undefined && known[2] !== 'event') {
    throw invalid(
      `url ends in ${JSON.stringify(known[2])}: write it up to the port, or to /services/collector`,
    );
  }
  url.pathname = known?.[1] ?? `${path}/services/collector`;
  url.hash = '';
  return url;
}

function under(base: URL, name: string): URL {
  const url = new URL(base);
  url.pathname += `/${name}`;
  return url;
}

/** Splunk's own examples show the token with the word before it. */
function bareToken(token: string): string {
  return token.trim().replace(/^Splunk\s+/i, '');
}

/** Each indexer knows its own acknowledgements only; behind a load balancer its cookie leads back to the same one. */
function cookieOf({ headers }: HttpResponse): string | undefined {
  const pairs = [headers['set-cookie'] ?? []].flat().map((cookie) => cookie.split(';', 1)[0] ?? '');
  return pairs.length === 0 ? undefined : pairs.join('; ');
}

function invalid(message: string): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig');
}
