import { resolvePolicy } from '../../operator/delivery/policy.ts';
import { DeliveryError, takePayloads } from '../../operator/sink-kit/index.ts';
import {
  brokenLaw,
  fakeSink,
  type FakeSink,
  hangForEver,
  hangUntilAborted,
  occurrence,
  pipelineRig,
} from './fakes.ts';

const refuse = (): never => {
  throw DeliveryError.retry('no', 'ServerError');
};
const sequence = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `o${from + index}`);
const keys = (...names: string[]): string[] => names.map((name) => `${name}-1`);

describe('a pipeline', () => {
  it('delivers each event once and counts it', async () => {
    const { pipeline, clock, accept, settled } = pipelineRig();
    const sink = fakeSink(clock);
    pipeline.useSink(sink);
    accept('a', 'b');
    await clock.settle();
    expect(sink.batches).toEqual([['a-1'], ['b-1']]);
    expect(pipeline.tally()).toMatchObject({ received: 2, delivered: 2, pending: 0, consecutiveFailures: 0 });
    expect(pipeline.tally().lastSuccessTime).toEqual(clock.date());
    expect(settled).toEqual([
      { key: 'a-1', outcome: { kind: 'delivered' } },
      { key: 'b-1', outcome: { kind: 'delivered' } },
    ]);
  });

  it('gives the sink the receiver and the routes of an event', async () => {
    const { pipeline, clock } = pipelineRig();
    const sink = fakeSink(clock);
    const seen: unknown[] = [];
    sink.encodeWith = (event) => {
      seen.push(event);
      return { payload: '', bytes: 0 };
    };
    pipeline.useSink(sink);
    pipeline.accept(occurrence('a', 7), ['shop/one', 'ops/two']);
    await clock.settle();
    expect(seen).toEqual([{ ...occurrence('a', 7), receiver: 'shop/hook', routes: ['shop/one', 'ops/two'] }]);
  });

  it('keeps events while it has no sink, and tells since when', async () => {
    const { pipeline, clock, accept } = pipelineRig();
    accept('a');
    const since = clock.date();
    await clock.advance(7_200_000);
    expect(pipeline.tally()).toMatchObject({ pending: 1, dropped: 0, oldestPendingTime: since });
    const sink = fakeSink(clock);
    pipeline.useSink(sink);
    await clock.settle();
    expect(sink.batches).toEqual([['a-1']]);
    expect(pipeline.tally().oldestPendingTime).toBeUndefined();
  });

  it('accepts an event whose object cannot be read', async () => {
    const { pipeline, clock } = pipelineRig();
    const sink = fakeSink(clock);
    pipeline.useSink(sink);
    const event = {
      get involvedObject(): never {
        throw new Error('not decodable');
      },
    };
    pipeline.accept({ ...occurrence('a'), event } as never, []);
    await clock.settle();
    expect(sink.batches).toEqual([['a-1']]);
  });

  it('goes on when its observer throws', async () => {
    const observer = {
      settled: () => {
        throw new Error('observer');
      },
      attempted: () => {
        throw new Error('observer');
      },
    };
    const { pipeline, clock, accept, log } = pipelineRig({}, { observer });
    pipeline.useSink(fakeSink(clock));
    accept('a', 'b');
    await clock.settle();
    expect(pipeline.tally()).toMatchObject({ delivered: 2, pending: 0 });
    expect(log.lines.map(({ message }) => message)).toContain('Observer of deliveries failed');
  });

  it('leaves no timer behind when nothing is pending', async () => {
    const { pipeline, clock, accept } = pipelineRig({ batch: { maxEvents: 5 } });
    pipeline.useSink(fakeSink(clock));
    accept('a', 'b');
    await clock.advance(2_000);
    expect(pipeline.tally().delivered).toBe(2);
    expect(clock.timers).toBe(0);
  });

  it('lets other work have its turn after a thousand events', async () => {
    const { pipeline, clock, accept } = pipelineRig();
    accept(...sequence(1, 1_500));
    pipeline.useSink(fakeSink(clock));
    await clock.settle();
    expect(pipeline.tally().delivered).toBeLessThanOrEqual(1_000);
    await clock.advance(1);
    expect(pipeline.tally().delivered).toBe(1_500);
  });
});

