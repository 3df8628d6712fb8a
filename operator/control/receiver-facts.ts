import { formatDuration } from '../schema/duration.ts';
import { type Tally } from '../delivery/tally.ts';
import { type Verdict } from '../status/condition.ts';
import { type ReceiverFacts } from '../status/receiver-status.ts';
import { type RequestStatus } from '../status/request-status.ts';
import { type DeadLetterBook } from './dead-letter-book.ts';
import { type Gaps } from './gap.ts';
import { type ManagedReceiver } from './managed-receiver.ts';

/** How many attempts in a row have to fail before a receiver counts as failing: one failure alone is everyday life. */
const failingAfter = 2;

/** What is known of a receiver in other places than with itself. */
interface Surroundings {
  readonly now: Date;
  readonly gaps: ReturnType<Gaps['of']>;
  readonly requests: readonly RequestStatus[];
  readonly deadLetters: ReturnType<DeadLetterBook['of']>;
}

/** Gathers what is known of a receiver. */
export function receiverFacts(
  receiver: ManagedReceiver,
  { now, gaps, requests, deadLetters }: Surroundings,
): ReceiverFacts {
  const tally = receiver.tally();
  const { running } = receiver;
  return {
    generation: receiver.judgedGeneration,
    accepted: acceptedVerdict(receiver),
    resolvedRefs: refsVerdict(receiver),
    delivering: deliveringVerdict(receiver, tally, now),
    sink: running?.prepared.receiver.sinkName,
    endpoint: running?.endpoint,
    counts: tally,
    lastSuccessTime: tally.lastSuccessTime,
    lastFailure: tally.lastFailure,
    checkpoint: receiver.checkpoint(),
    gaps: gaps.count,
    lastGap: gaps.last,
    ...{ requests, deadLetters },
  };
}

function acceptedVerdict({ objection, running }: ManagedReceiver): Verdict {
  if (objection?.aspect === 'Accepted') return keeping(objection.verdict, running?.generation);
  return { status: 'True', reason: 'Accepted', message: 'The specification is valid' };
}

function refsVerdict(receiver: ManagedReceiver): Verdict {
  const { objection, running } = receiver;
  // a sink is opened after its Secrets were read; all else that is not accepted was refused before
  if (
    objection?.aspect === 'Accepted' &&
    objection.verdict.reason !== 'InvalidConfig' &&
    running === undefined
  ) {
    return { status: 'Unknown', reason: 'Pending', message: 'Judged once the specification is valid' };
  }
  if (objection?.aspect === 'ResolvedRefs') return keeping(objection.verdict, running?.generation);
  const problem = receiver.deadLetterProblem();
  if (problem !== undefined) {
    const message = `spec.delivery.deadLetterRef: ${problem.message}; what is given up is dropped meanwhile`;
    return { status: 'False', reason: problem.reason, message };
  }
  return {
    status: 'True',
    reason: 'ResolvedRefs',
    message: 'Everything that the receiver refers to was found',
  };
}

/** Says that a bad revision did not replace the good one before it. */
function keeping(verdict: Verdict, generation: number | undefined): Verdict {
  if (generation === undefined) return verdict;
  return { ...verdict, message: `${verdict.message} (generation ${generation} keeps running)` };
}

function deliveringVerdict(receiver: ManagedReceiver, tally: Tally, now: Date): Verdict {
  const { running, checkFailure, isSuspended } = receiver;
  if (isSuspended) {
    return {
      status: 'False',
      reason: 'Suspended',
      message: `spec.suspend is true; ${waiting(tally.pending)}`,
    };
  }
  if (running === undefined) {
    const backlog = tally.pending > 0 ? `; ${waiting(tally.pending)}` : '';
    return { status: 'Unknown', reason: 'Pending', message: `No sink is open${backlog}` };
  }
  if (tally.consecutiveFailures >= failingAfter && tally.lastFailure !== undefined)
    return failingVerdict(tally, now);
  if (checkFailure !== undefined && !hasDelivered(receiver, tally)) return checkFailure;
  if (tally.lastSuccessTime !== undefined) {
    return { status: 'True', reason: 'Delivering', message: 'The last attempts to deliver succeeded' };
  }
  return { status: 'True', reason: 'Idle', message: 'Nothing has been delivered yet' };
}

/** Whether the open sink has delivered something: that says more than its check. */
export function hasDelivered({ running }: ManagedReceiver, { lastSuccessTime }: Tally): boolean {
  return running !== undefined && lastSuccessTime !== undefined && lastSuccessTime >= running.openedAt;
}

function failingVerdict(
  { consecutiveFailures, lastFailure, pending, oldestPendingTime }: Tally,
  now: Date,
): Verdict {
  const oldest =
    oldestPendingTime === undefined
      ? ''
      : `, the oldest for ${formatDuration(now.getTime() - oldestPendingTime.getTime())}`;
  const message = `The last ${consecutiveFailures} attempts failed, ${waiting(pending)}${oldest}: ${lastFailure?.message ?? ''}`;
  return { status: 'False', reason: lastFailure?.reason ?? 'ServerError', message };
}

function waiting(events: number): string {
  return events === 1 ? '1 event waits' : `${events} events wait`;
}
