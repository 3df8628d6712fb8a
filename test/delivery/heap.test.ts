import fc from 'fast-check';

import { createHeap, type Heapable } from '../../operator/delivery/heap.ts';

const step = fc.oneof(
  { weight: 40, arbitrary: fc.record({ push: fc.constantFrom('next', 'equal', 'any'), rank: fc.nat(50) }) },
  { weight: 20, arbitrary: fc.record({ takeFirst: fc.constant(true) }) },
  { weight: 20, arbitrary: fc.record({ removeAt: fc.nat(500) }) },
  { weight: 1, arbitrary: fc.record({ drain: fc.constant(true) }) },
);

describe('a heap', () => {
  it('gives what has the lowest rank first, however items come and go', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const heap = createHeap<Heapable>();
        const model: Heapable[] = [];
        let highest = 0;
        const remove = (item: Heapable | undefined): void => {
          if (item === undefined) return;
          heap.remove(item);
          model.splice(model.indexOf(item), 1);
          expect(item.heapIndex).toBe(-1);
        };
        for (const taken of steps) {
          if ('push' in taken) {
            const ranks = { next: highest + 1, equal: highest, any: taken.rank };
            const item = { rank: ranks[taken.push], heapIndex: -1 };
            highest = Math.max(highest, item.rank);
            heap.push(item);
            model.push(item);
          } else if ('removeAt' in taken) {
            remove(model[taken.removeAt % Math.max(1, model.length)]);
          } else if ('drain' in taken) {
            expect(new Set(heap.drain())).toEqual(new Set(model));
            expect(model.every(({ heapIndex }) => heapIndex === -1)).toBe(true);
            model.length = 0;
          } else {
            remove(heap.peek());
          }

          expect(heap.size).toBe(model.length);
          expect(heap.peek()?.rank).toBe(
            model.length === 0 ? undefined : Math.min(...model.map(({ rank }) => rank)),
          );
        }
      }),
      { numRuns: 50 },
    );
  });

  it('leaves alone what another heap holds', () => {
    const [own, other] = [createHeap<Heapable>(), createHeap<Heapable>()];
    const items = [3, 4, 1].map((rank) => ({ rank, heapIndex: -1 }));
    const strangers = [3, 4, 1].map((rank) => ({ rank, heapIndex: -1 }));
    for (const item of items) own.push(item);
    for (const stranger of strangers) other.push(stranger);

    for (const stranger of strangers) own.remove(stranger);

    expect(own.size).toBe(3);
    expect(new Set(other.drain())).toEqual(new Set(strangers));
  });
});
