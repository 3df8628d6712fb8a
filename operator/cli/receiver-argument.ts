import { Argument, type Command } from 'commander';

import { type ObjectKey } from '../api/resource.ts';
import { systemClock } from '../schema/clock.ts';
import { addClusterViewOptions, type ClusterViewFlags, openClient } from './cluster-flags.ts';
import { UsageError } from './exit.ts';
import { type ReceiverRequester } from './receiver-requester.ts';

/** Adds the operand and the flags of a command that asks something of one receiver. */
export function addReceiverArgument(command: Command): Command {
  return addClusterViewOptions(
    command
      .addArgument(new Argument('<receiver>', 'the EventReceiver: NAME or NAMESPACE/NAME'))
      .option('-n, --namespace <namespace>', 'its namespace; by default that of the kubeconfig'),
  );
}

/** Reads which receiver is meant; throws a UsageError when that is not clear. */
export function receiverKey(written: string, flag: string | undefined, usual: string): ObjectKey {
  const parts = written.split('/');
  const [namespace, name] = parts.length === 1 ? [flag ?? usual, parts[0]] : parts;
  if (parts.length > 2 || !namespace || !name) {
    throw new UsageError(`RECEIVER must be NAME or NAMESPACE/NAME, not ${written}`);
  }
  if (flag !== undefined && flag !== namespace) {
    throw new UsageError(
      `RECEIVER ${written} is not in namespace ${flag}: leave out -n, or the part before /`,
    );
  }
  return { namespace, name };
}

/** Finds the receiver's cluster, with the rights of whoever calls the command. */
export async function openRequester(written: string, flags: ClusterViewFlags): Promise<ReceiverRequester> {
  const client = await openClient(flags);
  const { createReceiverRequester } = await import('./receiver-requester.ts');
  return createReceiverRequester(
    client,
    receiverKey(written, flags.namespace, client.namespace),
    systemClock,
  );
}
