import { createExcess } from '../../operator/delivery/excess.ts';
import { resolvePolicy } from '../../operator/delivery/policy.ts';
import { createTokenBucket } from '../../operator/delivery/token-bucket.ts';
import { type ClusterEvent } from '../../operator/event/cluster-event.ts';
import { createClusterEvent } from '../../operator/event/core-event.ts';
import { type Occurrence } from '../../operator/event/occurrence.ts';
import { DeliveryError, type SinkEvent } from '../../operator/sink-kit/index.ts';
import { brokenLaw, fakeSink, type FakeSink, hangUntilAborted, pipelineRig, type Rig } from './fakes.ts';

describe('a token bucket', () => {
  it('gives its burst at once, then one token in each interval', () => {
    const bucket = createTokenBucket({ events: 4, perMs: 1_000, burst: 3 });
    const takenAt = (now: number): number => {
      let taken = 0;
      for (; bucket.has(now); taken += 1) bucket.take(now);
      return taken;
    };
    expect([0, 249, 250, 499, 1_000].map(takenAt)).toEqual([3, 0, 1, 0, 3]);
    expect(bucket.nextAt).toBe(1_250);
    expect(takenAt(1_000_000)).toBe(3);
  });

  it('has a token at the time that it names, however that is written in binary', () => {
    for (const events of [3, 7, 11, 999_983]) {
      const bucket = createTokenBucket({ events, perMs: 1_000, burst: 1 });
      let now = 0.1;
      for (let taken = 0; taken < 1_000; taken += 1) {
        bucket.take(now);
        now += Math.max(0, bucket.nextAt - now);
        expect(bucket.has(now)).toBe(true);
      }
    }
  });

  it('gets back a token that it owes before it gives another', () => {
    const bucket = createTokenBucket({ events: 1, perMs: 1_000, burst: 1 });
    bucket.take(0);
    bucket.take(0);
    expect([bucket.has(1_000), bucket.has(2_000)]).toEqual([false, true]);
  });

  it('keeps its tokens when its rate changes, as far as they fit', () => {
    const bucket = createTokenBucket({ events: 10, perMs: 1_000, burst: 10 });
    for (let taken = 0; taken < 5; taken += 1) bucket.take(0);
    bucket.change({ events: 1, perMs: 1_000, burst: 2 }, 0);
    bucket.take(0);
    bucket.take(0);
    expect([bucket.has(999), bucket.has(1_000)]).toEqual([false, true]);
  });
});

let nextUid = 0;
/** An occurrence that can be told apart from all others. */
function happening(
  core: { reason?: string; kind?: string; namespace?: string; type?: string; object?: string } = {},
  second = 0,
): Occurrence {
  const { reason = 'BackOff', kind = 'Pod', namespace = 'shop', type = 'Normal', object } = core;
  const uid = `uid-${(nextUid += 1)}`;
  const event = createClusterEvent({
    metadata: { uid, namespace },
    involvedObject: { kind, namespace, name: object ?? uid, uid: object ?? uid },
    ...{ reason, type, message: 'text' },
  });
  const time = new Date(Date.UTC(2026, 0, 1, 0, 0, second));
  return { event, key: `${uid}-1`, number: 1, time, position: uid };
}

function summaryOf(occurrences: readonly Occurrence[]): Occurrence {
  const excess = createExcess({
    receiver: 'shop/hook',
    rate: { events: 30, perMs: 60_000 },
    openedAt: new Date('2026-01-01T00:00:10Z'),
  });
  for (const occurrence of occurrences) excess.add(occurrence);
  return excess.summary(new Date('2026-01-01T00:01:10Z'));
}

const times = <Item>(count: number, make: () => Item): Item[] => Array.from({ length: count }, make);

