import fc from 'fast-check';

import {
  type Concurrency,
  createConcurrency,
  type EndedAttempt,
} from '../../operator/delivery/concurrency.ts';
import { loadResult } from '../../operator/delivery/landed.ts';
import { resolvePolicy } from '../../operator/delivery/policy.ts';
import { DeliveryError } from '../../operator/sink-kit/index.ts';
import { fakeSink, pipelineRig } from './fakes.ts';

/** Tells a limit of attempts that follow each other, each of which takes all lanes. */
function driver(most: number): {
  readonly concurrency: Concurrency;
  readonly land: (ended?: Partial<EndedAttempt> & { readonly durationMs?: number }) => number;
} {
  let now = 0;
  const concurrency = createConcurrency(() => most);
  return {
    concurrency,
    land({ durationMs = 100, ...ended } = {}) {
      const startedAt = now + 1;
      now += 1 + durationMs;
      const { cuts, limit: underWay } = concurrency;
      concurrency.landed({ cuts, startedAt, now, events: 1, underWay, result: 'ok', ...ended });
      return concurrency.limit;
    },
  };
}

describe('an adaptive concurrency', () => {
  it('is all that the policy allows as long as nothing is wrong', () => {
    let most = 8;
    const concurrency = createConcurrency(() => most);
    expect(concurrency.limit).toBe(8);
    most = 16;
    expect(concurrency.limit).toBe(16);
  });

  it('halves at each overload, down to one, and grows by one for each round of its lanes', () => {
    const { land } = driver(8);
    const cuts = Array.from({ length: 5 }, () => land({ result: 'overload' }));
    expect(cuts).toEqual([4, 2, 1, 1, 1]);
    const limits = Array.from({ length: 30 }, () => land());
    expect(limits.slice(0, 6)).toEqual([2, 2, 3, 3, 3, 4]);
    expect(limits.at(-1)).toBe(8);
    expect(limits).toEqual([...limits].sort((a, b) => a - b));
  });

  it('is cut once for all attempts that were under way', () => {
    const concurrency = createConcurrency(() => 8);
    const failed = { events: 1, underWay: 8, result: 'overload' } as const;
    const { cuts } = concurrency;
    for (let attempt = 0; attempt < 8; attempt += 1)
      concurrency.landed({ ...failed, cuts, startedAt: 0, now: 50 });
    expect(concurrency.limit).toBe(4);
    concurrency.landed({ ...failed, cuts: concurrency.cuts, startedAt: 50, now: 60 });
    expect(concurrency.limit).toBe(2);
  });

  it('does not grow while its lanes are not in use, nor by what says nothing of the load', () => {
    const { land } = driver(8);
    land({ result: 'overload' });
    for (let attempt = 0; attempt < 50; attempt += 1) land({ underWay: 3 });
    for (let attempt = 0; attempt < 50; attempt += 1) land({ result: 'other' });
    expect(land({ underWay: 1 })).toBe(4);
  });

  it('takes a fifth when attempts take more than twice as long as usual, and grows again afterwards', () => {
    const { land } = driver(10);
    for (let attempt = 0; attempt < 100; attempt += 1) land();
    let attempts = 1;
    while (land({ durationMs: 400 }) === 10) attempts += 1;
    expect([attempts > 3, attempts <= 16, land({ durationMs: 100 })]).toEqual([true, true, 8]);
    for (let attempt = 0; attempt < 60; attempt += 1) land({ durationMs: 400 });
    const low = land({ durationMs: 400 });
    expect(low).toBeLessThan(7);
    for (let attempt = 0; attempt < 200; attempt += 1) land();
    expect(land()).toBe(10);
  });

  it.each<[string, (attempt: number) => number]>([
    ['take long now and then', (attempt) => (attempt % 10 === 0 ? 800 : 100)],
    ['take turns', (attempt) => (attempt % 2 === 0 ? 200 : 20)],
    ['are slow at first', (attempt) => (attempt < 3 ? 2_000 : 100)],
    ['are fast at first', (attempt) => (attempt < 3 ? 1 : 40)],
    ['get slower by a half', (attempt) => 100 + Math.min(attempt, 500) / 10],
    ['differ within what nobody feels', (attempt) => (attempt % 60 < 30 ? 2 : 45)],
  ])('pays nothing when attempts %s', (_, durationOf) => {
    const { land } = driver(10);
    for (let attempt = 0; attempt < 2_000; attempt += 1)
      expect(land({ durationMs: durationOf(attempt) })).toBe(10);
  });

  it('does not take a large batch for a slow one', () => {
    const { land } = driver(10);
    for (let attempt = 0; attempt < 200; attempt += 1) land({ events: 1, durationMs: 10 });
    for (let attempt = 0; attempt < 200; attempt += 1) land({ events: 500, durationMs: 900 });
    expect(land()).toBe(10);
  });

  it('begins anew when it is reset', () => {
    const { concurrency, land } = driver(8);
    land({ result: 'overload' });
    concurrency.reset();
    expect(concurrency.limit).toBe(8);
    expect(land({ result: 'overload' })).toBe(4);
  });

  it('stays within its bounds, and comes back from anything', () => {
    const ended = fc.record({
      durationMs: fc.constantFrom(0, 1, 100, 10_000),
      events: fc.constantFrom(1, 10, 10_000),
      result: fc.constantFrom('ok' as const, 'overload' as const, 'other' as const),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.array(ended, { maxLength: 100 }), (most, course) => {
        const { land } = driver(most);
        let before = most;
        for (const each of course) {
          const limit = land(each);
          expect(Number.isInteger(limit) && limit >= 1 && limit <= most && limit <= before + 1).toBe(true);
          if (each.result === 'overload') expect(limit).toBeLessThanOrEqual(Math.max(1, before / 2));
          before = limit;
        }
        for (let attempt = 0; attempt < 8_000; attempt += 1) land({ durationMs: 10 });
        expect(land()).toBe(most);
      }),
      { numRuns: 50 },
    );
  });
});

