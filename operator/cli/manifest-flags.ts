import type { Command } from 'commander';

import { type LintOptions } from '../lint/lint.ts';
import { offline, type Surroundings } from '../lint/surroundings.ts';
import { type ManifestSet, readManifestSet } from '../manifest/manifest-set.ts';
import { listManifestFiles, readText } from '../manifest/manifest-files.ts';
import { createLogger } from '../telemetry/logger.ts';
import { type ClusterReader } from './cluster-reader.ts';
import { listFlag } from './options.ts';
import { usualRootNamespace } from './root-namespace.ts';

/** The flags of every command that judges manifests. */
export interface ManifestFlags {
  readonly recursive: boolean;
  readonly namespace?: string;
  readonly rootNamespace: string;
  readonly allowLocalSinks: string;
}

/** The flags by which a command finds the cluster, with the rights of whoever calls it. */
export interface ClusterFlags {
  readonly cluster: boolean;
  readonly kubeconfig?: string;
  readonly context?: string;
}

/** Adds the flags that say how manifests are read. */
export function addManifestOptions(command: Command): Command {
  return command
    .option('-R, --recursive', 'also read the folders in a folder', false)
    .option(
      '-n, --namespace <namespace>',
      'of objects that name none; by default the root namespace, with --cluster that of the kubeconfig',
    )
    .option(
      '--root-namespace <namespace>',
      'the namespace whose routes see the whole cluster',
      usualRootNamespace,
    )
    .option(
      '--allow-local-sinks <namespaces>',
      "namespaces besides the root that may write to the operator's own machine, comma-separated",
      '',
    );
}

/** Adds the flags of the cluster. */
export function addClusterOptions(command: Command, meaning: string): Command {
  return command
    .option('--cluster', meaning, false)
    .option('--kubeconfig <file>', 'the kubeconfig to reach it by; else KUBECONFIG, ~/.kube/config')
    .option('--context <name>', 'a context of the kubeconfig other than its current one');
}

/** Reads the manifests of files and folders. */
export async function readManifestFlags(
  paths: readonly string[],
  flags: ManifestFlags,
  cluster?: ClusterReader,
): Promise<ManifestSet> {
  const files = await listManifestFiles(paths, { recursive: flags.recursive });
  const texts: { file: string; text: string }[] = [];
  for (const file of files) texts.push({ file, text: await readText(file) });
  return readManifestSet(texts, flags.namespace ?? cluster?.namespace ?? flags.rootNamespace);
}

/** Makes of flags what manifests are judged by. */
export function lintOptionsOf(flags: ManifestFlags, outside: Surroundings = offline): LintOptions {
  return {
    outside,
    rootNamespace: flags.rootNamespace,
    localSinkNamespaces: listFlag(flags.allowLocalSinks),
  };
}

/** Finds the cluster of the caller's kubeconfig. Its client is loaded only for this: what is offline starts faster. */
export async function openCluster({
  kubeconfig,
  context,
}: Pick<ClusterFlags, 'kubeconfig' | 'context'>): Promise<ClusterReader> {
  const { createClusterReader } = await import('./cluster-reader.ts');
  return createClusterReader({ kubeconfig, context, log: createLogger({ level: 'error', format: 'text' }) });
}
