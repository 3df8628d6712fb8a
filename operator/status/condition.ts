import { Type, type TSchema } from '@sinclair/typebox';

import { type Reason } from '../schema/reasons.ts';

/** The conditions of our objects; `Ready` summarises the others. */
const conditionTypes = ['Ready', 'Accepted', 'ResolvedRefs', 'Delivering'] as const;
export type ConditionType = (typeof conditionTypes)[number];

/** What is known of one aspect of an object. */
export interface Verdict {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: Reason;
  readonly message: string;
}

/** A metav1.Condition. */
export interface Condition extends Verdict {
  readonly type: ConditionType;
  /** RFC 3339, to the second. */
  readonly lastTransitionTime: string;
  readonly observedGeneration: number;
}

/** The longest message that metav1.Condition allows. */
const maxMessageLength = 32_768;

/** What is judged, and of which generation of the object. */
export interface Judgement {
  /** The aspects, most fundamental first: `Ready` tells the first that is not true. */
  readonly aspects: readonly (readonly [Exclude<ConditionType, 'Ready'>, Verdict])[];
  /** What `Ready` says when all is well. */
  readonly ready?: Verdict | undefined;
  readonly generation: number;
  readonly now: Date;
}

/** Makes the conditions of a judgement; transition times are kept where the status did not change. */
export function judge(previous: readonly Condition[], judgement: Judgement): Condition[] {
  const { aspects, generation, now } = judgement;
  const allWell: Verdict = judgement.ready ?? { status: 'True', reason: 'Ready', message: 'All is well' };
  const ready = aspects.find(([, verdict]) => verdict.status !== 'True')?.[1] ?? allWell;
  return [['Ready', ready] as const, ...aspects].map(([type, { status, reason, message }]) => {
    const before = previous.find((condition) => condition.type === type);
    return {
      type,
      status,
      reason,
      message: message.length > maxMessageLength ? `${message.slice(0, maxMessageLength - 3)}...` : message,
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : timestamp(now),
      observedGeneration: generation,
    };
  });
}

/** Whether two sets of conditions tell a reader something different; a message alone is no reason to hurry. */
export function differ(a: readonly Condition[], b: readonly Condition[]): boolean {
  const key = (conditions: readonly Condition[]): string =>
    conditions
      .map(
        ({ type, status, reason, observedGeneration }) => `${type} ${status} ${reason} ${observedGeneration}`,
      )
      .sort()
      .join();
  return key(a) !== key(b);
}

/** Writes a time as metav1.Time does: RFC 3339 in UTC, to the second. */
export function timestamp(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

/** Writes a time, or keeps what was written before when there is none. */
export function timestampOr(time: Date | undefined, before: string | undefined): string | undefined {
  return time === undefined ? before : timestamp(time);
}

/** The schema of `status.conditions`. */
export const conditionsField: TSchema = Type.Array(
  Type.Object({
    type: Type.String({ description: `One of ${conditionTypes.join(', ')}.` }),
    status: Type.String({ enum: ['True', 'False', 'Unknown'], description: 'True, False or Unknown.' }),
    reason: Type.String({
      maxLength: 1024,
      description: 'Why, in one word out of docs/reference/reasons.md.',
    }),
    message: Type.String({ maxLength: maxMessageLength, description: 'Why, in a sentence, and what to do.' }),
    lastTransitionTime: Type.String({ format: 'date-time', description: 'When the status last changed.' }),
    observedGeneration: Type.Optional(
      Type.Integer({ format: 'int64', minimum: 0, description: 'The metadata.generation that was judged.' }),
    ),
  }),
  {
    description:
      'Ready summarises Accepted (the specification), ResolvedRefs (what it refers to) and Delivering.',
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
  },
);

/** The status that an object has from `kubectl apply` until the operator first looks at it. */
export const initialStatus = {
  observedGeneration: -1,
  conditions: [
    {
      type: 'Ready',
      status: 'Unknown',
      reason: 'Pending',
      message: 'The operator has not looked at this object yet',
      lastTransitionTime: '1970-01-01T00:00:00Z',
    },
  ],
} as const;
