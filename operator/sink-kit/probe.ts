import { once } from 'node:events';
import { type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { type buildConnector, Client } from 'undici';

import { type AddressGuard } from './address-guard.ts';
import { basicAuthorization } from './auth.ts';
import { createGuardedConnector } from './guarded-connector.ts';
import { bareHost, portOf } from './proxy.ts';
import { createTlsOptions, type TlsOptions } from './tls.ts';

/** How long a server gets, in milliseconds, to refuse our certificate after a TLS 1.3 handshake. */
const verdictMs = 250;

interface ProbeOptions {
  readonly tls: TlsOptions;
  readonly isAddressAllowed: AddressGuard | undefined;
  readonly signal: AbortSignal;
}

/** Connects to a target, through a proxy if there is one, and hangs up. */
export async function probeThrough(
  { target, proxy }: { target: URL; proxy: URL | undefined },
  options: ProbeOptions,
): Promise<void> {
  const connect = createGuardedConnector(options.tls, options.isAddressAllowed);
  const socket =
    proxy === undefined ? await open(connect, target, options) : await openThrough(proxy, target, options);
  try {
    await hearVerdict(socket, options.signal);
  } finally {
    socket.destroy();
  }
}

/** A proxy may refuse tunnels for plain http, so there its own connection has to do. */
async function openThrough(proxy: URL, target: URL, options: ProbeOptions): Promise<Socket> {
  const unguarded = createGuardedConnector(createTlsOptions(), undefined);
  if (target.protocol !== 'https:' || proxy.protocol === 'socks5:') return open(unguarded, proxy, options);
  const client = new Client(proxy.origin, { connect: unguarded });
  try {
    const authority = `${target.hostname}:${portOf(target)}`;
    const { socket, statusCode } = await client.connect({
      path: authority,
      headers: { host: authority, ...proxyAuthorization(proxy) },
      signal: options.signal,
    });
    if (statusCode !== 200) {
      socket.destroy();
      throw new Error(`Proxy response (${statusCode}) !== 200 when HTTP Tunneling`);
    }
    const connect = createGuardedConnector(options.tls, undefined);
    return await open(connect, target, { ...options, tunnel: socket as Socket });
  } finally {
    void client.destroy();
  }
}

function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === '') return {};
  return {
    'proxy-authorization': basicAuthorization(decodeURIComponent(username), decodeURIComponent(password)),
  };
}

function open(
  connect: buildConnector.connector,
  url: URL,
  { signal, tunnel }: { signal: AbortSignal; tunnel?: Socket },
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const options: buildConnector.Options = {
      hostname: bareHost(url),
      host: url.host,
      protocol: url.protocol,
      port: String(portOf(url)),
      ...(tunnel !== undefined && { httpSocket: tunnel }),
    };
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    connect(options, (error, socket) => {
      signal.removeEventListener('abort', abort);
      if (error !== null) reject(error);
      else if (signal.aborted) socket.destroy();
      else resolve(socket);
    });
  });
}

/**
 * In TLS 1.3 the client is done before the server has judged the client's certificate; the server's session ticket
 * (RFC 8446 4.6.1) says that it did, an alert that it refused.
 */
async function hearVerdict(socket: Socket, signal: AbortSignal): Promise<void> {
  if (!(socket instanceof TLSSocket) || socket.getProtocol() !== 'TLSv1.3') return;
  const silence = AbortSignal.timeout(verdictMs);
  try {
    await once(socket.resume(), 'session', { signal: AbortSignal.any([signal, silence]) });
  } catch (error) {
    if (!silence.aborted) throw error;
  }
}
