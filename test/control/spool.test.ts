import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';

import { createRig, hourMs } from './catch-up-rig.ts';

const folders: string[] = [];

function createSpooledRig(maxEvents = 4) {
  const folder = mkdtempSync(join(tmpdir(), 'eventroute-spool-'));
  folders.push(folder);
  return createRig({ maxEvents, folder: join(folder, 'data') });
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('catching up from a spool', () => {
  it('delivers every occurrence of an outage that the API server has long forgotten', async () => {
    const rig = createSpooledRig();
    rig.start();
    rig.down.add('shop/a');
    for (const number of numbers(30)) {
      rig.happen(`e${number % 3}`);
      await rig.pass(1);
    }
    await rig.clock.advance(3 * hourMs);
    rig.cluster.forgetOlderThan(hourMs);
    rig.down.clear();
    await rig.pass(30);

    const expected = numbers(30).map((number) => `e${number % 3}-${Math.ceil(number / 3)}`);
    expect(rig.keysOf('shop/a').sort()).toEqual(expected.sort());
    expect(rig.keysOf('shop/b').sort()).toEqual(expected.sort());
    expect(rig.delivered.some(({ missed }) => missed !== undefined && missed > 0)).toBe(false);
    expect(rig.gaps).toEqual([]);
  });

  it('goes on after a crash with what was kept, and then with what happened while nothing ran', async () => {
    const rig = createSpooledRig();
    rig.start();
    rig.down.add('shop/a');
    for (const number of numbers(10)) rig.happen(`e${number}`);
    await rig.pass(2);
    rig.cluster.forgetOlderThan(-1);
    rig.crash();
    rig.happen('while-away');
    rig.down.clear();
    rig.start();
    rig.happen('after');
    await rig.pass(10);

    const expected = [...numbers(10).map((number) => `e${number}-1`), 'while-away-1', 'after-1'].sort();
    expect(rig.keysOf('shop/a').sort()).toEqual(expected);
    expect([...new Set(rig.keysOf('shop/b'))].sort()).toEqual(expected);
    expect(rig.gaps).toEqual([]);
  });

  it('reports the time that nobody remembers, when nothing ran for longer than the API server keeps Events', async () => {
    const rig = createSpooledRig();
    rig.start();
    rig.down.add('shop/a');
    rig.happen('kept');
    await rig.pass(2);
    const crashedAt = rig.clock.date();
    rig.crash();
    rig.happen('lost');
    await rig.clock.advance(2 * hourMs);
    rig.cluster.forgetOlderThan(hourMs);
    rig.happen('new');
    rig.down.clear();
    rig.start();
    await rig.pass(5);

    expect(rig.keysOf('shop/a')).toEqual(['kept-1', 'new-1']);
    const [gap] = rig.gaps.filter(({ receiver }) => receiver === 'shop/a').map((found) => found.gap);
    expect(gap?.reason).toBe('HistoryExpired');
    expect(Math.abs((gap?.from.getTime() ?? 0) - crashedAt.getTime())).toBeLessThanOrEqual(10_000);
    expect((gap?.to.getTime() ?? 0) - (gap?.from.getTime() ?? 0)).toBeGreaterThan(hourMs - 10_000);
  });

  it('expires an event by the time of its first arrival, over a crash', async () => {
    const rig = createSpooledRig();
    rig.start();
    rig.down.add('shop/a');
    rig.happen('old');
    await rig.pass(2);
    rig.crash();
    rig.start();
    await rig.pass(3);

    const pending = rig.delivery.pipeline('shop/a')?.tally().oldestPendingTime;
    expect(rig.clock.date().getTime() - (pending?.getTime() ?? 0)).toBe(5_000);
  });

  it('loses nothing that it was told, though the API server forgets all at once', async () => {
    const uid = fc.integer({ min: 1, max: 6 }).map((number) => `e${number}`);
    const receiver = fc.constantFrom('shop/a', 'shop/b');
    const step = fc.oneof(
      { weight: 8, arbitrary: fc.record({ do: fc.constant('happen' as const), uid }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const) }) },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constantFrom('fail' as const, 'mend' as const), receiver }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.integer({ min: 1, max: 5 }),
        async (course, size) => {
          const rig = createSpooledRig(size);
          const told: string[] = [];
          rig.start();
          for (const taken of course) {
            if (taken.do === 'happen') {
              rig.happen(taken.uid);
              told.push(rig.cluster.keyOf(taken.uid));
            } else if (taken.do === 'fail') rig.down.add(taken.receiver);
            else if (taken.do === 'mend') rig.down.delete(taken.receiver);
            else if (taken.do === 'pass') await rig.pass(2);
            else {
              await rig.clock.advance(150);
              rig.cluster.forgetBodies();
              rig.crash();
              rig.start();
            }
          }
          rig.down.clear();
          await rig.pass(120);

          for (const name of ['shop/a', 'shop/b']) {
            const got = new Set(rig.keysOf(name));
            expect(told.filter((key) => !got.has(key))).toEqual([]);
            expect(rig.delivery.pipeline(name)?.tally()).toMatchObject({ pending: 0, dropped: 0 });
          }
          rig.crash();
        },
      ),
      { numRuns: 40 },
    );
  });
});
