import { Type, type Static } from '@sinclair/typebox';

import { conditionsField, initialStatus, type Condition } from './condition.ts';

const count = (description: string) =>
  Type.Optional(Type.Integer({ format: 'int64', minimum: 0, description }));
const time = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }));

/** The schema of an EventReceiver's status. */
export const receiverStatusFields = Type.Object(
  {
    observedGeneration: Type.Optional(
      Type.Integer({ format: 'int64', description: 'The metadata.generation that this status is about.' }),
    ),
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
