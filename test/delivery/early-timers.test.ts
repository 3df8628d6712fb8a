import { createPipeline } from '../../operator/delivery/pipeline.ts';
import { resolvePolicy } from '../../operator/delivery/policy.ts';
import { DeliveryError } from '../../operator/sink-kit/index.ts';
import { type Clock } from '../../operator/schema/clock.ts';
import { createFakeClock } from '../fake-clock.ts';
import { fakeLog, fakeSink, occurrence } from './fakes.ts';

const waiting = { events: 7, per: '1s', burst: 1, onExceeded: 'Wait' };
const summarizing = { events: 1, per: '2s' };
const cases = [undefined, waiting, summarizing].flatMap((rateLimit) =>
  [0.005, 0.015, 0.025, 0.035, 0.045].map((earlyMs) => ({ earlyMs, rateLimit })),
);

// Timers of Node.js may fire a little before their time, and time goes on while code runs.
it.each(cases)(
  'a pipeline goes on by itself when its timers fire $earlyMs ms early, with a rate limit $rateLimit',
  async ({ earlyMs, rateLimit }) => {
    const fake = createFakeClock();
    let drift = 0;
    const clock: Clock = {
      now: () => fake.now() + (drift += 0.01),
      date: () => fake.date(),
      setTimeout: (callback, delayMs) => fake.setTimeout(callback, Math.max(0, delayMs - drift - earlyMs)),
      clearTimeout: (timer) => fake.clearTimeout(timer),
    };
    let isUp = false;
    const sink = fakeSink(fake, () => {
      if (!isUp) throw DeliveryError.retry('503', 'ServerError');
    });
    const policy = resolvePolicy({ retry: { initial: '100ms', max: '1s' }, rateLimit });
    const options = { clock, random: () => 0.7, log: fakeLog(), observer: {} };
    const pipeline = createPipeline({ ...options, receiver: 'shop/hook', policy });
    pipeline.useSink(sink);
    for (let number = 1; number <= 20; number += 1) pipeline.accept(occurrence(`pod-${number}`), []);
    for (let step = 0; step < 200; step += 1) {
      await fake.advance(50);
      drift = 0;
    }
    isUp = true;
    for (let step = 0; step < 200; step += 1) {
      await fake.advance(50);
      drift = 0;
    }

    const { received, delivered, dropped, pending } = pipeline.tally();
    expect(pending).toBe(0);
    // whoever is held back is told of by one event more
    if (rateLimit === summarizing) expect([dropped > 0, received]).toEqual([true, 21]);
    else expect(delivered).toBe(20);
  },
);