describe('batches', () => {
  // The exporter's own cases of its batch writer (size 3 and 5), as far as time and count go.
  it('go when they are full, and the rest when the receiver stops', async () => {
    const { pipeline, clock, accept } = pipelineRig({ batch: { maxEvents: 3, maxWait: '2s' } });
    const sink = fakeSink(clock);
    pipeline.useSink(sink);
    accept(...sequence(1, 7));
    await clock.settle();
    expect(sink.batches).toEqual([keys('o1', 'o2', 'o3'), keys('o4', 'o5', 'o6')]);
    await pipeline.stop({ graceMs: 1_000, reason: 'ShuttingDown' });
    expect(sink.batches[2]).toEqual(keys('o7'));
  });

  it('go when their first event has waited long enough', async () => {
    const { pipeline, clock, accept } = pipelineRig({ batch: { maxEvents: 5, maxWait: '20ms' } });
    const sink = fakeSink(clock);
    pipeline.useSink(sink);
    accept('o1', 'o2');
    await clock.advance(5);
    accept('o3', 'o4');
    await clock.advance(14);
    expect(sink.batches).toEqual([]);
    await clock.advance(1);
    expect(sink.batches).toEqual([keys('o1', 'o2', 'o3', 'o4')]);
    accept('o5', 'o6', 'o7');
    await clock.advance(20);
    expect(sink.batches[1]).toEqual(keys('o5', 'o6', 'o7'));
  });

  it('repeat the event that failed, alone', async () => {
    const { pipeline, clock, accept, attempts } = pipelineRig({
      batch: { maxEvents: 5, maxWait: '10ms' },
      retry: { initial: '10ms', max: '10ms' },
    });
    const sink = fakeSink(clock, (batch) => {
      const results = batch.map((key) =>
        key === 'o2-1' ? DeliveryError.retry('no', 'ServerError') : undefined,
      );
      if (results.some(Boolean)) throw DeliveryError.partial('some failed', results);
    });
    pipeline.useSink(sink);
    accept('o1', 'o2', 'o3');
    await clock.advance(45);
    expect(sink.batches).toEqual([keys('o1', 'o2', 'o3'), keys('o2'), keys('o2'), keys('o2')]);
    expect(pipeline.tally()).toMatchObject({ delivered: 2, pending: 1, failed: 4, consecutiveFailures: 3 });
    expect(attempts[0]).toMatchObject({ events: 3, failedEvents: [{ key: 'o2-1' }], ok: false });
  });

  it('go when they hold enough bytes; a larger event travels alone', async () => {
    const { pipeline, clock, accept } = pipelineRig({
      batch: { maxEvents: 100, maxBytes: 100, maxWait: '1m' },
      concurrency: 8,
    });
    const sink = fakeSink(clock);
    sink.encodeWith = ({ key }) => ({ payload: key, bytes: key.startsWith('big') ? 500 : 40 });
    pipeline.useSink(sink);
    accept('a', 'b', 'c', 'big', 'd', 'e', 'f');
    await clock.settle();
    expect(sink.batches).toEqual([keys('a', 'b'), keys('c'), keys('big'), keys('d', 'e')]);
    expect(sink.encoded).toHaveLength(7);
    await clock.advance(60_000);
    expect(sink.batches[4]).toEqual(keys('f'));
    expect(pipeline.tally().delivered).toBe(7);
  });

  it('are not encoded again for a retry, but are for another sink', async () => {
    const { pipeline, clock, accept } = pipelineRig();
    const sink = fakeSink(clock, refuse);
    pipeline.useSink(sink);
    accept('a');
    await clock.advance(60_000);
    expect(sink.batches.length).toBeGreaterThan(3);
    expect(sink.encoded).toEqual(['a-1']);
    const other = fakeSink(clock);
    pipeline.useSink(other);
    await clock.settle();
    expect(other.encoded).toEqual(['a-1']);
    expect(other.batches).toEqual([['a-1']]);
  });

  it('are encoded again for a retry when the sink took their payloads out', async () => {
    const { pipeline, clock, accept } = pipelineRig({ batch: { maxEvents: 2 } });
    const sink = fakeSink(clock);
    const taken: string[][] = [];
    sink.send = (batch, signal) => {
      taken.push(takePayloads(batch, signal));
      return taken.length < 3 ? Promise.reject(DeliveryError.retry('no', 'ServerError')) : Promise.resolve();
    };
    pipeline.useSink(sink);
    accept('a', 'b');
    await clock.advance(60_000);
    expect(taken).toEqual([keys('a', 'b'), keys('a', 'b'), keys('a', 'b')]);
    expect(sink.encoded).toHaveLength(6);
    expect(pipeline.tally()).toMatchObject({ delivered: 2, pending: 0 });
  });

  it('keep their payloads for another attempt when one that was given up goes on', async () => {
    const { pipeline, clock, accept } = pipelineRig({ timeout: '1s' });
    const sink = fakeSink(clock);
    const late = Promise.withResolvers<undefined>();
    const sent: unknown[] = [];
    sink.send = async (batch, signal) => {
      if (sent.length === 0) {
        sent.push('nothing in time');
        await late.promise;
        takePayloads(batch, signal);
      }
      sent.push(batch[0]?.payload);
    };
    pipeline.useSink(sink);
    accept('a');
    await clock.advance(10_000);
    late.resolve(undefined);
    await clock.advance(60_000);
    expect(sent).toEqual(['nothing in time', 'a-1']);
    expect(pipeline.tally()).toMatchObject({ delivered: 1, pending: 0 });
  });

  it('lose only the event that cannot be rendered', async () => {
    const { pipeline, clock, accept, settled } = pipelineRig({ batch: { maxEvents: 3 } });
    const sink = fakeSink(clock);
    sink.encodeWith = ({ key }) => {
      if (key === 'b-1') throw new Error('no such field');
      if (key === 'c-1') throw DeliveryError.permanent('300 KiB', 'PayloadTooLarge');
      return { payload: key, bytes: 1 };
    };
    pipeline.useSink(sink);
    accept('a', 'b', 'c', 'd', 'e');
    await clock.settle();
    expect(sink.batches).toEqual([keys('a', 'd', 'e')]);
    expect(pipeline.tally()).toMatchObject({
      delivered: 3,
      dropped: 2,
      droppedByReason: { RenderFailed: 1, PayloadTooLarge: 1 },
      failed: 2,
      lastFailure: { reason: 'PayloadTooLarge' },
    });
    expect(settled[0]?.outcome).toMatchObject({
      kind: 'dropped',
      reason: 'RenderFailed',
      message: 'the event could not be rendered: no such field',
    });
  });
});

