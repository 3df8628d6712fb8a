import { type Condition } from '../../operator/status/condition.ts';
import { createStatusSchedule } from '../../operator/status/status-schedule.ts';
import { createFakeClock } from '../fake-clock.ts';

const condition = (status: Condition['status']): Condition => ({
  type: 'Ready',
  status,
  reason: 'Ready',
  message: '',
  lastTransitionTime: '2026-03-01T12:00:00Z',
  observedGeneration: 1,
});
const status = (count: number, ready: Condition['status'] = 'True') => ({
  count,
  conditions: [condition(ready)],
});

const clock = createFakeClock();
const create = () => createStatusSchedule<ReturnType<typeof status>>(clock, 10_000);

test('a first status is due at once, the same again never', async () => {
  const schedule = create();
  expect(schedule.isDue('a', status(0))).toBe(true);
  schedule.markWritten('a', status(0));
  await clock.advance(60_000);
  expect(schedule.isDue('a', status(0))).toBe(false);
});

test('a counter is due after the period, a condition at once', async () => {
  const schedule = create();
  schedule.markWritten('a', status(0));
  await clock.advance(9_999);
  expect(schedule.isDue('a', status(1))).toBe(false);
  expect(schedule.isDue('a', status(0, 'False'))).toBe(true);
  await clock.advance(1);
  expect(schedule.isDue('a', status(1))).toBe(true);
});

test('a first checkpoint is due at once, a later one with the counters', async () => {
  const schedule = createStatusSchedule<ReturnType<typeof status> & { checkpoint?: string }>(clock, 10_000);
  schedule.markWritten('a', status(0));
  expect(schedule.isDue('a', { ...status(0), checkpoint: '7' })).toBe(true);
  schedule.markWritten('a', { ...status(0), checkpoint: '7' });
  await clock.advance(9_999);
  expect(schedule.isDue('a', { ...status(1), checkpoint: '8' })).toBe(false);
});

test('after a failure the next try waits, twice as long each time, half a minute at most', async () => {
  const schedule = create();
  const waits: number[] = [];
  for (let failure = 0; failure < 8; failure += 1) {
    schedule.markFailed('a');
    let waited = 0;
    for (; !schedule.isDue('a', status(0)); waited += 500) await clock.advance(500);
    waits.push(waited);
  }
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

test('what is forgotten is due like new', () => {
  const schedule = create();
  schedule.markWritten('a', status(0));
  schedule.forget('a');
  expect(schedule.written('a')).toBeUndefined();
  expect(schedule.isDue('a', status(0))).toBe(true);
});
