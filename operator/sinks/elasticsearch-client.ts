import { Client, type ClientOptions, errors, Transport, type TransportOptions } from '@elastic/elasticsearch';

import { DeliveryError, type HttpClient, toDeliveryError } from '../sink-kit/index.ts';
import { createConnectionClass } from './elasticsearch-connection.ts';
import { type ElasticsearchProduct, recognizeElasticsearch } from './elasticsearch-product.ts';
import {
  bulkFilter,
  emptyBulk,
  readBody,
  type SearchAnswer,
  type SearchClient,
  type SearchRequest,
} from './search-client.ts';
import { failureOfProbe } from './search-failure.ts';

/** How to connect to a cluster. */
export interface ElasticsearchOptions {
  readonly http: HttpClient;
  /** Nodes without user info, or a Cloud ID. */
  readonly target: { readonly nodes: readonly URL[] } | { readonly cloudID: string };
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: boolean;
  /** The mapping type for servers of version 6 and before; empty for their usual one. */
  readonly type: string;
  readonly warn: (message: string) => void;
}

/**
 * Connects to Elasticsearch by Elastic's own client: its choice of nodes, its bulk API. Retries are delivery's, save for one
 * try at each other node when a node cannot be reached or is overloaded.
 * @throws DeliveryError (permanent, InvalidConfig) for a Cloud ID that is none.
 */
export function createElasticsearchClient(options: ElasticsearchOptions): SearchClient {
  return new ElasticsearchClient(options);
}

/**
 * Elastic's client asks for answers compatible with its own major version, which the version before refuses to give. In
 * plain JSON the bulk API is the same since Elasticsearch 5, so that is what we speak with all of them. The client's check of
 * the product comes after a request was carried out; ours comes before the first.
 */
class PlainTransport extends Transport {
  constructor(options: TransportOptions) {
    const { productCheck: _, ...rest } = options;
    super({
      ...rest,
      vendoredHeaders: {
        jsonContentType: 'application/json',
        ndjsonContentType: 'application/x-ndjson',
        accept: 'application/json',
      },
      openTelemetry: { enabled: false },
    });
  }
}

class ElasticsearchClient implements SearchClient {
  readonly endpoint: string;
  readonly #options: ElasticsearchOptions;
  readonly #client: Client;
  #product: ElasticsearchProduct | undefined;

  constructor(options: ElasticsearchOptions) {
    this.#options = options;
    this.#client = createClient(options);
    this.endpoint = this.#client.connectionPool.connections[0]?.url.host ?? '';
  }

  async mappingType(signal: AbortSignal): Promise<string | undefined> {
    if (this.#product === undefined) await this.probe(signal);
    return this.#product?.mappingType;
  }

  bulk(lines: readonly string[], signal: AbortSignal): Promise<SearchAnswer> {
    const params = { operations: [...lines], filter_path: bulkFilter };
    return this.#told(this.#client.bulk<string>(params, { signal, meta: true }));
  }

  request({ method, path, query = {}, body, signal }: SearchRequest): Promise<SearchAnswer> {
    const params = { method, path, querystring: query, ...(body !== undefined && { body }) };
    return this.#told(this.#client.transport.request(params, { signal, meta: true }));
  }

  async probe(signal: AbortSignal): Promise<void> {
    const params = { method: 'POST', path: '/_bulk', bulkBody: emptyBulk };
    const answer = await this.#told(this.#client.transport.request(params, { signal, meta: true }));
    const failure = failureOfProbe(answer, 'Elasticsearch');
    if (failure !== undefined) throw failure;
    const root = (): Promise<SearchAnswer> => this.request({ method: 'GET', path: '/', signal });
    const { type, warn } = this.#options;
    const product = await recognizeElasticsearch(answer, { root, type });
    if (this.#product === undefined && type !== '' && product.mappingType === undefined) {
      warn(`type ${type} is not used: Elasticsearch has none since version 7`);
    }
    this.#product = product;
  }

  async close(): Promise<void> {
    await this.#client.close();
    await this.#options.http.close();
  }

  /** Elastic's client throws the answers whose status is an error. */
  async #told(asked: Promise<ClientResult>): Promise<SearchAnswer> {
    try {
      return this.#read(await asked);
    } catch (error) {
      if (error instanceof errors.ResponseError) return this.#read(error.meta);
      if (error instanceof errors.NoLivingConnectionsError) {
        throw DeliveryError.retry(`the connection to ${this.endpoint} was closed`, 'ShuttingDown', {
          cause: error,
        });
      }
      throw toDeliveryError(error, this.endpoint);
    }
  }

  #read({ statusCode = 0, headers = {}, body, meta }: ClientResult): SearchAnswer {
    return {
      status: statusCode,
      headers,
      // The client reads JSON by the type that the answer names; what is in between does not always name it.
      body: typeof body === 'string' ? readBody(body) : body,
      endpoint: meta.connection?.url.host ?? this.endpoint,
    };
  }
}

type ClientResult = InstanceType<typeof errors.ResponseError>['meta'];

function createClient({ http, target, headers, compression }: ElasticsearchOptions): Client {
  const options: ClientOptions = {
    ...('cloudID' in target
      ? { cloud: { id: target.cloudID } }
      : { nodes: target.nodes.map((url) => ({ url })) }),
    Connection: createConnectionClass(http),
    Transport: PlainTransport,
    headers: { 'user-agent': 'eventroute', ...headers },
    compression,
    maxRetries: 'cloudID' in target ? 0 : target.nodes.length - 1,
    enableMetaHeader: false,
  };
  try {
    return new Client(options);
  } catch (cause) {
    if (!(cause instanceof errors.ConfigurationError)) throw cause;
    throw DeliveryError.permanent(`cloudID is no Cloud ID: ${cause.message}`, 'InvalidConfig', cause);
  }
}