describe('loadResult', () => {
  const throttled = DeliveryError.retry('429', 'Throttled');
  const down = DeliveryError.retry('503', 'ServerError');
  const bad = DeliveryError.permanent('400');
  const asked = DeliveryError.retry('503', 'ServerError', { retryAfterMs: 1_000 });
  it.each([
    [[], 3, 'ok'],
    [[throttled], 3, 'overload'],
    [[asked], 3, 'overload'],
    [[DeliveryError.retry('late', 'Timeout')], 3, 'overload'],
    [[down, down, down], 3, 'overload'],
    [[down], 3, 'other'],
    [[bad, down, down], 3, 'other'],
    [[bad], 1, 'other'],
  ] as const)('judges %j of %i events as %s', (failures, events, result) => {
    expect(loadResult(failures, events)).toBe(result);
  });
});

describe('a pipeline', () => {
  it('finds out how much a system takes that throttles', async () => {
    const { pipeline, clock, accept } = pipelineRig({
      concurrency: 16,
      retry: { initial: '100ms', max: '1s', maxAge: '24h' },
    });
    let refused = 0;
    const sink = fakeSink(clock, async () => {
      const isTooMuch = sink.inFlight > 4;
      await new Promise((resolve) => void clock.setTimeout(() => resolve(undefined), 50));
      if (!isTooMuch) return;
      refused += 1;
      throw DeliveryError.retry('429', 'Throttled');
    });
    expect(pipeline.concurrency).toBe(16);
    pipeline.useSink(sink);
    accept(...Array.from({ length: 1_000 }, (_, index) => `pod-${index}`));
    await clock.advance(60_000);
    expect(pipeline.tally()).toMatchObject({ delivered: 1_000, pending: 0 });
    expect(pipeline.concurrency).toBeLessThan(8);
    expect(refused).toBeLessThan(500);
    pipeline.useSink(fakeSink(clock));
    expect(pipeline.concurrency).toBe(16);
  });

  it('gives a failing system one attempt, and more again as it answers', async () => {
    const { pipeline, clock, accept } = pipelineRig({ concurrency: 4, retry: { initial: '1s', max: '1s' } });
    let isUp = false;
    const sink = fakeSink(clock, async () => {
      await new Promise((resolve) => void clock.setTimeout(() => resolve(undefined), 10));
      if (!isUp) throw DeliveryError.retry('503', 'ServerError');
    });
    pipeline.useSink(sink);
    accept(...Array.from({ length: 100 }, (_, index) => `pod-${index}`));
    await clock.advance(10_000);
    expect(pipeline.concurrency).toBe(1);
    isUp = true;
    const { times } = sink;
    const before = times.length;
    await clock.advance(10_000);
    expect(pipeline.tally()).toMatchObject({ delivered: 100, pending: 0 });
    const starts = times.slice(before).map((time, _, all) => all.filter((each) => each === time).length);
    expect(starts[0]).toBe(1);
    expect(pipeline.concurrency).toBe(4);
  });

  it('keeps to a policy that changes', () => {
    const { pipeline } = pipelineRig({ concurrency: 4 });
    pipeline.setPolicy(resolvePolicy({ concurrency: 9 }));
    expect(pipeline.concurrency).toBe(9);
  });
});
