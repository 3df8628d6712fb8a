import { readdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

import { findFreePorts, type Server } from '../cluster/server.ts';
import { createAuthority, issue, type Pair } from '../sink-kit/certificates.ts';
import { run } from './kit/cache.ts';
import { debianPackages } from './kit/packages.ts';
import { createPeerFolder, type PeerFolder, startPeer } from './kit/peer-process.ts';

/** Debian's Redis with the libraries that nothing else in an image may have brought. */
const packages = ['redis-server', 'redis-tools', 'liblzf1', 'libjemalloc2', 'libatomic1'] as const;

/** A Redis server. Alice is a user who may do what the documentation of the sink says, on keys that begin with `events`. */
export interface RedisPeer extends AsyncDisposable {
  readonly address: string;
  readonly tlsAddress: string;
  readonly authority: Pair;
  readonly client: Pair;
  /** Runs a command with Redis's own client and gives what it prints, as JSON. */
  command(...command: readonly string[]): Promise<unknown>;
  /** Kills the server; what it has written to its log stays. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export const alicePassword = 'alice-secret';
const adminPassword = 'admin-secret';

/** Fetches and starts Redis; `settings` are further lines of its configuration. */
export async function startRedisPeer(settings: readonly string[] = []): Promise<RedisPeer> {
  const programs = await debianPackages('redis-debian', packages);
  const home = await createPeerFolder('redis');
  const [port = 0, tlsPort = 0] = await findFreePorts(2);
  const authority = await createAuthority('Redis CA');
  const [own, client] = await Promise.all([
    issue(authority, ['localhost', '127.0.0.1']),
    issue(authority, ['eventroute']),
  ]);
  const libraries = join(programs, 'usr/lib', (await readdir(join(programs, 'usr/lib')))[0] ?? '');
  const peer = new ServerPeer({ home, programs, libraries, port, tlsPort, authority, client });
  await peer.prepare(own, settings);
  await peer.start();
  return peer;
}

interface Parts {
  readonly home: PeerFolder;
  readonly programs: string;
  readonly libraries: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly authority: Pair;
  readonly client: Pair;
}

class ServerPeer implements RedisPeer {
  readonly #parts: Parts;
  readonly #environment: NodeJS.ProcessEnv;
  readonly authority: Pair;
  readonly client: Pair;
  readonly address: string;
  readonly tlsAddress: string;
  #server: Server | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#environment = { ...process.env, LD_LIBRARY_PATH: parts.libraries };
    this.authority = parts.authority;
    this.client = parts.client;
    this.address = `127.0.0.1:${parts.port}`;
    this.tlsAddress = `127.0.0.1:${parts.tlsPort}`;
  }

  async prepare(own: Pair, settings: readonly string[]): Promise<void> {
    const { path } = this.#parts.home;
    const rights = '+xadd +rpush +lpush +ltrim +publish +eval +exists +set +type +ping +cluster|slots';
    await Promise.all([
      writeFile(join(path, 'own.crt'), own.cert),
      writeFile(join(path, 'own.key'), own.key),
      writeFile(join(path, 'ca.crt'), this.authority.cert),
      writeFile(
        join(path, 'redis.conf'),
        [
          'bind 127.0.0.1',
          `port ${this.#parts.port}`,
          `tls-port ${this.#parts.tlsPort}`,
          `tls-cert-file ${join(path, 'own.crt')}`,
          `tls-key-file ${join(path, 'own.key')}`,
          `tls-ca-cert-file ${join(path, 'ca.crt')}`,
          'tls-auth-clients optional',
          `dir ${path}`,
          'save ""',
          'appendonly yes',
          'appendfsync always',
          `user default on >${adminPassword} ~* &* +@all`,
          `user alice on >${alicePassword} ~events* &events* -@all ${rights}`,
          ...settings,
          '',
        ].join('\n'),
      ),
    ]);
  }

  async start(): Promise<void> {
    const { home, programs } = this.#parts;
    this.#server = await startPeer({
      name: 'Redis',
      binary: join(programs, 'usr/bin/redis-server'),
      args: [join(home.path, 'redis.conf')],
      env: this.#environment,
      home,
      probe: () => canConnect(this.#parts.port),
    });
  }

  async kill(): Promise<void> {
    await this.#server?.stop(0);
  }

  async command(...command: readonly string[]): Promise<unknown> {
    const { programs, port } = this.#parts;
    const output = await run(
      join(programs, 'usr/bin/redis-cli'),
      ['-p', String(port), '--json', ...command],
      {
        env: { ...this.#environment, REDISCLI_AUTH: adminPassword },
      },
    );
    return /^[[{"\d]|^(true|false|null)\b/.test(output) ? JSON.parse(output) : output;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.home[Symbol.asyncDispose]();
  }
}

function canConnect(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1', () => resolve(true));
  socket.on('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}
