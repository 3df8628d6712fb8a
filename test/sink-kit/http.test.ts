import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

import { createAddressGuard } from '../../operator/sink-kit/address-guard.ts';
import { DeliveryError } from '../../operator/sink-kit/delivery-error.ts';
import { failureOfResponse } from '../../operator/sink-kit/http-status.ts';
import { type HttpClient, type HttpClientOptions } from '../../operator/sink-kit/http-client.ts';
import { createUndiciClient } from '../../operator/sink-kit/undici-client.ts';
import { createTlsOptions, type TlsConfig } from '../../operator/sink-kit/tls.ts';
import { createAuthority, issue, type Pair } from './certificates.ts';
import { startServer } from './http-server.ts';
import { startProxy } from './proxy-server.ts';

const { signal } = new AbortController();

async function failureOf(promise: Promise<unknown>): Promise<DeliveryError> {
  const outcome = await promise.then(
    () => new Error('did not fail'),
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(DeliveryError);
  return outcome as DeliveryError;
}

function createClient(options: HttpClientOptions = {}) {
  const client = createUndiciClient({ environment: {}, ...options });
  return { ...bind(client), [Symbol.asyncDispose]: () => client.close() };
}

function bind(client: HttpClient) {
  return {
    request: client.request.bind(client),
    probe: client.probe.bind(client),
    close: client.close.bind(client),
  };
}

/** A server of bare sockets, for answers that no HTTP server gives. */
async function startRaw(serve: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('the HTTP client', () => {
  it('sends method, headers and body, and gives status, headers and text of the answer', async () => {
    await using server = await startServer((response) =>
      response.writeHead(201, { 'x-request-id': 'r1' }).end('créé'),
    );
    await using client = createClient();

    const response = await client.request({
      method: 'PUT',
      url: `${server.url}/a?b=c`,
      headers: { 'X-One': '1' },
      body: '{"ä":1}',
      signal,
    });

    expect(response).toMatchObject({ status: 201, bodyText: 'créé', isCut: false, endpoint: server.host });
    expect(response.headers['x-request-id']).toBe('r1');
    expect(server.requests[0]).toMatchObject({ method: 'PUT', url: '/a?b=c', body: '{"ä":1}' });
    expect(server.requests[0]?.headers).toMatchObject({ 'x-one': '1', 'content-length': '8' });
  });

  it('uses its connections again and again', async () => {
    const ports = new Set<number | undefined>();
    await using server = await startServer((response) => {
      ports.add(response.socket?.remotePort);
      response.end();
    });
    await using client = createClient();

    for (let round = 0; round < 5; round += 1) await client.request({ url: server.url, signal });

    expect(ports.size).toBeLessThanOrEqual(2);
  });

  it('keeps 64 KiB of a body, drains the rest and uses the connection again', async () => {
    const ports = new Set<number | undefined>();
    await using server = await startServer((response) => {
      ports.add(response.socket?.remotePort);
      response.end('x'.repeat(200_000));
    });
    await using client = createClient();

    const response = await client.request({ url: server.url, signal });
    for (let round = 0; round < 4; round += 1) await client.request({ url: server.url, signal });

    expect(response.bodyText).toHaveLength(65_536);
    expect(response.isCut).toBe(true);
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  it('leaves a body that does not end', async () => {
    await using server = await startServer((response) => {
      const timer = setInterval(() => response.write('y'.repeat(100_000)), 1);
      response.on('close', () => clearInterval(timer));
    });
    await using client = createClient();

    const response = await client.request({ url: server.url, signal });

    expect(response).toMatchObject({ status: 200, isCut: true });
  });

  it('makes Basic authentication of user info and keeps it out of the URL', async () => {
    await using server = await startServer();
    await using client = createClient();

    await client.request({ url: `http://us%20er:p%40ss@${server.host}/`, signal });

    const authorization = server.requests[0]?.headers.authorization ?? '';
    expect(Buffer.from(authorization.replace('Basic ', ''), 'base64').toString()).toBe('us er:p@ss');
    expect(server.requests[0]?.headers.host).toBe(server.host);
  });

  it('lets a configured Authorization header win over user info', async () => {
    await using server = await startServer();
    await using client = createClient();

    await client.request({
      url: `http://a:b@${server.host}/`,
      headers: { Authorization: 'Bearer t' },
      signal,
    });

    expect(server.requests[0]?.headers.authorization).toBe('Bearer t');
  });

  it('sends a configured Host header, once', async () => {
    await using server = await startServer();
    await using client = createClient();

    await client.request({ url: server.url, headers: { Host: 'virtual.example.com' }, signal });

    const { rawHeaders = [] } = server.requests[0] ?? {};
    expect(rawHeaders.filter((text) => text.toLowerCase() === 'host')).toHaveLength(1);
    expect(server.requests[0]?.headers.host).toBe('virtual.example.com');
  });

  it('gives the signal back as a time-out at once', async () => {
    await using server = await startServer(() => undefined);
    await using client = createClient();
    const controller = new AbortController();

    const failure = failureOf(client.request({ url: server.url, signal: controller.signal }));
    while (server.requests.length === 0) await new Promise(setImmediate);
    controller.abort(Object.assign(new Error('late'), { name: 'TimeoutError' }));

    expect(await failure).toMatchObject({
      reason: 'Timeout',
      permanent: false,
      message: `${server.host} did not answer in time`,
    });
  });

  it('gives the signal back when the body hangs', async () => {
    await using server = await startServer((response) => void response.write('begun'));
    await using client = createClient();
    const controller = new AbortController();

    const failure = failureOf(client.request({ url: server.url, signal: controller.signal }));
    while (server.requests.length === 0) await new Promise(setImmediate);
    controller.abort(Object.assign(new Error('late'), { name: 'TimeoutError' }));

    expect((await failure).reason).toBe('Timeout');
  });

  it('does not connect when the signal is aborted already', async () => {
    await using server = await startServer();
    await using client = createClient();

    const failure = await failureOf(client.request({ url: server.url, signal: AbortSignal.abort() }));

    expect(failure.reason).toBe('ShuttingDown');
    expect(server.requests).toHaveLength(0);
  });

  it('refuses requests after it was closed, and those under way', async () => {
    await using server = await startServer(() => undefined);
    await using client = createClient();
    const running = failureOf(client.request({ url: server.url, signal }));
    while (server.requests.length === 0) await new Promise(setImmediate);

    await client.close();

    expect((await running).reason).toBe('Unreachable');
    expect((await failureOf(client.request({ url: server.url, signal }))).message).toMatch(/was closed$/);
  });
});

describe('failures of connections', () => {
  it('tells a refused connection', async () => {
    let port = 0;
    {
      await using server = await startServer();
      ({ port } = server);
    }
    await using client = createClient();

    const failure = await failureOf(
      client.request({ url: `http://127.0.0.1:${port}/secret?token=t`, signal }),
    );

    expect(failure).toMatchObject({ reason: 'Unreachable', permanent: false });
    expect(failure.message).toBe(
      `127.0.0.1:${port} refused the connection: check the port, and that the system is running`,
    );
  });

  it('tells an unknown host', async () => {
    await using client = createClient();

    const failure = await failureOf(client.request({ url: 'http://nowhere.invalid/', signal }));

    expect(failure.reason).toBe('Unreachable');
    expect(failure.message).toMatch(/^nowhere\.invalid (is not a known host|could not be looked up)/);
  });

  it.each([
    ['closes at once', (socket: Socket) => socket.destroy(), /closed the connection before it answered/],
    ['resets the connection', (socket: Socket) => socket.resetAndDestroy(), /closed the connection/],
    [
      'ends in the middle of its answer',
      (socket: Socket) =>
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc')),
      /closed the connection|less of its answer/,
    ],
    [
      'speaks another protocol',
      (socket: Socket) => socket.once('data', () => socket.end('-ERR unknown command\r\n')),
      /does not answer in HTTP/,
    ],
  ])('tells a server that %s', async (_, serve, message) => {
    await using server = await startRaw((socket) => void serve(socket));
    await using client = createClient();

    const failure = await failureOf(client.request({ url: server.url, signal }));

    expect(failure).toMatchObject({ reason: 'Unreachable', permanent: false });
    expect(failure.message).toMatch(message);
  });
});

describe('redirects', () => {
  const redirecting = (status: number, location: string) =>
    startServer((response, { url }) => {
      if (url === '/done') response.end('done');
      else response.writeHead(status, { location }).end();
    });

  it.each([301, 302, 303, 307, 308])('does not follow a %i and tells the host alone', async (status) => {
    await using server = await redirecting(status, 'https://other.example.com/path?token=t0psecret');
    await using client = createClient({ maxRedirects: 3 });

    const response = await client.request({ url: server.url, body: 'b', signal });

    const failure = failureOfResponse(response);
    expect(failure).toMatchObject({ permanent: true, reason: 'Rejected' });
    expect(failure?.message).toContain('https://other.example.com:');
    expect(failure?.message).not.toContain('t0psecret');
    expect(server.requests).toHaveLength(1);
  });

  it.each([307, 308])(
    'follows a %i within the origin with body and credentials when allowed',
    async (status) => {
      await using server = await redirecting(status, '/done');
      await using client = createClient({ maxRedirects: 1 });

      const response = await client.request({ url: `http://u:p@${server.host}/a`, body: 'body', signal });

      expect(response).toMatchObject({ status: 200, bodyText: 'done' });
      expect(server.requests[1]).toMatchObject({ method: 'POST', url: '/done', body: 'body' });
      expect(server.requests[1]?.headers.authorization).toMatch(/^Basic /);
    },
  );

  it('never turns a 302 into a GET', async () => {
    await using server = await redirecting(302, '/done');
    await using client = createClient({ maxRedirects: 3 });

    expect((await client.request({ url: server.url, signal })).status).toBe(302);
  });

  it('stops after the allowed number', async () => {
    await using server = await redirecting(307, '/again');
    await using client = createClient({ maxRedirects: 2 });

    expect((await client.request({ url: server.url, signal })).status).toBe(307);
    expect(server.requests).toHaveLength(3);
  });
});

describe('the address guard on connections', () => {
  const isAddressAllowed = createAddressGuard();

  it.each([
    '127.0.0.1',
    'localhost',
    '2130706433',
    '0x7f.1',
    '[::ffff:127.0.0.1]',
    '0.0.0.0',
    '017700000001',
  ])('refuses %s before a connection', async (host) => {
    await using server = await startServer();
    await using client = createClient({ isAddressAllowed });

    const failure = await failureOf(client.request({ url: `http://${host}:${server.port}/`, signal }));

    expect(failure.reason).toBe('AddressNotAllowed');
    expect(server.sockets.size).toBe(0);
    expect((await failureOf(client.probe(`http://${host}:${server.port}/`, signal))).reason).toBe(
      'AddressNotAllowed',
    );
  });

  it('judges the address of every new connection, also of a redirect', async () => {
    let allowed = true;
    await using server = await startServer((response) => {
      allowed = false;
      response.writeHead(307, { location: '/next', connection: 'close' }).end();
    });
    await using client = createClient({ isAddressAllowed: () => allowed, maxRedirects: 3 });

    const failure = await failureOf(client.request({ url: server.url, signal }));

    expect(failure.reason).toBe('AddressNotAllowed');
    expect(server.requests).toHaveLength(1);
  });

  it('refuses targets behind a proxy as well, and lets the proxy itself be anywhere', async () => {
    await using server = await startServer();
    await using proxy = await startProxy();
    const environment = { HTTP_PROXY: proxy.url };
    await using strict = createClient({ environment, isAddressAllowed });

    const failure = await failureOf(
      strict.request({ url: 'http://169.254.169.254/latest/meta-data', signal }),
    );

    expect(failure.reason).toBe('AddressNotAllowed');
    expect(proxy.asked).toHaveLength(0);
    expect(server.requests).toHaveLength(0);
  });
});

describe('proxies', () => {
  // Loopback is never proxied; to the test's proxy every name is 127.0.0.1.
  const named = ({ url }: { url: string }) => url.replace('127.0.0.1', 'events.invalid');

  it('forwards http through HTTP_PROXY with its credentials', async () => {
    await using server = await startServer();
    await using proxy = await startProxy('user:word');
    await using client = createClient({ environment: { HTTP_PROXY: proxy.url } });

    const { status } = await client.request({ url: `${named(server)}/x`, body: 'b', signal });
    await client.probe(named(server), signal);

    expect(status).toBe(200);
    expect(proxy.asked).toEqual([`POST ${named(server)}/x`]);
    expect(server.requests[0]).toMatchObject({ url: '/x', body: 'b' });
    expect(server.requests[0]?.headers.host).toBe(`events.invalid:${server.port}`);
  });

  it('tunnels https through HTTPS_PROXY, for requests and probes, and verifies the target', async () => {
    const authority = await createAuthority('Test authority');
    await using server = await startServer(undefined, await issue(authority, ['events.invalid']));
    await using proxy = await startProxy('user:word');
    const environment = { HTTPS_PROXY: proxy.url };
    await using client = createClient({ environment, tls: createTlsOptions({ ca: authority.cert }) });
    await using stranger = createClient({ environment });

    const { status } = await client.request({ url: named(server), signal });
    await client.probe(named(server), signal);
    const refused = await failureOf(stranger.request({ url: named(server), signal }));
    const refusedProbe = await failureOf(stranger.probe(named(server), signal));

    expect(status).toBe(200);
    expect(proxy.asked).toEqual(Array(4).fill(`CONNECT events.invalid:${server.port}`));
    expect([refused.reason, refusedProbe.reason]).toEqual(['TLSFailed', 'TLSFailed']);
    expect(server.requests[0]?.headers['proxy-authorization']).toBeUndefined();
  });

  it.each(['http', 'https'])('tells that the proxy wants credentials (%s)', async (scheme) => {
    await using proxy = await startProxy('user:word');
    const bare = proxy.url.replace('user:word@', '');
    await using client = createClient({ environment: { HTTP_PROXY: bare, HTTPS_PROXY: bare } });

    const failure = await failureOf(client.request({ url: `${scheme}://events.invalid:9/`, signal }));

    expect(failure.reason).toBe('Unauthorized');
    expect(failure.message).toBe('events.invalid:9 cannot be reached: the proxy wants credentials');
  });

  it('tells that the proxy cannot reach the target', async () => {
    await using proxy = await startProxy();
    await using client = createClient({ environment: { HTTPS_PROXY: proxy.url } });

    const failure = await failureOf(client.request({ url: 'https://events.invalid:1/', signal }));

    expect(failure.reason).toBe('Unreachable');
    expect(failure.message).toMatch(/^events\.invalid:1 cannot be reached: the proxy/);
  });

  it('does not send https through HTTP_PROXY', async () => {
    await using proxy = await startProxy();
    await using client = createClient({ environment: { HTTP_PROXY: proxy.url } });

    await failureOf(client.request({ url: 'https://nowhere.invalid/', signal }));

    expect(proxy.asked).toHaveLength(0);
  });
});

describe('TLS', () => {
  let authority: Pair;
  let other: Pair;
  let server: Pair;
  let client: Pair;

  beforeAll(async () => {
    authority = await createAuthority('Test authority');
    other = await createAuthority('Other authority');
    server = await issue(authority, ['127.0.0.1', 'events.example.com']);
    client = await issue(authority, ['client']);
  });

  const connect = async (tls: TlsConfig, url: string) => {
    await using http = createClient({ tls: createTlsOptions(tls) });
    const asked = await http.request({ url, signal }).then(
      ({ status }) => status,
      (error: unknown) => error as DeliveryError,
    );
    const probed = await http.probe(url, signal).then(
      () => 200,
      (error: unknown) => error as DeliveryError,
    );
    return { asked, probed };
  };

  it('trusts the authority that the configuration names', async () => {
    await using peer = await startServer(undefined, server);

    expect(await connect({ ca: authority.cert }, peer.url)).toEqual({ asked: 200, probed: 200 });
    expect(peer.requests).toHaveLength(1);
  });

  it('takes the authority and our certificate from a Secret', async () => {
    await using peer = await startServer(undefined, {
      ...server,
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
    });
    const secretRef = { 'ca.crt': authority.cert, 'tls.crt': client.cert, 'tls.key': client.key };

    expect(await connect({ secretRef }, peer.url)).toEqual({ asked: 200, probed: 200 });
  });

  it.each([
    ['an unknown authority', () => ({}), /authority that is not known: put its CA/],
    ['another authority', () => ({ ca: other.cert }), /authority that is not known|did not sign/],
  ])('tells %s', async (_, tls, message) => {
    await using peer = await startServer(undefined, server);

    const { asked, probed } = await connect(tls(), peer.url);

    for (const failure of [asked, probed]) {
      expect(failure).toMatchObject({ reason: 'TLSFailed', permanent: false });
      expect((failure as DeliveryError).message).toMatch(message);
    }
  });

  it('tells an expired certificate', async () => {
    const expired = await issue(authority, ['127.0.0.1'], {
      notBeforeDate: new Date('2020-01-01'),
      notAfterDate: new Date('2020-02-01'),
    });
    await using peer = await startServer(undefined, expired);

    const { asked, probed } = await connect({ ca: authority.cert }, peer.url);

    for (const failure of [asked, probed]) {
      expect((failure as DeliveryError).message).toBe(`${peer.host} shows a certificate that has expired`);
    }
  });

  it('tells the names of a certificate for another host', async () => {
    const elsewhere = await issue(authority, ['elsewhere.example.com']);
    await using peer = await startServer(undefined, elsewhere);

    const { asked, probed } = await connect({ ca: authority.cert }, peer.url);

    for (const failure of [asked, probed]) {
      expect((failure as DeliveryError).message).toMatch(
        /other names \(DNS:elsewhere\.example\.com\).*tls\.serverName/,
      );
    }
    expect(await connect({ ca: authority.cert, serverName: 'elsewhere.example.com' }, peer.url)).toEqual({
      asked: 200,
      probed: 200,
    });
  });

  it('connects to anybody with insecureSkipVerify, and only then', async () => {
    await using peer = await startServer(undefined, server);

    expect(await connect({ insecureSkipVerify: true }, peer.url)).toEqual({ asked: 200, probed: 200 });
    expect((await connect({}, peer.url)).asked).toBeInstanceOf(DeliveryError);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'tells that the server wants a client certificate (%s)',
    async (version) => {
      await using peer = await startServer(undefined, {
        ...server,
        ca: authority.cert,
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: version,
        maxVersion: version,
      });

      const { asked, probed } = await connect({ ca: authority.cert }, peer.url);

      for (const failure of [asked, probed]) {
        expect(failure).toBeInstanceOf(DeliveryError);
        expect((failure as DeliveryError).message).toMatch(/client certificate|closed the connection/);
      }
      expect(probed).toMatchObject({ reason: 'TLSFailed' });
      expect(peer.requests).toHaveLength(0);
    },
  );

  it('tells https on a port of plain http', async () => {
    await using peer = await startServer();

    const { asked } = await connect({}, peer.url.replace('http:', 'https:'));

    expect((asked as DeliveryError).message).toMatch(/does not speak TLS on this port|closed the connection/);
  });
});
