import { createDelivery, type Delivery } from '../../operator/delivery/delivery.ts';
import { resolvePolicy } from '../../operator/delivery/policy.ts';
import { createFakeClock } from '../fake-clock.ts';
import { fakeLog, fakeSink, hangForEver, hangUntilAborted, occurrence } from './fakes.ts';

const policy = resolvePolicy(undefined);
const to = (...receivers: string[]) => receivers.map((receiver) => ({ receiver, routes: ['shop/route'] }));

describe('a delivery', () => {
  const clock = createFakeClock();
  let delivery: Delivery;
  beforeEach(() => {
    delivery = createDelivery({ clock, random: () => 1, log: fakeLog(), observer: {} });
  });

  it('hands an occurrence to each of its receivers and names those that it does not know', async () => {
    const sinks = ['shop/a', 'shop/b'].map((receiver) => {
      const sink = fakeSink(clock);
      delivery.ensure(receiver, policy).useSink(sink);
      return sink;
    });
    expect(delivery.accept(occurrence('pod'), to('shop/a', 'shop/none', 'shop/b'))).toEqual(['shop/none']);
    await clock.settle();
    expect(sinks.map(({ batches }) => batches)).toEqual([[['pod-1']], [['pod-1']]]);
    expect([...delivery.tallies()].map(([receiver, { delivered }]) => [receiver, delivered])).toEqual([
      ['shop/a', 1],
      ['shop/b', 1],
    ]);
  });

  it('does not let one receiver wait for another that hangs', async () => {
    const dead = fakeSink(clock, hangForEver);
    const alive = fakeSink(clock);
    delivery.ensure('shop/dead', policy).useSink(dead);
    delivery.ensure('shop/alive', policy).useSink(alive);
    for (let number = 1; number <= 100; number += 1) {
      delivery.accept(occurrence(`pod${number}`), to('shop/dead', 'shop/alive'));
    }
    await clock.settle();
    expect(alive.batches).toHaveLength(100);
    expect(dead.batches).toHaveLength(policy.concurrency);
  });

  it('keeps a pipeline and its counts when the policy changes', async () => {
    const pipeline = delivery.ensure('shop/a', policy);
    delivery.accept(occurrence('one'), to('shop/a'));
    expect(delivery.ensure('shop/a', resolvePolicy({ buffer: { maxEvents: 1, onFull: 'DropOldest' } }))).toBe(
      pipeline,
    );
    delivery.accept(occurrence('two'), to('shop/a'));
    expect(pipeline.tally()).toMatchObject({ received: 2, pending: 1, droppedByReason: { QueueFull: 1 } });
    expect(delivery.pipeline('shop/a')).toBe(pipeline);
    await Promise.resolve();
  });

  it('drops what waits for a receiver that is removed, and knows it no more', async () => {
    const sink = fakeSink(clock, hangUntilAborted);
    delivery.ensure('shop/a', policy).useSink(sink);
    delivery.accept(occurrence('one'), to('shop/a'));
    await clock.settle();
    const removed = delivery.remove('shop/a');
    expect(delivery.accept(occurrence('two'), to('shop/a'))).toEqual(['shop/a']);
    expect(await removed).toMatchObject({ received: 1, droppedByReason: { ReceiverGone: 1 } });
    expect(sink.closes).toBe(1);
    expect(await delivery.remove('shop/a')).toBeUndefined();
  });

  it('stops all receivers at the same time, also those that are leaving', async () => {
    const sinks = ['shop/a', 'shop/b', 'shop/gone'].map((receiver) => {
      const sink = fakeSink(clock, hangUntilAborted);
      delivery.ensure(receiver, resolvePolicy({ timeout: '1h' })).useSink(sink);
      return sink;
    });
    delivery.accept(occurrence('one'), to('shop/a', 'shop/b', 'shop/gone'));
    await clock.settle();
    const removed = delivery.remove('shop/gone', { graceMs: 60_000 });
    const stopped = delivery.stop({ graceMs: 5_000 });
    await clock.advance(5_000);
    const tallies = await stopped;
    expect([...tallies.keys()]).toEqual(['shop/a', 'shop/b']);
    for (const tally of tallies.values()) expect(tally.droppedByReason).toEqual({ ShuttingDown: 1 });
    expect((await removed)?.droppedByReason).toEqual({ ReceiverGone: 1 });
    expect(sinks.map(({ closes }) => closes)).toEqual([1, 1, 1]);
  });

  it('counts as dropped what comes after the stop, also for a receiver that comes then', async () => {
    delivery.ensure('shop/a', policy);
    await delivery.stop({ graceMs: 0 });
    delivery.ensure('shop/late', policy);
    expect(delivery.accept(occurrence('one'), to('shop/a', 'shop/late'))).toEqual([]);
    for (const tally of delivery.tallies().values()) {
      expect(tally).toMatchObject({ received: 1, droppedByReason: { ShuttingDown: 1 }, pending: 0 });
    }
  });
});
