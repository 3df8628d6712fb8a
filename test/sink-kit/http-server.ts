import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, type Socket } from 'node:net';
import { type TlsOptions } from 'node:tls';
import { gunzipSync } from 'node:zlib';

/** A request that a test server got. */
export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  /** As text; taken out of gzip where the headers say so. */
  readonly body: string;
  /** The body as it came, for one that is compressed. */
  readonly rawBody: Buffer;
}

/** A loopback HTTP server that keeps what it got. */
export interface TestServer extends AsyncDisposable {
  readonly host: string;
  readonly url: string;
  readonly port: number;
  readonly requests: SeenRequest[];
  readonly sockets: ReadonlySet<Socket>;
}

type Answer = (response: ServerResponse, request: SeenRequest) => void;

/** Starts a server on a free port of 127.0.0.1; by default it answers 200 to everything. */
export async function startServer(
  answer: Answer = (response) => response.end('ok'),
  tls?: TlsOptions,
): Promise<TestServer> {
  const requests: SeenRequest[] = [];
  const sockets = new Set<Socket>();
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      const { method = '', url = '', headers, rawHeaders } = request;
      const rawBody = Buffer.concat(chunks);
      const isGzip = headers['content-encoding'] === 'gzip';
      const body = (isGzip ? gunzipSync(rawBody) : rawBody).toString();
      const seen = { method, url, headers, rawHeaders, body, rawBody };
      requests.push(seen);
      answer(response, seen);
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    requests,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
