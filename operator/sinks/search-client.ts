import { type HttpResponse } from '../sink-kit/index.ts';

/** An answer of a cluster, whatever its status. */
export interface SearchAnswer {
  readonly status: number;
  readonly headers: HttpResponse['headers'];
  /** The body as JSON, or as text when it is none. */
  readonly body: unknown;
  /** The node that answered. */
  readonly endpoint: string;
}

/** A request besides the bulk ones; they are small. */
export interface SearchRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Goes out as JSON. */
  readonly body?: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal;
}

/** A connection to a cluster. Its functions throw DeliveryError when there is no answer. */
export interface SearchClient {
  /** Host and port of the first node. */
  readonly endpoint: string;
  /** Gives the mapping type that the server wants in every action; undefined since Elasticsearch 7. Asks it at most once. */
  mappingType(signal: AbortSignal): Promise<string | undefined>;
  /** Sends the lines of a bulk request. */
  bulk(lines: readonly string[], signal: AbortSignal): Promise<SearchAnswer>;
  request(request: SearchRequest): Promise<SearchAnswer>;
  /**
   * Asks the cluster to take a bulk request without actions: it judges the credentials, refuses the rest and changes
   * nothing. Throws DeliveryError for what would fail a delivery as well.
   */
  probe(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** The body of a bulk request without actions. */
export const emptyBulk = '\n';

/** What a sink reads of the answer to a bulk request; answers to 500 events are long otherwise. */
export const bulkFilter = 'error,status,errors,items.*._index,items.*.status,items.*.error';

/** Answers to bulk requests are this long at most, in bytes. */
export const maxBulkAnswerBytes = 33_554_432;

/** Reads the body of an answer. */
export function readBody(bodyText: string): unknown {
  try {
    return JSON.parse(bodyText) as unknown;
  } catch {
    return bodyText;
  }
}
