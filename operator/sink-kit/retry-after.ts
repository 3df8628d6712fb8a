/** No wait that a system asks for is taken longer than this; a mistaken date must not park a receiver for ever. */
const longestMs = 24 * 3_600_000;

/**
 * Reads a Retry-After header (RFC 9110 10.2.3): seconds or an HTTP date.
 * @returns milliseconds from `nowMs`, at most a day; undefined when there is none or it does not read.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d{1,10}(\.\d+)?$/.test(text)) return Math.min(Number(text) * 1_000, longestMs);
  if (!/^[A-Z][a-z]{2,8}, .* GMT$/.test(text)) return undefined;
  const whenMs = Date.parse(text);
  return Number.isNaN(whenMs) ? undefined : Math.min(Math.max(0, whenMs - nowMs), longestMs);
}
