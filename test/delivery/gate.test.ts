import { backoffMs, retryAfterWaitMs } from '../../operator/delivery/backoff.ts';
import { createGate, failuresToClose, type Gate } from '../../operator/delivery/gate.ts';
import { resolvePolicy } from '../../operator/delivery/policy.ts';

const open = (): Gate =>
  createGate(
    () => resolvePolicy({ concurrency: 4 }),
    () => 1,
  );
const failTimes = (gate: Gate, times: number, now = 0): void => {
  for (let time = 0; time < times; time += 1) gate.failed({ period: gate.period, now });
};

describe('a gate', () => {
  it('gives all lanes until enough attempts in a row failed', () => {
    const gate = open();
    failTimes(gate, failuresToClose - 1);
    gate.succeeded();
    failTimes(gate, failuresToClose - 1);
    expect([gate.limit(0), gate.closed]).toEqual([4, false]);
    failTimes(gate, 1);
    expect([gate.limit(0), gate.closed, gate.failingSince]).toEqual([0, true, 0]);
  });

  it('gives one probe after its back-off, which doubles up to the longest', () => {
    const gate = open();
    failTimes(gate, failuresToClose);
    const waits: number[] = [];
    for (let probe = 0; probe < 9; probe += 1) {
      const now = gate.opensAt;
      expect([gate.limit(now - 1), gate.limit(now)]).toEqual([0, 1]);
      failTimes(gate, 1, now);
      waits.push((gate.opensAt - now) / 1_000);
    }
    expect(waits).toEqual([8, 16, 32, 64, 128, 256, 300, 300, 300]);
  });

  it('does not wait longer because attempts from before its closing fail too', () => {
    const gate = open();
    const { period } = gate;
    failTimes(gate, failuresToClose);
    const { opensAt } = gate;
    gate.failed({ period, now: 2_000 });
    expect(gate.opensAt).toBe(opensAt);
  });

  it('gives all lanes again after one success', () => {
    const gate = open();
    failTimes(gate, 10);
    gate.succeeded();
    expect([gate.limit(0), gate.failingSince]).toEqual([4, undefined]);
  });

  it('closes at once when the system asks for a wait, and keeps it when hurried', () => {
    const gate = open();
    gate.failed({ period: gate.period, now: 0, retryAfterMs: 60_000 });
    gate.hurry();
    expect([gate.limit(60_999), gate.limit(61_000)]).toEqual([0, 1]);
  });

  it('gives a probe early when it is hurried', () => {
    const gate = open();
    failTimes(gate, 10);
    gate.hurry();
    expect(gate.limit(0)).toBe(1);
  });
});

describe('backoffMs', () => {
  const bounds = { initialMs: 1_000, maxMs: 300_000 };

  it('is a random part of a doubling ceiling', () => {
    expect([1, 2, 3, 9, 10, 10_000].map((failures) => backoffMs(failures, bounds, () => 1))).toEqual([
      1_000, 2_000, 4_000, 256_000, 300_000, 300_000,
    ]);
    expect(backoffMs(3, bounds, () => 0.5)).toBe(2_000);
  });
});

describe('retryAfterWaitMs', () => {
  it('is never shorter than asked for, and never longer than allowed', () => {
    const bounds = { initialMs: 1_000, longestMs: 3_600_000 };
    expect(retryAfterWaitMs(5_000, bounds, () => 0)).toBe(5_000);
    expect(retryAfterWaitMs(5_000, bounds, () => 0.5)).toBe(5_500);
    expect(retryAfterWaitMs(1e15, bounds, () => 0)).toBe(3_600_000);
    expect(retryAfterWaitMs(-5, bounds, () => 0)).toBe(0);
    expect(retryAfterWaitMs(Number.NaN, bounds, () => 0)).toBe(0);
  });
});
