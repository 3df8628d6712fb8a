import type { Command } from 'commander';

import { addClusterViewOptions, type ClusterViewFlags, openClient, tellGaps } from './cluster-flags.ts';
import { createPaint } from './paint.ts';
import { formatClusterTree } from './cluster-tree.ts';
import { usualRootNamespace } from './root-namespace.ts';

interface TreeFlags extends ClusterViewFlags {
  readonly rootNamespace: string;
}

/** Adds `eventroute tree`: all routes of a cluster as the one tree that the operator makes of them. */
export function addTreeCommand(program: Command): void {
  const command = program
    .command('tree')
    .description('draw the routing tree of a cluster, with counts and the health of each receiver')
    .option(
      '-n, --namespace <namespace>',
      'only what sees the Events of this namespace: its routes, and those of the root namespace',
    )
    .option(
      '--root-namespace <namespace>',
      'the namespace whose routes see the whole cluster; read besides your own when you may not list all',
      usualRootNamespace,
    );
  addClusterViewOptions(command)
    .addHelpText(
      'after',
      "\nReads the objects with the caller's rights; who may not read the whole cluster sees the part that is theirs." +
        '\nExit codes: 0 the tree was drawn, 1 nothing could be read, 2 wrong flags.',
    )
    .addHelpText('after', '\nExamples:\n  $ eventroute tree\n  $ eventroute tree -n shop')
    .action((flags: TreeFlags) => showTree(flags));
}

async function showTree(flags: TreeFlags): Promise<void> {
  const client = await openClient(flags);
  const namespaces = [flags.namespace ?? client.namespace, flags.rootNamespace];
  const { readInventory } = await import('./inventory.ts');
  const inventory = await readInventory(client, { isWhole: flags.namespace === undefined, namespaces });
  const { rootNamespace } = flags;
  process.stdout.on('error', () => undefined);
  process.stdout.write(
    `${formatClusterTree(inventory, { rootNamespace, now: new Date(), paint: createPaint(process.stdout) })}\n`,
  );
  tellGaps(inventory.gaps);
}
