import type { Command } from 'commander';

import type { KubeClient } from '../kube/client.ts';
import { addClusterViewOptions, type ClusterViewFlags, openClient, tellGaps } from './cluster-flags.ts';
import { exitCodes, UsageError } from './exit.ts';
import type { Inventory } from './inventory.ts';
import { createPaint } from './paint.ts';
import { formatStatus, isAllReady } from './status-report.ts';

interface StatusFlags extends ClusterViewFlags {
  readonly allNamespaces: boolean;
  readonly wide: boolean;
  readonly watch: boolean;
  readonly fail: boolean;
}

/** Adds `eventroute status`: whether Events arrive, and why not. */
export function addStatusCommand(program: Command): void {
  const command = program
    .command('status')
    .description('show the EventRoutes and EventReceivers of a cluster, and why one is not ready')
    .option('-n, --namespace <namespace>', 'of this namespace; by default that of the kubeconfig')
    .option('-A, --all-namespaces', 'of all namespaces', false)
    .option('--wide', 'show all columns, as kubectl get -o wide does', false)
    .option('-w, --watch', 'go on: draw anew on a terminal, else print a line for each change', false)
    .option('--fail', 'exit with 1 when something is not ready, or may not be read', false);
  addClusterViewOptions(command)
    .addHelpText(
      'after',
      "\nReads the objects with the caller's rights, and nothing else: it tells what the operator last wrote there." +
        '\nExit codes: 0 the status was shown, 1 it could not be read or --fail found something, 2 wrong flags.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ eventroute status -n shop\n  $ eventroute status -A --watch\n  $ eventroute status -A --fail || echo "not all is well"',
    )
    .action((flags: StatusFlags) => showStatus(flags));
}

async function showStatus(flags: StatusFlags): Promise<void> {
  if (flags.allNamespaces && flags.namespace !== undefined) throw new UsageError('takes -n or -A, not both');
  if (flags.watch && flags.fail) {
    throw new UsageError('takes --watch or --fail, not both: --fail judges one moment');
  }
  const client = await openClient(flags);
  const namespace = flags.namespace ?? client.namespace;
  const { readInventory } = await import('./inventory.ts');
  const inventory = await readInventory(client, { isWhole: flags.allNamespaces, namespaces: [namespace] });
  process.stdout.on('error', () => undefined);
  tellGaps(inventory.gaps);
  if (flags.watch) await watch(client, inventory, flags);
  else print(inventory, flags, namespace);
}

function print(inventory: Inventory, { wide, fail }: StatusFlags, namespace: string): void {
  const { routes, receivers, isWhole } = inventory;
  if (routes.length + receivers.length === 0) {
    const where = isWhole ? 'the cluster' : `namespace ${namespace}`;
    process.stderr.write(`There are no EventRoutes and no EventReceivers in ${where}\n`);
  } else {
    const style = { now: new Date(), wide, paint: createPaint(process.stdout) };
    process.stdout.write(`${formatStatus(inventory, style)}\n`);
  }
  if (fail && !isAllReady(inventory)) process.exitCode = exitCodes.failure;
}

async function watch(client: KubeClient, inventory: Inventory, { wide }: StatusFlags): Promise<void> {
  const [{ watchInventory }, { createStatusScreen }] = await Promise.all([
    import('./inventory-watch.ts'),
    import('./status-screen.ts'),
  ]);
  const screen = createStatusScreen({ stream: process.stdout, wide, gaps: inventory.gaps });
  await watchInventory({ client, inventory, screen });
}