describe('a failed attempt', () => {
  it('is repeated with doubling waits until it succeeds', async () => {
    const { pipeline, clock, accept, attempts } = pipelineRig();
    const sink = fakeSink(clock);
    sink.reply = () => {
      if (sink.batches.length < 5) refuse();
    };
    pipeline.useSink(sink);
    accept('a');
    await clock.advance(60_000);
    expect(sink.times).toEqual([0, 1_000, 3_000, 7_000, 15_000]);
    expect(pipeline.tally()).toMatchObject({
      delivered: 1,
      failed: 4,
      consecutiveFailures: 0,
      lastFailure: { time: new Date('2026-01-01T00:00:07Z'), reason: 'ServerError', message: 'no' },
    });
    expect(attempts.map(({ ok }) => ok)).toEqual([false, false, false, false, true]);
    expect(attempts[0]).toMatchObject({
      receiver: 'shop/hook',
      events: 1,
      failedEvents: [{ key: 'a-1', routes: ['shop/route'] }],
      ok: false,
      reason: 'ServerError',
      message: 'no',
      durationMs: 0,
    });
  });

  it('waits a random part of the back-off', async () => {
    const { pipeline, clock, accept } = pipelineRig({}, { random: () => 0.25 });
    const sink = fakeSink(clock, refuse);
    pipeline.useSink(sink);
    accept('a');
    await clock.advance(1_800);
    expect(sink.times).toEqual([0, 250, 750, 1_750]);
  });

  it('waits as long as Retry-After says, plus jitter', async () => {
    const { pipeline, clock, accept } = pipelineRig({}, { random: () => 0.5 });
    const sink = fakeSink(clock);
    sink.reply = () => {
      if (sink.batches.length === 1)
        throw DeliveryError.retry('slow down', 'Throttled', { retryAfterMs: 30_000 });
    };
    pipeline.useSink(sink);
    accept('a', 'b');
    await clock.advance(30_499);
    expect(sink.times).toEqual([0, 0]);
    await clock.advance(2);
    expect(pipeline.tally().delivered).toBe(2);
  });

  it('does not let a nonsensical Retry-After silence the receiver', async () => {
    const { pipeline, clock, accept } = pipelineRig();
    const sink = fakeSink(clock);
    sink.reply = () => {
      if (sink.batches.length === 1)
        throw DeliveryError.retry('slow down', 'Throttled', { retryAfterMs: 1e12 });
    };
    pipeline.useSink(sink);
    accept('a');
    await clock.advance(3_600_000);
    expect(pipeline.tally().delivered).toBe(1);
  });

  it('that is permanent drops the event with its reason', async () => {
    const { pipeline, clock, accept, settled } = pipelineRig();
    pipeline.useSink(
      fakeSink(clock, () => {
        throw DeliveryError.permanent('bad field');
      }),
    );
    accept('a', 'b', 'c', 'd', 'e');
    await clock.settle();
    expect(pipeline.tally()).toMatchObject({
      dropped: 5,
      droppedByReason: { Rejected: 5 },
      failed: 5,
      pending: 0,
      consecutiveFailures: 5,
    });
    expect(settled[0]?.outcome).toMatchObject({ kind: 'dropped', reason: 'Rejected', message: 'bad field' });
  });

  it.each([
    ['ECONNREFUSED', 'Unreachable'],
    ['ENOTFOUND', 'Unreachable'],
    ['CERT_HAS_EXPIRED', 'TLSFailed'],
  ])('with the foreign error %s is repeated and called %s', async (code, reason) => {
    const { pipeline, clock, accept } = pipelineRig();
    pipeline.useSink(
      fakeSink(clock, () => {
        throw Object.assign(new Error('connect'), { code });
      }),
    );
    accept('a');
    await clock.settle();
    expect(pipeline.tally()).toMatchObject({ pending: 1, failed: 1, lastFailure: { reason } });
  });

  it('is given up after maxAge, with a last attempt at that moment', async () => {
    const { pipeline, clock, accept, settled } = pipelineRig({ retry: { maxAge: '10s' } });
    const sink = fakeSink(clock, refuse);
    pipeline.useSink(sink);
    accept('a');
    await clock.advance(60_000);
    expect(pipeline.tally()).toMatchObject({ droppedByReason: { Expired: 1 }, pending: 0 });
    expect(settled[0]?.outcome).toMatchObject({
      kind: 'dropped',
      reason: 'Expired',
      message: 'not delivered within 10s; the last failure was: no',
    });
  });

  it('is the only one with maxAge 0s', async () => {
    const { pipeline, clock, accept } = pipelineRig({ retry: { maxAge: '0s' }, concurrency: 1 });
    const sink = fakeSink(clock, refuse);
    pipeline.useSink(sink);
    accept('a', 'b', 'c', 'd');
    await clock.advance(120_000);
    expect(sink.batches).toEqual([['a-1'], ['b-1'], ['c-1'], ['d-1']]);
    expect(pipeline.tally()).toMatchObject({ droppedByReason: { Expired: 4 }, failed: 4 });
  });

  it('with results of the wrong length repeats all and warns', async () => {
    const { pipeline, clock, accept, log } = pipelineRig({ batch: { maxEvents: 2 } });
    const sink = fakeSink(clock);
    sink.reply = () => {
      if (sink.batches.length === 1) throw DeliveryError.partial('odd', [DeliveryError.permanent('gone')]);
    };
    pipeline.useSink(sink);
    accept('a', 'b');
    await clock.advance(2_000);
    expect(sink.batches).toEqual([keys('a', 'b'), keys('a', 'b')]);
    expect(pipeline.tally()).toMatchObject({ delivered: 2, dropped: 0 });
    expect(log.lines).toContainEqual({
      level: 'warn',
      message: 'Sink reported wrongly',
      fields: { receiver: 'shop/hook', warning: 'the sink told 1 results for 2 events; all are sent again' },
    });
  });

  it('that throws instead of rejecting is one like any other', async () => {
    const { pipeline, clock, accept } = pipelineRig();
    const sink = fakeSink(clock);
    sink.send = () => {
      throw new Error('boom');
    };
    pipeline.useSink(sink);
    accept('a');
    await clock.settle();
    expect(pipeline.tally()).toMatchObject({ pending: 1, failed: 1 });
    expect(brokenLaw(pipeline)).toBeUndefined();
  });
});

