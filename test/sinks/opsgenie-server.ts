import { startServer, type TestServer } from '../sink-kit/http-server.ts';

/** An answer of the stand-in. */
export interface OpsgenieReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A stand-in for Opsgenie's Alert API with the shapes of its documentation. */
export interface OpsgenieServer extends TestServer {
  apiKey: string;
  /** The alerts that were asked for, in order. */
  readonly created: Readonly<Record<string, unknown>>[];
  override: (request: {
    readonly method: string;
    readonly url: string;
  }) => OpsgenieReply | 'Hang' | 'Reset' | undefined;
}

const requestId = '43a29c5c-3dbf-4fa4-9c26-f4f71023e120';

/** The documented answer to a request that was taken. */
export const accepted = { result: 'Request will be processed', took: 0.302, requestId };

/** Starts a stand-in that takes one key. */
export async function startOpsgenie(
  apiKey = 'eb243592-faa2-4ba2-a551-1afdf565c889',
): Promise<OpsgenieServer> {
  const created: Readonly<Record<string, unknown>>[] = [];
  const server = await startServer((response, request) => {
    const special = opsgenie.override(request);
    if (special === 'Hang') return;
    if (special === 'Reset') return void response.socket?.destroy();
    const isCreation = request.method === 'POST' && request.url === '/v2/alerts';
    const reply = special ?? answer(request.headers.authorization, request);
    if (isCreation && reply.status === 202) {
      created.push(JSON.parse(request.body) as Readonly<Record<string, unknown>>);
    }
    response
      .writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers })
      .end(typeof reply.body === 'string' ? reply.body : JSON.stringify(reply.body));
  });
  const answer = (
    authorization: string | undefined,
    { method, url }: { method: string; url: string },
  ): OpsgenieReply => {
    if (authorization !== `GenieKey ${opsgenie.apiKey}`) {
      return { status: 401, body: { message: 'Could not authenticate', took: 0.001, requestId } };
    }
    if (method === 'GET' && url.startsWith('/v2/alerts/requests/')) {
      return {
        status: 404,
        body: { message: 'Request not found. It might not be processed, yet.', took: 0.1, requestId },
      };
    }
    return { status: 202, body: accepted };
  };
  const opsgenie: OpsgenieServer = Object.assign(server, { apiKey, created, override: () => undefined });
  return opsgenie;
}
