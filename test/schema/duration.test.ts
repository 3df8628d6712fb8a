import { systemClock } from '../../operator/schema/clock.ts';
import { formatDuration, parseDuration } from '../../operator/schema/duration.ts';
import { parseQuantity } from '../../operator/schema/quantity.ts';

test.each([
  ['10s', 10_000],
  ['0s', 0],
  ['250ms', 250],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['2d', 172_800_000],
  ['5m30s', 330_000],
  ['', undefined],
  ['10', undefined],
  ['s', undefined],
  ['-1s', undefined],
  ['1 s', undefined],
  ['1.s', undefined],
  ['10S', undefined],
  ['10s\n', undefined],
  [`${'9'.repeat(400)}h`, undefined],
])('the duration %j is %j ms', (text, durationMs) => {
  expect(parseDuration(text)).toBe(durationMs);
});

test('a hostile duration costs no more than its length', () => {
  const startMs = performance.now();
  expect(parseDuration(`${'1s'.repeat(200_000)}!`)).toBeUndefined();
  expect(parseDuration('1'.repeat(400_000))).toBeUndefined();
  expect(performance.now() - startMs).toBeLessThan(1_000);
});

test.each([
  [0, '0ms'],
  [999.9, '999ms'],
  [-5, '0ms'],
  [1_000, '1s'],
  [90_000, '1m30s'],
  [5_400_000, '1h30m'],
  [788_645_000, '9d3h'],
])('%d ms read as %s', (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text);
});

test.each([
  ['1048576', 1_048_576],
  ['512Ki', 524_288],
  ['1.5Mi', 1_572_864],
  ['1M', 1_000_000],
  ['2Gi', 2_147_483_648],
  ['5MB', undefined],
  ['-1', undefined],
  ['', undefined],
  ['Ki', undefined],
  ['9'.repeat(40), undefined],
])('the quantity %j is %j bytes', (text, bytes) => {
  expect(parseQuantity(text)).toBe(bytes);
});

test('a timer for longer than Node can wait does not fire at once', async () => {
  let isFired = false;
  const timer = systemClock.setTimeout(() => {
    isFired = true;
  }, 2 ** 40);
  await new Promise((resolve) => setTimeout(resolve, 20));
  systemClock.clearTimeout(timer);
  expect(isFired).toBe(false);
});
