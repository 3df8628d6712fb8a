import fc from 'fast-check';

import { DeliveryError } from '../../operator/sink-kit/index.ts';
import { type ThrottleGroup } from '../../operator/delivery/throttle.ts';
import { brokenLaw, fakeSink, occurrence, pipelineRig, type Rig } from './fakes.ts';

const groups: readonly ThrottleGroup[] = [
  { key: 'a', first: 1, perMs: 1_000 },
  { key: 'b', first: 3, perMs: 5_000 },
  { key: 'c', first: 2, perMs: 60_000 },
];

type Step =
  | { readonly do: 'tell'; readonly groups: readonly number[]; readonly times: number }
  | { readonly do: 'advance'; readonly ms: number };

const tell = fc.record({
  do: fc.constant('tell' as const),
  groups: fc.uniqueArray(fc.nat(groups.length - 1), { maxLength: groups.length }),
  times: fc.integer({ min: 1, max: 5 }),
});
const advance = fc.record({
  do: fc.constant('advance' as const),
  ms: fc.constantFrom(0, 1, 400, 1_000, 2_500, 5_000, 70_000),
});
const steps: fc.Arbitrary<Step[]> = fc.array(fc.oneof(tell, advance), { maxLength: 60, size: 'max' });

interface PlainWindow {
  readonly openedAt: number;
  readonly endsAt: number;
  /** So many may still go at once. */
  left: number;
  readonly waiting: string[];
  /** What the window sent, its end included. */
  sends: number;
}

/** The plainest throttle: it keeps all that it folds, and looks through all windows at each moment. */
class Model {
  readonly sent: string[] = [];
  readonly folded: string[] = [];
  readonly tooMany: string[] = [];
  readonly #windows = new Map<ThrottleGroup, PlainWindow>();

  moveTo(now: number): void {
    for (;;) {
      const [next] = [...this.#windows]
        .filter(([, { endsAt }]) => endsAt <= now)
        .sort(([, one], [, other]) => one.endsAt - other.endsAt);
      if (next === undefined) return;
      this.#end(...next);
    }
  }

  tell(key: string, of: readonly ThrottleGroup[], now: number): void {
    this.moveTo(now);
    const open = of.map((group) => {
      const window = this.#windows.get(group) ?? this.#open(group, group.first, now);
      return { group, window };
    });
    const passing = open.filter(({ window }) => window.left > 0);
    if (of.length === 0 || passing.length > 0) {
      this.sent.push(`${key}@${now}+0`);
      for (const { group, window } of passing) {
        window.left -= 1;
        this.#count(group, window);
      }
      return;
    }
    open[0]?.window.waiting.push(key);
  }

  /** Sends what waits, as a stop does. */
  stop(now: number): void {
    for (const [group, window] of this.#windows) this.#send(group, window, now);
    this.#windows.clear();
  }

  #open(group: ThrottleGroup, left: number, now: number): PlainWindow {
    const window = { openedAt: now, endsAt: now + group.perMs, left, waiting: [], sends: 0 };
    this.#windows.set(group, window);
    return window;
  }

  #end(group: ThrottleGroup, window: PlainWindow): void {
    this.#windows.delete(group);
    if (this.#send(group, window, window.endsAt)) this.#open(group, 0, window.endsAt);
  }

  #send(group: ThrottleGroup, window: PlainWindow, now: number): boolean {
    const last = window.waiting.pop();
    if (last === undefined) return false;
    this.sent.push(`${last}@${now}+${window.waiting.length}`);
    this.folded.push(...window.waiting);
    this.#count(group, window);
    return true;
  }

  #count(group: ThrottleGroup, window: PlainWindow): void {
    window.sends += 1;
    if (window.sends > group.first + 1) this.tooMany.push(`${group.key} at ${window.openedAt}`);
  }
}

/** A pipeline beside the model, with a sink that takes all at once. */
class World {
  readonly model = new Model();
  readonly sent: string[] = [];
  readonly broken: string[] = [];
  readonly rig: Rig;
  readonly folded: string[] = [];
  /** What the sink does with a batch: it may throw. */
  answer: () => void = () => undefined;
  readonly #keys: string[] = [];
  #counted = 0;
  #told = 0;

