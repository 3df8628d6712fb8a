import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo } from 'node:net';

/** A request that the recorder got. */
export interface RecordedRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: ExporterDocument;
  /** The status that it was answered with. */
  readonly status: number;
}

/** An Event as the exporter's document has it, as far as tests look at it. */
export interface ExporterDocument {
  readonly metadata: { readonly uid: string; readonly name: string; readonly namespace: string };
  readonly reason: string;
  readonly message: string;
  readonly type: string;
  readonly count: number;
  readonly involvedObject: {
    readonly kind: string;
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
}

/** A webhook on 127.0.0.1 that remembers what it got. */
export interface WebhookRecorder extends AsyncDisposable {
  readonly url: string;
  /** The status of the next answers; 200 at first. */
  status: number;
  /** Every request so far, refused ones too. */
  readonly requests: readonly RecordedRequest[];
  /** What was taken with status 200, of the paths that begin so. */
  accepted(path?: string): readonly RecordedRequest[];
  /** How often each idempotency key was taken. */
  acceptedKeys(path?: string): ReadonlyMap<string, number>;
  close(): Promise<void>;
}

/** Starts a recorder. */
export async function startWebhookRecorder(): Promise<WebhookRecorder> {
  const requests: RecordedRequest[] = [];
  const server = createServer((incoming, answer) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const { status } = recorder;
      if (incoming.method === 'POST') {
        const body = JSON.parse(text) as ExporterDocument;
        requests.push({ path: incoming.url ?? '', headers: incoming.headers, body, status });
      }
      answer.writeHead(status).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = (path = '/'): RecordedRequest[] =>
    requests.filter((request) => request.status === 200 && request.path.startsWith(path));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  const recorder: WebhookRecorder = {
    url: `http://127.0.0.1:${port}`,
    status: 200,
    requests,
    accepted,
    acceptedKeys(path) {
      const counts = new Map<string, number>();
      for (const { headers } of accepted(path)) {
        const key = String(headers['idempotency-key']);
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      return counts;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  return recorder;
}
