import { createDelivery, type Delivery } from '../../operator/delivery/delivery.ts';
import { type Outcome } from '../../operator/delivery/observer.ts';
import { type DeliveryPolicy, resolvePolicy } from '../../operator/delivery/policy.ts';
import { DeliveryError, type SinkEvent } from '../../operator/sink-kit/index.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';
import {
  brokenLaw,
  fakeLog,
  type FakeLog,
  fakeSink,
  type FakeSink,
  hangForEver,
  occurrence,
} from './fakes.ts';

let clock: FakeClock;
let log: FakeLog;
let delivery: Delivery;
let settled: { receiver: string; key: string; outcome: Outcome }[];

const policy = (written: unknown, deadLetter?: string): DeliveryPolicy => ({
  ...resolvePolicy(written),
  deadLetter,
});
const reject = (): never => {
  throw DeliveryError.permanent('no such field', 'Rejected');
};
const rejectFirst: FakeSink['reply'] = ([key]) => {
  if (key === 'x-1') reject();
};
const fail = (): never => {
  throw DeliveryError.retry('down', 'ServerError');
};

/** A receiver with a sink that notes what it encodes. */
const receiver = (
  name: string,
  options: { readonly to?: string; readonly reply?: FakeSink['reply']; readonly written?: unknown } = {},
): FakeSink & { readonly seen: SinkEvent[] } => {
  const seen: SinkEvent[] = [];
  const sink = Object.assign(fakeSink(clock, options.reply), { seen });
  sink.encodeWith = (event) => {
    seen.push(event);
    return { payload: '', bytes: 1 };
  };
  delivery.ensure(name, policy(options.written ?? {}, options.to)).useSink(sink);
  return sink;
};
const accept = (to: string, ...objects: string[]): void => {
  for (const object of objects) {
    delivery.accept(occurrence(object), [{ receiver: to, routes: ['shop/route'] }]);
  }
};
const tally = (name: string) => delivery.pipeline(name)!.tally();
const begin = (canReplay: boolean): void => {
  clock = createFakeClock();
  log = fakeLog();
  settled = [];
  delivery = createDelivery({
    clock,
    random: () => 1,
    log,
    canReplay,
    observer: {
      settled: ({ receiver: name, key }, outcome) => void settled.push({ receiver: name, key, outcome }),
    },
  });
};

beforeEach(() => begin(false));

afterEach(() => {
  for (const [, pipeline] of delivery.pipelines()) expect(brokenLaw(pipeline)).toBeUndefined();
});