describe('a sink that hangs', () => {
  it('is aborted after the time-out and asked again', async () => {
    const { pipeline, clock, accept } = pipelineRig({ timeout: '10s' });
    const sink = fakeSink(clock, hangUntilAborted);
    pipeline.useSink(sink);
    accept('a');
    await clock.advance(9_999);
    expect(pipeline.tally()).toMatchObject({ pending: 1, failed: 0 });
    await clock.advance(1);
    expect(pipeline.tally()).toMatchObject({
      failed: 1,
      lastFailure: {
        reason: 'Timeout',
        message: 'no answer within 10s: check the system, or raise delivery.timeout',
      },
    });
    sink.reply = () => undefined;
    await clock.advance(1_000);
    expect(pipeline.tally().delivered).toBe(1);
  });

  it('and does not obey the signal is abandoned; its late result counts for nothing', async () => {
    const { pipeline, clock, accept, log } = pipelineRig({ timeout: '10s', retry: { maxAge: '0s' } });
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const sink = fakeSink(clock, () => promise);
    pipeline.useSink(sink);
    accept('a');
    await clock.advance(10_999);
    expect(pipeline.tally().pending).toBe(1);
    await clock.advance(1);
    expect(pipeline.tally()).toMatchObject({ pending: 0, dropped: 1, failed: 1, delivered: 0 });
    resolve(undefined);
    await clock.advance(60_000);
    expect(pipeline.tally()).toMatchObject({ pending: 0, dropped: 1, failed: 1, delivered: 0 });
    expect(log.lines.map(({ message }) => message)).toContain(
      'Sink did not obey the signal; its send was given up',
    );
    expect(clock.timers).toBe(0);
  });

  it('but delivers while it is being aborted is believed', async () => {
    const { pipeline, clock, accept } = pipelineRig({ timeout: '10s', batch: { maxEvents: 2 } });
    const sink = fakeSink(clock, (_, signal) => {
      const results = [undefined, DeliveryError.retry('cut', 'Timeout')];
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(DeliveryError.partial('half', results)));
      });
    });
    pipeline.useSink(sink);
    accept('a', 'b');
    await clock.advance(10_000);
    expect(pipeline.tally()).toMatchObject({ delivered: 1, pending: 1, failed: 1 });
  });
});

