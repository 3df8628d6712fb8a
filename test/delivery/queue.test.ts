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
  held: boolean;
  /** When it took its place among the entries of its object. */
  joined: number;
}

type Operation = {
  readonly do:
    'push' | 'take' | 'putBack' | 'retry' | 'end' | 'endIdle' | 'wake' | 'hold' | 'release' | 'fold';
  readonly pick: number;
};

const operation: fc.Arbitrary<Operation> = fc.record({
  do: fc.constantFrom(
    ...(['push', 'push', 'take', 'take', 'putBack', 'retry', 'end', 'endIdle', 'wake'] as const),
    ...(['hold', 'release', 'fold'] as const),
  ),
  pick: fc.nat(1_000),
});

class Model {
  list: Plain[] = [];
  turns = 0;

  /** What goes in order with an entry, itself included. */
  lane(entry: Plain, ordered: boolean): Plain[] {
    if (!ordered) return [entry];
    return this.list
      .filter(({ object, held }) => object === entry.object && !held)
      .sort((one, other) => one.joined - other.joined);
  }

  /** The first entry of its object, whose object is not being sent and which does not wait. */
  next(ordered: boolean): Plain | undefined {
    return this.list
      .filter((entry) => {
        const lane = this.lane(entry, ordered);
        return !entry.held && lane[0] === entry && lane.every(({ taken }) => !taken) && entry.dueAt === 0;
      })
      .sort((a, b) => a.turn - b.turn)[0];
  }
}

describe('a queue', () => {
  it.each(['PerObject', 'None'] as const)(
    'does with ordering %s what a plain list does',
    (ordering) => {
      fc.assert(
        fc.property(fc.array(operation, { maxLength: 120, size: 'max' }), (operations) => {
          const queue = createQueue(ordering);
          const model = new Model();
          const taken: Entry[] = [];
          const held: Entry[] = [];
          let clock = 0;
          const enter = (pick: number, isHeld: boolean): string => {
            const object = `o${pick % 4}`;
            const turn = ++model.turns;
            const name = `${object}:${turn}`;
            model.list.push({ name, object, turn, joined: turn, dueAt: 0, taken: false, held: isHeld });
            return name;
          };
          const unhold = (pick: number): readonly [Entry, Plain] | undefined => {
            const [entry] = held.splice(pick % Math.max(1, held.length), 1);
            const plain = model.list.find(({ name }) => name === nameOf(entry));
            return entry === undefined || plain === undefined ? undefined : [entry, plain];
          };
          const untake = (entry: Entry): Plain => {
            taken.splice(taken.indexOf(entry), 1);
            const plain = model.list.find(({ name }) => name === nameOf(entry))!;
            plain.taken = false;
            return plain;
          };
          const run: Record<Operation['do'], (pick: number) => void> = {
            push(pick) {
              push(queue, enter(pick, false));
            },
            hold(pick) {
              const name = enter(pick, true);
              const [objectKey = ''] = name.split(':');
              held.push(queue.hold({ event: { key: name } as SinkEvent, objectKey, acceptedAt: 0 }));
            },
            release(pick) {
              const [entry, plain] = unhold(pick) ?? [];
              if (entry === undefined || plain === undefined) return;
              plain.held = false;
              plain.turn = plain.joined = ++model.turns;
              queue.release(entry, clock);
              expect(entry.readyAt).toBe(clock);
            },
            fold(pick) {
              const [entry, plain] = unhold(pick) ?? [];
              if (entry === undefined || plain === undefined) return;
              model.list.splice(model.list.indexOf(plain), 1);
              queue.end(entry);
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
              const expected = model.list.find((each) => !each.taken && !each.held);
              expect(nameOf(entry)).toBe(expected?.name);
              if (entry === undefined || expected === undefined) return;
              model.list.splice(model.list.indexOf(expected), 1);
              queue.end(entry);
            },
            wake(pick) {
              clock += pick % 4;
              queue.wake(clock);
              const heads = model.list.filter(
                (entry) => !entry.held && model.lane(entry, ordering === 'PerObject')[0] === entry,
              );
              for (const entry of heads) if (!entry.taken && entry.dueAt <= clock) entry.dueAt = 0;
            },
          };
          for (const { do: name, pick } of operations) {
            run[name](pick);
            const got = [queue.size, queue.held, nameOf(queue.oldest()), nameOf(queue.oldestUnheld())];
            const unheld = model.list.find((each) => !each.held);
            expect(got.join()).toBe(
              [model.list.length, held.length, model.list[0]?.name, unheld?.name].join(),
            );
          }
        }),
        { numRuns: 300 },
      );
    },
    30_000,
  );

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
