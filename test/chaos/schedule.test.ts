import { createSchedule, faults, type FaultName } from './schedule.ts';

function namesIn(minutes: number): Set<FaultName> {
  const { lanes } = createSchedule({ seed: 1, minutes });
  return new Set(lanes.flatMap((lane) => lane.faults.map(({ fault }) => fault)));
}

describe('a schedule', () => {
  it('is the same for the same seed and time', () => {
    const schedule = createSchedule({ seed: 7, minutes: 10 });

    expect(createSchedule({ seed: 7, minutes: 10 })).toEqual(schedule);
    expect(createSchedule({ seed: 8, minutes: 10 })).not.toEqual(schedule);
  });

  it('has every fault within ten minutes', () => {
    expect([...namesIn(10)].sort()).toEqual(Object.keys(faults).sort());
  });

  it('has a change of the leader within two minutes', () => {
    expect([...namesIn(2)]).toEqual(expect.arrayContaining(['kill', 'handover']));
  });

  it.each([1, 2, 3, 4, 5])(
    'has no two faults of a lane at a time, and all within the load (seed %d)',
    (seed) => {
      const { lanes, loadMs } = createSchedule({ seed, minutes: 10 });

      for (const { faults: planned } of lanes) {
        const times = planned.map(({ atMs, forMs }) => [atMs, atMs + forMs] as const);
        expect(times.every(([atMs], index) => atMs >= (times[index - 1]?.[1] ?? 0))).toBe(true);
        expect(times.every(([, endMs]) => endMs <= loadMs)).toBe(true);
      }
    },
  );

  it('leaves the API server alone while a replica has to take over', () => {
    const { lanes, pairFromMs } = createSchedule({ seed: 1, minutes: 10 });
    const restarts = lanes.find(({ name }) => name === 'API server')?.faults ?? [];

    expect(restarts.length).toBeGreaterThan(3);
    expect(restarts.every(({ atMs, forMs }) => atMs + forMs < pairFromMs)).toBe(true);
  });

  it('ends in the time that it was given', () => {
    expect(createSchedule({ seed: 1, minutes: 10 }).loadMs).toBeLessThan(600_000);
    expect(createSchedule({ seed: 1, minutes: 2 }).loadMs).toBeLessThan(120_000);
  });
});
