import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startReaper } from '../../cluster/reaper.ts';
import { type Server, startServer, waitUntilReady } from '../../cluster/server.ts';

/** How a peer is run. */
export interface PeerOptions {
  /** What people call it. */
  readonly name: string;
  readonly binary: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Its own folder, from `createPeerFolder`. */
  readonly home: PeerFolder;
  /** Asked again and again until it is true; may throw. */
  readonly probe: () => Promise<boolean>;
  readonly readyMs?: number;
}

/** A folder for a peer's data and logs; when it is disposed of, or this process ends, the peers in it are killed. */
export interface PeerFolder extends AsyncDisposable {
  readonly path: string;
  readonly reaper: ReturnType<typeof startReaper>;
}

/** Makes a folder for a peer. */
export async function createPeerFolder(name: string): Promise<PeerFolder> {
  const path = await mkdtemp(join(tmpdir(), `eventroute-${name}-`));
  const reaper = startReaper(path);
  return { path, reaper, [Symbol.asyncDispose]: () => reaper.finish() };
}

/** Starts a real server and waits until it is ready. `stop` it before it is started again at the same address. */
export async function startPeer({
  name,
  home,
  probe,
  readyMs = 120_000,
  ...options
}: PeerOptions): Promise<Server> {
  const server = await startServer({ ...options, folder: home.path, reaper: home.reaper });
  const isReady = (): Promise<boolean> => probe().catch(() => false);
  await waitUntilReady(server, { name, probe: isReady, timeoutMs: readyMs });
  return server;
}
