import { type Static, type TObject, Type } from '@sinclair/typebox';

import { formatDuration, parseDuration } from '../schema/duration.ts';
import { Duration, OneOf, Quantity } from '../schema/fields.ts';
import { joinPath, type Problem } from '../schema/problem.ts';
import { parseQuantity } from '../schema/quantity.ts';
import { type DeliveryDefaults } from '../sink-kit/index.ts';

/** What goes when a receiver's buffer is full. */
const overflowPolicies = ['DropOldest', 'DropNewest'] as const;
/** Which events may overtake each other on the way to a receiver. */
const orderings = ['PerObject', 'None'] as const;

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
          'What is dropped, as QueueFull, when the buffer is full: DropOldest (the default) the event that waits longest, DropNewest the one that arrives.',
      }),
    ),
  },
  { description: 'The events that wait for this receiver.' },
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
        description: 'Most requests at the same time; by default what suits the sink, else 4.',
      }),
    ),
    ordering: Type.Optional(
      OneOf(orderings, {
        description:
          'PerObject (the default) delivers the events of one object in the order in which they happened, also across retries; None lets them overtake each other.',
      }),
    ),
  },
  {
    description: 'How events are delivered to this receiver. Every field has a default that suits the sink.',
  },
) satisfies TObject;

/** How events are delivered to one receiver; times in milliseconds, sizes in bytes. */
export interface DeliveryPolicy {
  readonly timeoutMs: number;
  readonly retry: { readonly initialMs: number; readonly maxMs: number; readonly maxAgeMs: number };
  readonly batch: { readonly maxEvents: number; readonly maxBytes: number; readonly maxWaitMs: number };
  readonly buffer: { readonly maxEvents: number; readonly onFull: (typeof overflowPolicies)[number] };
  readonly concurrency: number;
  readonly ordering: (typeof orderings)[number];
}

type Written = Static<typeof deliveryFields>;

/**
 * Works out a receiver's policy: what the user wrote, else what suits the sink, else the general default. A default
 * gives way to what is written, as where `retry.initial: 10m` alone raises `retry.max`.
 */
export function resolvePolicy(written: unknown, sinkDefaults: DeliveryDefaults = {}): DeliveryPolicy {
  const { timeout, retry, batch, buffer, concurrency, ordering } = (written ?? {}) as Written;
  const bufferPolicy = resolveBuffer(buffer);
  const batchPolicy = resolveBatch(batch, sinkDefaults.batch);
  return {
    timeoutMs: toMs(timeout) ?? sinkDefaults.timeoutMs ?? 10_000,
    retry: resolveRetry(retry),
    batch: { ...batchPolicy, maxEvents: Math.min(batchPolicy.maxEvents, bufferPolicy.maxEvents) },
    buffer: bufferPolicy,
    concurrency: concurrency ?? sinkDefaults.concurrency ?? 4,
    ordering: ordering ?? 'PerObject',
  };
}

function resolveBuffer(written: Written['buffer'] = {}): DeliveryPolicy['buffer'] {
  return { maxEvents: written.maxEvents ?? 10_000, onFull: written.onFull ?? 'DropOldest' };
}

function resolveBatch(
  written: Written['batch'] = {},
  defaults: DeliveryDefaults['batch'] = {},
): DeliveryPolicy['batch'] {
  return {
    maxEvents: written.maxEvents ?? defaults.maxEvents ?? 1,
    maxBytes: toBytes(written.maxBytes) ?? defaults.maxBytes ?? 1024 ** 2,
    maxWaitMs: toMs(written.maxWait) ?? defaults.maxWaitMs ?? 1_000,
  };
}

function resolveRetry(written: Written['retry']): DeliveryPolicy['retry'] {
  const initialMs = toMs(written?.initial);
  const maxMs = toMs(written?.max);
  return {
    initialMs: initialMs ?? Math.min(1_000, maxMs ?? 1_000),
    maxMs: Math.max(maxMs ?? 300_000, initialMs ?? 0),
    maxAgeMs: toMs(written?.maxAge) ?? 3_600_000,
  };
}

/** Finds what the schema cannot say about a `spec.delivery`: bounds of durations and sizes, fields that disagree. */
export function checkPolicy(written: unknown, path = 'spec.delivery'): Problem[] {
  const { timeout, retry, batch, buffer } = (written ?? {}) as Written;
  const retryPath = joinPath(path, 'retry');
  const batchPath = joinPath(path, 'batch');
  return [
    ...checkDuration(timeout, joinPath(path, 'timeout'), [10, hourMs]),
    ...checkDuration(retry?.initial, joinPath(retryPath, 'initial'), [10, hourMs]),
    ...checkDuration(retry?.max, joinPath(retryPath, 'max'), [10, 24 * hourMs]),
    ...checkDuration(retry?.maxAge, joinPath(retryPath, 'maxAge'), [0, 168 * hourMs]),
    ...checkRetry(retry, retryPath),
    ...checkSize(batch?.maxBytes, joinPath(batchPath, 'maxBytes')),
    ...checkDuration(batch?.maxWait, joinPath(batchPath, 'maxWait'), [0, hourMs / 12]),
    ...checkBatchFits({ batch, buffer }, joinPath(batchPath, 'maxEvents')),
  ];
}

const hourMs = 3_600_000;

function checkDuration(
  written: unknown,
  path: string,
  [leastMs, mostMs]: readonly [number, number],
): Problem[] {
  if (written === undefined) return [];
  const durationMs = toMs(written);
  if (durationMs === undefined) {
    return [{ path, message: 'must be a duration such as 10s, 5m or 1h30m' }];
  }
  if (durationMs >= leastMs && durationMs <= mostMs) return [];
  const least = leastMs === 0 ? '0s' : formatDuration(leastMs);
  return [
    { path, message: `must be from ${least} to ${formatDuration(mostMs)}, not ${JSON.stringify(written)}` },
  ];
}

function checkSize(written: unknown, path: string): Problem[] {
  if (written === undefined) return [];
  const bytes = toBytes(written);
  if (bytes === undefined)
    return [{ path, message: 'must be a number of bytes such as 512Ki, 5Mi or 1048576' }];
  if (bytes >= 1024 && bytes <= 256 * 1024 ** 2) return [];
  return [{ path, message: `must be from 1Ki to 256Mi, not ${JSON.stringify(written)}` }];
}

function checkRetry(retry: Written['retry'], path: string): Problem[] {
  const initialMs = toMs(retry?.initial);
  const maxMs = toMs(retry?.max);
  if (initialMs === undefined || maxMs === undefined || initialMs <= maxMs) return [];
  const message = `must not be longer than max (${JSON.stringify(retry?.max)}), not ${JSON.stringify(retry?.initial)}`;
  return [{ path: joinPath(path, 'initial'), message }];
}

function checkBatchFits({ batch, buffer }: Pick<Written, 'batch' | 'buffer'>, path: string): Problem[] {
  if (batch?.maxEvents === undefined || buffer?.maxEvents === undefined) return [];
  if (batch.maxEvents <= buffer.maxEvents) return [];
  const message = `must not be larger than buffer.maxEvents (${buffer.maxEvents}), or no batch would ever be full`;
  return [{ path, message }];
}

/** The schema's type of a duration is the resolved one; what is written is text. */
function toMs(written: unknown): number | undefined {
  return typeof written === 'string' ? parseDuration(written) : undefined;
}

function toBytes(written: unknown): number | undefined {
  return typeof written === 'number' ? written : parseQuantity(typeof written === 'string' ? written : '');
}
