/**
 * Measures the built operator on a real API server that has all CRDs: from the start of the process to /readyz, and the
 * resident memory once it is idle. The bound of the same run is Node itself doing nothing.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { startCluster } from '../test/cluster/cluster.ts';

// as the image starts it
const dockerfile = await readFile('Dockerfile', 'utf8');
const entrypoint = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '[]') as string[];
const nodeFlags = entrypoint.filter((word) => word.startsWith('--'));

const runs = 5;
const idleMs = 5_000;

spawnSync(process.execPath, ['tools/build.ts'], { stdio: 'inherit' });
const cluster = await startCluster({ controllers: false, log: (line: string) => console.log(line) });
try {
  await cluster.kubectl(['apply', '-f', 'crds']);
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all']);
  const measured = [];
  for (let run = 0; run < runs; run += 1) measured.push(await measure(cluster.kubeconfig));
  console.log(
    `start to ready    ${median(measured.map(({ readyMs }) => readyMs)).toFixed(0)} ms (median of ${runs})`,
  );
  console.log(`bare Node starts  ${median(Array.from({ length: runs }, bareNodeMs)).toFixed(0)} ms`);
  console.log(
    `idle RSS          ${median(measured.map(({ rssMb }) => rssMb)).toFixed(0)} MB (median of ${runs})`,
  );
} finally {
  await cluster.stop();
}

async function measure(kubeconfig: string): Promise<{ readyMs: number; rssMb: number }> {
  const port = await freePort();
  const startedAt = performance.now();
  const operator = spawn(
    process.execPath,
    [
      ...nodeFlags,
      'dist/eventroute.js',
      'run',
      '--kubeconfig',
      kubeconfig,
      '--root-namespace',
      'default',
      '--metrics-address',
      `127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  try {
    while (!(await isReady(port))) {
      if (operator.exitCode !== null)
        throw new Error(`the operator ended with exit code ${operator.exitCode}`);
      await sleep(5);
    }
    const readyMs = performance.now() - startedAt;
    await sleep(idleMs);
    return { readyMs, rssMb: await residentMb(operator) };
  } finally {
    operator.kill('SIGKILL');
    if (operator.exitCode === null && operator.signalCode === null) await once(operator, 'exit');
  }
}

async function isReady(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
  return response?.status === 200;
}

async function residentMb({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
}

function bareNodeMs(): number {
  const startedAt = performance.now();
  spawnSync(process.execPath, ['-e', '0']);
  return performance.now() - startedAt;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
