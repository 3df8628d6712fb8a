import fc from 'fast-check';

import { createRig, hourMs } from './catch-up-rig.ts';

describe('catching up', () => {
  it('gives a receiver that was full what came meanwhile, and delays nobody else', async () => {
    const rig = createRig();
    rig.start();
    rig.down.add('shop/a');
    for (let number = 1; number <= 20; number += 1) {
      rig.happen(`e${number}`);
      await rig.clock.settle();
    }
    await rig.pass(1);

    expect(rig.keysOf('shop/b')).toHaveLength(20);
    expect(rig.delivery.pipeline('shop/a')?.tally()).toMatchObject({ received: 4, pending: 4, dropped: 0 });
    rig.down.clear();
    await rig.pass(60);

    expect([...new Set(rig.keysOf('shop/a'))].sort()).toEqual(rig.cluster.latest());
    expect(rig.keysOf('shop/a')).toHaveLength(20);
    expect(rig.keysOf('shop/b')).toHaveLength(20);
  });

  it('reads the past once for a receiver whose buffer holds a small part of what it missed', async () => {
    const rig = createRig();
    rig.start();
    rig.down.add('shop/a');
    for (let number = 1; number <= 100; number += 1) rig.happen(`e${number}`);
    await rig.pass(1);
    rig.down.clear();
    await rig.pass(20);

    expect(rig.keysOf('shop/a').sort()).toEqual(rig.cluster.latest().sort());
    expect(rig.cluster.lists).toBeLessThanOrEqual(3);
  });

  it('lets others have their turn while the last receiver of a replay has no room', async () => {
    const rig = createRig();
    rig.start();
    rig.down.add('shop/a').add('shop/b');
    for (let number = 1; number <= 20; number += 1) rig.happen(`e${number}`);
    await rig.pass(1);
    rig.down.delete('shop/b');
    await rig.pass(40);

    expect(rig.keysOf('shop/b').sort()).toEqual(rig.cluster.latest().sort());
    expect(rig.keysOf('shop/a')).toEqual([]);
  });

  it('goes on after a crash where each receiver was, with the same keys', async () => {
    const rig = createRig({ maxEvents: 100 });
    rig.start();
    rig.down.add('shop/a');
    for (let number = 1; number <= 5; number += 1) rig.happen(`e${number}`);
    await rig.pass(2);
    const saved = rig.checkpoints();
    rig.crash();
    rig.happen('while-away');
    rig.down.clear();
    rig.start(saved);
    rig.happen('after');
    await rig.pass(10);

    expect(rig.keysOf('shop/a').sort()).toEqual(rig.cluster.latest());
    expect(rig.keysOf('shop/b').sort()).toEqual(rig.cluster.latest());
  });

  it('delivers a repeat that was missed once, with its highest count and how many were missed', async () => {
    const rig = createRig({ maxEvents: 2 });
    rig.start();
    rig.down.add('shop/a');
    for (const uid of ['x', 'y', 'z', 'z', 'z']) rig.happen(uid);
    await rig.pass(2);
    rig.down.clear();
    await rig.pass(10);

    const got = rig.delivered.filter(({ receiver }) => receiver === 'shop/a');
    expect(got.sort((one, other) => one.key.localeCompare(other.key))).toEqual([
      { receiver: 'shop/a', key: 'x-1', missed: undefined },
      { receiver: 'shop/a', key: 'y-1', missed: undefined },
      { receiver: 'shop/a', key: 'z-3', missed: 2 },
    ]);
  });

  it('begins with the oldest Event for a receiver that wants all', async () => {
    const rig = createRig({ maxEvents: 100 });
    rig.happen('before');
    rig.start(new Map([['shop/a', { position: '0', time: new Date(0) }]]));
    await rig.pass(3);

    expect(rig.keysOf('shop/a')).toEqual(['before-1']);
    expect(rig.keysOf('shop/b')).toEqual([]);
    expect(rig.gaps).toEqual([]);
  });

  it('reports a gap when the API server may have forgotten something', async () => {
    const rig = createRig();
    rig.start();
    rig.happen('old');
    await rig.pass(1);
    const saved = rig.checkpoints();
    rig.crash();
    rig.happen('lost');
    await rig.clock.advance(hourMs + 60_000);
    rig.cluster.forgetOlderThan(hourMs);
    rig.happen('new');
    rig.start(saved);
    await rig.pass(3);

    expect(rig.keysOf('shop/a')).toEqual(['old-1', 'new-1']);
    expect(rig.gaps.map(({ receiver, gap }) => [receiver, gap.reason])).toEqual([
      ['shop/a', 'HistoryExpired'],
      ['shop/b', 'HistoryExpired'],
    ]);
  });

  it('reports no gap while something from before is left, however long it was away', async () => {
    const rig = createRig();
    rig.start();
    rig.happen('old');
    await rig.pass(1);
    const saved = rig.checkpoints();
    rig.crash();
    await rig.clock.advance(2 * hourMs);
    rig.happen('new');
    rig.start(saved);
    await rig.pass(3);

    expect(rig.gaps).toEqual([]);
    expect(rig.keysOf('shop/a')).toEqual(['old-1', 'new-1']);
  });

  it('reports a gap when the API server counts from an earlier version again', async () => {
    const rig = createRig();
    rig.start(new Map([['shop/a', { position: '999999', time: new Date() }]]));
    await rig.pass(3);
    rig.happen('new');
    await rig.pass(1);

    expect(rig.gaps.map(({ gap }) => gap.reason)).toEqual(['HistoryReplaced']);
    expect(rig.keysOf('shop/a')).toEqual(['new-1']);
  });

  it('keeps the checkpoint below what has not ended, also when it stops', async () => {
    const rig = createRig({ maxEvents: 100 });
    rig.start();
    rig.down.add('shop/a');
    for (let number = 1; number <= 5; number += 1) rig.happen(`e${number}`);
    await rig.pass(1);
    await rig.delivery.stop({ graceMs: 0 });

    const checkpoints = rig.checkpoints();
    expect(checkpoints.get('shop/a')?.position).toBe('100');
    expect(checkpoints.get('shop/b')?.position).toBe('105');
    expect(rig.delivery.pipeline('shop/a')?.tally()).toMatchObject({ pending: 5, dropped: 0 });
  });

  it('loses nothing, whatever happens in whatever order', async () => {
    const uid = fc.integer({ min: 1, max: 12 }).map((number) => `e${number}`);
    const receiver = fc.constantFrom('shop/a', 'shop/b');
    const of = <const Do extends string>(name: Do) => fc.record({ do: fc.constant(name), uid, receiver });
    const step = fc.oneof(
      { weight: 8, arbitrary: of('happen') },
      { weight: 4, arbitrary: of('happenDuringReplay') },
      { weight: 3, arbitrary: of('pass') },
      { weight: 2, arbitrary: fc.oneof(of('fail'), of('mend')) },
      { weight: 2, arbitrary: of('save') },
      { weight: 3, arbitrary: fc.oneof(of('crash'), of('start'), of('start')) },
    );
    const maxEvents = fc.integer({ min: 1, max: 6 });
    const steps = fc.array(step, { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(steps, maxEvents, async (course, size) => {
        const rig = createRig({ maxEvents: size });
        await live(rig, course);
        rig.down.clear();
        await rig.pass(120);

        for (const name of ['shop/a', 'shop/b']) {
          const got = new Set(rig.keysOf(name));
          expect(rig.cluster.latest().filter((key) => !got.has(key))).toEqual([]);
          const { received, delivered, dropped, pending } = rig.delivery.pipeline(name)!.tally();
          expect({ pending, dropped, open: received - delivered }).toEqual({
            pending: 0,
            dropped: 0,
            open: 0,
          });
        }
      }),
      { numRuns: 200 },
    );
  });
});

interface Step {
  readonly do: 'happen' | 'happenDuringReplay' | 'pass' | 'fail' | 'mend' | 'save' | 'crash' | 'start';
  readonly uid: string;
  readonly receiver: string;
}

/** Lets the operator live through a course of events; it runs at the end. */
async function live(rig: ReturnType<typeof createRig>, course: readonly Step[]): Promise<void> {
  rig.start();
  let saved = rig.checkpoints();
  let isRunning = true;
  const start = (): void => {
    if (!isRunning) rig.start(saved);
    isRunning = true;
  };
  const steps: Readonly<Record<Step['do'], (step: Step) => Promise<void> | void>> = {
    happen: ({ uid }) => rig.happen(uid),
    happenDuringReplay: ({ uid }) => void rig.duringReplays.push(uid),
    pass: () => rig.pass(2),
    fail: ({ receiver }) => void rig.down.add(receiver),
    mend: ({ receiver }) => void rig.down.delete(receiver),
    save() {
      if (isRunning) saved = rig.checkpoints();
    },
    crash() {
      if (isRunning) rig.crash();
      isRunning = false;
    },
    start,
  };
  for (const step of course) await steps[step.do](step);
  start();
}
