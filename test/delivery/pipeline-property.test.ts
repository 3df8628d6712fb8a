import fc from 'fast-check';

import { type DeadLetterOffice } from '../../operator/delivery/dead-letter-office.ts';
import { resolvePolicy } from '../../operator/delivery/policy.ts';
import { DeliveryError } from '../../operator/sink-kit/index.ts';
import {
  brokenLaw,
  fakeSink,
  type FakeSink,
  hangForEver,
  hangUntilAborted,
  occurrence,
  pipelineRig,
  type Rig,
} from './fakes.ts';

type Answer =
  'ok' | 'late' | 'retry' | 'wait' | 'reject' | 'partial' | 'odd' | 'hang' | 'disobey' | 'foreign';
type Step =
  | { readonly do: 'accept'; readonly object: number; readonly times: number }
  | { readonly do: 'ask'; readonly object: number; readonly requested: 'replay' | 'test' }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'answer'; readonly answers: readonly Answer[] }
  | { readonly do: 'swap' | 'hold' | 'reorder' }
  | { readonly do: 'resize'; readonly batch: number; readonly concurrency: number };

const answer = fc.constantFrom<Answer>(
  ...(['ok', 'late', 'retry', 'wait', 'reject', 'partial', 'odd', 'hang', 'disobey', 'foreign'] as const),
);
const accept = fc.record({
  do: fc.constant('accept' as const),
  object: fc.nat(5),
  times: fc.integer({ min: 1, max: 6 }),
});
const advance = fc.record({
  do: fc.constant('advance' as const),
  ms: fc.constantFrom(0, 1, 50, 900, 7_000, 40_000),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: accept },
  { weight: 8, arbitrary: advance },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      object: fc.nat(2),
      requested: fc.constantFrom('replay' as const, 'test' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      answers: fc.array(answer, { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('swap' as const, 'hold' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('resize' as const),
      batch: fc.integer({ min: 1, max: 5 }),
      concurrency: fc.integer({ min: 1, max: 4 }),
    }),
  },
);

function raise(error: Error): never {
  throw error;
}

/** Runs a pipeline beside the plainest account of what was accepted, sent and settled. */
class World {
  readonly rig: Rig;
  readonly accepted = new Map<string, number>();
  readonly settled = new Map<string, string>();
  readonly acknowledged = new Set<string>();
  /** What was asked for, with how it was told to have ended. */
  readonly asked = new Map<string, string | undefined>();
  readonly broken: string[] = [];
  readonly sinks: FakeSink[] = [];
  /** What waits at the dead-letter receiver. */
  readonly letters = new Set<string>();
  answers: readonly Answer[] = ['ok'];
  #sends = 0;
  #policy = {
    batch: { maxEvents: 3, maxWait: '1s' },
    concurrency: 3,
    buffer: { maxEvents: 12, onFull: 'DropOldest' },
    timeout: '5s',
  };

  readonly #deadLetter: string | undefined;

  constructor(seed: number, deadLetter?: string) {
    this.#deadLetter = deadLetter;
    let state = seed;
    const random = (): number => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state / 2_147_483_648;
    };
    this.rig = pipelineRig(this.#policy, {
      random,
      policy: { deadLetter },
      office: this.#office(random),
      observer: {
        settled: ({ key }, outcome) => {
          this.#check();
          if (this.settled.has(key)) this.broken.push(`${key} was settled twice`);
          if (outcome.kind === 'delivered' && !this.acknowledged.has(key))
            this.broken.push(`${key} was called delivered and no sink took it`);
          this.settled.set(key, outcome.kind === 'dropped' ? outcome.reason : outcome.kind);
        },
        attempted: () => this.#check(),
      },
    });
    this.swap();
  }

  #check(): void {
    const broken = brokenLaw(this.rig.pipeline);
    if (broken !== undefined) this.broken.push(broken);
    const pending = this.rig.pipeline.tally().pending - this.letters.size;
    if (pending > 12) this.broken.push(`${pending} events are held, 12 are allowed`);
  }

  /** A dead-letter receiver that refuses, delivers or drops, and takes its time. */
  #office(random: () => number): DeadLetterOffice {
    return {
      problem: () => undefined,
      hand: ({ key }, _to, onEnd) => {
        const chance = random();
        if (chance < 0.2) return 'has no room for it';
        this.letters.add(key);
        const end = (): void => {
          this.letters.delete(key);
          onEnd(chance < 0.6 ? { kind: 'delivered' } : { kind: 'dropped', reason: 'Expired' });
        };
        this.rig.clock.setTimeout(end, chance * 3_000);
        return undefined;
      },
    };
  }

  swap(): void {
    const sink = fakeSink(this.rig.clock, (batch, signal) => this.#reply(batch, signal));
    this.sinks.push(sink);
    this.rig.pipeline.useSink(sink);
  }

  async #reply(batch: readonly string[], signal: AbortSignal): Promise<void> {
    this.#checkOrder(batch);
    const kind = this.answers[this.#sends % this.answers.length] ?? 'ok';
    this.#sends += 1;
    const taken = (await this.#replies[kind](batch, signal)) as readonly string[] | undefined;
    for (const key of taken ?? []) this.acknowledged.add(key);
  }

  /** Each gives the keys that the system took, or throws. */
  readonly #replies: Record<Answer, (batch: readonly string[], signal: AbortSignal) => unknown> = {
    ok: (batch) => batch,
    late: async (batch) => {
      await new Promise<void>((resolve) => void this.rig.clock.setTimeout(resolve, 3_000));
      return batch;
    },
    retry: () => raise(DeliveryError.retry('down', 'ServerError')),
    wait: () => raise(DeliveryError.retry('slow down', 'Throttled', { retryAfterMs: 2_000 })),
    reject: () => raise(DeliveryError.permanent('bad')),
    partial: (batch) => {
      const kinds = [undefined, DeliveryError.retry('no', 'ServerError'), DeliveryError.permanent('bad')];
      const results = batch.map((_, index) => kinds[(index + this.#sends) % kinds.length]);
      batch.forEach((key, index) => results[index] === undefined && this.acknowledged.add(key));
      raise(DeliveryError.partial('some', results));
    },
    odd: (batch) =>
      raise(DeliveryError.partial('odd', new Array<undefined>(batch.length + 1).fill(undefined))),
    foreign: () => raise(Object.assign(new Error('reset'), { code: 'ECONNRESET' })),
    hang: hangUntilAborted,
    disobey: hangForEver,
  };

  #checkOrder(batch: readonly string[]): void {
    const objects = batch.map((key) => key.split('-')[0]);
    if (new Set(objects).size < objects.length) this.broken.push(`${batch.join()} holds an object twice`);
    for (const key of batch) {
      if (this.settled.has(key) || this.letters.has(key))
        this.broken.push(`${key} was sent after it was settled`);
      const [object = '', number] = key.split('-');
      for (let earlier = 1; earlier < Number(number); earlier += 1) {
        const before = `${object}-${earlier}`;
        if (!this.settled.has(before) && !this.letters.has(before))
          this.broken.push(`${key} overtook number ${earlier}`);
      }
    }
  }

  async run(step: Step): Promise<void> {
    const { clock, pipeline } = this.rig;
    if (step.do === 'accept') this.#accept(`o${step.object}`, step.times);
    else if (step.do === 'ask') this.#ask(`${step.requested}${step.object}`, step.requested);
    else if (step.do === 'advance') await clock.advance(step.ms);
    else if (step.do === 'answer') this.answers = step.answers;
    else if (step.do === 'swap') this.swap();
    else if (step.do === 'hold') pipeline.useSink(undefined);
    else if (step.do === 'resize')
      pipeline.setPolicy({
        ...resolvePolicy({
          ...this.#policy,
          batch: { maxEvents: step.batch, maxWait: '1s' },
          concurrency: step.concurrency,
        }),
        deadLetter: this.#deadLetter,
      });
    this.#check();
  }

  #accept(object: string, times: number): void {
    for (let time = 0; time < times; time += 1) {
      const number = (this.accepted.get(object) ?? 0) + 1;
      this.accepted.set(object, number);
      this.rig.accept(`${object}:${number}`);
    }
  }

  /** What somebody asks for is taken only where there is room, and nothing goes for it. */
  #ask(object: string, requested: 'replay' | 'test'): void {
    const { pipeline } = this.rig;
    const number = (this.accepted.get(object) ?? 0) + 1;
    const event = { ...occurrence(object, number), receiver: '', routes: [], requested };
    const before = pipeline.tally();
    const isTaken = pipeline.acceptRequested(event, (outcome) => {
      if (this.asked.get(event.key) !== undefined)
        this.broken.push(`${event.key} was told to have ended twice`);
      this.asked.set(event.key, outcome.kind);
    });
    const { received, dropped } = pipeline.tally();
    if (dropped !== before.dropped) this.broken.push(`something was dropped for ${event.key}`);
    if (received !== before.received + Number(isTaken)) this.broken.push(`${event.key} was not counted`);
    if (!isTaken) return;
    this.accepted.set(object, number);
    this.asked.set(event.key, undefined);
  }

  get acceptedCount(): number {
    return [...this.accepted.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Every event has ended exactly once, and every sink but the last has been closed once. */
  expectAllEnded(): void {
    expect(this.broken).toEqual([]);
    expect(this.rig.pipeline.tally()).toMatchObject({ received: this.acceptedCount, pending: 0 });
    expect(this.settled.size).toBe(this.acceptedCount);
    expect([...this.asked].filter(([, ended]) => ended === undefined)).toEqual([]);
  }
}

const steps = fc.array(step, { maxLength: 60, size: 'max' });

describe('a pipeline under any course of events', () => {
  it('keeps its law and the order of objects, and loses nothing once the sink recovers', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(2 ** 31 - 1), async (course, seed) => {
        const world = new World(seed);
        for (const each of course) await world.run(each);
        expect(world.broken).toEqual([]);

        world.answers = ['ok'];
        world.swap();
        await world.rig.clock.advance(120_000);
        world.expectAllEnded();
        // a test has one attempt, so it may end for any reason
        const odd = [...world.settled].filter(
          ([key, reason]) =>
            !key.startsWith('test') && !['delivered', 'QueueFull', 'Rejected'].includes(reason),
        );
        expect(odd).toEqual([]);
        expect(world.sinks.map(({ closes }) => closes)).toEqual(
          world.sinks.map((_, index) => (index < world.sinks.length - 1 ? 1 : 0)),
        );
        expect(world.rig.clock.timers).toBe(0);
      }),
      { numRuns: 150 },
    );
  }, 30_000);

  it('keeps its law with a dead-letter receiver, and drops nothing that this one delivered', async () => {
    let deadLettered = 0;
    await fc.assert(
      fc.asyncProperty(steps, fc.nat(2 ** 31 - 1), async (course, seed) => {
        const world = new World(seed, 'shop/dead');
        for (const each of course) await world.run(each);
        world.answers = ['ok'];
        world.swap();
        await world.rig.clock.advance(120_000);
        world.expectAllEnded();
        const outcomes = [...world.settled.values()];
        const lostTests = [...world.settled].filter(
          ([key, outcome]) => key.startsWith('test') && outcome === 'deadLettered',
        );
        expect(lostTests).toEqual([]);
        const counted = world.rig.pipeline.tally().deadLettered;
        expect(outcomes.filter((outcome) => outcome === 'deadLettered')).toHaveLength(counted);
        expect(world.rig.clock.timers).toBe(0);
        deadLettered += counted;
      }),
      { numRuns: 150 },
    );
    expect(deadLettered).toBeGreaterThan(0);
  }, 30_000);

  it('stops within its grace period, with every event accounted for and every sink closed once', async () => {
    await fc.assert(
      fc.asyncProperty(
        steps,
        fc.nat(2 ** 31 - 1),
        fc.constantFrom(0, 100, 20_000),
        async (course, seed, graceMs) => {
          const world = new World(seed);
          for (const each of course) await world.run(each);
          const before = world.rig.clock.now();
          let endedAt: number | undefined;
          const stopped = world.rig.pipeline.stop({ graceMs, reason: 'ShuttingDown' }).then((tally) => {
            endedAt = world.rig.clock.now();
            return tally;
          });
          await world.rig.clock.advance(graceMs + 2_000);
          expect((endedAt ?? Infinity) - before).toBeLessThanOrEqual(graceMs + 2_000);
          expect(await stopped).toEqual(world.rig.pipeline.tally());
          await world.rig.clock.advance(60_000);
          world.expectAllEnded();
          expect(world.sinks.map(({ closes }) => closes)).toEqual(world.sinks.map(() => 1));
          expect(world.rig.clock.timers).toBe(0);
        },
      ),
      { numRuns: 100 },
    );
  }, 30_000);
});
