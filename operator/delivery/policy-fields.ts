import { type Static, type TObject, Type } from '@sinclair/typebox';

import { parseDuration } from '../schema/duration.ts';
import { Duration, OneOf, Quantity, Text } from '../schema/fields.ts';
import { parseQuantity } from '../schema/quantity.ts';
import { oversizedPolicies } from './event-size.ts';

/** What goes when a receiver's buffer is full. */
export const overflowPolicies = ['CatchUp', 'DropOldest', 'DropNewest'] as const;
/** What becomes of events that are over a receiver's rate limit. */
export const excessPolicies = ['Summarize', 'Wait'] as const;
/** Which events may overtake each other on the way to a receiver. */
export const orderings = ['PerObject', 'None'] as const;

const retryFields = Type.Object(
  {
    initial: Type.Optional(
      Duration({
        description:
          'Longest wait before the second attempt; it doubles with every further failure, and the actual wait is random between zero and it. From 10ms to 1h, 1s by default. A longer wait that the system itself asks for (Retry-After) is kept.',
        examples: ['1s'],
      }),
    ),
    max: Type.Optional(
      Duration({ description: 'What the wait grows to. From 10ms to 24h, 5m by default.', examples: ['5m'] }),
    ),
    maxAge: Type.Optional(
      Duration({
        description:
          'How long an event is retried, counted from its arrival, before it is dropped as Expired. Up to 168h, 1h by default; 0s means one attempt.',
        examples: ['1h'],
      }),
    ),
  },
  { description: 'How failed attempts are repeated. What the system refuses for good is not retried.' },
);

const batchFields = Type.Object(
  {
    maxEvents: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        description: 'Most events of one request; by default what suits the sink, else 1.',
      }),
    ),
    maxBytes: Type.Optional(
      Quantity({
        description:
          'Most bytes of one request, measured on the rendered events; a larger event travels alone. From 1Ki to 256Mi, by default what suits the sink, else 1Mi.',
        examples: ['1Mi'],
      }),
    ),
    maxWait: Type.Optional(
      Duration({
        description:
          'How long an event may wait for others to fill its batch. Up to 5m, by default what suits the sink, else 1s.',
        examples: ['1s'],
      }),
    ),
  },
  { description: 'How many events travel in one request.' },
);

const bufferFields = Type.Object(
  {
    maxEvents: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description: 'Most events that wait or are being sent, held in memory; 10000 by default.',
      }),
    ),
    onFull: Type.Optional(
      OneOf(overflowPolicies, {
        description:
          'What happens when the buffer is full: CatchUp (the default) takes no more, and reads from the API server what came meanwhile once there is room; DropOldest drops the event that waits longest, DropNewest the one that arrives, as QueueFull.',
      }),
    ),
  },
  { description: 'The events that wait for this receiver.' },
);

const rateLimitFields = Type.Object(
  {
    events: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      description:
        'How many events may be sent in each span of `per`, evenly spread once the burst is used up.',
    }),
    per: Type.Optional(
      Duration({
        description: 'The span that `events` counts for. From 1s to 24h, 1m by default.',
        examples: ['1m'],
      }),
    ),
    burst: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000_000,
        description:
          'How many events may be sent at once after a quiet time; by default as many as `events`.',
      }),
    ),
    onExceeded: Type.Optional(
      OneOf(excessPolicies, {
        description:
          'What becomes of events that are over the limit: Summarize (the default) drops them as RateLimited and sends one event that tells how many of what there were, `per` after the first of them; Wait keeps them in the buffer until they may be sent.',
      }),
    ),
  },
  {
    description:
      'How many events this receiver gets at most; no limit by default. A retry of an event does not count again.',
  },
);

/** The fields of `spec.delivery`, as users write them; every one may be left out. */
export const deliveryFields = Type.Object(
  {
    timeout: Type.Optional(
      Duration({
        description:
          'Longest time of one attempt. From 10ms to 1h, by default what suits the sink, else 10s.',
        examples: ['10s'],
      }),
    ),
    retry: Type.Optional(retryFields),
    batch: Type.Optional(batchFields),
    buffer: Type.Optional(bufferFields),
    concurrency: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 64,
        description:
          'Most requests at the same time; by default what suits the sink, else 4. While the system throttles, fails or slows down there are fewer.',
      }),
    ),
    ordering: Type.Optional(
      OneOf(orderings, {
        description:
          'PerObject (the default) delivers the events of one object in the order in which they happened, also across retries; None lets them overtake each other.',
      }),
    ),
    rateLimit: Type.Optional(rateLimitFields),
    startFrom: Type.Optional(
      OneOf(['Now', 'Oldest'], {
        description:
          'What a new receiver gets of the Events that the API server still holds, an hour of them by default: Now (the default) none, Oldest all.',
      }),
    ),
    oversized: Type.Optional(
      OneOf(oversizedPolicies, {
        description:
          'What becomes of an event that is larger than the system takes: Truncate (the default) cuts its message, DeadLetter gives the whole event to the receiver that deadLetterRef names, Drop drops it as PayloadTooLarge.',
      }),
    ),
    deadLetterRef: Type.Optional(
      Type.Object(
        {
          name: Text({
            description: 'Name of the EventReceiver.',
            minLength: 1,
            maxLength: 253,
            examples: ['archive'],
          }),
        },
        {
          description:
            'An EventReceiver of the same namespace that gets what this receiver gives up: events that its system refuses for good, that cannot be rendered, or that expire. Without it they are dropped.',
        },
      ),
    ),
  },
  {
    description: 'How events are delivered to this receiver. Every field has a default that suits the sink.',
    'x-kubernetes-validations': [
      {
        rule: "!has(self.oversized) || self.oversized != 'DeadLetter' || has(self.deadLetterRef)",
        message: 'deadLetterRef is required when oversized is DeadLetter',
      },
    ],
  },
) satisfies TObject;

/** `spec.delivery` as a user writes it. */
export type WrittenPolicy = Static<typeof deliveryFields>;

/** Reads a duration in milliseconds. The schema's type of one is the resolved one; what is written is text. */
export function toMs(written: unknown): number | undefined {
  return typeof written === 'string' ? parseDuration(written) : undefined;
}

/** Reads a quantity of bytes. */
export function toBytes(written: unknown): number | undefined {
  return typeof written === 'number' ? written : parseQuantity(typeof written === 'string' ? written : '');
}
