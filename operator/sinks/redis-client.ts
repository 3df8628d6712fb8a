import { isIP } from 'node:net';

import { ConnectionTimeoutError, createClient, createCluster } from '@redis/client';

import {
  type AddressGuard,
  createGuardedLookup,
  DeliveryError,
  refuseLiteralAddress,
} from '../sink-kit/index.ts';
import { formatHostPort, type HostPort } from './host-port.ts';
import { toRedisError } from './redis-error.ts';
import { type RedisLogin, type RedisTarget } from './redis-target.ts';

/** A connection to a node, or the connections to a cluster. */
export interface RedisClient {
  /** Sends a command to the node that has the key; what it fails with is the client's own error. */
  run(command: readonly string[], key?: string): Promise<unknown>;
  destroy(): void;
}

const connectTimeoutMs = 5_000;

/**
 * Connects to where a target's events go. `onOpen` gets each client at once, so that it can be destroyed while it connects.
 * @throws DeliveryError
 */
export async function connectRedis(
  target: RedisTarget,
  isAddressAllowed: AddressGuard | undefined,
  onOpen: (client: { destroy: () => void }) => void,
): Promise<RedisClient> {
  const way = { isAddressAllowed, onOpen };
  if (target.kind === 'cluster') return connectCluster(target, way);
  const node = target.kind === 'sentinel' ? await findMaster(target, way) : target.addresses[0];
  if (node === undefined) throw new TypeError('a target has an address');
  const client = await connectNode(node, { ...target.login, db: target.db }, way);
  return {
    run: (command) => client.sendCommand(command),
    destroy: () => client.destroy(),
  };
}

interface Way {
  readonly isAddressAllowed: AddressGuard | undefined;
  readonly onOpen: (client: { destroy: () => void }) => void;
}

interface Client {
  sendCommand(command: readonly string[]): Promise<unknown>;
  destroy(): void;
}

async function connectNode(
  node: HostPort,
  { db = 0, ...login }: RedisLogin & { readonly db?: number },
  { isAddressAllowed, onOpen }: Way,
): Promise<Client> {
  refuseLiteralAddress(node.host, isAddressAllowed);
  const options = nodeOptions(login, isAddressAllowed);
  const client = createClient({
    ...options,
    socket: { ...options.socket, ...node, ...serverName(login, node.host) },
    ...(db > 0 && { database: db }),
  });
  client.on('error', () => undefined);
  onOpen(client);
  try {
    await client.connect();
    return client;
  } catch (error) {
    throw handshakeFailure(error, node, login) ?? toRedisError(error, { endpoint: formatHostPort(node) });
  }
}

/** Plain servers end a TLS handshake without a word. */
function handshakeFailure(error: unknown, node: HostPort, { tls }: RedisLogin): DeliveryError | undefined {
  if (tls !== undefined && error instanceof ConnectionTimeoutError) {
    return DeliveryError.retry(
      `${formatHostPort(node)} made no TLS connection in time: check host, port, network policies, and whether it speaks TLS`,
      'Timeout',
      { cause: error },
    );
  }
  if (tls === undefined || (error as NodeJS.ErrnoException).code !== 'ECONNRESET') return undefined;
  return DeliveryError.retry(
    `${formatHostPort(node)} ended the TLS handshake: this port may not use TLS (then leave \`tls\` away), or want a client certificate`,
    'TLSFailed',
    { cause: error },
  );
}

/** Nothing is sent but AUTH and SELECT: proxies and old servers know no HELLO, and ACLs may forbid CLIENT. */
function nodeOptions({ username, password, tls }: RedisLogin, isAddressAllowed: AddressGuard | undefined) {
  return {
    RESP: 2 as const,
    disableClientInfo: true,
    maintNotifications: 'disabled' as const,
    disableOfflineQueue: true,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    socket: {
      reconnectStrategy: false as const,
      connectTimeout: connectTimeoutMs,
      lookup: createGuardedLookup(isAddressAllowed),
      ...(tls !== undefined && { ...tls, tls: true as const }),
    },
  };
}

function serverName({ tls }: RedisLogin, host: string): { servername?: string } {
  return tls === undefined || tls.servername !== undefined || isIP(host) !== 0 ? {} : { servername: host };
}

/** https://redis.io/docs/latest/develop/reference/sentinel-clients/ */
async function findMaster({ addresses, master, endpoint }: RedisTarget, way: Way): Promise<HostPort> {
  let failure: DeliveryError | undefined;
  const { name, login } = master ?? { name: '', login: {} };
  for (const sentinel of addresses) {
    try {
      const client = await connectNode(sentinel, login, way);
      const found: unknown = await client.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name]);
      client.destroy();
      if (Array.isArray(found)) return { host: String(found[0]), port: Number(found[1]) };
      failure = DeliveryError.retry(
        `the sentinel ${formatHostPort(sentinel)} knows no master ${JSON.stringify(name)}: check sentinel.master`,
        'TargetNotFound',
      );
    } catch (error) {
      failure = toRedisError(error, { endpoint: `the sentinel ${formatHostPort(sentinel)}` });
    }
  }
  throw failure ?? DeliveryError.retry(`${endpoint} has no sentinel`, 'Unreachable');
}

async function connectCluster(
  { addresses, login, endpoint }: RedisTarget,
  { isAddressAllowed, onOpen }: Way,
): Promise<RedisClient> {
  const judge = (address: string): { host: string; port: number } => {
    const colon = address.lastIndexOf(':');
    const node = { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
    refuseLiteralAddress(node.host, isAddressAllowed);
    return node;
  };
  for (const { host } of addresses) refuseLiteralAddress(host, isAddressAllowed);
  const { RESP, ...defaults } = nodeOptions(login, isAddressAllowed);
  const cluster = createCluster({
    RESP,
    rootNodes: addresses.map((node) => ({ socket: { ...node, ...serverName(login, node.host) } })),
    defaults,
    nodeAddressMap: judge,
  });
  // The cause is told by this event alone.
  let last: unknown;
  cluster.on('error', (error: unknown) => (last = error));
  onOpen(cluster);
  try {
    await cluster.connect();
  } catch (error) {
    throw toRedisError(last ?? error, { endpoint });
  }
  return {
    run: (command, key) => cluster.sendCommand(key, false, [...command]),
    destroy: () => cluster.destroy(),
  };
}
