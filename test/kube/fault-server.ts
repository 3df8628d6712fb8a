import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, type Socket } from 'node:net';

import { type Credentials } from '../../operator/kube/credentials.ts';
import { type KubeObject } from '../../operator/kube/kube-object.ts';

interface NewObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly generation?: number };
  readonly [field: string]: unknown;
}

/** An object as the fault server keeps it. */
export interface StoredObject extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { name: string; resourceVersion: string; uid: string };
  readonly [field: string]: unknown;
}

interface Change {
  readonly collection: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly version: number;
  readonly object: StoredObject;
}

interface OpenWatch {
  readonly collection: string;
  readonly response: ServerResponse;
  readonly timer: NodeJS.Timeout;
  frozen: boolean;
}

/** A request as it arrived. */
export interface SeenRequest {
  readonly kind: 'list' | 'watch' | 'other';
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers a request in its own way instead of the right one; returns false to let the right answer follow. */
export type Fault = (request: SeenRequest, response: ServerResponse) => boolean | undefined;

/** A small API server that keeps objects in memory and misbehaves on demand. */
export interface FaultServer {
  readonly url: string;
  readonly credentials: Credentials;
  readonly requests: SeenRequest[];
  /** Creates or changes an object of a collection (a path such as `/api/v1/namespaces/a/pods`). */
  put(collection: string, object: NewObject): StoredObject;
  remove(collection: string, name: string): void;
  get(collection: string, name: string): StoredObject | undefined;
  version(): number;
  /** Forgets the history: watches and continue tokens from before are answered with 410. */
  compact(): void;
  /** Puts the state back to nothing at a low version, as after a restore of an old backup. */
  restoreEmptyBackup(): void;
  /** The next `times` requests of this kind get this fault. */
  failNext(kind: SeenRequest['kind'], fault: Fault, times?: number): void;
  /** Calls off the faults that did not happen yet. */
  heal(): void;
  openWatches(): number;
  endWatches(): void;
  cutWatches(): void;
  /** Half-open: the connections stay, nothing comes any more, not even the end. */
  freezeWatches(): void;
  /** Writes raw bytes to all open watches. */
  writeRaw(text: string): void;
  stop(): Promise<void>;
}

export const faults = {
  status:
    (code: number, headers: Record<string, string> = {}, reason = ''): Fault =>
    (_request, response) => {
      sendStatus(response, code, { reason, message: `fault ${code}`, headers });
      return true;
    },
  reset: (_request: SeenRequest, response: ServerResponse): boolean => {
    response.socket?.resetAndDestroy();
    return true;
  },
  silence: (): boolean => true,
  /** Answers 200 and this text, then ends in order. */
  text:
    (text: string): Fault =>
    (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(text);
      return true;
    },
  /** Answers 200 and this text, then cuts the connection. */
  cutAfter:
    (text: string): Fault =>
    (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.write(text, () => response.socket?.destroy());
      return true;
    },
  errorLine: (code: number, reason: string): Fault =>
    faults.text(
      `${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', apiVersion: 'v1', code, reason, message: 'too old resource version' } })}\n`,
    ),
};

function sendStatus(
  response: ServerResponse,
  code: number,
  { reason, message, headers = {} }: { reason: string; message: string; headers?: Record<string, string> },
): void {
  const body = JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message });
  response.writeHead(code, { 'Content-Type': 'application/json', ...headers }).end(body);
}

