import { formatDuration } from '../schema/duration.ts';
import { joinPath, type Problem } from '../schema/problem.ts';
import { toBytes, toMs, type WrittenPolicy } from './policy-fields.ts';

/** Finds what the schema cannot say about a `spec.delivery`: bounds of durations and sizes, fields that disagree. */
export function checkPolicy(written: unknown, path = 'spec.delivery'): Problem[] {
  const { timeout, retry, batch, buffer, rateLimit, oversized, deadLetterRef } = (written ??
    {}) as WrittenPolicy;
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
    ...checkDuration(rateLimit?.per, joinPath(joinPath(path, 'rateLimit'), 'per'), [1_000, 24 * hourMs]),
    ...checkDeadLetters({ oversized, deadLetterRef }, joinPath(path, 'deadLetterRef')),
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

function checkRetry(retry: WrittenPolicy['retry'], path: string): Problem[] {
  const initialMs = toMs(retry?.initial);
  const maxMs = toMs(retry?.max);
  if (initialMs === undefined || maxMs === undefined || initialMs <= maxMs) return [];
  const message = `must not be longer than max (${JSON.stringify(retry?.max)}), not ${JSON.stringify(retry?.initial)}`;
  return [{ path: joinPath(path, 'initial'), message }];
}

function checkBatchFits({ batch, buffer }: Pick<WrittenPolicy, 'batch' | 'buffer'>, path: string): Problem[] {
  if (batch?.maxEvents === undefined || buffer?.maxEvents === undefined) return [];
  if (batch.maxEvents <= buffer.maxEvents) return [];
  const message = `must not be larger than buffer.maxEvents (${buffer.maxEvents}), or no batch would ever be full`;
  return [{ path, message }];
}

function checkDeadLetters(
  { oversized, deadLetterRef }: Pick<WrittenPolicy, 'oversized' | 'deadLetterRef'>,
  path: string,
): Problem[] {
  if (oversized !== 'DeadLetter' || deadLetterRef !== undefined) return [];
  return [{ path, message: 'is required when `oversized` is DeadLetter' }];
}