describe('a full buffer', () => {
  it('drops the oldest that is not being sent', async () => {
    const { pipeline, clock, accept, settled } = pipelineRig({
      buffer: { maxEvents: 3, onFull: 'DropOldest' },
      concurrency: 1,
    });
    const sink = fakeSink(clock, hangUntilAborted);
    pipeline.useSink(sink);
    accept('a');
    await clock.settle();
    accept('b', 'c', 'd', 'e');
    expect(settled).toEqual([
      { key: 'b-1', outcome: { kind: 'dropped', reason: 'QueueFull' } },
      { key: 'c-1', outcome: { kind: 'dropped', reason: 'QueueFull' } },
    ]);
    expect(pipeline.tally()).toMatchObject({ pending: 3, received: 5, droppedByReason: { QueueFull: 2 } });
  });

  it('drops what arrives when all is being sent', async () => {
    const { pipeline, clock, accept, settled } = pipelineRig({
      buffer: { maxEvents: 1, onFull: 'DropOldest' },
    });
    pipeline.useSink(fakeSink(clock, hangUntilAborted));
    accept('a');
    await clock.settle();
    accept('b');
    expect(settled.map(({ key }) => key)).toEqual(['b-1']);
    expect(brokenLaw(pipeline)).toBeUndefined();
  });

  it('drops what arrives with DropNewest', () => {
    const { pipeline, accept, settled } = pipelineRig({ buffer: { maxEvents: 2, onFull: 'DropNewest' } });
    accept('a', 'b', 'c');
    expect(settled.map(({ key }) => key)).toEqual(['c-1']);
    expect(pipeline.tally()).toMatchObject({ pending: 2, dropped: 1 });
  });

  it('shrinks to a new policy with the next event', () => {
    const { pipeline, accept } = pipelineRig();
    accept(...sequence(1, 10));
    pipeline.setPolicy(resolvePolicy({ buffer: { maxEvents: 4, onFull: 'DropOldest' } }));
    accept('x');
    expect(pipeline.tally()).toMatchObject({ pending: 4, dropped: 7, received: 11 });
  });
});

