import type { Command } from 'commander';

import type { KubeClient } from '../kube/client.ts';
import { openCluster } from './manifest-flags.ts';

/** The flags of a command that shows what a cluster holds. */
export interface ClusterViewFlags {
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** Adds the flags by which such a command finds its cluster, named as kubectl names them. */
export function addClusterViewOptions(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'the kubeconfig to reach the cluster by; else KUBECONFIG, ~/.kube/config')
    .option('--context <name>', 'a context of the kubeconfig other than its current one');
}

/** Finds the cluster of the caller's kubeconfig. */
export async function openClient(flags: ClusterViewFlags): Promise<KubeClient> {
  const { client } = await openCluster(flags);
  return client;
}

/** Says on stderr what the caller may not read, so that what is shown is not taken for all there is. */
export function tellGaps(gaps: Iterable<string>): void {
  for (const gap of gaps) process.stderr.write(`${gap}\n`);
}