function sendJson(response: ServerResponse, code: number, body: unknown): void {
  response.writeHead(code, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const old = (target ?? {}) as Record<string, unknown>;
  const merged = Object.entries(patch).map(([key, value]): [string, unknown] => [
    key,
    merge(old[key], value),
  ]);
  return Object.fromEntries([...Object.entries(old), ...merged].filter(([, value]) => value !== null));
}

/** Starts a fault server on a free loopback port. */
export async function startFaultServer(): Promise<FaultServer> {
  const objects = new Map<string, Map<string, StoredObject>>();
  const requests: SeenRequest[] = [];
  const planned: { kind: SeenRequest['kind']; fault: Fault }[] = [];
  const sockets = new Set<Socket>();
  const watches = new Set<OpenWatch>();
  let history: Change[] = [];
  let version = 100;
  let compacted = 0;

  const of = (collection: string): Map<string, StoredObject> => {
    const found = objects.get(collection) ?? new Map<string, StoredObject>();
    objects.set(collection, found);
    return found;
  };
  const line = ({ type, object }: Change): string => `${JSON.stringify({ type, object })}\n`;
  const publish = (change: Change): void => {
    history.push(change);
    for (const watch of watches) {
      const isOpen = !watch.frozen && !watch.response.writableEnded;
      if (isOpen && watch.collection === change.collection) watch.response.write(line(change));
    }
  };

  const store = (collection: string, object: NewObject): StoredObject => {
    version += 1;
    const old = of(collection).get(object.metadata.name);
    const metadata = { uid: `uid-${object.metadata.name}-${version}`, ...old?.metadata, ...object.metadata };
    const stored: StoredObject = { ...object, metadata: { ...metadata, resourceVersion: String(version) } };
    of(collection).set(object.metadata.name, stored);
    publish({ collection, type: old ? 'MODIFIED' : 'ADDED', version, object: stored });
    return stored;
  };
  const remove = (collection: string, name: string): void => {
    const old = of(collection).get(name);
    if (!old) return;
    version += 1;
    of(collection).delete(name);
    const object = { ...old, metadata: { ...old.metadata, resourceVersion: String(version) } };
    publish({ collection, type: 'DELETED', version, object });
  };

  const list = ({ path, query }: SeenRequest, response: ServerResponse): void => {
    const token = query.get('continue');
    const [at, start] = token ? token.split('/').map(Number) : [version, 0];
    if (at! < compacted) {
      sendStatus(response, 410, { reason: 'Expired', message: 'The provided continue parameter is too old' });
      return;
    }
    const all = [...of(path).values()];
    const limit = Number(query.get('limit') ?? all.length);
    const rest = start! + limit < all.length ? { continue: `${at}/${start! + limit}` } : {};
    sendJson(response, 200, {
      kind: 'List',
      metadata: { resourceVersion: String(at), ...rest },
      items: all.slice(start, start! + limit),
    });
  };

  const watch = ({ path, query }: SeenRequest, response: ServerResponse): void => {
    const from = Number(query.get('resourceVersion') ?? 0);
    response.writeHead(200, { 'Content-Type': 'application/json' });
    if (from < compacted) {
      const object = {
        kind: 'Status',
        code: 410,
        reason: 'Expired',
        message: `too old resource version: ${from}`,
      };
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      return;
    }
    response.flushHeaders();
    const timer = setTimeout(
      () => {
        if (!open.frozen) response.end();
      },
      Number(query.get('timeoutSeconds') ?? 300) * 1000,
    );
    const open: OpenWatch = { collection: path, response, timer, frozen: false };
    watches.add(open);
    response.on('close', () => {
      clearTimeout(timer);
      watches.delete(open);
    });
    for (const change of history) {
      if (change.collection === path && change.version > from) response.write(line(change));
    }
  };

  const create = (request: SeenRequest, response: ServerResponse): void => {
    const body = JSON.parse(request.body) as StoredObject;
    const name = body.metadata.name;
    if (of(request.path).has(name)) {
      sendStatus(response, 409, { reason: 'AlreadyExists', message: `"${name}" already exists` });
    } else sendJson(response, 201, store(request.path, body));
  };

  const change = (request: SeenRequest, response: ServerResponse): void => {
    const body = JSON.parse(request.body || '{}') as Partial<StoredObject>;
    const path = request.path.replace(/\/status$/, '');
    const name = decodeURIComponent(path.slice(path.lastIndexOf('/') + 1));
    const collection = path.slice(0, path.lastIndexOf('/'));
    const old = of(collection).get(name);
    const wanted = body.metadata?.resourceVersion;
    if (!old) {
      sendStatus(response, 404, { reason: 'NotFound', message: `"${name}" not found` });
    } else if (wanted && wanted !== old.metadata.resourceVersion) {
      sendStatus(response, 409, { reason: 'Conflict', message: 'the object has been modified' });
    } else if (request.method === 'DELETE') {
      remove(collection, name);
      sendJson(response, 200, { kind: 'Status', status: 'Success' });
    } else {
      const patch = path === request.path ? body : { status: body['status'] };
      const isWhole = request.method === 'PUT' && path === request.path;
      sendJson(response, 200, store(collection, (isWhole ? body : merge(old, patch)) as StoredObject));
    }
  };

  const read = (request: SeenRequest, response: ServerResponse): void => {
    if (request.path === '/version') {
      sendJson(response, 200, { major: '1', minor: '34', gitVersion: 'v1.34.4' });
      return;
    }
    const slash = request.path.lastIndexOf('/');
    const found = of(request.path.slice(0, slash)).get(decodeURIComponent(request.path.slice(slash + 1)));
    if (found) sendJson(response, 200, found);
    else if (request.kind === 'watch') watch(request, response);
    else if (request.kind === 'list') list(request, response);
    else sendStatus(response, 404, { reason: 'NotFound', message: `${request.path} not found` });
  };

  const kindOf = (method: string, query: URLSearchParams): SeenRequest['kind'] => {
    if (method === 'GET' && query.get('watch') === 'true') return 'watch';
    return method === 'GET' && query.has('limit') ? 'list' : 'other';
  };

  const answer = (request: SeenRequest, response: ServerResponse): void => {
    const place = planned.findIndex(({ kind }) => kind === request.kind);
    const [fault] = place === -1 ? [] : planned.splice(place, 1);
    if (fault?.fault(request, response)) return;
    if (request.method === 'GET') read(request, response);
    else if (request.method === 'POST') create(request, response);
    else change(request, response);
  };

  const server = createServer((incoming, response) => {
    const url = new URL(incoming.url ?? '/', 'http://server');
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const method = incoming.method ?? 'GET';
      const request: SeenRequest = {
        kind: kindOf(method, url.searchParams),
        method,
        path: url.pathname,
        query: url.searchParams,
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      requests.push(request);
      answer(request, response);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    credentials: {
      server: url,
      namespace: 'default',
      authorize: () => Promise.resolve({ headers: { Authorization: 'Bearer token' } }),
      refresh: () => false,
    },
    requests,
    put: store,
    remove,
    get: (collection, name) => of(collection).get(name),
    version: () => version,
    compact() {
      version += 1;
      compacted = version;
      history = [];
    },
    restoreEmptyBackup() {
      objects.clear();
      history = [];
      version = 10;
    },
    failNext(kind, fault, times = 1) {
      for (let index = 0; index < times; index += 1) planned.push({ kind, fault });
    },
    heal: () => void planned.splice(0),
    openWatches: () => watches.size,
    endWatches() {
      for (const { response } of watches) response.end();
    },
    cutWatches() {
      for (const { response } of watches) response.socket?.destroy();
      // At once, and not when the sockets have closed: a client that watches again may come before that is seen.
      watches.clear();
    },
    freezeWatches() {
      for (const watch of watches) watch.frozen = true;
    },
    writeRaw(text) {
      for (const { response } of watches) response.write(text);
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      for (const { timer } of watches) clearTimeout(timer);
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
