import { Option, type Command } from 'commander';

import { keyText, type CustomResource } from '../api/resource.ts';
import { printable } from '../routing/drawing.ts';
import { type ReceiverStatus } from '../status/receiver-status.ts';
import { type RequestStatus } from '../status/request-status.ts';
import { addClusterViewOptions, type ClusterViewFlags, openClient, tellGaps } from './cluster-flags.ts';
import { exitCodes, UsageError } from './exit.ts';
import { durationFlag } from './options.ts';
import { addReceiverArgument, openRequester } from './receiver-argument.ts';
import { type ReceiverRequester } from './receiver-requester.ts';

interface ListFlags extends ClusterViewFlags {
  readonly allNamespaces: boolean;
  readonly output: 'text' | 'json';
}

interface AskFlags extends ClusterViewFlags {
  readonly timeout: string;
}

/** Adds `eventroute deadletters`: what receivers gave up, and what is to become of it. */
export function addDeadLettersCommand(program: Command): void {
  const command = program
    .command('deadletters')
    .description('list what receivers gave up and no dead-letter receiver got, send it again or forget it')
    .addHelpText(
      'after',
      '\nExamples:\n  $ eventroute deadletters list -A\n  $ eventroute deadletters retry oncall -n payments' +
        '\n  $ eventroute deadletters drop payments/oncall 7c3f0e4e-0d5c-4c43-8a53-6d2b1d1f6a11-3',
    );
  addListCommand(command);
  addAskCommand(command, {
    name: 'retry',
    description: 'have the operator send dead letters to their receiver again, with their own keys',
    request: 'retry-dead-letters',
  });
  addAskCommand(command, {
    name: 'drop',
    description: 'have the operator forget dead letters',
    request: 'drop-dead-letters',
  });
}

function addListCommand(parent: Command): void {
  const command = parent
    .command('list')
    .description('list dead letters, the latest first, at most 20 of a receiver')
    .argument('[receiver]', 'the EventReceiver: NAME or NAMESPACE/NAME; by default all')
    .option('-n, --namespace <namespace>', 'of this namespace; by default that of the kubeconfig')
    .option('-A, --all-namespaces', 'of all namespaces', false)
    .addOption(
      new Option('-o, --output <format>', 'text for people, json for programs')
        .choices(['text', 'json'])
        .default('text'),
    );
  addClusterViewOptions(command)
    .addHelpText('after', '\nExample:\n  $ eventroute deadletters list oncall -n payments -o json')
    .action((receiver: string | undefined, flags: ListFlags) => list(receiver, flags));
}

async function list(receiver: string | undefined, flags: ListFlags): Promise<void> {
  if (flags.allNamespaces && (flags.namespace !== undefined || receiver !== undefined)) {
    throw new UsageError('takes -A, or a receiver or -n, not both');
  }
  const { receivers, gaps } = await readListed(receiver, flags);
  const { deadLetterRecords, formatDeadLetters, unlisted } = await import('./dead-letter-list.ts');
  process.stdout.on('error', () => undefined);
  tellGaps([...gaps, ...unlisted(receivers)]);
  const records = deadLetterRecords(receivers);
  if (flags.output === 'json') process.stdout.write(`${JSON.stringify(records, null, 2)}\n`);
  else if (records.length === 0) process.stderr.write('There are no dead letters\n');
  else process.stdout.write(`${formatDeadLetters(receivers, new Date())}\n`);
}

interface Listed {
  readonly receivers: readonly CustomResource<ReceiverStatus>[];
  readonly gaps: readonly string[];
}

async function readListed(receiver: string | undefined, flags: ListFlags): Promise<Listed> {
  if (receiver !== undefined) {
    const requester = await openRequester(receiver, flags);
    return { receivers: [await requester.read()], gaps: [] };
  }
  const client = await openClient(flags);
  const { readReceivers } = await import('./inventory.ts');
  return readReceivers(client, {
    isWhole: flags.allNamespaces,
    namespaces: [flags.namespace ?? client.namespace],
  });
}

interface AskCommand {
  readonly name: string;
  readonly description: string;
  readonly request: 'retry-dead-letters' | 'drop-dead-letters';
}

function addAskCommand(parent: Command, { name, description, request }: AskCommand): void {
  addReceiverArgument(parent.command(name).description(description))
    .argument('[key...]', 'their keys, as `list` shows them; by default all')
    .option('--timeout <duration>', 'how long to wait for the end', '30s')
    .addHelpText(
      'after',
      '\nExit codes: 0 all came to pass, 1 not all did or nobody answered in time, 2 wrong flags.',
    )
    .addHelpText('after', `\nExample:\n  $ eventroute deadletters ${name} oncall -n payments`)
    .action(async (receiver: string, keys: readonly string[], flags: AskFlags) => {
      const timeoutMs = durationFlag('--timeout', flags.timeout);
      const requester = await openRequester(receiver, flags);
      const { state, message = '' } = await askForLetters(requester, { request, keys, timeoutMs });
      process.stdout.write(`${keyText(requester.key)}: ${printable(message)}\n`);
      if (state !== 'Done') process.exitCode = exitCodes.failure;
    });
}

/** Asks for a retry or for forgetting; resolves with the answer at the end. */
export async function askForLetters(
  requester: ReceiverRequester,
  {
    request,
    keys,
    timeoutMs,
  }: Pick<AskCommand, 'request'> & { readonly keys: readonly string[]; readonly timeoutMs: number },
): Promise<RequestStatus> {
  const asked = await requester.ask(request, () => keys);
  return requester.answer(asked, { timeoutMs, forEnd: { timeoutMs } });
}