describe('ordering PerObject', () => {
  it('holds an object back while its event is retried, and nobody else', async () => {
    const { pipeline, clock, accept } = pipelineRig({ concurrency: 2 });
    const sink = fakeSink(clock);
    sink.reply = ([key]) => {
      if (key === 'a-1' && sink.times.length === 1) refuse();
    };
    pipeline.useSink(sink);
    accept('a:1', 'a:2', 'b:1', 'a:3', 'b:2');
    await clock.settle();
    expect(sink.batches.flat()).toEqual(['a-1', 'b-1', 'b-2']);
    await clock.advance(1_000);
    expect(sink.batches.flat()).toEqual(['a-1', 'b-1', 'b-2', 'a-1', 'a-2', 'a-3']);
  });

  it('never puts two events of an object into one batch, as one of them alone may fail', async () => {
    const { pipeline, clock, accept } = pipelineRig({ batch: { maxEvents: 10, maxWait: '1s' } });
    const sink = fakeSink(clock);
    pipeline.useSink(sink);
    accept('a:1', 'a:2', 'b:1');
    await clock.advance(2_000);
    expect(sink.batches).toEqual([['a-1', 'b-1'], ['a-2']]);
  });

  it('is let go of with None', async () => {
    const { pipeline, clock, accept } = pipelineRig({
      ordering: 'None',
      batch: { maxEvents: 10, maxWait: '1s' },
    });
    const sink = fakeSink(clock);
    pipeline.useSink(sink);
    accept('a:1', 'a:2');
    await clock.advance(1_000);
    expect(sink.batches).toEqual([['a-1', 'a-2']]);
  });

  it('holds from the moment that the policy asks for it', async () => {
    const { pipeline, clock, accept } = pipelineRig({ ordering: 'None', concurrency: 2 });
    const sink = fakeSink(clock, hangUntilAborted);
    pipeline.useSink(sink);
    accept('a:1');
    await clock.settle();
    pipeline.setPolicy(resolvePolicy({ ordering: 'PerObject', concurrency: 2 }));
    accept('a:2', 'b:1');
    await clock.settle();
    expect(sink.batches).toEqual([['a-1'], ['b-1']]);
  });
});

