import { Type, type Static } from '@sinclair/typebox';

import {
  conditionsField,
  initialStatus,
  judge,
  timestamp,
  timestampOr,
  type Condition,
  type Verdict,
} from './condition.ts';
import {
  deadLettersField,
  requestsField,
  type DeadLetterStatus,
  type RequestStatus,
} from './request-status.ts';
import { count, observedGeneration, time } from './status-field.ts';

/** The schema of an EventReceiver's status. */
export const receiverStatusFields = Type.Object(
  {
    observedGeneration,
    conditions: Type.Optional(Type.Unsafe<Condition[]>(conditionsField)),
    sink: Type.Optional(Type.String({ description: 'The kind of sink.' })),
    endpoint: Type.Optional(Type.String({ description: 'Where the sink sends, without credentials.' })),
    delivered: count('Occurrences that the sink acknowledged.'),
    failed: count('Failed attempts, counted once for each event in them; retried ones included.'),
    deadLettered: count('Occurrences given up here that the dead-letter receiver delivered.'),
    dropped: count(
      'Occurrences given up: rejected, expired, by the buffer policy, over the rate limit, or folded by a throttle.',
    ),
    pending: count('Occurrences that wait for their delivery or are in it.'),
    gaps: count('Times for which Events may be missing for good: the API server had forgotten them.'),
    lastGap: Type.Optional(
      Type.Object(
        {
          from: Type.String({ format: 'date-time', description: 'Its beginning.' }),
          to: Type.String({ format: 'date-time', description: 'Its end.' }),
          reason: Type.String({ description: 'Why, in one word out of docs/reference/reasons.md.' }),
        },
        { description: 'The latest of the gaps.' },
      ),
    ),
    checkpoint: Type.Optional(
      Type.Object(
        {
          resourceVersion: Type.String({
            description:
              'All Events of the receiver up to this version have ended; a restart goes on from here.',
          }),
          time: Type.String({ format: 'date-time', description: 'When the receiver was there.' }),
        },
        { description: 'How far the receiver has come.' },
      ),
    ),
    lastSuccessTime: time('When the sink last acknowledged something.'),
    lastFailure: Type.Optional(
      Type.Object(
        {
          time: Type.String({ format: 'date-time', description: 'When it failed.' }),
          reason: Type.String({ description: 'Why, in one word out of docs/reference/reasons.md.' }),
          message: Type.String({ description: 'Why, in a sentence; secrets are masked.' }),
        },
        { description: 'The last failed attempt.' },
      ),
    ),
    requests: Type.Optional(requestsField),
    deadLetters: Type.Optional(deadLettersField),
    deadLettersHeld: count('Dead letters that `eventroute deadletters retry` can send again, listed or not.'),
  },
  { description: 'What the operator observed of the receiver.', default: initialStatus },
);

/** An EventReceiver's status. */
export type ReceiverStatus = Static<typeof receiverStatusFields>;

/** What is known of a receiver; the counts are those since the operator started. */
export interface ReceiverFacts {
  readonly generation: number;
  readonly accepted: Verdict;
  readonly resolvedRefs: Verdict;
  readonly delivering: Verdict;
  readonly sink: string | undefined;
  readonly endpoint: string | undefined;
  readonly counts: Readonly<Record<'delivered' | 'failed' | 'deadLettered' | 'dropped' | 'pending', number>>;
  readonly lastSuccessTime: Date | undefined;
  readonly lastFailure:
    { readonly time: Date; readonly reason: string; readonly message: string } | undefined;
  readonly checkpoint: { readonly position: string; readonly time: Date } | undefined;
  readonly gaps: number;
  readonly lastGap: { readonly from: Date; readonly to: Date; readonly reason: string } | undefined;
  readonly requests: readonly RequestStatus[];
  /** The latest of the dead letters, and how many there are. */
  readonly deadLetters: { readonly latest: readonly DeadLetterStatus[]; readonly held: number };
}

/**
 * Makes a receiver's status. Counters go on from `base`, the status that the object had when the operator first saw
 * it; transition times go on from `previous`, the status that was last written.
 */
export function receiverStatus(
  facts: ReceiverFacts,
  {
    base,
    previous,
    now,
  }: { readonly base: ReceiverStatus; readonly previous: ReceiverStatus; readonly now: Date },
): ReceiverStatus {
  const { counts, generation, accepted, resolvedRefs, delivering } = facts;
  const status: ReceiverStatus = {
    observedGeneration: generation,
    conditions: judge(previous.conditions ?? [], {
      aspects: [
        ['Accepted', accepted],
        ['ResolvedRefs', resolvedRefs],
        ['Delivering', delivering],
      ],
      generation,
      now,
    }),
    sink: facts.sink,
    endpoint: facts.endpoint,
    delivered: (base.delivered ?? 0) + counts.delivered,
    failed: (base.failed ?? 0) + counts.failed,
    deadLettered: (base.deadLettered ?? 0) + counts.deadLettered,
    dropped: (base.dropped ?? 0) + counts.dropped,
    pending: counts.pending,
    lastSuccessTime: timestampOr(facts.lastSuccessTime, base.lastSuccessTime),
    lastFailure: facts.lastFailure
      ? { ...facts.lastFailure, time: timestamp(facts.lastFailure.time) }
      : base.lastFailure,
    gaps: (base.gaps ?? 0) + facts.gaps,
    lastGap: facts.lastGap
      ? { ...facts.lastGap, from: timestamp(facts.lastGap.from), to: timestamp(facts.lastGap.to) }
      : base.lastGap,
    ...requestParts(facts),
  };
  return { ...status, checkpoint: checkpointOf(facts.checkpoint, { status, previous, now }) };
}

/** What nobody asked for and no receiver gave up is left out. */
function requestParts({
  requests,
  deadLetters: { latest, held },
}: ReceiverFacts): Pick<ReceiverStatus, 'requests' | 'deadLetters' | 'deadLettersHeld'> {
  return {
    ...(requests.length > 0 && { requests: [...requests] }),
    ...(held > 0 && { deadLetters: [...latest], deadLettersHeld: held }),
  };
}

/** How old a checkpoint may become while nothing else changes; far less than the API server remembers. */
const checkpointPeriodMs = 300_000;

/** A checkpoint alone is not worth a write each time that the cluster has an Event, so it moves with the counters. */
function checkpointOf(
  checkpoint: ReceiverFacts['checkpoint'],
  {
    status,
    previous,
    now,
  }: { readonly status: ReceiverStatus; readonly previous: ReceiverStatus; readonly now: Date },
): ReceiverStatus['checkpoint'] {
  const { checkpoint: last, ...others } = previous;
  if (checkpoint === undefined) return last;
  const isSame = JSON.stringify(others) === JSON.stringify(status);
  if (last !== undefined && isSame && now.getTime() - Date.parse(last.time) < checkpointPeriodMs) return last;
  return { resourceVersion: checkpoint.position, time: timestamp(checkpoint.time) };
}
