import { gunzipSync } from 'node:zlib';
import { type ServerResponse } from 'node:http';
import { type TlsOptions } from 'node:tls';

import { type SeenRequest, startServer, type TestServer } from '../sink-kit/http-server.ts';

/** What an action of a bulk request is answered with. */
export interface ItemAnswer {
  readonly status: number;
  readonly _index?: string;
  readonly error?: { type: string; reason: string; caused_by?: { type: string; reason: string } };
}

/** A document as the server holds it. */
export interface StoredDocument {
  readonly index: string;
  readonly id: string;
  readonly source: Readonly<Record<string, unknown>>;
  readonly version: number;
  readonly pipeline?: string;
  readonly type?: string;
}

/** An action of a bulk request. */
export interface BulkAction {
  readonly operation: string;
  readonly _index: string;
  readonly _id?: string;
  readonly _type?: string;
  readonly version?: number;
  readonly pipeline?: string;
  readonly source: Readonly<Record<string, unknown>>;
}

interface SearchServerOptions {
  /** `none` is something that is no such server at all. */
  readonly product?: 'Elasticsearch' | 'Elasticsearch 6' | 'OpenSearch' | 'none';
  readonly tls?: TlsOptions;
  /** Data streams, by name. */
  readonly streams?: readonly string[];
  readonly autoCreate?: string;
  /** Whether Authorization headers other than this are refused. */
  readonly authorization?: string;
}

/** A stand-in that behaves as Elasticsearch and OpenSearch do in what the sinks use of them. */
export interface SearchServer extends TestServer {
  readonly documents: StoredDocument[];
  /** The actions of each bulk request with any, in order. */
  readonly bulks: BulkAction[][];
  /** Answers instead of the server; undefined leaves it to the server. */
  intercept?: (request: SeenRequest, response: ServerResponse) => boolean;
  /** Answers an action instead of the server. */
  refuse?: (action: BulkAction) => ItemAnswer | undefined;
}

const root = (number: string, distribution?: string): object => ({
  name: 'n1',
  version: { number, ...(distribution !== undefined && { distribution }) },
  tagline:
    distribution === undefined ? 'You Know, for Search' : 'The OpenSearch Project: https://opensearch.org/',
});

const fault = (status: number, type: string, reason: string): ItemAnswer => ({
  status,
  error: { type, reason },
});

const product9 = { 'x-elastic-product': 'Elasticsearch' };

/** Starts a stand-in on a free port of 127.0.0.1. */
export async function startSearchServer(options: SearchServerOptions = {}): Promise<SearchServer> {
  const { product = 'Elasticsearch', autoCreate = 'true' } = options;
  const json: Answer = (response, status, body) => {
    const header = product === 'Elasticsearch' ? product9 : {};
    response.writeHead(status, { 'content-type': 'application/json', ...header }).end(JSON.stringify(body));
  };

  const bulk = (request: SeenRequest, response: ServerResponse): void => {
    const isCompressed = request.headers['content-encoding'] === 'gzip';
    const actions = readActions((isCompressed ? gunzipSync(request.rawBody) : request.rawBody).toString());
    if (actions.length === 0) {
      const reason = 'Validation Failed: 1: no requests added;';
      json(response, 400, { error: { type: 'action_request_validation_exception', reason }, status: 400 });
      return;
    }
    server.bulks.push(actions);
    const items = actions.map((action) => ({
      [action.operation]: server.refuse?.(action) ?? store(action, server.documents, options.streams ?? []),
    }));
    json(response, 200, { took: 1, errors: items.some((item) => 'error' in Object.values(item)), items });
  };

  const answerOther = (request: SeenRequest, response: ServerResponse): void => {
    const [path = ''] = request.url.split('?');
    const known: Readonly<Record<string, object>> = {
      '/': roots[product],
      '/_security/user/_has_privileges': { username: 'u', has_all_requested: true },
      '/_cluster/settings': { defaults: { action: { auto_create_index: autoCreate } } },
    };
    const isIndex = server.documents.some(({ index }) => path === `/${index}`);
    const body = known[path] ?? (isIndex ? {} : undefined);
    const error = { type: 'index_not_found_exception', reason: `no such index [${path.slice(1)}]` };
    json(response, body === undefined ? 404 : 200, body ?? { error, status: 404 });
  };

  const base = await startServer((response, request) => {
    const { authorization } = options;
    if (server.intercept?.(request, response) === true) return;
    if (product === 'none') response.end('<html><title>Welcome</title></html>');
    else if (authorization !== undefined && request.headers.authorization !== authorization) {
      const error = { type: 'security_exception', reason: 'unable to authenticate user [u]' };
      json(response, 401, { error, status: 401 });
    } else if (request.url.split('?')[0]?.endsWith('/_bulk')) bulk(request, response);
    else answerOther(request, response);
  }, options.tls);
  const server: SearchServer = Object.assign(base, { documents: [], bulks: [] });
  return server;
}

type Answer = (response: ServerResponse, status: number, body: object) => void;

function store(action: BulkAction, documents: StoredDocument[], streams: readonly string[]): ItemAnswer {
  const { _index: index, _id: id = `generated-${documents.length}` } = action;
  const isStream = streams.includes(index);
  const _index = isStream ? `.ds-${index}-2026.03.01-000001` : index;
  const refused = isStream ? whyNotInStream(action, _index) : undefined;
  if (refused !== undefined) return refused;
  const at = documents.findIndex((document) => document.index === index && document.id === id);
  const known = documents[at];
  if (known !== undefined && (action.operation === 'create' || known.version > (action.version ?? 0))) {
    return { _index, ...fault(409, 'version_conflict_engine_exception', `[${id}]: version conflict`) };
  }
  if (known !== undefined) documents.splice(at, 1);
  documents.push(stored(action, id));
  return { _index, status: 201 };
}

function stored(
  { _index: index, source, version = 1, pipeline, _type }: BulkAction,
  id: string,
): StoredDocument {
  return { index, id, source, version, ...(pipeline && { pipeline }), ...(_type && { type: _type }) };
}

function whyNotInStream({ operation, source }: BulkAction, _index: string): ItemAnswer | undefined {
  if (operation !== 'create') {
    const reason = 'only write ops with an op_type of create are allowed in data streams';
    return fault(400, 'illegal_argument_exception', reason);
  }
  if (source['@timestamp'] !== undefined) return undefined;
  const reason = 'data stream timestamp field [@timestamp] is missing';
  return { _index, ...fault(400, 'document_parsing_exception', `[1:7] failed to parse: ${reason}`) };
}

const roots: Readonly<Record<NonNullable<SearchServerOptions['product']>, object>> = {
  Elasticsearch: root('9.0.0'),
  'Elasticsearch 6': root('6.8.23'),
  OpenSearch: root('2.19.6', 'opensearch'),
  none: {},
};

function readActions(body: string): BulkAction[] {
  const lines = body.split('\n').filter((line) => line !== '');
  return lines.flatMap((line, at) => {
    if (at % 2 === 1) return [];
    const [[operation, meta]] = Object.entries(JSON.parse(line) as Record<string, object>) as [
      [string, object],
    ];
    const source = JSON.parse(lines[at + 1] ?? '') as Record<string, unknown>;
    return [{ operation, ...meta, source } as BulkAction];
  });
}
