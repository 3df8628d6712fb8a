import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

import { type Authorization, type Credentials } from './credentials.ts';
import { KubeError, toError } from './kube-error.ts';

// libuv probes every second after this, ten times: a peer that vanished is noticed half a minute later.
const keepAliveMs = 20_000;

/** One HTTP request to the API server. */
interface Exchange {
  readonly method: string;
  /** Path and query, from the API server's root. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal: AbortSignal;
}

/** Sends requests, over connections that it keeps. */
export interface Exchanger {
  /** Resolves with the answer's head; its body is still to be read. Throws KubeError. */
  send(exchange: Exchange): Promise<IncomingMessage>;
  close(): void;
}

const idempotentCodes = new Set(['ECONNRESET', 'EPIPE', 'ECONNREFUSED', 'ECONNABORTED', 'ETIMEDOUT']);

/** Tells whether a failed connection may succeed when tried again. */
export function isConnectionLoss(error: KubeError): boolean {
  return error.failure === 'network' && idempotentCodes.has(error.reason);
}

const describe = ({ method, path }: Exchange): string => `${method} ${path.split('?', 1)[0] ?? ''}`;

/** Makes a KubeError of what broke a connection. */
export function networkError(thrown: unknown, request: string): KubeError {
  if (thrown instanceof KubeError) return thrown;
  const error = toError(thrown);
  const reason = (error as { code?: unknown }).code;
  // Node calls a connection that the peer closed too early `aborted`.
  const said = error.message || String(reason);
  return new KubeError(`${request} got no answer: ${said}`, {
    failure: 'network',
    reason: typeof reason === 'string' ? reason : '',
    cause: thrown,
  });
}

/** Creates an exchanger; streams get connections of their own, so that they never wait for requests. */
export function createExchanger(credentials: Credentials, maxSockets: number): Exchanger {
  const root = new URL(credentials.server);
  const secure = root.protocol === 'https:';
  const options = { keepAlive: true, keepAliveMsecs: keepAliveMs, maxSockets };
  const ownAgent = secure ? new HttpsAgent(options) : new HttpAgent(options);
  const send = secure ? httpsRequest : httpRequest;
  const prefix = root.pathname.replace(/\/$/, '');

  const start = (exchange: Exchange, authorization: Authorization): Promise<IncomingMessage> => {
    const { headers, agent, ...tls } = authorization;
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = send({
      ...(secure ? tls : {}),
      agent: agent ?? ownAgent,
      protocol: root.protocol,
      hostname: root.hostname.replace(/^\[|\]$/g, ''),
      port: root.port,
      method: exchange.method,
      path: prefix + exchange.path,
      headers: { ...exchange.headers, ...headers },
      signal: exchange.signal,
    });
    request.on('response', resolve);
    request.on('error', reject);
    request.on('socket', (socket) => socket.setKeepAlive(true, keepAliveMs));
    request.end(exchange.body);
    return promise;
  };

  return {
    async send(exchange) {
      const authorization = await credentials.authorize();
      try {
        return await start(exchange, authorization);
      } catch (thrown) {
        throw networkError(thrown, `${describe(exchange)} at ${root.origin}`);
      }
    },
    close() {
      ownAgent.destroy();
    },
  };
}
