import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { type Cluster, type ServiceAccountName } from '../cluster/cluster.ts';
import { findFreePorts } from '../cluster/server.ts';
import { eventually } from './eventually.ts';
import { waitUntilPublished } from './published-crds.ts';

const root = join(import.meta.dirname, '../..');

/** Where the chart is installed in tests; also the root namespace. */
export const rootNamespace = 'eventroute-system';

/** The ServiceAccount that the chart makes. */
export const operatorAccount: ServiceAccountName = { namespace: rootNamespace, name: 'eventroute' };

/** The bundle that test/e2e/prepare.ts built. */
export function operatorProgram(): string {
  return join(process.env.EVENTROUTE_E2E_DIST ?? join(root, 'dist'), 'eventroute.js');
}

/** An operator that runs as the chart's Deployment would run it. */
export interface OperatorProcess {
  readonly pid: number;
  /** The address of /metrics, /healthz and /readyz. */
  readonly url: string;
  /** From its start until /readyz said so, in milliseconds. */
  readonly readyAfterMs: number;
  /** What it printed so far. */
  output(): string;
  /** Sends a signal and waits for the end; resolves to the exit code, or null when the signal itself ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Installs the chart of this tree, as a user does. */
export async function installChart(cluster: Cluster, flags: readonly string[] = []): Promise<void> {
  const chart = join(root, 'charts/eventroute');
  const install = ['install', 'eventroute', chart, '--namespace', rootNamespace, '--create-namespace'];
  const { code, stderr } = await cluster.helm([...install, ...flags]);
  if (code !== 0) throw new Error(`helm install failed: ${stderr}`);
  await waitUntilPublished(cluster);
}

/** How an operator is started. */
export interface OperatorProcessOptions {
  /** Further flags of `eventroute run`. */
  readonly args?: readonly string[];
  /** Whether to wait for /readyz; on when left out. */
  readonly awaitReady?: boolean;
}

/**
 * Starts dist/eventroute.js with the arguments of the installed Deployment and a token of its ServiceAccount; no
 * kubelet runs that would do it. Health is served on a free port of 127.0.0.1 instead of the Pod's own address.
 */
export async function startOperator(
  cluster: Cluster,
  { args = [], awaitReady = true }: OperatorProcessOptions = {},
): Promise<OperatorProcess> {
  const [port = 0] = await findFreePorts(1);
  const kubeconfig = await cluster.tokenFor(operatorAccount);
  const deployed = (await deploymentArgs(cluster)).filter((arg) => !arg.startsWith('--metrics-address='));
  const own = [`--kubeconfig=${kubeconfig}`, `--metrics-address=127.0.0.1:${port}`, ...args];
  const url = `http://127.0.0.1:${port}`;

  const startedMs = performance.now();
  const child = spawn(process.execPath, [operatorProgram(), ...deployed, ...own], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // nothing of this machine's own configuration may help it
    env: { PATH: process.env.PATH, HOME: cluster.folder },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const end = (): void => void child.kill('SIGKILL');
  process.on('exit', end);
  void exited.then(() => process.off('exit', end));
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;

  const waitUntilReady = (): Promise<void> =>
    eventually(
      async () => {
        if (!isRunning()) return;
        const status = await fetch(`${url}/readyz`).then((answer) => answer.status, String);
        if (status !== 200) throw new Error(`the operator is not ready: ${status}\n${output}`);
      },
      { everyMs: 10 },
    );
  if (awaitReady) {
    await waitUntilReady().catch((thrown: unknown) => {
      end();
      throw thrown;
    });
    if (!isRunning()) throw new Error(`the operator ended with ${child.exitCode}:\n${output}`);
  }
  return {
    pid: child.pid ?? 0,
    url,
    readyAfterMs: performance.now() - startedMs,
    output: () => output,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const [code] = await exited;
      return code;
    },
  };
}

async function deploymentArgs(cluster: Cluster): Promise<string[]> {
  const path = `/apis/apps/v1/namespaces/${rootNamespace}/deployments/eventroute`;
  const answer = await cluster.request(path);
  if (answer.status !== 200) throw new Error(`the chart's Deployment is not there: ${answer.text}`);
  const deployment = answer.json() as {
    spec: { template: { spec: { containers: { args: string[] }[] } } };
  };
  return deployment.spec.template.spec.containers[0]?.args ?? [];
}
