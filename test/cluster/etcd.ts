import { join } from 'node:path';

import { type Reaper } from './reaper.ts';
import { findFreePorts, type Server, startServer, waitUntilReady } from './server.ts';

/** The cluster's store. */
export interface Etcd {
  readonly url: string;
  /** Forgets all history up to now, so that older resourceVersions are gone. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

/** What etcd is run with. */
export interface EtcdOptions {
  readonly binary: string;
  readonly folder: string;
  readonly reaper: Reaper;
}

/** Starts an empty etcd on free ports of 127.0.0.1, with other ports when somebody was faster. */
export async function startEtcd(options: EtcdOptions): Promise<Etcd> {
  for (let attempt = 1; ; attempt += 1) {
    const [clientPort = 0, peerPort = 0] = await findFreePorts(2);
    const url = `http://127.0.0.1:${clientPort}`;
    const peerUrl = `http://127.0.0.1:${peerPort}`;
    const server = await startServer({ ...options, args: etcdArgs(options.folder, url, peerUrl) });
    try {
      const probe = (): Promise<boolean> =>
        fetch(`${url}/health`).then(
          async (answer) => (await answer.text()).includes('"true"'),
          () => false,
        );
      await waitUntilReady(server, { name: 'etcd', probe, timeoutMs: 30_000 });
      return { url, compact: () => compact(url), stop: () => stop(server) };
    } catch (thrown) {
      await stop(server);
      const isTaken = thrown instanceof Error && thrown.message.includes('address already in use');
      if (!isTaken || attempt === 5) throw thrown;
    }
  }
}

/** Nothing that it holds outlives the cluster, so it need not end cleanly. */
function stop(server: Server): Promise<void> {
  return server.stop(0);
}

function etcdArgs(folder: string, url: string, peerUrl: string): string[] {
  return [
    '--name=default',
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=default=${peerUrl}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

/** Speaks etcd's JSON gateway: https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/. */
async function compact(url: string): Promise<void> {
  const range = (await post(`${url}/v3/kv/range`, { key: 'AA==', limit: 1 })) as {
    header: { revision: string };
  };
  await post(`${url}/v3/kv/compaction`, { revision: range.header.revision, physical: true });
}

async function post(url: string, body: unknown): Promise<unknown> {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`etcd answered ${answer.status} to ${url}: ${text}`);
  return JSON.parse(text) as unknown;
}