describe('a receiver that fails as a whole', () => {
  const attemptsWithin = async (sink: FakeSink, untilMs: number): Promise<number> => {
    const { pipeline, clock, accept } = rig;
    pipeline.useSink(sink);
    accept(...sequence(1, 1_000));
    await clock.advance(untilMs);
    return sink.batches.length;
  };
  let rig = pipelineRig();
  beforeEach(() => (rig = pipelineRig()));

  it('costs one request for each back-off', async () => {
    // Four at once, then waits of 4, 8, 16 ... 256, 300 and 300 seconds.
    expect(await attemptsWithin(fakeSink(rig.clock, refuse), 1_200_000)).toBe(4 + 9);
    expect(rig.pipeline.tally()).toMatchObject({ pending: 1_000, failed: 13, consecutiveFailures: 13 });
    expect(rig.log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('gets everything at once when it recovers, in the order of each object', async () => {
    const sink = fakeSink(rig.clock, refuse);
    await attemptsWithin(sink, 100_000);
    const before = sink.batches.length;
    sink.reply = () => undefined;
    await rig.clock.advance(130_000);
    expect(rig.pipeline.tally()).toMatchObject({ delivered: 1_000, pending: 0, dropped: 0 });
    const sentAt = sink.times.slice(before);
    expect((sentAt.at(-1) ?? 0) - (sentAt[0] ?? 0)).toBeLessThan(10);
    expect(rig.log.lines.at(-1)).toMatchObject({ level: 'info', message: 'Receiver took events again' });
  });

  it('is not taken for dead because of some bad events', async () => {
    const sink = fakeSink(rig.clock, ([key]) => {
      if (/^o[123]-/.test(key ?? '')) refuse();
    });
    rig.pipeline.useSink(sink);
    rig.accept(...sequence(1, 1_000));
    await rig.clock.advance(5_000);
    expect(rig.pipeline.tally()).toMatchObject({ delivered: 997, pending: 3 });
  });

  it('drops what is too old once it has failed for all of maxAge, also what was never tried', async () => {
    await attemptsWithin(fakeSink(rig.clock, refuse), 1_800_000);
    rig.accept('young');
    await rig.clock.advance(2_200_000);
    expect(rig.pipeline.tally()).toMatchObject({ droppedByReason: { Expired: 1_000 }, pending: 1 });
  });

  it('paces its events together, so that none waits for a back-off of its own besides', async () => {
    // Two waits of the event itself, then the gate's: its first is drawn as none at all.
    const drawn = [1, 1, 0];
    const { pipeline, clock, accept } = pipelineRig({}, { random: () => drawn.shift() ?? 1 });
    const sink = fakeSink(clock, refuse);
    pipeline.useSink(sink);
    accept('a');
    await clock.advance(11_000);
    expect(sink.times).toEqual([0, 1_000, 3_000, 3_000, 11_000]);
  });

  it('is probed with another event each time, as one of them may be what it fails on', async () => {
    const { pipeline, clock, accept } = pipelineRig({ concurrency: 1 });
    const sink = fakeSink(clock, refuse);
    pipeline.useSink(sink);
    accept('a', 'b', 'c', 'd', 'e', 'f');
    await clock.advance(60_000);
    expect(sink.batches.flat().slice(0, 6)).toEqual(keys('a', 'b', 'c', 'd', 'e', 'f'));
  });

  it('is probed at once through a new sink', async () => {
    await attemptsWithin(fakeSink(rig.clock, refuse), 1_200_000);
    const sink = fakeSink(rig.clock);
    rig.pipeline.useSink(sink);
    await rig.clock.advance(5);
    expect(rig.pipeline.tally().delivered).toBe(1_000);
  });
});

describe('a change of the sink', () => {
  it('lets the old one finish, closes it once, and keeps the order of objects', async () => {
    const { pipeline, clock, accept } = pipelineRig({ concurrency: 2 });
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const old = fakeSink(clock, () => promise);
    const fresh = fakeSink(clock);
    pipeline.useSink(old);
    accept('a:1');
    await clock.settle();
    accept('a:2', 'b:1');
    pipeline.useSink(fresh);
    pipeline.useSink(fresh);
    await clock.settle();
    expect(fresh.batches).toEqual([['b-1']]);
    expect(old.closes).toBe(0);
    resolve(undefined);
    await clock.settle();
    expect(old.closes).toBe(1);
    expect(fresh.batches).toEqual([['b-1'], ['a-2']]);
    expect(pipeline.tally()).toMatchObject({ delivered: 3, pending: 0 });
    expect(fresh.closes).toBe(0);
  });

  it('sends again at once, through the new one, what the old one failed', async () => {
    const { pipeline, clock, accept } = pipelineRig({ timeout: '10s' });
    const old = fakeSink(clock, hangUntilAborted);
    const fresh = fakeSink(clock);
    pipeline.useSink(old);
    accept('a');
    await clock.advance(9_000);
    pipeline.useSink(fresh);
    await clock.advance(1_000);
    expect(fresh.times).toEqual([10_000]);
    expect(old.closes).toBe(1);
  });

  it('has the events of an unfinished batch encoded by the new one', async () => {
    const { pipeline, clock, accept } = pipelineRig({ batch: { maxEvents: 5, maxWait: '1m' } });
    pipeline.useSink(fakeSink(clock));
    accept('a', 'b');
    await clock.settle();
    const fresh = fakeSink(clock);
    pipeline.useSink(fresh);
    await clock.advance(60_000);
    expect(fresh.encoded).toEqual(keys('a', 'b'));
    expect(fresh.batches).toEqual([keys('a', 'b')]);
  });

  it('to none gives the events of an unfinished batch back to the buffer', async () => {
    const { pipeline, clock, accept, settled } = pipelineRig({
      batch: { maxEvents: 3, maxWait: '1m' },
      buffer: { maxEvents: 3, onFull: 'DropOldest' },
    });
    pipeline.useSink(fakeSink(clock));
    accept('a', 'b');
    await clock.settle();
    pipeline.useSink(undefined);
    await clock.settle();
    accept('c', 'd', 'e');
    expect(settled.map(({ key }) => key)).toEqual(keys('a', 'b'));
  });

  it('to none holds events, and closes the old one even if that fails', async () => {
    const { pipeline, clock, accept, log } = pipelineRig();
    const sink = fakeSink(clock);
    sink.close = () => Promise.reject(new Error('stuck'));
    pipeline.useSink(sink);
    pipeline.useSink(undefined);
    accept('a');
    await clock.advance(5_000);
    expect(sink.batches).toEqual([]);
    expect(pipeline.tally().pending).toBe(1);
    expect(log.lines.map(({ message }) => message)).toEqual(['Sink failed to close']);
  });
});

describe('stop', () => {
  it('delivers what is there, without waiting for full batches, and closes the sink', async () => {
    const { pipeline, clock, accept } = pipelineRig({ batch: { maxEvents: 100, maxWait: '1m' } });
    const sink = fakeSink(clock);
    pipeline.useSink(sink);
    accept('a', 'b');
    const tally = await pipeline.stop({ graceMs: 30_000, reason: 'ShuttingDown' });
    expect(tally).toMatchObject({ delivered: 2, pending: 0, dropped: 0 });
    expect(sink.closes).toBe(1);
    expect(clock.now()).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it('aborts what hangs when the grace period ends, and drops the rest by its reason', async () => {
    const { pipeline, clock, accept, settled } = pipelineRig({ timeout: '1m', concurrency: 1 });
    const sink = fakeSink(clock, hangUntilAborted);
    pipeline.useSink(sink);
    accept('a', 'b');
    await clock.settle();
    const stopped = pipeline.stop({ graceMs: 5_000, reason: 'ReceiverGone' });
    accept('c');
    await clock.advance(4_999);
    expect(pipeline.tally()).toMatchObject({ pending: 2, dropped: 1 });
    await clock.advance(1);
    expect(await stopped).toMatchObject({ droppedByReason: { ReceiverGone: 3 }, pending: 0, failed: 0 });
    expect(settled).toHaveLength(3);
    expect(sink.closes).toBe(1);
  });

  it('does not wait for a sink that neither obeys nor closes', async () => {
    const { pipeline, clock, accept } = pipelineRig({ timeout: '1m' });
    const sink = fakeSink(clock, hangForEver);
    sink.close = () => new Promise(() => undefined);
    pipeline.useSink(sink);
    accept('a');
    await clock.settle();
    const stopped = pipeline.stop({ graceMs: 0, reason: 'ShuttingDown' });
    await clock.advance(2_000);
    expect(await stopped).toMatchObject({ droppedByReason: { ShuttingDown: 1 } });
    expect(clock.timers).toBe(0);
  });

  it('gives a dead receiver one last probe and does not sit out the grace period', async () => {
    const { pipeline, clock, accept } = pipelineRig({ retry: { initial: '1m' } });
    const sink = fakeSink(clock, refuse);
    pipeline.useSink(sink);
    accept('a', 'b', 'c', 'd', 'e');
    await clock.advance(30_000);
    const before = sink.batches.length;
    const tally = await pipeline.stop({ graceMs: 30_000, reason: 'ShuttingDown' });
    expect(sink.batches.length).toBe(before + 1);
    expect(tally).toMatchObject({ droppedByReason: { ShuttingDown: 5 } });
    expect(clock.now()).toBe(30_000);
  });

  it('ends at once without a sink', async () => {
    const { pipeline, accept } = pipelineRig();
    accept('a');
    const tally = await pipeline.stop({ graceMs: 30_000, reason: 'ShuttingDown' });
    expect(tally).toMatchObject({ droppedByReason: { ShuttingDown: 1 } });
  });

  it('logs what it lost, with the reason', async () => {
    const { pipeline, clock, accept, log } = pipelineRig();
    const sink = fakeSink(clock, () => {
      throw DeliveryError.permanent('hook answered 400', 'Rejected');
    });
    pipeline.useSink(sink);
    accept('a');
    await clock.settle();
    pipeline.useSink(undefined);
    accept('b', 'c');

    await pipeline.stop({ graceMs: 0, reason: 'ShuttingDown' });

    expect(log.lines.filter(({ message }) => message === 'Dropped events')).toEqual([
      {
        level: 'warn',
        message: 'Dropped events',
        fields: { receiver: 'shop/hook', reason: 'Rejected', events: 1, failure: 'hook answered 400' },
      },
      {
        level: 'warn',
        message: 'Dropped events',
        fields: { receiver: 'shop/hook', reason: 'ShuttingDown', events: 2 },
      },
    ]);
  });

  it('closes a sink that comes too late', async () => {
    const { pipeline, clock } = pipelineRig();
    await pipeline.stop({ graceMs: 0, reason: 'ShuttingDown' });
    const late = fakeSink(clock);
    pipeline.useSink(late);
    await clock.settle();
    expect(late.closes).toBe(1);
  });

  it('is brought forward by a second call', async () => {
    const { pipeline, clock, accept } = pipelineRig({ timeout: '1h' });
    pipeline.useSink(fakeSink(clock, hangUntilAborted));
    accept('a');
    await clock.settle();
    const first = pipeline.stop({ graceMs: 60_000, reason: 'ReceiverGone' });
    const second = pipeline.stop({ graceMs: 1_000, reason: 'ShuttingDown' });
    await clock.advance(1_000);
    expect(await second).toEqual(await first);
    expect(await first).toMatchObject({ droppedByReason: { ReceiverGone: 1 } });
  });
});
