import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { findFreePorts } from '../cluster/server.ts';
import { cachedFolder, run } from './kit/cache.ts';
import { createPeerFolder, startPeer } from './kit/peer-process.ts';

/** SQS and SNS without accounts: any key may do everything, and thousands of messages a second are no burden. */
export interface Fauxqs extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
}

const version = '2.4.1';

// Its own command would listen on every interface.
const program = `import { buildApp } from 'fauxqs';
await buildApp({ logger: false }).listen({ host: '127.0.0.1', port: Number(process.argv[2]) });
`;

/** Starts fauxqs with no state. */
export async function startFauxqs(): Promise<Fauxqs> {
  const folder = await cachedFolder(`fauxqs-${version}`, async (cwd) => {
    await writeFile(join(cwd, 'package.json'), '{"private":true,"type":"module"}');
    await writeFile(join(cwd, 'main.js'), program);
    await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '-E', `fauxqs@${version}`], {
      cwd,
    });
  });
  const home = await createPeerFolder('fauxqs');
  const [port = 0] = await findFreePorts(1);
  const url = `http://127.0.0.1:${port}`;
  await startPeer({
    name: 'fauxqs',
    binary: process.execPath,
    args: [join(folder, 'main.js'), String(port)],
    env: { ...process.env, NODE_OPTIONS: '' },
    home,
    probe: async () => (await fetch(`${url}/health`).catch(() => undefined)) !== undefined,
  });
  return { port, url, [Symbol.asyncDispose]: () => home[Symbol.asyncDispose]() };
}
