import { createThrottle, type Throttle, type ThrottleGroup } from '../../operator/delivery/throttle.ts';
import { resolvePolicy } from '../../operator/delivery/policy.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';
import { brokenLaw, fakeSink, hangForEver, occurrence, pipelineRig, type Rig } from './fakes.ts';

const minute = 60_000;
const group = (key = 'g', parts: Partial<ThrottleGroup> = {}): ThrottleGroup => ({
  key,
  first: 1,
  perMs: 10 * minute,
  ...parts,
});

interface Held {
  readonly name: string;
  readonly folded: number;
}

interface Bench {
  readonly clock: FakeClock;
  readonly throttle: Throttle<Held>;
  /** What was sent, with the time in minutes and the number that was folded into it. */
  readonly sent: string[];
  readonly folded: string[];
  readonly tell: (name: string, ...groups: ThrottleGroup[]) => void;
}

function bench(limit = 100): Bench {
  const clock = createFakeClock();
  const sent: string[] = [];
  const folded: string[] = [];
  const send = ({ name, folded: count }: Held): void =>
    void sent.push(`${name}@${clock.now() / minute}${count > 0 ? `+${count}` : ''}`);
  const throttle = createThrottle<Held>({
    clock,
    limit: () => limit,
    release: send,
    fold: ({ name }) => void folded.push(name),
  });
  return {
    ...{ clock, throttle, sent, folded },
    tell(name, ...groups) {
      const window = throttle.admit(groups);
      if (window === undefined) send({ name, folded: 0 });
      else throttle.hold(window, { name, folded: window.folded });
    },
  };
}

describe('a throttle', () => {
  it('sends the first event at once, and the last of the others at the end of the window', async () => {
    const { clock, sent, folded, tell } = bench();
    tell('a', group());
    await clock.advance(minute);
    for (const name of ['b', 'c', 'd']) tell(name, group());
    expect(sent).toEqual(['a@0']);
    expect(folded).toEqual(['b', 'c']);
    await clock.advance(9 * minute - 1);
    expect(sent).toEqual(['a@0']);
    await clock.advance(1);
    expect(sent).toEqual(['a@0', 'd@10+2']);
  });

  it('sends as many at once as `first` says', () => {
    const { sent, tell } = bench();
    for (const name of ['a', 'b', 'c', 'd']) tell(name, group('g', { first: 3 }));
    expect(sent).toEqual(['a@0', 'b@0', 'c@0']);
  });

  it('sends one for each window while a flood goes on, whatever `first` says', async () => {
    const { clock, sent, tell } = bench();
    for (let second = 0; second <= 35 * 60; second += 1) {
      tell(`e${second}`, group('g', { first: 2 }));
      await clock.advance(1_000);
    }
    expect(sent).toEqual(['e0@0', 'e1@0.016666666666666666', 'e599@10+597', 'e1199@20+599', 'e1799@30+599']);
  });

  it('begins anew after a window in which nothing was folded', async () => {
    const { clock, sent, tell } = bench();
    tell('a', group());
    await clock.advance(10 * minute);
    tell('b', group());
    expect(sent).toEqual(['a@0', 'b@10']);
    expect(clock.timers).toBe(1);
    await clock.advance(10 * minute);
    expect(clock.timers).toBe(0);
  });

  it('keeps groups apart, each with its own time', async () => {
    const { clock, sent, tell } = bench();
    const [slow, fast] = [group('slow'), group('fast', { perMs: minute })];
    tell('a', slow);
    tell('b', fast);
    tell('c', slow);
    tell('d', fast);
    await clock.advance(10 * minute);
    expect(sent).toEqual(['a@0', 'b@0', 'd@1', 'c@10']);
  });

  it('sends an event of several groups if one of them lets it pass, and leaves the others alone', async () => {
    const { clock, sent, tell } = bench();
    const [one, other] = [group('one'), group('other', { first: 2 })];
    tell('a', one, other);
    tell('b', one, other);
    tell('c', one, other);
    expect(sent).toEqual(['a@0', 'b@0']);
    await clock.advance(10 * minute);
    expect(sent).toEqual(['a@0', 'b@0', 'c@10']);
  });

  it('releases early what is nearest its end, when more is held than it may hold', async () => {
    const { clock, sent, folded, tell } = bench(2);
    for (const name of ['a', 'b', 'c']) {
      tell(name, group(name));
      await clock.advance(minute);
    }
    for (const name of ['c', 'a', 'b', 'b', 'a']) tell(`${name}2`, group(name));
    // a ended first, so it went when b came; then it came into a window of its own that ends last
    expect(sent.slice(3)).toEqual(['a2@3', 'b2@3+1']);
    expect(folded).toEqual(['b2']);
  });

  it('holds nothing when nothing may be held', () => {
    const { sent, clock, tell } = bench(0);
    for (const name of ['a', 'b', 'c']) tell(name, group());
    expect(sent).toEqual(['a@0', 'b@0', 'c@0']);
    expect(clock.timers).toBe(1);
  });

  it('keeps at most 10,000 groups; what one of them held is sent when it has to go', () => {
    const { sent, tell } = bench(20_000);
    tell('first', group('g0', { perMs: minute }));
    tell('held', group('g0', { perMs: minute }));
    for (let index = 1; index < 10_000; index += 1) tell('e', group(`g${index}`));
    expect(sent).not.toContain('held@0');
    tell('e', group('one more'));
    expect(sent).toContain('held@0');
    tell('anew', group('g0', { perMs: minute }));
    expect(sent).toContain('anew@0');
  });

  it('releases all in the order of their coming when it closes, and leaves no timer', () => {
    const { sent, clock, throttle, tell } = bench();
    for (const name of ['a', 'b', 'c'])
      tell(name, group(name, { perMs: name === 'a' ? 20 * minute : minute }));
    for (const name of ['b', 'a', 'c', 'b']) tell(`${name}2`, group(name));
    throttle.close();
    expect(sent.slice(3)).toEqual(['a2@0', 'c2@0', 'b2@0+1']);
    expect(clock.timers).toBe(0);
  });

  it('ends windows that are over though their timer has not come yet', () => {
    const { clock, sent } = bench();
    const late = { ...clock, setTimeout: () => undefined, now: () => lateMs };
    let lateMs = 0;
    const throttle = createThrottle<string>({
      clock: late,
      limit: () => 10,
      release: (name) => void sent.push(name),
      fold: () => undefined,
    });
    throttle.admit([group()]);
    const window = throttle.admit([group()]);
    if (window === undefined) throw new Error('it was not held');
    throttle.hold(window, 'held');
    lateMs = 11 * minute;
    expect(throttle.admit([group()])).toBeDefined();
    expect(sent).toEqual(['held']);
  });

  it('does not take a timer that comes early for the end', async () => {
    const clock = createFakeClock();
    const sent: string[] = [];
    const early = {
      ...clock,
      now: () => clock.now(),
      setTimeout: (callback: () => void, delayMs: number) =>
        clock.setTimeout(callback, Math.max(delayMs - 1, 0.5)),
    };
    const throttle = createThrottle<string>({
      clock: early,
      limit: () => 10,
      release: (name) => void sent.push(`${name}@${clock.now()}`),
      fold: () => undefined,
    });
    throttle.admit([group()]);
    const window = throttle.admit([group()]);
    if (window === undefined) throw new Error('it was not held');
    throttle.hold(window, 'held');
    await clock.advance(10 * minute + 1);
    expect(sent).toEqual([`held@${10 * minute}`]);
  });
});

