import { differ, judge, timestamp, type Verdict } from '../../operator/status/condition.ts';

const now = new Date('2026-03-01T12:00:00.900Z');
const good: Verdict = { status: 'True', reason: 'Accepted', message: 'fine' };
const bad: Verdict = { status: 'False', reason: 'SecretNotFound', message: 'no Secret' };
const unknown: Verdict = { status: 'Unknown', reason: 'Pending', message: 'not yet' };
const judged = (accepted: Verdict, refs: Verdict, previous = [] as ReturnType<typeof judge>, at = now) =>
  judge(previous, {
    aspects: [
      ['Accepted', accepted],
      ['ResolvedRefs', refs],
    ],
    generation: 3,
    now: at,
  });

test('Ready is True when all is well, and says so of this generation', () => {
  expect(judged(good, good)[0]).toEqual({
    type: 'Ready',
    status: 'True',
    reason: 'Ready',
    message: 'All is well',
    lastTransitionTime: '2026-03-01T12:00:00Z',
    observedGeneration: 3,
  });
});

test('Ready tells the most fundamental thing that is not well', () => {
  expect(judged(bad, unknown)[0]).toMatchObject({ status: 'False', reason: 'SecretNotFound' });
  expect(judged(good, unknown)[0]).toMatchObject({ status: 'Unknown', reason: 'Pending' });
});

test('a transition time stays while the status stays, whatever the reason', () => {
  const later = new Date('2026-03-01T13:00:00Z');
  const first = judged(good, bad);
  const second = judged(good, { ...bad, reason: 'SecretKeyNotFound' }, first, later);
  expect(second.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual(Array(3).fill(timestamp(now)));
  const third = judged(good, good, second, later);
  expect(third.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual([
    timestamp(later),
    timestamp(now),
    timestamp(later),
  ]);
});

test('a message is cut where metav1.Condition ends', () => {
  const [, accepted] = judged({ ...bad, message: 'x'.repeat(100_000) }, good);
  expect(accepted!.message).toHaveLength(32_768);
});

test('a message alone is no reason to hurry', () => {
  const one = judged(good, bad);
  expect(differ(one, judged(good, { ...bad, message: 'another' }))).toBe(false);
  expect(differ(one, judged(good, { ...bad, reason: 'SecretKeyNotFound' }))).toBe(true);
  expect(differ(one, [...one].reverse())).toBe(false);
});
