import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

import { DeliveryError, type HttpClient, mergeHeaders, toDeliveryError } from '../sink-kit/index.ts';
import { createNodeRing, type NodeRing } from './opensearch-ring.ts';
import { type RequestSigner } from './opensearch-signer.ts';
import {
  bulkFilter,
  emptyBulk,
  maxBulkAnswerBytes,
  readBody,
  type SearchAnswer,
  type SearchClient,
  type SearchRequest,
} from './search-client.ts';
import { failureOfProbe } from './search-failure.ts';
import { urlAt } from './search-hosts.ts';

/** How to connect to a cluster. */
export interface OpenSearchOptions {
  readonly http: HttpClient;
  /** At least one. */
  readonly nodes: readonly URL[];
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: 'None' | 'Gzip';
  readonly signer: RequestSigner | undefined;
  /** Serverless collections know no `filter_path`. */
  readonly filters: boolean;
}

/**
 * Connects to OpenSearch by the operator's own HTTP client. A request that a node does not take, because it cannot be
 * reached or is overloaded, is tried once at each other node.
 */
export function createOpenSearchClient(options: OpenSearchOptions): SearchClient {
  return new OpenSearchClient(options);
}

const compress = promisify(gzip);
const json = 'application/json';
const ndjson = 'application/x-ndjson';
/** A node that answers so may not be able to serve what another one can. */
const overloaded: ReadonlySet<number> = new Set([502, 503, 504]);

interface Outgoing {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly contentType?: string;
  readonly text: string;
  readonly signal: AbortSignal;
}

class OpenSearchClient implements SearchClient {
  readonly endpoint: string;
  readonly #options: OpenSearchOptions;
  readonly #ring: NodeRing;

  constructor(options: OpenSearchOptions) {
    this.#options = options;
    this.#ring = createNodeRing(options.nodes);
    this.endpoint = options.nodes[0]?.host ?? '';
  }

  mappingType(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  bulk(lines: readonly string[], signal: AbortSignal): Promise<SearchAnswer> {
    const text = `${lines.join('\n')}\n`;
    const query = { filter_path: bulkFilter };
    return this.#try({ method: 'POST', path: '/_bulk', query, contentType: ndjson, text, signal });
  }

  request({ method, path, query = {}, body, signal }: SearchRequest): Promise<SearchAnswer> {
    const content = body === undefined ? { text: '' } : { text: JSON.stringify(body), contentType: json };
    return this.#try({ method, path, query, ...content, signal });
  }

  async probe(signal: AbortSignal): Promise<void> {
    const request = { method: 'POST', path: '/_bulk', query: {}, contentType: ndjson, text: emptyBulk };
    const failure = failureOfProbe(await this.#try({ ...request, signal }), 'OpenSearch');
    if (failure !== undefined) throw failure;
  }

  async close(): Promise<void> {
    await Promise.all([this.#options.http.close(), this.#options.signer?.close()]);
  }

  async #try(request: Outgoing): Promise<SearchAnswer> {
    const body = await this.#bodyOf(request);
    let last: SearchAnswer | DeliveryError | undefined;
    for (const node of this.#ring.order()) {
      last = await this.#exchange(node, request, body);
      const isServed = !(last instanceof DeliveryError) && !overloaded.has(last.status);
      if (isServed) this.#ring.recover(node);
      else this.#ring.fail(node);
      if (isServed || request.signal.aborted) break;
    }
    if (last instanceof DeliveryError) throw last;
    return last ?? { status: 503, headers: {}, body: 'no node is configured', endpoint: this.endpoint };
  }

  async #bodyOf({
    text,
    contentType,
  }: Outgoing): Promise<{ body: string | Uint8Array; headers: Record<string, string> }> {
    const headers = mergeHeaders(
      this.#options.headers,
      { accept: json },
      contentType ? { 'content-type': contentType } : {},
    );
    if (this.#options.compression === 'None' || text.length < smallestCompressed)
      return { body: text, headers };
    return { body: await compress(text), headers: { ...headers, 'content-encoding': 'gzip' } };
  }

  async #exchange(
    node: URL,
    { method, path, query, signal }: Outgoing,
    { body, headers }: { body: string | Uint8Array; headers: Record<string, string> },
  ): Promise<SearchAnswer | DeliveryError> {
    const url = urlAt(node, path, this.#queryOf(query));
    try {
      const signed = await this.#options.signer?.sign({ method, url, headers, body });
      const {
        status,
        headers: answered,
        bodyText,
      } = await this.#options.http.request({
        method,
        url,
        headers: signed ?? headers,
        ...(body.length > 0 && { body }),
        signal,
        maxBodyBytes: maxBulkAnswerBytes,
      });
      return { status, headers: answered, body: readBody(bodyText), endpoint: url.host };
    } catch (error) {
      return toDeliveryError(error, url.host);
    }
  }

  /** AWS signs a query as RFC 3986 writes it, so it is sent so. */
  #queryOf(query: Readonly<Record<string, string>>): string {
    return Object.entries(query)
      .filter(([name]) => this.#options.filters || name !== 'filter_path')
      .map((pair) => pair.map(strictly).join('='))
      .join('&');
  }
}

/** What fits into one packet gains nothing by compression. */
const smallestCompressed = 1_400;

function strictly(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