describe('a pipeline with throttles', () => {
  function rigWith(
    written: unknown = {},
  ): Rig & { tell: (name: string, ...groups: ThrottleGroup[]) => void } {
    const rig = pipelineRig(written);
    return {
      ...rig,
      tell(name, ...groups) {
        const [object = '', number = '1'] = name.split(':');
        const throttles = groups.length === 0 ? undefined : groups;
        rig.pipeline.accept(occurrence(object, Number(number)), ['shop/route'], throttles);
      },
    };
  }

  it('counts what is held as pending, and what is folded as dropped for that reason', async () => {
    const { clock, pipeline, settled, log, tell } = rigWith();
    const sink = fakeSink(clock);
    pipeline.useSink(sink);
    for (const name of ['a:1', 'a:2', 'a:3', 'a:4']) tell(name, group());
    await clock.advance(1_000);
    expect(pipeline.tally()).toMatchObject({
      ...{ received: 4, delivered: 1, pending: 1, held: 1, dropped: 2 },
      droppedByReason: { Folded: 2 },
    });
    expect(brokenLaw(pipeline)).toBeUndefined();
    expect(settled.filter(({ outcome }) => outcome.kind === 'dropped').map(({ key }) => key)).toEqual([
      'a-2',
      'a-3',
    ]);
    expect(log.lines).toEqual([]);
    await clock.advance(10 * minute);
    expect(sink.batches).toEqual([['a-1'], ['a-4']]);
    expect(pipeline.tally()).toMatchObject({ delivered: 2, pending: 0, held: 0 });
  });

  it('tells the sink how many were folded into an event', async () => {
    const { clock, pipeline, tell } = rigWith();
    const told: unknown[] = [];
    const sink = fakeSink(clock);
    sink.encodeWith = ({ key, foldedOccurrences }) => {
      told.push([key, foldedOccurrences]);
      return { payload: key, bytes: 1 };
    };
    pipeline.useSink(sink);
    for (const name of ['a:1', 'a:2', 'b:1', 'a:3']) tell(name, group());
    await clock.advance(10 * minute);
    expect(told).toEqual([
      ['a-1', undefined],
      ['a-3', 2],
    ]);
  });

  it('does not tell of folding when a single event was held', async () => {
    const { clock, pipeline, tell } = rigWith();
    const told: unknown[] = [];
    const sink = fakeSink(clock);
    sink.encodeWith = (event) => {
      told.push('foldedOccurrences' in event);
      return { payload: event.key, bytes: 1 };
    };
    pipeline.useSink(sink);
    tell('a:1', group());
    tell('a:2', group());
    await clock.advance(10 * minute);
    expect(told).toEqual([false, false]);
  });

  it('does not hold up other events of an object for one that is held', async () => {
    const { clock, pipeline, tell } = rigWith();
    const sink = fakeSink(clock);
    pipeline.useSink(sink);
    tell('a:1', group());
    tell('a:2', group());
    tell('a:3');
    tell('a:4', group('other'));
    await clock.advance(10 * minute);
    expect(sink.batches).toEqual([['a-1'], ['a-3'], ['a-4'], ['a-2']]);
  });

  it('gives an event that was held as much time as any other', async () => {
    const { clock, pipeline, settled, tell } = rigWith({ retry: { maxAge: '5m', initial: '1s', max: '1s' } });
    let isDown = true;
    const sink = fakeSink(clock, () => {
      if (isDown) throw new Error('down');
    });
    tell('a:1', group());
    tell('a:2', group());
    await clock.advance(minute);
    isDown = false;
    pipeline.useSink(sink);
    await clock.advance(minute);
    isDown = true;
    await clock.advance(12 * minute);
    expect(settled.map(({ key }) => key)).toEqual(['a-1']);
    await clock.advance(minute + 1_000);
    expect(settled.at(-1)).toMatchObject({ key: 'a-2', outcome: { kind: 'dropped', reason: 'Expired' } });
    expect(clock.now()).toBeGreaterThan(15 * minute);
  });

  it('does not call an event late for the time that it was held', async () => {
    const { clock, pipeline, tell } = rigWith();
    tell('a:1', group());
    tell('a:2', group());
    pipeline.useSink(fakeSink(clock));
    await clock.advance(minute);
    expect(pipeline.tally().oldestPendingTime).toBeUndefined();
    pipeline.useSink(undefined);
    await clock.advance(10 * minute);
    expect(pipeline.tally().oldestPendingTime).toEqual(new Date('2026-01-01T00:10:00Z'));
  });

  it('holds at most half of the buffer', () => {
    const { pipeline, tell } = rigWith({ buffer: { maxEvents: 10, onFull: 'DropNewest' } });
    for (let index = 0; index < 5; index += 1) tell(`a${index}`, group(`g${index}`));
    for (let index = 0; index < 5; index += 1) tell(`b${index}`, group(`g${index}`));
    expect(pipeline.tally()).toMatchObject({ pending: 10, held: 5, dropped: 0 });
    pipeline.setPolicy({ ...resolvePolicy({}), buffer: { maxEvents: 4, onFull: 'DropNewest' } });
    expect(pipeline.tally()).toMatchObject({ pending: 10, held: 2, dropped: 0 });
  });

  it.each(['ShuttingDown', 'ReceiverGone'] as const)(
    'sends what is held before it stops as %s',
    async (reason) => {
      const { clock, pipeline, tell } = rigWith();
      const sink = fakeSink(clock);
      pipeline.useSink(sink);
      tell('a:1', group());
      tell('a:2', group());
      tell('a:3', group());
      await clock.advance(1_000);
      const stopped = pipeline.stop({ graceMs: 5_000, reason });
      await clock.advance(5_000);
      expect(await stopped).toMatchObject({ received: 3, delivered: 2, dropped: 1, pending: 0, held: 0 });
      expect(sink.batches).toEqual([['a-1'], ['a-3']]);
      expect(clock.timers).toBe(0);
    },
  );

  it('drops what was held for the reason of its end when there is no time for more', async () => {
    const { clock, pipeline, tell } = rigWith();
    pipeline.useSink(fakeSink(clock, hangForEver));
    tell('a:1', group());
    tell('a:2', group());
    const stopped = pipeline.stop({ graceMs: 0, reason: 'ReceiverGone' });
    await clock.advance(2_000);
    expect(await stopped).toMatchObject({ dropped: 2, droppedByReason: { ReceiverGone: 2 }, pending: 0 });
  });
});
