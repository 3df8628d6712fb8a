import { Type, type Static } from '@sinclair/typebox';

import { time } from './status-field.ts';

/** How far a request has come. */
const requestStates = ['Running', 'Done', 'Failed'] as const;
export type RequestState = (typeof requestStates)[number];

const requestFields = Type.Object({
  name: Type.String({
    description: 'What was asked for: the name of the annotation without `eventroute.dev/`.',
  }),
  requestedAt: Type.String({
    description: 'The value of the annotation that this is the answer to; a request is handled once.',
  }),
  state: Type.String({
    enum: [...requestStates],
    description: 'Running, Done, or Failed: not all that was asked for came to pass.',
  }),
  startedTime: time('When the operator began with it.'),
  completedTime: time('When it ended.'),
  events: Type.Optional(
    Type.Integer({ format: 'int64', minimum: 0, description: 'Occurrences that it has come to so far.' }),
  ),
  message: Type.Optional(Type.String({ description: 'What came of it, or what it waits for.' })),
});

/** The schema of `status.requests`. */
export const requestsField = Type.Array(requestFields, {
  maxItems: 16,
  description: 'The answers to what annotations of the receiver ask for.',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['name'],
});

/** The answer to a request, as the status has it. */
export type RequestStatus = Static<typeof requestFields>;

const deadLetterFields = Type.Object({
  key: Type.String({ description: 'The idempotency key of the occurrence.' }),
  event: Type.String({ description: 'The Event as `namespace/name`.' }),
  involvedObject: Type.String({ description: 'What it is about, as `Kind namespace/name`.' }),
  reason: Type.String({ description: 'Why it was given up, in one word out of docs/reference/reasons.md.' }),
  message: Type.String({ description: 'Why, in a sentence; secrets are masked.' }),
  attempts: Type.Integer({ format: 'int64', minimum: 0, description: 'How often it was sent.' }),
  firstTime: Type.String({ format: 'date-time', description: 'When the first attempt began.' }),
  lastTime: Type.String({ format: 'date-time', description: 'When the last attempt ended.' }),
});

/** How many dead letters a status lists. */
export const listedDeadLetters = 20;

/** The schema of `status.deadLetters`. */
export const deadLettersField = Type.Array(deadLetterFields, {
  maxItems: listedDeadLetters,
  description:
    'The latest occurrences that the receiver gave up and no dead-letter receiver delivered, latest first.',
});

/** A dead letter, as the status has it. */
export type DeadLetterStatus = Static<typeof deadLetterFields>;
