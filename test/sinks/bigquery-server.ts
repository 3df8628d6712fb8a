import { type TestServer, startServer } from '../sink-kit/http-server.ts';
import { type Pair } from '../sink-kit/certificates.ts';

/** A column as the REST API writes it. */
export interface SeenColumn {
  readonly name: string;
  readonly type: string;
  readonly mode?: string;
  readonly fields?: readonly SeenColumn[];
}

/** A row that was inserted. */
export interface SeenRow {
  readonly insertId: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** A table as a test sees it. */
export interface SeenTable {
  readonly schema: { readonly fields: readonly SeenColumn[] };
  readonly timePartitioning?: object;
  readonly clustering?: object;
}

/** An answer of BigQuery's. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that the server got, below the project. */
export interface SeenApiCall {
  readonly method: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly authorization: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** A loopback server that speaks the part of BigQuery's REST API that sinks use. */
export interface BigQueryServer extends AsyncDisposable {
  readonly server: TestServer;
  readonly calls: readonly SeenApiCall[];
  readonly datasets: Map<string, object>;
  /** By `dataset/table`. */
  readonly tables: Map<string, SeenTable>;
  readonly rows: readonly SeenRow[];
  /** Decides about each request; undefined lets it go its way, `Hang` never answers. */
  judge: (call: SeenApiCall) => Answer | 'Hang' | undefined;
  /** Decides about each row of a request that goes its way. */
  judgeRow: (row: SeenRow) => object | undefined;
}

/** Makes an answer with an error as BigQuery words it. */
export function apiError(status: number, reason: string, message = `said ${reason}`): Answer {
  return {
    status,
    body: { error: { code: status, message, errors: [{ message, domain: 'global', reason }] } },
  };
}

/** Starts a server on a free port of 127.0.0.1, by TLS when it is given a certificate. */
export async function startBigQueryServer(pair?: Pair, projectId = 'p1'): Promise<BigQueryServer> {
  const calls: SeenApiCall[] = [];
  const rows: SeenRow[] = [];
  const datasets = new Map<string, object>();
  const tables = new Map<string, SeenTable>();
  const prefix = `/bigquery/v2/projects/${projectId}`;
  const route = (call: SeenApiCall): Answer => {
    const [, , dataset = '', kind, table] = call.path.split('/');
    if (dataset === '') return insert(datasets, named(call.body.datasetReference, 'datasetId'), call);
    if (!datasets.has(dataset))
      return apiError(404, 'notFound', `Not found: Dataset ${projectId}:${dataset}`);
    if (kind === undefined) return { status: 200, body: datasets.get(dataset) };
    if (table !== undefined) return routeTable(`${dataset}/${table}`, call);
    return insert(tables, `${dataset}/${named(call.body.tableReference, 'tableId')}`, call);
  };
  const routeTable = (id: string, call: SeenApiCall): Answer => {
    const found = tables.get(id);
    if (found === undefined) return apiError(404, 'notFound', `Not found: Table ${projectId}:${id}`);
    if (call.path.endsWith('/insertAll')) return insertAll(call);
    if (call.method === 'PATCH') tables.set(id, { ...found, ...call.body });
    return { status: 200, body: tables.get(id) };
  };
  const insert = (into: Map<string, object>, name: string, { body }: SeenApiCall): Answer => {
    if (into.has(name)) return apiError(409, 'duplicate', `Already Exists: ${name}`);
    into.set(name, body);
    return { status: 200, body };
  };
  const insertAll = ({ body }: SeenApiCall): Answer => {
    const errors = (body.rows as SeenRow[]).flatMap((row, index) => {
      const error = fake.judgeRow(row);
      if (error === undefined) rows.push(row);
      return error === undefined ? [] : [{ index, errors: [error] }];
    });
    return {
      status: 200,
      body: {
        kind: 'bigquery#tableDataInsertAllResponse',
        ...(errors.length > 0 && { insertErrors: errors }),
      },
    };
  };
  const server = await startServer((response, { method, url, headers, body }) => {
    const path = url.slice(prefix.length).replace(/\?.*$/, '');
    const parsed = (body === '' ? {} : JSON.parse(body)) as Record<string, unknown>;
    const call = { method, path, body: parsed, authorization: headers.authorization, headers };
    calls.push(call);
    const answer = fake.judge(call) ?? (url.startsWith(prefix) ? route(call) : apiError(404, 'notFound'));
    if (answer === 'Hang') return;
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(text);
  }, pair);
  const fake: BigQueryServer = {
    server,
    calls,
    datasets,
    tables,
    rows,
    judge: () => undefined,
    judgeRow: () => undefined,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return fake;
}

function named(reference: unknown, key: string): string {
  return String((reference as Record<string, unknown>)[key]);
}