  constructor(written: unknown = {}) {
    this.rig = pipelineRig(
      { batch: { maxEvents: 1 }, ...(written as object) },
      {
        observer: {
          settled: ({ key, foldedOccurrences = 0 }, outcome) => {
            this.#keys.push(key);
            if (outcome.kind === 'dropped' && outcome.reason === 'Folded') this.folded.push(key);
            else this.#counted += foldedOccurrences;
          },
        },
      },
    );
    const sink = fakeSink(this.rig.clock, () => this.answer());
    sink.encodeWith = ({ key, foldedOccurrences = 0 }) => {
      this.sent.push(`${key}@${this.rig.clock.now()}+${foldedOccurrences}`);
      return { payload: key, bytes: 1 };
    };
    this.rig.pipeline.useSink(sink);
  }

  async run(step: Step): Promise<void> {
    const { clock } = this.rig;
    if (step.do === 'advance') {
      await clock.advance(step.ms);
      this.model.moveTo(clock.now());
    } else {
      for (let time = 0; time < step.times; time += 1) this.#tell(step.groups);
      await clock.settle();
    }
    const broken = brokenLaw(this.rig.pipeline);
    if (broken !== undefined) this.broken.push(broken);
  }

  #tell(indexes: readonly number[]): void {
    const of = groups.filter((_, index) => indexes.includes(index));
    const object = `o${this.#told++}`;
    this.rig.pipeline.accept(occurrence(object), ['shop/route'], of.length === 0 ? undefined : of);
    this.model.tell(`${object}-1`, of, this.rig.clock.now());
  }

  get told(): number {
    return this.#told;
  }

  /** Every event ended once, and those that were not folded count all that were. */
  expectAllTold(): void {
    expect(this.broken).toEqual([]);
    expect(this.#counted).toBe(this.folded.length);
    expect(this.rig.pipeline.tally()).toMatchObject({ received: this.told, pending: 0, held: 0 });
    expect(this.#keys).toHaveLength(this.told);
    expect(new Set(this.#keys).size).toBe(this.told);
    expect(this.rig.clock.timers).toBe(0);
  }
}

describe('throttles under any course of events', () => {
  it('send and fold what the plainest throttle does, at the same time', async () => {
    let folded = 0;
    await fc.assert(
      fc.asyncProperty(steps, async (course) => {
        const world = new World();
        for (const each of course) await world.run(each);
        await world.run({ do: 'advance', ms: 200_000 });
        expect(world.sent.toSorted()).toEqual(world.model.sent.toSorted());
        expect(world.folded.toSorted()).toEqual(world.model.folded.toSorted());
        expect(world.model.tooMany).toEqual([]);
        world.expectAllTold();
        folded += world.folded.length;
      }),
      { numRuns: 150 },
    );
    expect(folded).toBeGreaterThan(0);
  }, 30_000);

  it('lose nothing when the receiver stops in the middle', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (course) => {
        const world = new World();
        for (const each of course) await world.run(each);
        const { clock, pipeline } = world.rig;
        const stopped = pipeline.stop({ graceMs: 1_000, reason: 'ShuttingDown' });
        await clock.settle();
        world.model.stop(clock.now());
        await clock.advance(5_000);
        await stopped;
        expect(world.sent.toSorted()).toEqual(world.model.sent.toSorted());
        world.expectAllTold();
      }),
      { numRuns: 100 },
    );
  }, 30_000);

  it('hold no more than they may, and still lose nothing', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 6 }), async (course, maxEvents) => {
        const world = new World({ buffer: { maxEvents, onFull: 'DropOldest' } });
        for (const each of course) {
          await world.run(each);
          expect(world.rig.pipeline.tally().held).toBeLessThanOrEqual(Math.floor(maxEvents / 2));
        }
        await world.run({ do: 'advance', ms: 200_000 });
        world.expectAllTold();
      }),
      { numRuns: 100 },
    );
  }, 30_000);

  it('lose nothing, and count all, when the sink fails now and then', async () => {
    const failures = [
      () => DeliveryError.retry('down', 'ServerError'),
      () => DeliveryError.permanent('bad'),
      () => DeliveryError.retry('slow down', 'Throttled', { retryAfterMs: 2_000 }),
    ];
    const answers = fc.array(fc.nat(failures.length), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(steps, answers, async (course, given) => {
        const world = new World({ retry: { initial: '100ms', max: '1s', maxAge: '20s' } });
        let attempts = 0;
        world.answer = () => {
          const failure = failures[given[attempts++ % given.length] ?? 0];
          if (failure !== undefined) throw failure();
        };
        for (const each of course) await world.run(each);
        world.answer = () => undefined;
        await world.run({ do: 'advance', ms: 300_000 });
        world.expectAllTold();
      }),
      { numRuns: 100 },
    );
  }, 30_000);
});
