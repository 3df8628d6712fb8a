const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** What a duration string looks like, for schemas: `10s`, `1h30m`, `250ms`, `1.5h`. */
export const durationPattern = '^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+$';

const duration = new RegExp(durationPattern);

/**
 * Reads a duration as users of Kubernetes write it (`10s`, `5m`, `1h30m`, `250ms`; `d` is 24 hours).
 * @returns milliseconds, or undefined when the text is no duration or longer than a computer can count.
 */
export function parseDuration(text: string): number | undefined {
  if (!duration.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9.]+)(ms|s|m|h|d)/g)) {
    totalMs += Number(amount) * unitsMs[unit as keyof typeof unitsMs];
  }
  return Number.isFinite(totalMs) ? totalMs : undefined;
}

/** Writes milliseconds for people, in the two largest units at most: `1h30m`, `14m`, `9d`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.max(0, Math.floor(durationMs))}ms`;
  let restSeconds = Math.floor(durationMs / 1_000);
  const parts: string[] = [];
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ] as const) {
    const amount = Math.floor(restSeconds / seconds);
    if (amount > 0) parts.push(`${amount}${unit}`);
    restSeconds -= amount * seconds;
  }
  return parts.slice(0, 2).join('');
}