describe('an event that is refused for good', () => {
  it('goes to the dead-letter receiver with its key, its routes and what happened', async () => {
    receiver('shop/a', { to: 'shop/dead', reply: reject });
    const dead = receiver('shop/dead');
    const time = clock.date();
    accept('shop/a', 'x');
    await clock.settle();

    expect(dead.batches).toEqual([['x-1']]);
    expect(dead.seen[0]).toMatchObject({
      receiver: 'shop/dead',
      routes: ['shop/route'],
      deadLetter: {
        ...{ reason: 'Rejected', message: 'no such field', attempts: 1, receiver: 'shop/a' },
        ...{ firstTime: time, lastTime: time },
      },
    });
    expect(tally('shop/a')).toMatchObject({
      received: 1,
      deadLettered: 1,
      dropped: 0,
      pending: 0,
      failed: 1,
    });
    expect(tally('shop/dead')).toMatchObject({ received: 1, delivered: 1 });
    expect(settled).toContainEqual({ receiver: 'shop/a', key: 'x-1', outcome: { kind: 'deadLettered' } });
    expect(log.lines.map(({ message }) => message)).toEqual(['Gave up events to the dead-letter receiver']);
  });

  it('is pending until the dead-letter receiver is done with it, and holds up nothing meanwhile', async () => {
    const sink = receiver('shop/a', { to: 'shop/dead', reply: rejectFirst });
    delivery.ensure('shop/dead', policy({}));
    accept('shop/a', 'x');
    delivery.accept(occurrence('x', 2), [{ receiver: 'shop/a', routes: [] }]);
    await clock.settle();

    expect(sink.batches).toEqual([['x-1'], ['x-2']]);
    expect(tally('shop/a')).toMatchObject({ delivered: 1, dropped: 0, pending: 1, pendingElsewhere: 1 });
    delivery.pipeline('shop/dead')?.useSink(fakeSink(clock));
    await clock.settle();
    expect(tally('shop/a')).toMatchObject({ delivered: 1, deadLettered: 1, pending: 0 });
  });

  it('takes no room of its own receiver while it waits at the other', async () => {
    const sink = receiver('shop/a', {
      ...{ to: 'shop/dead', written: { buffer: { maxEvents: 1, onFull: 'DropNewest' } } },
      reply: rejectFirst,
    });
    delivery.ensure('shop/dead', policy({}));
    accept('shop/a', 'x');
    await clock.settle();
    accept('shop/a', 'y');
    await clock.settle();

    expect(sink.batches).toEqual([['x-1'], ['y-1']]);
    expect(tally('shop/a')).toMatchObject({ delivered: 1, pending: 1, dropped: 0 });
  });

  it('is dropped for its own reason when the dead-letter receiver does not exist', async () => {
    receiver('shop/a', { to: 'shop/dead', reply: reject });
    accept('shop/a', 'x');
    await clock.settle();

    expect(tally('shop/a')).toMatchObject({ deadLettered: 0, droppedByReason: { Rejected: 1 } });
    expect(settled[0]?.outcome).toMatchObject({
      message: 'no such field; the dead-letter receiver shop/dead does not exist',
    });
  });

  it('is dropped for its own reason when the dead-letter receiver is full', async () => {
    receiver('shop/a', { to: 'shop/dead', reply: reject });
    delivery.ensure('shop/dead', policy({ buffer: { maxEvents: 1, onFull: 'DropNewest' } }));
    accept('shop/a', 'x', 'y');
    await clock.settle();

    expect(tally('shop/a')).toMatchObject({ pending: 1, droppedByReason: { Rejected: 1 } });
    expect(settled[0]?.outcome).toMatchObject({
      message: 'no such field; the dead-letter receiver shop/dead has no room for it',
    });
  });

  it('is dropped for its own reason when the dead-letter receiver gives it up as well', async () => {
    receiver('shop/a', { to: 'shop/dead', reply: reject });
    receiver('shop/dead', {
      reply: () => {
        throw DeliveryError.permanent('disk quota', 'Forbidden');
      },
    });
    accept('shop/a', 'x');
    await clock.settle();

    expect(tally('shop/a')).toMatchObject({ deadLettered: 0, droppedByReason: { Rejected: 1 }, pending: 0 });
    expect(tally('shop/dead')).toMatchObject({ droppedByReason: { Forbidden: 1 } });
    expect(settled.find((one) => one.receiver === 'shop/a')?.outcome).toMatchObject({
      message: 'no such field; the dead-letter receiver shop/dead gave it up as Forbidden: disk quota',
    });
  });

  it('is dropped for its own reason when the dead-letter receiver is deleted before it was delivered', async () => {
    receiver('shop/a', { to: 'shop/dead', reply: reject });
    delivery.ensure('shop/dead', policy({}));
    accept('shop/a', 'x');
    await clock.settle();
    await delivery.remove('shop/dead');

    expect(tally('shop/a')).toMatchObject({ droppedByReason: { Rejected: 1 }, pending: 0 });
  });

  it('goes on to the next dead-letter receiver with its whole story', async () => {
    receiver('shop/a', { to: 'shop/b', reply: reject });
    receiver('shop/b', { to: 'shop/c', reply: reject });
    const last = receiver('shop/c');
    accept('shop/a', 'x');
    await clock.settle();

    expect(last.seen[0]?.deadLetter).toMatchObject({
      receiver: 'shop/b',
      message: 'no such field; before, shop/a gave it up as Rejected: no such field',
    });
    expect(['shop/a', 'shop/b'].map((name) => tally(name).deadLettered)).toEqual([1, 1]);
  });
});

describe('other ways to be given up', () => {
  it('expired events are dead letters, with the number of attempts and the time of the first and last', async () => {
    receiver('shop/a', { to: 'shop/dead', reply: fail, written: { retry: { maxAge: '10s', max: '1s' } } });
    const dead = receiver('shop/dead');
    const start = clock.date().getTime();
    accept('shop/a', 'x');
    await clock.advance(30_000);

    const letter = dead.seen[0]?.deadLetter;
    expect(letter).toMatchObject({ reason: 'Expired', message: expect.stringContaining('down') as string });
    expect(letter?.attempts).toBeGreaterThan(3);
    expect(letter?.firstTime.getTime()).toBe(start);
    expect(letter?.lastTime.getTime()).toBeGreaterThanOrEqual(start + 9_000);
    expect(tally('shop/a')).toMatchObject({ deadLettered: 1, dropped: 0 });
  });

  it('events that cannot be rendered are dead letters without an attempt', async () => {
    const sink = receiver('shop/a', { to: 'shop/dead' });
    sink.encodeWith = () => {
      throw new Error('bad template');
    };
    const dead = receiver('shop/dead');
    accept('shop/a', 'x');
    await clock.settle();

    expect(dead.seen[0]?.deadLetter).toMatchObject({ reason: 'RenderFailed', attempts: 0 });
    expect(dead.seen[0]?.deadLetter?.firstTime).toEqual(clock.date());
  });

  it('what the buffer policy drops is no dead letter', async () => {
    receiver('shop/dead');
    delivery.ensure('shop/a', policy({ buffer: { maxEvents: 1, onFull: 'DropOldest' } }, 'shop/dead'));
    accept('shop/a', 'x', 'y');
    await clock.settle();

    expect(tally('shop/a')).toMatchObject({ droppedByReason: { QueueFull: 1 }, pending: 1 });
    expect(tally('shop/dead').received).toBe(0);
  });

  it.each([
    ['DeadLetter', 1, {}],
    ['Drop', 0, { PayloadTooLarge: 1 }],
  ] as const)('oversized: %s is obeyed', async (oversized, deadLettered, droppedByReason) => {
    const sink = fakeSink(clock);
    sink.encodeWith = () => ({ payload: '', bytes: 11 });
    const { batch, ...rest } = policy({ oversized }, 'shop/dead');
    delivery.ensure('shop/a', { ...rest, batch: { ...batch, maxEventBytes: 10 } }).useSink(sink);
    receiver('shop/dead');
    delivery.accept({ ...occurrence('x'), event: { message: 'long' } as never }, [
      { receiver: 'shop/a', routes: [] },
    ]);
    await clock.settle();

    expect(tally('shop/a')).toMatchObject({ deadLettered, droppedByReason });
  });
});

