import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startServer, type TestServer } from '../sink-kit/http-server.ts';

/** A stand-in for an API server that only answers reads, with a kubeconfig that leads to it. */
export interface ReadOnlyApiServer extends AsyncDisposable {
  readonly kubeconfig: string;
  readonly requests: TestServer['requests'];
}

/** Starts one on what it holds, by path; `forbidden` is what the caller may not read, anything else is not there. */
export async function startApiServer(answers: Readonly<Record<string, unknown>>): Promise<ReadOnlyApiServer> {
  const server = await startServer((response, { url }) => {
    const [path = ''] = url.split('?');
    const found = answers[path];
    const refusal = found === 'forbidden' ? [403, 'Forbidden'] : [404, 'NotFound'];
    const isThere = found !== undefined && found !== 'forbidden';
    response.statusCode = isThere ? 200 : Number(refusal[0]);
    response.setHeader('content-type', 'application/json');
    const status = {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      reason: refusal[1],
      code: refusal[0],
    };
    response.end(JSON.stringify(isThere ? found : { ...status, message: `${path}: ${refusal[1]}` }));
  });
  const folder = await mkdtemp(join(tmpdir(), 'eventroute-kubeconfig-'));
  const kubeconfig = join(folder, 'config');
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server: server.url } }],
      users: [{ name: 'me', user: { token: 'token' } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'me', namespace: 'shop' } }],
      'current-context': 'test',
    }),
  );
  return {
    kubeconfig,
    requests: server.requests,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}
