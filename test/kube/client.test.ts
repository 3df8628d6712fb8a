import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server } from 'node:net';
import { type AddressInfo } from 'node:net';

import { generate } from 'selfsigned';

import { createApiClient, type KubeClient } from '../../operator/kube/api-client.ts';
import { type Credentials } from '../../operator/kube/credentials.ts';
import { KubeError } from '../../operator/kube/kube-error.ts';
import { type FaultServer, faults, startFaultServer } from './fault-server.ts';
import { createRecordingLog } from './recording-log.ts';

const failure = async (promise: Promise<unknown>): Promise<KubeError> => {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof KubeError) return thrown;
    throw thrown;
  }
  throw new Error('expected a KubeError');
};

describe('the client', () => {
  let server: FaultServer;
  let client: KubeClient;

  const connect = (credentials: Partial<Credentials> = {}): KubeClient =>
    createApiClient({
      credentials: { ...server.credentials, ...credentials },
      log: createRecordingLog(),
      backoff: { initialMs: 1, maxMs: 5 },
    });

  beforeEach(async () => {
    server = await startFaultServer();
    client = connect();
  });

  afterEach(async () => {
    client.close();
    await server.stop();
  });

  it('asks with the credentials and its name, and parses the answer', async () => {
    const version = await client.version();
    expect(version.gitVersion).toBe('v1.34.4');
    expect(server.requests[0]?.headers).toMatchObject({
      authorization: 'Bearer token',
      'user-agent': 'eventroute',
      accept: 'application/json',
    });
  });

  it('makes new credentials for each request, so that a rotated token is used', async () => {
    let count = 0;
    const rotating = connect({
      authorize: () => Promise.resolve({ headers: { Authorization: `Bearer ${(count += 1)}` } }),
    });
    await rotating.version();
    await rotating.version();
    rotating.close();
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer 1', 'Bearer 2']);
  });

  it('reads the credentials again after a 401, once', async () => {
    server.failNext('other', faults.status(401));
    let refreshed = 0;
    const refreshing = connect({ refresh: () => refreshed++ === 0 });
    await refreshing.version();
    server.failNext('other', faults.status(401), 5);
    const error = await failure(refreshing.version());
    refreshing.close();

    expect(error).toMatchObject({ failure: 'credentials', status: 401 });
    expect(error.message).toContain('check the token or certificate');
    expect(server.requests).toHaveLength(3);
  });

  it.each([
    [400, 'invalid'],
    [403, 'forbidden'],
    [404, 'notFound'],
    [409, 'conflict'],
    [410, 'expired'],
    [422, 'invalid'],
    [500, 'server'],
    [503, 'server'],
  ])('tells a %d as a failure of kind %s', async (status, kind) => {
    server.failNext('other', faults.status(status, {}, 'Why'));
    const error = await failure(client.request('POST', '/api/v1/pods', { body: {} }));
    expect(error).toMatchObject({ failure: kind, status, reason: 'Why' });
    expect(error.message).toContain(`POST /api/v1/pods answered ${status} Why: fault ${status}`);
    expect(server.requests).toHaveLength(1);
  });

  it('tries again when the API server is busy, even a POST, after the time that Retry-After names', async () => {
    server.failNext('other', faults.status(429, { 'Retry-After': '1' }));
    const startMs = performance.now();
    await client.request('POST', '/api/v1/pods', { body: { metadata: { name: 'a' } } });
    expect(performance.now() - startMs).toBeGreaterThan(990);
    expect(server.requests).toHaveLength(2);
  });

  it('gives a request back at once when Retry-After is long', async () => {
    server.failNext('other', faults.status(429, { 'Retry-After': '120' }));
    expect(await failure(client.version())).toMatchObject({ failure: 'throttled', retryAfterMs: 120_000 });
  });

  it('gives up after four attempts', async () => {
    server.failNext('other', faults.status(429, { 'Retry-After': '0' }), 9);
    expect(await failure(client.version())).toMatchObject({ failure: 'throttled' });
    expect(server.requests).toHaveLength(4);
  });

  it('tries again when the connection is reset, unless that could do something twice', async () => {
    server.failNext('other', faults.reset, 2);
    await client.version();
    server.failNext('other', faults.reset);
    const error = await failure(
      client.request('POST', '/api/v1/pods', { body: { metadata: { name: 'b' } } }),
    );

    expect(error).toMatchObject({ failure: 'network', reason: 'ECONNRESET' });
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('tells an answer that does not come in time', async () => {
    server.failNext('other', faults.silence);
    const error = await failure(client.request('GET', '/version', { timeoutMs: 50 }));
    expect(error).toMatchObject({ failure: 'timeout', message: 'GET /version got no answer within 50 ms' });
  });

  it('gives up when its caller does', async () => {
    server.failNext('other', faults.silence);
    const caller = new AbortController();
    const pending = failure(client.request('GET', '/version', { signal: caller.signal }));
    caller.abort();
    expect(await pending).toMatchObject({ failure: 'aborted' });
  });

  it('tells an answer that is not from an API server', async () => {
    server.failNext('other', faults.text('<html>sign in</html>'));
    expect(await failure(client.version())).toMatchObject({ failure: 'protocol' });
  });

  it('keeps the path of an API server that is behind a proxy', async () => {
    const behind = connect({ server: `${server.url}/k8s/clusters/c-1` });
    await failure(behind.request('GET', '/api/v1/nodes/n'));
    behind.close();
    expect(server.requests[0]?.path).toBe('/k8s/clusters/c-1/api/v1/nodes/n');
  });

  it('tells the addresses of the API server', async () => {
    expect(await client.serverAddresses()).toEqual(['127.0.0.1']);
    const named = connect({ server: server.url.replace('127.0.0.1', 'localhost') });
    expect(await named.serverAddresses()).toContain('127.0.0.1');
    named.close();
  });

  it('tells a refused connection', async () => {
    const closed: Server = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const nobody = connect({ server: `http://127.0.0.1:${port}` });
    expect(await failure(nobody.version())).toMatchObject({ failure: 'network', reason: 'ECONNREFUSED' });
    nobody.close();
  });
});

describe('the client over TLS', () => {
  it('trusts the authority that it was given, and nobody else, and shows its certificate', async () => {
    const options = {
      extensions: [{ name: 'subjectAltName' as const, altNames: [{ type: 7 as const, ip: '127.0.0.1' }] }],
    };
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'server' }], options);
    const shown: unknown[] = [];
    const server = createHttpsServer(
      { cert, key, ca: cert, requestCert: true, rejectUnauthorized: false },
      (request, response) => {
        shown.push((request.socket as unknown as { authorized: boolean }).authorized);
        response.end('{"gitVersion":"v1"}');
      },
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const connect = (tls: object): KubeClient =>
      createApiClient({
        credentials: {
          server: url,
          namespace: 'default',
          authorize: () => Promise.resolve({ headers: {}, ...tls }),
          refresh: () => false,
        },
        log: createRecordingLog(),
      });
    const trusting = connect({ ca: cert, cert, key });
    const stranger = connect({});

    expect(await trusting.version()).toEqual({ gitVersion: 'v1' });
    expect(shown).toEqual([true]);
    expect(await failure(stranger.version())).toMatchObject({
      failure: 'network',
      reason: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    trusting.close();
    stranger.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