describe('the summary of what a rate limit held back', () => {
  it('says how many of what there were', () => {
    const { event } = summaryOf([
      ...times(20, () => happening({ reason: 'FailedScheduling' })),
      ...times(31, () => happening()),
      ...['A', 'B', 'C', 'D', 'E', 'F'].map((reason) => happening({ reason, kind: 'Job' })),
    ]);
    expect(event.message).toBe(
      '57 events of namespace shop were held back by the rate limit of 30 per 1m: 31 BackOff of Pod, 20 FailedScheduling of Pod, 1 A of Job, 1 B of Job, 1 C of Job, 3 others',
    );
  });

  it.each([
    [[{}], '1 event of namespace shop was held back by the rate limit of 30 per 1m: 1 BackOff of Pod'],
    [
      [{ namespace: 'a' }, { namespace: 'b' }, { namespace: 'c' }],
      '3 events of namespaces a, b and c were held back by the rate limit of 30 per 1m: 3 BackOff of Pod',
    ],
    [
      ['a', 'b', 'c', 'd', 'e'].map((namespace) => ({ namespace })),
      '5 events were held back by the rate limit of 30 per 1m: 5 BackOff of Pod',
    ],
    [
      [{ namespace: '' }, { namespace: 'a' }],
      '2 events were held back by the rate limit of 30 per 1m: 2 BackOff of Pod',
    ],
    [
      [{ reason: '', kind: '' }],
      '1 event of namespace shop was held back by the rate limit of 30 per 1m: 1 no reason of no kind',
    ],
  ])('reads well for %j', (cores, message) => {
    expect(summaryOf(cores.map((core) => happening(core))).event.message).toBe(message);
  });

  it('is an event about the receiver, as severe and as old as what it stands for', () => {
    const summary = summaryOf([happening({}, 7), happening({ type: 'Warning' }, 3), happening({}, 5)]);
    expect(summary.event.data).toMatchObject({
      metadata: { name: 'hook.19b76dacf10', namespace: 'shop', creationTimestamp: '2026-01-01T00:01:10Z' },
      involvedObject: {
        ...{ apiVersion: 'eventroute.dev/v1beta1', kind: 'EventReceiver', namespace: 'shop', name: 'hook' },
      },
      ...{ type: 'Warning', reason: 'RateLimited', count: 3 },
      firstTimestamp: '2026-01-01T00:00:03Z',
      lastTimestamp: '2026-01-01T00:00:07Z',
    });
    expect(summary.event.reportingController).toBe('eventroute.dev/controller');
    expect(summary.time).toEqual(new Date('2026-01-01T00:00:07Z'));
    expect(summary.key).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}-3$/);
    expect(summaryOf(times(3, () => happening())).key).toBe(summary.key);
  });

  it('takes the time of its opening for events that carry none', () => {
    const timeless = [new Date(0), new Date(NaN)].map((time) => ({ ...happening(), time }));
    expect(summaryOf(timeless).event.data).toMatchObject({
      ...{ firstTimestamp: '2026-01-01T00:00:10Z', lastTimestamp: '2026-01-01T00:00:10Z' },
    });
  });

  it('takes bounded memory and text, whatever comes', () => {
    const { event } = summaryOf(
      Array.from({ length: 20_000 }, (_, index) => happening({ reason: `${index}`.padEnd(1_000, 'x') })),
    );
    expect(event.message).toMatch(/, 19995 others$/);
    expect(event.message.length).toBeLessThan(1_000);
  });

  it('counts events that cannot be read among the others', () => {
    const unreadable = Object.defineProperty({} as ClusterEvent, 'involvedObject', {
      get: () => {
        throw new Error('malformed');
      },
    });
    const { event } = summaryOf([{ ...happening(), event: unreadable }, happening()]);
    expect(event.message).toMatch(/^2 events were held back .*: 1 BackOff of Pod, 1 other$/);
  });
});

interface LimitedRig extends Rig {
  readonly sink: FakeSink;
  readonly messages: string[];
  readonly received: SinkEvent[];
  /** Accepts so many events, each of another object. */
  readonly flood: (count: number) => void;
  readonly law: () => string | undefined;
}

