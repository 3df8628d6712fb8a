import { type DeliveryDefaults } from '../sink-kit/index.ts';
import { type EventSizePolicy } from './event-size.ts';
import {
  type excessPolicies,
  type orderings,
  type overflowPolicies,
  toBytes,
  toMs,
  type WrittenPolicy,
} from './policy-fields.ts';

/** How many events a receiver gets at most: `burst` at once, then `events` in each `perMs`. */
export interface RateLimitPolicy {
  readonly events: number;
  readonly perMs: number;
  readonly burst: number;
  readonly onExceeded: (typeof excessPolicies)[number];
}

/** How events are delivered to one receiver; times in milliseconds, sizes in bytes. */
export interface DeliveryPolicy {
  readonly timeoutMs: number;
  readonly retry: { readonly initialMs: number; readonly maxMs: number; readonly maxAgeMs: number };
  readonly batch: EventSizePolicy & {
    readonly maxEvents: number;
    readonly maxBytes: number;
    readonly maxWaitMs: number;
  };
  readonly buffer: { readonly maxEvents: number; readonly onFull: (typeof overflowPolicies)[number] };
  readonly concurrency: number;
  readonly ordering: (typeof orderings)[number];
  /** Undefined when there is no limit. */
  readonly rateLimit?: RateLimitPolicy | undefined;
  /** `namespace/name` of the receiver that gets what this one gives up. */
  readonly deadLetter?: string | undefined;
}

/**
 * Works out a receiver's policy: what the user wrote, else what suits the sink, else the general default. A default
 * gives way to what is written, as where `retry.initial: 10m` alone raises `retry.max`.
 */
export function resolvePolicy(written: unknown, sinkDefaults: DeliveryDefaults = {}): DeliveryPolicy {
  const { timeout, retry, buffer, concurrency, ordering, rateLimit } = (written ?? {}) as WrittenPolicy;
  const bufferPolicy = resolveBuffer(buffer);
  const batchPolicy = resolveBatch(written ?? {}, sinkDefaults);
  return {
    timeoutMs: toMs(timeout) ?? sinkDefaults.timeoutMs ?? 10_000,
    retry: resolveRetry(retry),
    batch: { ...batchPolicy, maxEvents: Math.min(batchPolicy.maxEvents, bufferPolicy.maxEvents) },
    buffer: bufferPolicy,
    concurrency: concurrency ?? sinkDefaults.concurrency ?? 4,
    ordering: ordering ?? 'PerObject',
    rateLimit: rateLimit && resolveRateLimit(rateLimit),
  };
}

function resolveBuffer(written: WrittenPolicy['buffer'] = {}): DeliveryPolicy['buffer'] {
  return { maxEvents: written.maxEvents ?? 10_000, onFull: written.onFull ?? 'CatchUp' };
}

function resolveRateLimit({
  events,
  per,
  burst = events,
  onExceeded = 'Summarize',
}: NonNullable<WrittenPolicy['rateLimit']>): RateLimitPolicy {
  return { events, perMs: toMs(per) ?? 60_000, burst, onExceeded };
}

function resolveBatch(
  { batch: written = {}, oversized = 'Truncate' }: WrittenPolicy,
  { batch: defaults = {}, maxEventBytes }: DeliveryDefaults,
): DeliveryPolicy['batch'] {
  return {
    maxEvents: written.maxEvents ?? defaults.maxEvents ?? 1,
    maxBytes: toBytes(written.maxBytes) ?? defaults.maxBytes ?? 1024 ** 2,
    maxWaitMs: toMs(written.maxWait) ?? defaults.maxWaitMs ?? 1_000,
    maxEventBytes,
    oversized,
  };
}

function resolveRetry(written: WrittenPolicy['retry']): DeliveryPolicy['retry'] {
  const initialMs = toMs(written?.initial);
  const maxMs = toMs(written?.max);
  return {
    initialMs: initialMs ?? Math.min(1_000, maxMs ?? 1_000),
    maxMs: Math.max(maxMs ?? 300_000, initialMs ?? 0),
    maxAgeMs: toMs(written?.maxAge) ?? 3_600_000,
  };
}
