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
    dropped: count('Occurrences given up: rejected, expired, or by the buffer policy.'),
    pending: count('Occurrences that wait for their delivery or are in it.'),
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
  readonly counts: Readonly<Record<'delivered' | 'failed' | 'dropped' | 'pending', number>>;
  readonly lastSuccessTime: Date | undefined;
  readonly lastFailure:
    { readonly time: Date; readonly reason: string; readonly message: string } | undefined;
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
  return {
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
    dropped: (base.dropped ?? 0) + counts.dropped,
    pending: counts.pending,
    lastSuccessTime: timestampOr(facts.lastSuccessTime, base.lastSuccessTime),
    lastFailure: facts.lastFailure
      ? { ...facts.lastFailure, time: timestamp(facts.lastFailure.time) }
      : base.lastFailure,
  };
}
