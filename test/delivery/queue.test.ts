import fc from 'fast-check';

import { createHeap } from '../../operator/delivery/heap.ts';
import { type Entry } from '../../operator/delivery/entry.ts';
import { createQueue, type Queue } from '../../operator/delivery/queue.ts';
import { type SinkEvent } from '../../operator/sink-kit/index.ts';

const push = (queue: Queue, name: string): void => {
  const [object = ''] = name.split(':');
  queue.push({ event: { key: name } as SinkEvent, objectKey: object, acceptedAt: 0 });
};
const nameOf = (entry: Entry | undefined): string | undefined => entry?.event.key;

describe('a heap', () => {
  it('gives its items in order, whatever is taken out in between', () => {
    const item = fc.record({ rank: fc.nat(50), removed: fc.boolean() });
    fc.assert(
      fc.property(fc.array(item, { maxLength: 60, size: 'max' }), (written) => {
        const heap = createHeap<{ rank: number; removed: boolean; heapIndex: number }>();
        const items = written.map((each) => ({ ...each, heapIndex: -1 }));
        for (const each of items) heap.push(each);
        for (const each of items) if (each.removed) heap.remove(each);
        for (const each of items) if (each.removed) heap.remove(each);
        const given: number[] = [];
        for (let first = heap.peek(); first !== undefined; first = heap.peek()) {
          given.push(first.rank);
          heap.remove(first);
        }
        const kept = items.filter(({ removed }) => !removed).map(({ rank }) => rank);
        expect(given).toEqual(kept.sort((a, b) => a - b));
      }),
    );
  });
});

/** The plainest queue with the same promises: a list that is searched from the front each time. */
interface Plain {
  readonly name: string;
  readonly object: string;
  turn: number;
  dueAt: number;
  taken: boolean;
}

type Operation = {
  readonly do: 'push' | 'take' | 'putBack' | 'retry' | 'end' | 'endIdle' | 'wake';
  readonly pick: number;
};

const operation: fc.Arbitrary<Operation> = fc.record({
  do: fc.constantFrom('push', 'push', 'take', 'take', 'putBack', 'retry', 'end', 'endIdle', 'wake'),
  pick: fc.nat(1_000),
});

class Model {
  list: Plain[] = [];
  turns = 0;

  /** The first entry of its object, whose object is not being sent and which does not wait. */
  next(ordered: boolean): Plain | undefined {
    return this.list
      .filter((entry) => {
        const lane = ordered ? this.list.filter(({ object }) => object === entry.object) : [entry];
        return lane[0] === entry && lane.every(({ taken }) => !taken) && entry.dueAt === 0;
      })
      .sort((a, b) => a.turn - b.turn)[0];
  }
}

describe('a queue', () => {
  it.each(['PerObject', 'None'] as const)('does with ordering %s what a plain list does', (ordering) => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 120, size: 'max' }), (operations) => {
        const queue = createQueue(ordering);
        const model = new Model();
        const taken: Entry[] = [];
        let clock = 0;
        const untake = (entry: Entry): Plain => {
          taken.splice(taken.indexOf(entry), 1);
          const plain = model.list.find(({ name }) => name === nameOf(entry))!;
          plain.taken = false;
          return plain;
        };
        const run: Record<Operation['do'], (pick: number) => void> = {
          push(pick) {
            const object = `o${pick % 4}`;
            const name = `${object}:${++model.turns}`;
            model.list.push({ name, object, turn: model.turns, dueAt: 0, taken: false });
            push(queue, name);
          },
          take() {
            const entry = queue.take();
            const expected = model.next(ordering === 'PerObject');
            expect(nameOf(entry)).toBe(expected?.name);
            if (entry === undefined || expected === undefined) return;
            expected.taken = true;
            taken.push(entry);
          },
          putBack(pick) {
            const entry = taken[pick % Math.max(1, taken.length)];
            if (entry === undefined) return;
            untake(entry);
            queue.putBack(entry);
          },
          retry(pick) {
            const entry = taken[pick % Math.max(1, taken.length)];
            if (entry === undefined) return;
            const plain = untake(entry);
            plain.turn = ++model.turns;
            plain.dueAt = clock + 1 + (pick % 5);
            queue.retry(entry, plain.dueAt);
          },
          end(pick) {
            const entry = taken[pick % Math.max(1, taken.length)];
            if (entry === undefined) return;
            const plain = untake(entry);
            model.list.splice(model.list.indexOf(plain), 1);
            queue.end(entry);
          },
          endIdle() {
            const entry = queue.oldestIdle();
            const expected = model.list.find((each) => !each.taken);
            expect(nameOf(entry)).toBe(expected?.name);
            if (entry === undefined || expected === undefined) return;
            model.list.splice(model.list.indexOf(expected), 1);
            queue.end(entry);
          },
          wake(pick) {
            clock += pick % 4;
            queue.wake(clock);
            const heads = model.list.filter(
              (entry) =>
                ordering === 'None' || model.list.find(({ object }) => object === entry.object) === entry,
            );
            for (const entry of heads) if (!entry.taken && entry.dueAt <= clock) entry.dueAt = 0;
          },
        };
        for (const { do: name, pick } of operations) {
          run[name](pick);
          expect(queue.size).toBe(model.list.length);
          expect(nameOf(queue.oldest())).toBe(model.list[0]?.name);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keeps the order of objects from the moment that it is asked to', () => {
    const queue = createQueue('None');
    for (const name of ['a:1', 'a:2', 'b:1', 'a:3']) push(queue, name);
    const [first, second] = [queue.take()!, queue.take()!];
    queue.setOrdering('PerObject');
    expect(nameOf(queue.take())).toBe('b:1');
    queue.end(second);
    expect(queue.take()).toBeUndefined();
    queue.retry(first, 0);
    expect(nameOf(queue.take())).toBe('a:1');
  });

  it('lets all go at once when it is asked to', () => {
    const queue = createQueue('PerObject');
    for (const name of ['a:1', 'a:2']) push(queue, name);
    queue.take();
    queue.setOrdering('None');
    expect(nameOf(queue.take())).toBe('a:2');
  });
});
