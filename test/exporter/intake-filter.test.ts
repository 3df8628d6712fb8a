import { createFirstSight } from '../../operator/exporter/first-sight.ts';
import { createIntakeFilter } from '../../operator/exporter/intake-filter.ts';
import { createClusterEvent } from '../../operator/event/core-event.ts';
import { createOccurrence, type Occurrence } from '../../operator/event/occurrence.ts';

const occurrence = (uid: string, count: number, more: object = {}): Occurrence =>
  createOccurrence(
    createClusterEvent({
      metadata: { uid, name: uid, namespace: 'shop' },
      involvedObject: {},
      count,
      lastTimestamp: '2026-01-01T12:00:00Z',
      ...more,
    }),
  );
const quiet = { maxEventAgeSeconds: 5, reportUpdates: undefined };

describe('what an exporter file takes in', () => {
  test('is the first sight of an Event, whatever its count, and no repeat', () => {
    const takes = createIntakeFilter({ options: quiet });
    expect(
      [occurrence('a', 3), occurrence('a', 4), occurrence('b', 1), occurrence('b', 2)].map(takes),
    ).toEqual([true, false, true, false]);
  });

  test('is every occurrence with reportUpdates', () => {
    const options = { ...quiet, reportUpdates: true };
    const takes = createIntakeFilter({ options });
    expect([occurrence('a', 3), occurrence('a', 4)].map(takes)).toEqual([true, true]);
  });

  test('is nothing that is older than maxEventAgeSeconds, to the second', () => {
    const at = Date.parse('2026-01-01T12:00:05Z');
    const takes = (now: number) => createIntakeFilter({ options: quiet, now: () => now })(occurrence('a', 1));
    expect([takes(at), takes(at + 1)]).toEqual([true, false]);
  });

  test('is nothing at all when the age is negative', () => {
    const options = { ...quiet, maxEventAgeSeconds: -1 };
    expect(
      createIntakeFilter({ options, now: () => Date.parse('2026-01-01T12:00:00Z') })(occurrence('a', 1)),
    ).toBe(false);
  });

  test('is remembered within bounds', () => {
    const isFirst = createFirstSight(2);
    expect(['a', 'b', 'a', 'c', 'a', 'b'].map((uid) => isFirst(occurrence(uid, 1)))).toEqual([
      true,
      true,
      false,
      true,
      false,
      true,
    ]);
  });
});