/** A pipeline with a rate limit; `written` is a `spec.delivery` beside. */
function limitedRig(rateLimit: object, written: object = {}): LimitedRig {
  const messages: string[] = [];
  const received: SinkEvent[] = [];
  const rig = pipelineRig({ rateLimit, ...written });
  const sink = fakeSink(rig.clock);
  const { encodeWith } = sink;
  sink.encodeWith = (event) => {
    if (event.event.reason === 'RateLimited') messages.push(event.event.message);
    received.push(event);
    return encodeWith(event);
  };
  rig.pipeline.useSink(sink);
  return {
    ...rig,
    ...{ sink, messages, received },
    flood(count) {
      for (let index = 0; index < count; index += 1) rig.pipeline.accept(happening(), ['shop/route']);
    },
    law: () => brokenLaw(rig.pipeline),
  };
}

const sent = ({ batches }: FakeSink): number => batches.flat().length;

describe('a pipeline with a rate limit', () => {
  it('sends a burst, tells later of the rest, and goes on', async () => {
    const { pipeline, clock, sink, flood, messages, law } = limitedRig({ events: 30, per: '1m', burst: 10 });
    flood(5_000);
    await clock.advance(1_000);
    expect([sent(sink), pipeline.tally().droppedByReason]).toEqual([10, { RateLimited: 4_990 }]);
    expect(law()).toBeUndefined();
    await clock.advance(58_000);
    expect(messages).toEqual([]);
    await clock.advance(1_000);
    expect(messages).toEqual([
      '4990 events of namespace shop were held back by the rate limit of 30 per 1m: 4990 BackOff of Pod',
    ]);
    expect(pipeline.tally()).toMatchObject({ received: 5_001, delivered: 11, dropped: 4_990, pending: 0 });
    flood(10);
    await clock.advance(1_000);
    expect([sent(sink), pipeline.tally().droppedByReason]).toEqual([20, { RateLimited: 4_991 }]);
    await clock.advance(60_000);
    expect(messages).toHaveLength(2);
    expect(clock.timers).toBe(0);
  });

  it('lets events that are over the limit wait when it is told to', async () => {
    const { pipeline, clock, sink, flood, messages } = limitedRig(
      { events: 30, per: '1m', burst: 10, onExceeded: 'Wait' },
      { batch: { maxEvents: 100, maxWait: '10ms' } },
    );
    flood(100);
    await clock.advance(10);
    expect(sink.batches.map(({ length }) => length)).toEqual([10]);
    await clock.advance(59_990);
    expect([sent(sink), pipeline.tally().pending]).toEqual([40, 60]);
    await clock.advance(122_000);
    expect(pipeline.tally()).toMatchObject({ delivered: 100, dropped: 0, pending: 0 });
    expect([messages, clock.timers]).toEqual([[], 0]);
  });

  it('does not wake up between tokens', async () => {
    const { clock, flood, sink } = limitedRig({ events: 1, per: '1h', onExceeded: 'Wait' });
    flood(3);
    await clock.advance(1_000);
    let wakings = 0;
    while (await clock.advanceToNext()) wakings += 1;
    expect([sink.times, wakings <= 5]).toEqual([[0, 3_600_000, 7_200_000], true]);
  });

  it('does not count retries again, and lets them pass what waits', async () => {
    const { clock, sink, flood, pipeline } = limitedRig(
      { events: 1, per: '1m', burst: 2, onExceeded: 'Wait' },
      { concurrency: 1, retry: { initial: '1s', max: '1s' } },
    );
    let failures = 0;
    sink.reply = () => {
      if ((failures += 1) <= 2) throw DeliveryError.retry('503', 'ServerError');
    };
    flood(10);
    await clock.advance(5_000);
    expect(pipeline.tally()).toMatchObject({ delivered: 2, failed: 2, pending: 8 });
    expect(sent(sink)).toBe(4);
  });

  it('keeps all back while it is suspended or its system fails, and judges what waits afterwards', async () => {
    const { pipeline, clock, sink, flood, messages, law } = limitedRig(
      { events: 30, per: '1m' },
      { retry: { initial: '1s', max: '10s', maxAge: '24h' } },
    );
    pipeline.useSink(undefined);
    flood(2_500);
    await clock.advance(3_600_000);
    expect(pipeline.tally()).toMatchObject({ pending: 2_500, dropped: 0 });
    const failing = fakeSink(clock, () => {
      throw DeliveryError.retry('503', 'ServerError');
    });
    pipeline.useSink(failing);
    flood(2_500);
    await clock.advance(3_600_000);
    expect(pipeline.tally()).toMatchObject({ pending: 5_000, dropped: 0 });
    const tried = new Set(failing.batches.flat()).size;
    pipeline.useSink(sink);
    await clock.advance(60_000);
    expect(pipeline.tally()).toMatchObject({ pending: 0, received: 5_001, dropped: 5_000 - tried - 30 });
    expect(messages).toHaveLength(1);
    expect(law()).toBeUndefined();
  });

  it('holds nothing back while its system fails, though its tokens are used up', async () => {
    const { pipeline, clock, sink, flood } = limitedRig(
      { events: 1, per: '1h', burst: 3 },
      { concurrency: 3, retry: { initial: '1s', max: '1s', maxAge: '24h' } },
    );
    let isUp = false;
    sink.reply = () => {
      if (!isUp) throw DeliveryError.retry('503', 'ServerError');
    };
    flood(3);
    await clock.settle();
    flood(10);
    await clock.advance(600_000);
    expect(pipeline.tally()).toMatchObject({ pending: 13, dropped: 0 });
    isUp = true;
    await clock.advance(2_000);
    expect(pipeline.tally()).toMatchObject({ pending: 0, delivered: 3, dropped: 10 });
  });

  it('keeps the order of an object, whether its events go out or are held back', async () => {
    const { pipeline, clock, sink, settled } = limitedRig({ events: 1, per: '1s' }, { concurrency: 4 });
    sink.reply = () => new Promise((resolve) => void clock.setTimeout(resolve, 700));
    const all = times(12, () => happening({ object: 'one' }));
    for (const occurrence of all) {
      pipeline.accept(occurrence, []);
      await clock.advance(200);
    }
    await clock.advance(10_000);
    const keys = all.map(({ key }) => key);
    expect(settled.map(({ key }) => key).filter((key) => keys.includes(key))).toEqual(keys);
    expect(sink.mostInFlight).toBeLessThanOrEqual(2);
  });

  it('tells of what was held back before it stops', async () => {
    const { pipeline, clock, sink, flood, messages, law } = limitedRig({ events: 1, per: '24h' });
    flood(3_000);
    await clock.settle();
    const stopped = pipeline.stop({ graceMs: 20_000, reason: 'ShuttingDown' });
    await clock.settle();
    await clock.advance(0);
    expect(messages).toHaveLength(1);
    expect(messages[0]).toMatch(/^2999 events/);
    expect(await stopped).toMatchObject({ received: 3_001, delivered: 2, pending: 0 });
    expect([law(), sink.closes, clock.timers]).toEqual([undefined, 1, 0]);
  });

  it('logs what it could not tell before it stopped', async () => {
    const { pipeline, clock, flood, sink, log } = limitedRig({ events: 1, per: '1m' });
    flood(8);
    await clock.settle();
    sink.reply = hangUntilAborted;
    const stopped = pipeline.stop({ graceMs: 1_000, reason: 'ShuttingDown' });
    await clock.advance(5_000);
    await stopped;
    expect(log.lines).toContainEqual({
      level: 'warn',
      message: 'Stopped before the receiver was told of events over its rate limit',
      fields: { receiver: 'shop/hook', events: 7 },
    });
  });

  it('gives its summary a retry with the same key, and no place in another summary', async () => {
    const { pipeline, clock, sink, flood, messages } = limitedRig(
      { events: 1, per: '1m' },
      { retry: { initial: '1s', max: '1s' } },
    );
    flood(5);
    await clock.advance(59_000);
    let failures = 0;
    sink.reply = () => {
      if ((failures += 1) === 1) throw DeliveryError.retry('503', 'ServerError');
    };
    await clock.advance(500);
    flood(3);
    await clock.advance(10_000);
    const [first, second] = sink.batches.slice(-2);
    expect(second).toEqual(first);
    expect(messages).toHaveLength(1);
    expect(pipeline.tally()).toMatchObject({ delivered: 2, droppedByReason: { RateLimited: 7 } });
  });

  it('sends its summary before events that come later, however many there are', async () => {
    const { pipeline, clock, messages } = limitedRig({ events: 1, per: '10s' });
    for (let step = 0; step < 600; step += 1) {
      pipeline.accept(happening(), []);
      await clock.advance(100);
    }
    expect(messages.length).toBeGreaterThanOrEqual(5);
    const told = messages.reduce((sum, message) => sum + parseInt(message, 10), 0);
    expect(told).toBeGreaterThan(500);
  });

  it('sends its summary at once when the limit is lifted', async () => {
    const { pipeline, clock, flood, messages, sink } = limitedRig({ events: 1, per: '24h' });
    flood(5);
    await clock.advance(1_000);
    pipeline.setPolicy(resolvePolicy({}));
    await clock.settle();
    flood(5);
    await clock.settle();
    expect([messages.length, sent(sink), pipeline.tally().pending, clock.timers]).toEqual([1, 7, 0, 0]);
  });

  it('goes on at another rate with the tokens that are left', async () => {
    const { pipeline, clock, flood, sink } = limitedRig({ events: 10, per: '1m', onExceeded: 'Wait' });
    flood(100);
    await clock.settle();
    pipeline.setPolicy(resolvePolicy({ rateLimit: { events: 60, per: '1m', onExceeded: 'Wait' } }));
    await clock.advance(5_000);
    expect(sent(sink)).toBe(15);
  });

  it('waits with its summary until there is room for it, without running in circles', async () => {
    const { pipeline, clock, sink, flood, messages } = limitedRig(
      { events: 60, per: '1m', burst: 1 },
      { buffer: { maxEvents: 2, onFull: 'DropNewest' }, timeout: '1h' },
    );
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    sink.reply = () => answered;
    flood(2);
    await clock.advance(2_000);
    flood(1);
    await clock.advance(600_000);
    expect([messages, pipeline.tally()]).toMatchObject([[], { received: 3, dropped: 1, pending: 2 }]);
    answer();
    await clock.settle();
    expect([messages.length, pipeline.tally()]).toMatchObject([1, { delivered: 3, pending: 0 }]);
  });

  it('does not hold back what somebody asked for', async () => {
    const { pipeline, clock, flood, sink } = limitedRig({ events: 6, per: '1m', burst: 1 });
    flood(1);
    await clock.settle();
    const event = (): SinkEvent => ({ ...happening(), receiver: 'shop/hook', routes: [] });
    const outcomes: string[] = [];
    const onEnd = ({ kind }: { kind: string }): void => void outcomes.push(kind);
    for (let index = 0; index < 3; index += 1)
      pipeline.acceptRequested({ ...event(), requested: 'replay' }, onEnd);
    await clock.advance(1_000);
    expect([sent(sink), outcomes]).toEqual([1, []]);
    pipeline.acceptRequested({ ...event(), requested: 'test' }, onEnd);
    await clock.settle();
    expect(outcomes).toEqual(['delivered']);
    await clock.advance(30_000);
    expect([outcomes.length, pipeline.tally().dropped]).toEqual([4, 0]);
  });
});
