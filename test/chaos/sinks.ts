import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

import { type Random } from './random.ts';
import { type ReceiverName } from './schedule.ts';

/** An occurrence that a sink took. */
export interface Receipt {
  readonly receiver: ReceiverName;
  /** The run of an operator that sent it. */
  readonly run: string;
  /** The idempotency key that came with it. */
  readonly key: string;
  /** What the document itself says. */
  readonly uid: string;
  readonly number: number;
  readonly message: string;
  /** When its request began to arrive. */
  readonly atMs: number;
}

/** How a sink treats requests. */
export type Mood = 'well' | 'refuse' | 'hang' | 'close' | 'partial';

/** A sink on 127.0.0.1 that notes what it takes. */
export interface Sink extends AsyncDisposable {
  readonly url: string;
  mood: Mood;
  /** The bearer token that it wants; undefined when anybody may send. */
  token: string | undefined;
}

/** What a sink is made of. */
export interface SinkOptions {
  readonly receiver: ReceiverName;
  readonly random: Random;
  readonly now: () => number;
  readonly onReceipt: (receipt: Receipt) => void;
}

/** The exporter's document, as far as it matters here. */
interface Document {
  readonly metadata: { readonly uid: string };
  readonly message: string;
  readonly count?: number;
  readonly series?: { readonly count?: number };
  readonly clusterName?: string;
}

/** What the layout of `small` makes. */
export interface SmallDocument {
  readonly key: string;
  readonly run: string;
  readonly uid: string;
  readonly number: string;
  readonly message: string;
}

type Parsed = Omit<Receipt, 'receiver' | 'atMs'>;

/** A request that was read, and how it is to be answered. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly text: string;
  readonly mood: Mood;
  readonly take: (taken: readonly Parsed[]) => void;
}

/** Starts a webhook that gets one event a request (`hook`) or a line for each (`small`). */
export function startWebhook(options: SinkOptions): Promise<Sink> {
  return startSink(options, ({ request, response, text, take }) => {
    take(options.receiver === 'hook' ? [readEvent(text, request)] : readLines(text));
    return { response, status: 200, body: '{}' };
  });
}

/** Starts a stand-in of Elasticsearch that stores each `_id` once and can refuse parts of a bulk request. */
export function startSearch(options: SinkOptions): Promise<Sink> {
  const stored = new Set<string>();
  return startSink(options, ({ request, response, text, mood, take }) => {
    response.setHeader('x-elastic-product', 'Elasticsearch');
    const [path] = (request.url ?? '').split('?');
    if (path !== '/_bulk') {
      const known: Readonly<Record<string, object>> = {
        '/': { version: { number: '9.0.0' }, tagline: 'You Know, for Search' },
        '/_security/user/_has_privileges': { username: 'u', has_all_requested: true },
      };
      return { response, status: 200, body: JSON.stringify(known[path ?? ''] ?? {}) };
    }
    const actions = readActions(text);
    if (actions.length === 0) {
      const error = { type: 'action_request_validation_exception', reason: 'no requests added' };
      return { response, status: 400, body: JSON.stringify({ error, status: 400 }) };
    }
    const items = actions.map((action) => {
      if (mood === 'partial' && options.random.next() < 0.4) return refusal(options.random);
      take([action]);
      if (stored.has(action.key)) {
        const error = { type: 'version_conflict_engine_exception', reason: 'document already exists' };
        return { create: { _index: 'chaos', status: 409, error } };
      }
      stored.add(action.key);
      return { create: { _index: 'chaos', status: 201 } };
    });
    return { response, status: 200, body: JSON.stringify({ took: 1, items }) };
  });
}

function refusal(random: Random): object {
  const [status, type] = random.pick([
    [429, 'es_rejected_execution_exception'],
    [503, 'unavailable_shards_exception'],
  ] as const);
  return { create: { _index: 'chaos', status, error: { type, reason: 'chaos' } } };
}

interface Answer {
  readonly response: ServerResponse;
  readonly status: number;
  readonly body: string;
}

async function startSink(
  { receiver, now, onReceipt }: SinkOptions,
  answer: (exchange: Exchange) => Answer,
): Promise<Sink> {
  const hanging = new Set<ServerResponse>();
  let mood: Mood = 'well';
  let closings = 0;
  const handle = (request: IncomingMessage, response: ServerResponse, text: string, atMs: number): void => {
    const take = (taken: readonly Parsed[]): void => {
      for (const parsed of taken) onReceipt({ ...parsed, receiver, atMs });
    };
    const isProbe = request.method !== 'POST';
    if (mood === 'refuse') response.writeHead(503).end('chaos');
    else if (mood === 'hang') hanging.add(response);
    else if (sink.token !== undefined && request.headers.authorization !== `Bearer ${sink.token}`)
      response.writeHead(401).end();
    else if (mood === 'close' && closings++ % 2 === 0) response.destroy();
    else if (isProbe && receiver !== 'search') response.writeHead(405).end();
    else {
      const { status, body } = answer({ request, response, text, mood, take });
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
      if (mood === 'close') {
        // the answer breaks off where the sender knows no more than that there was one
        response.flushHeaders();
        response.write(body.slice(0, -1));
        setImmediate(() => response.destroy());
      } else response.end(body);
    }
  };
  const server = createServer((request, response) => {
    const atMs = now();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    // what breaks off on its way was never taken
    request.on('end', () => handle(request, response, Buffer.concat(chunks).toString(), atMs));
  });
  // as many systems do: a leader that was frozen finds its connections open
  server.keepAliveTimeout = 300_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sink: Sink = {
    url: `http://127.0.0.1:${port}`,
    token: undefined,
    get mood() {
      return mood;
    },
    set mood(next) {
      mood = next;
      for (const response of hanging) response.destroy();
      hanging.clear();
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return sink;
}

function readEvent(text: string, { headers }: IncomingMessage): Parsed {
  return { ...readDocument(JSON.parse(text) as Document), key: String(headers['idempotency-key']) };
}

function readLines(text: string): Parsed[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as SmallDocument)
    .map(({ number, ...rest }) => ({ ...rest, number: Number(number) }));
}

function readActions(text: string): Parsed[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.flatMap((line, at) => {
    if (at % 2 === 1) return [];
    const { create } = JSON.parse(line) as { create: { _id: string } };
    return [{ ...readDocument(JSON.parse(lines[at + 1] ?? '') as Document), key: create._id }];
  });
}

function readDocument({ metadata, message, count, series, clusterName }: Document): Omit<Parsed, 'key'> {
  const number = Math.max(count ?? 0, series?.count ?? 0, 1);
  return { uid: metadata.uid, number, message, run: clusterName ?? '' };
}