describe('dead letters that would come back', () => {
  it('are dropped, and the receivers of the circle know why', async () => {
    receiver('shop/a', { to: 'shop/b', reply: reject });
    receiver('shop/b', { to: 'shop/c', reply: reject });
    receiver('shop/c', { to: 'shop/a', reply: reject });
    accept('shop/a', 'x');
    await clock.settle();

    expect(tally('shop/a')).toMatchObject({ droppedByReason: { Rejected: 1 } });
    expect(tally('shop/b').received).toBe(0);
    expect(delivery.pipeline('shop/b')?.deadLetterProblem()).toEqual({
      reason: 'DeadLetterCycle',
      message: 'dead letters would come back: shop/b -> shop/c -> shop/a -> shop/b',
    });
  });

  it('are those of a receiver that names itself', () => {
    receiver('shop/a', { to: 'shop/a' });

    expect(delivery.pipeline('shop/a')?.deadLetterProblem()?.reason).toBe('DeadLetterCycle');
  });

  it('are also those that would go through very many receivers, as nobody means that', () => {
    for (let number = 0; number < 20; number += 1) {
      receiver(`shop/r${number}`, { to: `shop/r${number + 1}` });
    }
    receiver('shop/r20');
    const problemOf = (name: string) => delivery.pipeline(name)?.deadLetterProblem();

    expect(problemOf('shop/r0')).toMatchObject({
      reason: 'DeadLetterCycle',
      message: expect.stringMatching(/more than 16 receivers.*shop\/r0 -> shop\/r1 .*…$/) as string,
    });
    expect(problemOf('shop/r4')).toBeUndefined();
  });

  it('are not those of a receiver in front of the circle', async () => {
    receiver('shop/a', { to: 'shop/b', reply: reject });
    const first = receiver('shop/b', { to: 'shop/c' });
    receiver('shop/c', { to: 'shop/b' });
    accept('shop/a', 'x');
    await clock.settle();

    expect(delivery.pipeline('shop/a')?.deadLetterProblem()).toBeUndefined();
    expect(first.batches).toEqual([['x-1']]);
  });
});

describe('checkpoints', () => {
  beforeEach(() => begin(true));

  it('stay before an event until the dead-letter receiver has delivered it', async () => {
    receiver('shop/a', { to: 'shop/dead', reply: reject });
    delivery.ensure('shop/dead', policy({}));
    delivery.advance('10');
    accept('shop/a', 'x');
    delivery.advance('11');
    await clock.settle();

    expect(delivery.pipeline('shop/a')?.checkpoint()?.position).toBe('10');
    delivery.pipeline('shop/dead')?.useSink(fakeSink(clock));
    await clock.settle();
    expect(delivery.pipeline('shop/a')?.checkpoint()?.position).toBe('11');
  });

  it('of the dead-letter receiver do not pass what waits behind a dead letter', async () => {
    receiver('shop/a', { to: 'shop/dead', reply: reject });
    delivery.ensure('shop/dead', policy({}));
    delivery.advance('10');
    accept('shop/a', 'x');
    await clock.settle();
    accept('shop/dead', 'y');
    delivery.advance('11');

    expect(delivery.pipeline('shop/dead')?.checkpoint()?.position).toBe('10');
  });

  it('keep dead letters for the next start when the operator stops', async () => {
    receiver('shop/a', { to: 'shop/dead', reply: reject });
    receiver('shop/dead', { reply: hangForEver });
    delivery.advance('10');
    accept('shop/a', 'x');
    await clock.settle();
    const stopped = delivery.stop({ graceMs: 1_000 });
    await clock.advance(3_000);

    expect((await stopped).get('shop/a')).toMatchObject({ pending: 1, dropped: 0, deadLettered: 0 });
    expect(delivery.pipeline('shop/a')?.checkpoint()?.position).toBe('10');
  });
});

describe('the end of the operator, when nothing can be told again', () => {
  it('waits for dead letters, and gives tallies in which none is pending', async () => {
    receiver('shop/a', { to: 'shop/dead', reply: reject });
    receiver('shop/dead', {
      reply: () => new Promise((resolve) => void clock.setTimeout(() => resolve(undefined), 500)),
    });
    accept('shop/a', 'x');
    await clock.settle();
    const stopped = delivery.stop({ graceMs: 1_000 });
    await clock.advance(3_000);

    expect((await stopped).get('shop/a')).toMatchObject({ pending: 0, deadLettered: 1 });
  });
});
