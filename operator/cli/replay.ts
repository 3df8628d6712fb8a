import type { Command } from 'commander';

import { keyText } from '../api/resource.ts';
import { printable } from '../routing/drawing.ts';
import { parseDuration } from '../schema/duration.ts';
import { type RequestStatus } from '../status/request-status.ts';
import { type ClusterViewFlags } from './cluster-flags.ts';
import { exitCodes, UsageError } from './exit.ts';
import { durationFlag, timeFlag } from './options.ts';
import { addReceiverArgument, openRequester } from './receiver-argument.ts';
import { type ReceiverRequester } from './receiver-requester.ts';

interface ReplayFlags extends ClusterViewFlags {
  readonly since: string;
  readonly wait: boolean;
  readonly timeout: string;
}

/** Adds `eventroute replay`: sends a receiver again what the API server still holds. */
export function addReplayCommand(program: Command): void {
  addReceiverArgument(
    program
      .command('replay')
      .description('have the operator send a receiver again all Events since a time that routes send there'),
  )
    .requiredOption('--since <since>', 'a duration before now such as 30m, or a time: 2026-01-31T12:00:00Z')
    .option('--wait', 'wait until all have been delivered or given up', false)
    .option('--timeout <duration>', 'how long to wait for the operator to begin', '30s')
    .addHelpText(
      'after',
      '\nWhat the API server still holds (one hour, usually) is routed anew and sent with the same idempotency keys; live events' +
        '\ngo on meanwhile, and half of the buffer is left to them. Exit codes: 0 it has begun, or with --wait all was delivered;' +
        '\n1 something was given up or nobody answered, 2 wrong flags.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ eventroute replay archive -n payments --since 30m --wait\n  $ eventroute replay payments/archive --since 2026-11-22T10:00:00Z',
    )
    .action((receiver: string, flags: ReplayFlags) => replay(receiver, flags));
}

async function replay(receiver: string, flags: ReplayFlags): Promise<void> {
  const timeoutMs = durationFlag('--timeout', flags.timeout);
  const since = readSince(flags.since);
  const requester = await openRequester(receiver, flags);
  const onProgress = ({ message = '' }: RequestStatus): void =>
    void process.stderr.write(`${printable(message)}\n`);
  const options = { since, timeoutMs, isWaiting: flags.wait, onProgress };
  const { state, message = '' } = await replayReceiver(requester, options);
  process.stdout.write(`replay of ${keyText(requester.key)}: ${state}: ${printable(message)}\n`);
  if (state === 'Failed') process.exitCode = exitCodes.failure;
}

/** How a replay is asked for. */
interface AskedReplay {
  /** Gives the time of the first occurrence. */
  readonly since: (requestedAt: Date) => Date;
  readonly timeoutMs: number;
  readonly isWaiting: boolean;
  readonly onProgress: (answer: RequestStatus) => void;
}

/** Asks for a replay; resolves with the answer when it has begun, or has ended. */
export async function replayReceiver(
  requester: ReceiverRequester,
  { since, timeoutMs, isWaiting, onProgress }: AskedReplay,
): Promise<RequestStatus> {
  const asked = await requester.ask('replay', (requestedAt) => [`since=${since(requestedAt).toISOString()}`]);
  const forEnd = isWaiting ? { timeoutMs: Infinity } : undefined;
  return requester.answer(asked, { timeoutMs, forEnd, onProgress });
}

/** Reads `--since`; a duration counts from the moment of the request. */
export function readSince(written: string): (requestedAt: Date) => Date {
  const durationMs = parseDuration(written);
  if (durationMs !== undefined)
    return (requestedAt) => new Date(Math.max(0, requestedAt.getTime() - durationMs));
  if (!written.includes('T')) {
    throw new UsageError(
      `--since must be a duration such as 30m or a time such as 2026-01-31T12:00:00Z, not ${written}`,
    );
  }
  const time = new Date(timeFlag('--since', written));
  return () => time;
}
