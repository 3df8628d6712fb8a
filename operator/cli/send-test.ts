import type { Command } from 'commander';

import { keyText } from '../api/resource.ts';
import { type KubeClient } from '../kube/client.ts';
import { systemClock } from '../schema/clock.ts';
import { printable } from '../routing/drawing.ts';
import { type ClusterViewFlags, openClient } from './cluster-flags.ts';
import { durationFlag } from './options.ts';
import { addReceiverArgument, receiverKey } from './receiver-argument.ts';
import { type ReceiverRequester } from './receiver-requester.ts';

interface SendTestFlags extends ClusterViewFlags {
  readonly timeout: string;
}

/** Adds `eventroute send-test`: whether a receiver gets events, by one that says so. */
export function addSendTestCommand(program: Command): void {
  addReceiverArgument(
    program
      .command('send-test')
      .description('have the operator deliver one test event to a receiver, and tell whether it arrived'),
  )
    .option('--timeout <duration>', 'how long to wait for the answer', '30s')
    .addHelpText(
      'after',
      '\nThe event goes the way of all others of the receiver, with one attempt, and is counted with them; no route is needed.' +
        '\nExit codes: 0 it was delivered, 1 it was not or nobody answered, 2 wrong flags.',
    )
    .addHelpText('after', '\nExample:\n  $ eventroute send-test oncall -n payments --timeout 1m')
    .action((receiver: string, flags: SendTestFlags) => sendTest(receiver, flags));
}

async function sendTest(receiver: string, flags: SendTestFlags): Promise<void> {
  const timeoutMs = durationFlag('--timeout', flags.timeout);
  const client = await openClient(flags);
  const { createReceiverRequester } = await import('./receiver-requester.ts');
  const key = receiverKey(receiver, flags.namespace, client.namespace);
  const requester = createReceiverRequester(client, key, systemClock);
  const said = await testReceiver(requester, { timeoutMs, by: await nameOfCaller(client) });
  process.stdout.write(`${printable(said)}\n`);
}

/** Tests a receiver; throws an Error that says why the event did not arrive. */
export async function testReceiver(
  requester: ReceiverRequester,
  { timeoutMs, by }: { readonly timeoutMs: number; readonly by: string | undefined },
): Promise<string> {
  const { spec } = await requester.read();
  const isSuspended = (spec as { readonly suspend?: unknown } | undefined)?.suspend === true;
  const asked = await requester.ask('send-test', () => (by === undefined ? [] : [`by=${by}`]));
  // the end would come once somebody lets the receiver go on
  const forEnd = isSuspended ? undefined : { timeoutMs };
  const { state, message = '' } = await requester.answer(asked, { timeoutMs, forEnd });
  if (state === 'Done') return message;
  const fate = state === 'Failed' ? 'failed' : 'is not done, and goes on';
  throw new Error(printable(`the test of EventReceiver ${keyText(requester.key)} ${fate}: ${message}`));
}

/** Asks the API server who the caller is to it; undefined when it does not tell. */
async function nameOfCaller(client: Pick<KubeClient, 'request'>): Promise<string | undefined> {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  try {
    const { status } = await client.request<{ status?: { userInfo?: { username?: string } } }>(
      'POST',
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      { body: review, timeoutMs: 5_000 },
    );
    return status?.userInfo?.username;
  } catch {
    return undefined;
  }
}
