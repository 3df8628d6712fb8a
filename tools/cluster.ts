import { delimiter, dirname } from 'node:path';

import { type Cluster, startCluster } from '../test/cluster/cluster.ts';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const describe = (thrown: unknown): string =>
  thrown instanceof Error
    ? [thrown.message, ...(thrown.cause === undefined ? [] : [describe(thrown.cause)])].join(': ')
    : String(thrown);

/** Puts folders that PATH lacks behind it, so that the user's own Node.js stays the first. */
const pathFor = (programs: readonly string[]): string => {
  const known = (process.env.PATH ?? '').split(delimiter);
  const missing = [...new Set(programs.map((program) => dirname(program)))].filter(
    (folder) => !known.includes(folder),
  );
  return missing.length === 0 ? '' : ` PATH="${['$PATH', ...missing].join(delimiter)}"`;
};

let cluster: Cluster | undefined;

async function end(): Promise<void> {
  if (cluster !== undefined) say('# Stopping');
  await cluster?.stop(); // one that is still starting goes with this process
  process.exit();
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void end());

try {
  cluster = await startCluster({ log: (line) => say(`# ${line}`) });
  const { kubectl, helm } = cluster.programs;
  say(`export KUBECONFIG=${cluster.kubeconfig}${pathFor([kubectl, helm])}`);
  say('# Ctrl-C ends the cluster and removes its files');
  setInterval(() => undefined, 60_000); // keeps the process alive until a signal comes
} catch (thrown) {
  process.stderr.write(`could not start the cluster: ${describe(thrown)}\n`);
  process.exitCode = 1;
}
