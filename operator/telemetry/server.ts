import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';

import { type Metrics } from './metrics.ts';

/** What is wrong with the process, in sentences; empty means that it is well. */
export type HealthCheck = () => readonly string[];

/** The listener for probes and scrapes. */
export interface TelemetryServer {
  /** `host:port` that is listened on. */
  readonly address: string;
  close(): Promise<void>;
}

export interface TelemetryServerOptions {
  /** Undefined listens on all addresses, of IPv6 too where the machine has it. */
  readonly host: string | undefined;
  /** 0 takes a free one. */
  readonly port: number;
  readonly metrics: Metrics;
  /** /healthz: failing restarts the pod. */
  readonly alive: HealthCheck;
  /** /readyz: failing takes the pod out of its Service. */
  readonly ready: HealthCheck;
}

/** Serves /metrics, /healthz and /readyz; rejects when the address cannot be listened on. */
export async function startTelemetryServer(options: TelemetryServerOptions): Promise<TelemetryServer> {
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    void answer(request, response, options).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const where = `${options.host ?? ''}:${options.port}`;
      reject(
        new Error(
          `cannot listen on ${where} for metrics and health (${cause.code ?? cause.message}): choose another --metrics-address`,
          { cause },
        ),
      );
    });
    server.listen({ host: options.host, port: options.port }, resolve);
  });
  // a connection that could not be accepted is that client's trouble
  server.on('error', () => undefined);
  const { address, port } = server.address() as AddressInfo;
  return {
    address: `${address.includes(':') ? `[${address}]` : address}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
const textType = 'text/plain; version=0.0.4; charset=utf-8';

interface Page {
  readonly status: number;
  readonly text: string;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: TelemetryServerOptions,
): Promise<void> {
  const { status, text, type = 'text/plain; charset=utf-8', headers } = await pageFor(request, options);
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(request.method === 'HEAD' ? undefined : text);
}

async function pageFor(request: IncomingMessage, options: TelemetryServerOptions): Promise<Page> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, text: 'only GET and HEAD\n', headers: { allow: 'GET, HEAD' } };
  const [path = '/'] = (request.url ?? '/').split('?');
  switch (path) {
    case '/metrics': {
      const openMetrics = request.headers.accept?.includes('application/openmetrics-text') === true;
      const text = await options.metrics.render(openMetrics);
      return { status: 200, text, type: openMetrics ? openMetricsType : textType };
    }
    case '/healthz':
      return healthPage(options.alive());
    case '/readyz':
      return healthPage(options.ready());
    default:
      return { status: 404, text: 'not found: /metrics, /healthz and /readyz are here\n' };
  }
}

function healthPage(problems: readonly string[]): Page {
  return problems.length === 0
    ? { status: 200, text: 'ok\n' }
    : { status: 503, text: `${problems.join('\n')}\n` };
}
