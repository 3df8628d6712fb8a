import fc from 'fast-check';

import { createOrderedWindow } from '../../operator/source/ordered-window.ts';

describe('createOrderedWindow', () => {
  it('hands items on at once, without a promise, while nothing is pending', () => {
    const seen: string[] = [];
    const window = createOrderedWindow<string>({ limit: 2, emit: (item) => void seen.push(item) });

    expect(window.push('a')).toBeUndefined();
    expect(seen).toEqual(['a']);
  });

  it('keeps the order whatever is prepared first', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ delay: fc.nat(3), slow: fc.boolean() }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 5 }),
        async (items, limit) => {
          const seen: number[] = [];
          let busy = 0;
          const window = createOrderedWindow<number>({
            limit,
            emit: async (item) => {
              expect((busy += 1)).toBe(1);
              if (items[item]?.slow === true) await ticks(2);
              busy -= 1;
              seen.push(item);
            },
          });
          for (const [index, { delay }] of items.entries()) {
            await window.push(delay === 0 ? index : ticks(delay).then(() => index));
          }
          await window.drain();
          expect(seen).toEqual(items.map((_, index) => index));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('makes the giver wait while the window is full', async () => {
    const first = Promise.withResolvers<number>();
    const window = createOrderedWindow<number>({ limit: 2, emit: () => undefined });

    expect(window.push(first.promise)).toBeUndefined();
    void window.push(2);
    const full = window.push(3);
    let hasRoom = false;
    void Promise.resolve(full).then(() => (hasRoom = true));
    await ticks(5);
    expect(hasRoom).toBe(false);

    first.resolve(1);
    await full;
    await window.drain();
    expect(hasRoom).toBe(true);
  });
});

async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick += 1) await Promise.resolve();
}
