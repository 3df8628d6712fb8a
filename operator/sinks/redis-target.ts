import { DeliveryError, createTlsOptions, type TlsConfig, type TlsOptions } from '../sink-kit/index.ts';
import { formatHostPort, type HostPort, parseHostPort } from './host-port.ts';

/** Who we are to a node. */
export interface RedisLogin {
  readonly username?: string;
  readonly password?: string;
  readonly tls?: TlsOptions;
}

/** Where events go. */
export interface RedisTarget {
  readonly kind: 'node' | 'sentinel' | 'cluster';
  /** The node itself, the sentinels, or some nodes of the cluster. */
  readonly addresses: readonly HostPort[];
  readonly login: RedisLogin;
  readonly db: number;
  /** What to ask sentinels for, and who we are to them. */
  readonly master?: { readonly name: string; readonly login: RedisLogin };
  /** For people. */
  readonly endpoint: string;
}

/** The resolved fields that say where to connect to. */
export interface RedisTargetConfig {
  readonly url?: string;
  readonly address?: string;
  readonly sentinel?: {
    readonly master: string;
    readonly addresses: readonly string[];
    readonly username?: string;
    readonly password?: string;
    readonly tls?: TlsConfig;
  };
  readonly cluster?: { readonly addresses: readonly string[] };
  readonly username?: string;
  readonly password?: string;
  readonly db?: number;
  readonly tls?: TlsConfig;
}

const nodePort = 6379;
const sentinelPort = 26_379;
const shownAddresses = 3;

/**
 * Reads where a configuration wants events to go.
 * @throws DeliveryError (permanent, InvalidConfig) when it does not say so once, and clearly.
 */
export function createRedisTarget(config: RedisTargetConfig): RedisTarget {
  const ways = (['url', 'address', 'sentinel', 'cluster'] as const).filter(
    (name) => config[name] !== undefined,
  );
  if (ways.length !== 1) {
    const found = ways.length === 0 ? 'none is' : `${ways.join(' and ')} are`;
    throw invalid(`one of url, address, sentinel and cluster has to be set; ${found}`);
  }
  const { url, address, sentinel, cluster, db = 0 } = config;
  if (url !== undefined) return urlTarget(url, config);
  const login = loginOf(config);
  if (sentinel !== undefined) return sentinelTarget(sentinel, { login, db });
  if (cluster !== undefined) {
    if (db !== 0) throw invalid('db is not for a cluster, which has one database only');
    const addresses = parseAll(cluster.addresses, 'cluster.addresses', nodePort);
    return { kind: 'cluster', addresses, login, db, endpoint: list(addresses) };
  }
  const node = parseHostPort(address ?? '', 'address', nodePort);
  return { kind: 'node', addresses: [node], login, db, endpoint: formatHostPort(node) };
}

function sentinelTarget(
  { master: name, addresses: written, ...own }: NonNullable<RedisTargetConfig['sentinel']>,
  { login, db }: { readonly login: RedisLogin; readonly db: number },
): RedisTarget {
  const addresses = parseAll(written, 'sentinel.addresses', sentinelPort);
  const master = { name, login: loginOf(own) };
  return { kind: 'sentinel', addresses, login, db, master, endpoint: `${name}@${list(addresses)}` };
}

/** https://www.iana.org/assignments/uri-schemes/prov/redis */
function urlTarget(text: string, config: RedisTargetConfig): RedisTarget {
  const url = URL.parse(text);
  if (url === null || !/^rediss?:$/.test(url.protocol) || url.hostname === '') {
    throw invalid('url is no URL that begins with redis:// or rediss:// and names a host');
  }
  const node = { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port || nodePort) };
  const db = config.db ?? databaseIn(url);
  return { kind: 'node', addresses: [node], login: loginIn(url, config), db, endpoint: formatHostPort(node) };
}

function databaseIn({ pathname }: URL): number {
  if (/^\/?\d*$/.test(pathname)) return Number(pathname.slice(1));
  throw invalid('url ends in something that is no number of a database: write /0, or leave it away');
}

/** What stands beside the URL comes before what stands in it. */
function loginIn(url: URL, config: RedisTargetConfig): RedisLogin {
  if (url.protocol === 'redis:' && config.tls !== undefined) {
    throw invalid('tls is set, and url begins with redis://: write rediss://, or leave tls away');
  }
  const username = config.username ?? decoded(url.username);
  const password = config.password ?? decoded(url.password);
  return loginOf({
    username,
    ...(password !== '' && { password }),
    ...(url.protocol === 'rediss:' && { tls: config.tls ?? {} }),
  });
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('url holds a user or password with a % that begins no code: write %25 for it');
  }
}

function loginOf({
  username,
  password,
  tls,
}: Pick<RedisTargetConfig, 'username' | 'password' | 'tls'>): RedisLogin {
  if (username !== undefined && username !== '' && password === undefined) {
    throw invalid('username is set without `password` (or `passwordSecretRef`)');
  }
  return {
    ...(Boolean(username) && { username }),
    ...(password !== undefined && { password }),
    ...(tls !== undefined && { tls: createTlsOptions(tls) }),
  };
}

function parseAll(written: readonly string[], field: string, port: number): HostPort[] {
  return written.map((address) => parseHostPort(address, field, port));
}

function list(addresses: readonly HostPort[]): string {
  const shown = addresses.slice(0, shownAddresses).map(formatHostPort).join(',');
  return addresses.length > shownAddresses ? `${shown},...` : shown;
}

function invalid(message: string): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig');
}
