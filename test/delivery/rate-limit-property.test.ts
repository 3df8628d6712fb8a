import fc from 'fast-check';

import { createClusterEvent } from '../../operator/event/core-event.ts';
import { resolvePolicy } from '../../operator/delivery/policy.ts';
import { DeliveryError, type SinkEvent } from '../../operator/sink-kit/index.ts';
import { brokenLaw, fakeSink, hangUntilAborted, pipelineRig, type Rig } from './fakes.ts';

const answers = ['ok', 'late', 'down', 'throttled', 'rejected', 'hang'] as const;
type Answer = (typeof answers)[number];
type Step =
  | { readonly do: 'accept'; readonly object: number; readonly times: number }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'answer'; readonly answers: readonly Answer[] }
  | { readonly do: 'swap' | 'hold' }
  | { readonly do: 'limit'; readonly limit: Limit | undefined };

interface Limit {
  readonly events: number;
  readonly burst: number;
  readonly onExceeded: 'Summarize' | 'Wait';
  readonly batch: number;
}

const limit: fc.Arbitrary<Limit> = fc.record({
  events: fc.integer({ min: 1, max: 20 }),
  burst: fc.integer({ min: 1, max: 10 }),
  onExceeded: fc.constantFrom('Summarize' as const, 'Wait' as const),
  batch: fc.integer({ min: 1, max: 5 }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('accept' as const),
      object: fc.nat(5),
      times: fc.integer({ min: 1, max: 8 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('advance' as const),
      ms: fc.constantFrom(0, 1, 333, 1_000, 4_999, 10_000, 45_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      answers: fc.array(fc.constantFrom(...answers), { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('swap' as const, 'hold' as const) }) },
);
const steps = fc.array(step, { maxLength: 60, size: 'max' });
const changingSteps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: step },
    {
      weight: 1,
      arbitrary: fc.record({
        do: fc.constant('limit' as const),
        limit: fc.option(limit, { nil: undefined }),
      }),
    },
  ),
  { maxLength: 60, size: 'max' },
);
const perMs = 10_000;

function writtenPolicy(rateLimit: Limit | undefined): object {
  const { batch = 2, ...rest } = rateLimit ?? {};
  return {
    ...(rateLimit !== undefined && { rateLimit: { ...rest, per: '10s' } }),
    batch: { maxEvents: batch, maxWait: '0s' },
    retry: { initial: '500ms', max: '5s', maxAge: '1h' },
    timeout: '5s',
  };
}

/** Runs a limited pipeline beside the plainest account of what may be sent and what has to be told. */
class World {
  readonly rig: Rig;
  readonly broken: string[] = [];
  readonly limit: Limit;
  readonly sentAt = new Map<string, number>();
  /** What became of events, in that order, by object. */
  readonly ends = new Map<string, number[]>();
  readonly told = new Map<string, number>();
  accepted = 0;
  answers: readonly Answer[] = ['ok'];
  #numbers = new Map<string, number>();
  #sends = 0;

  constructor(rateLimit: Limit) {
    this.limit = rateLimit;
    this.rig = pipelineRig(writtenPolicy(rateLimit), {
      observer: { settled: (event) => this.#end(event), attempted: () => this.#check() },
    });
    this.swap();
  }

  #check(): void {
    const broken = brokenLaw(this.rig.pipeline);
    if (broken !== undefined) this.broken.push(broken);
  }

  #end({ event, number }: SinkEvent): void {
    this.#check();
    if (event.reason === 'RateLimited') return;
    const { uid } = event.involvedObject;
    this.ends.set(uid, [...(this.ends.get(uid) ?? []), number]);
  }

  swap(): void {
    const sink = fakeSink(this.rig.clock, (batch, signal) => this.#reply(batch, signal));
    sink.encodeWith = ({ event, key }) => {
      if (event.reason === 'RateLimited') {
        const { count, message } = event;
        this.told.set(key, count);
        if (!message.startsWith(`${count} event`)) this.broken.push(message);
      }
      return { payload: key, bytes: 10 };
    };
    this.rig.pipeline.useSink(sink);
  }

  async #reply(batch: readonly string[], signal: AbortSignal): Promise<void> {
    const now = this.rig.clock.now();
    for (const key of batch) if (!this.sentAt.has(key)) this.sentAt.set(key, now);
    const answer = this.answers[(this.#sends += 1) % this.answers.length] ?? 'ok';
    if (answer === 'late')
      await new Promise((resolve) => void this.rig.clock.setTimeout(() => resolve(undefined), 3_000));
    if (answer === 'hang') await hangUntilAborted(batch, signal);
    if (answer === 'down') throw DeliveryError.retry('down', 'ServerError');
    if (answer === 'throttled') throw DeliveryError.retry('slow down', 'Throttled', { retryAfterMs: 2_000 });
    if (answer === 'rejected') throw DeliveryError.permanent('bad');
  }

  async run(each: Step): Promise<void> {
    const { clock, pipeline } = this.rig;
    if (each.do === 'accept') this.#accept(`o${each.object}`, each.times);
    else if (each.do === 'advance') await clock.advance(each.ms);
    else if (each.do === 'answer') this.answers = each.answers;
    else if (each.do === 'swap') this.swap();
    else if (each.do === 'limit') pipeline.setPolicy(resolvePolicy(writtenPolicy(each.limit)));
    else pipeline.useSink(undefined);
    this.#check();
  }

  #accept(object: string, times: number): void {
    for (let time = 0; time < times; time += 1) {
      const number = (this.#numbers.get(object) ?? 0) + 1;
      this.#numbers.set(object, number);
      this.accepted += 1;
      const event = createClusterEvent({
        metadata: { uid: object },
        involvedObject: { kind: 'Pod', name: object, uid: object, namespace: 'shop' },
        reason: 'BackOff',
      });
      const key = `${object}-${number}`;
      this.rig.pipeline.accept({ event, key, number, time: new Date(0), position: key }, []);
    }
  }

  /** Times at which more was sent for the first time within a span of `per` than may be. */
  get excesses(): number[] {
    const times = [...this.sentAt.values()];
    const most = this.limit.events + this.limit.burst;
    return times.filter((from) => times.filter((time) => time >= from && time < from + perMs).length > most);
  }

  get toldEvents(): number {
    return [...this.told.values()].reduce((sum, count) => sum + count, 0);
  }
}

describe('a pipeline with a rate limit, under any course of events', () => {
  it('sends no more than it may, tells of all that it held back, and leaves nothing behind', async () => {
    let summaries = 0;
    let heldBack = 0;
    await fc.assert(
      fc.asyncProperty(steps, limit, async (course, rateLimit) => {
        const world = new World(rateLimit);
        const { clock, pipeline } = world.rig;
        for (const each of course) await world.run(each);
        world.answers = ['ok'];
        world.swap();
        // tokens for all that was accepted, and for a summary after that
        await clock.advance(perMs * (2 + world.accepted / rateLimit.events) + 10_000);

        const { received, dropped, pending, droppedByReason } = pipeline.tally();
        const { RateLimited: limited = 0, Rejected: rejected = 0 } = droppedByReason;
        expect(world.broken).toEqual([]);
        expect(world.excesses).toEqual([]);
        expect({ pending, received, dropped }).toEqual({
          pending: 0,
          received: world.accepted + world.told.size,
          dropped: limited + rejected,
        });
        expect(world.toldEvents).toBe(limited);
        if (rateLimit.onExceeded === 'Wait') expect(limited).toBe(0);
        for (const numbers of world.ends.values()) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
        expect(clock.timers).toBe(0);
        summaries += world.told.size;
        heldBack += limited;
      }),
      { numRuns: 150 },
    );
    expect([summaries > 50, heldBack > summaries]).toEqual([true, true]);
  }, 30_000);

  it('tells of all that it held back, however its limit changes', async () => {
    await fc.assert(
      fc.asyncProperty(changingSteps, limit, async (course, rateLimit) => {
        const world = new World(rateLimit);
        const { clock, pipeline } = world.rig;
        for (const each of course) await world.run(each);
        world.answers = ['ok'];
        world.swap();
        // the slowest limit gives one event in ten seconds
        await clock.advance(perMs * (2 + world.accepted) + 10_000);

        const { received, pending, droppedByReason } = pipeline.tally();
        expect(world.broken).toEqual([]);
        expect([pending, received]).toEqual([0, world.accepted + world.told.size]);
        expect(world.toldEvents).toBe(droppedByReason.RateLimited ?? 0);
        expect(clock.timers).toBe(0);
      }),
      { numRuns: 100 },
    );
  }, 30_000);

  it('tells of all that it held back before it stops, if its system works', async () => {
    await fc.assert(
      fc.asyncProperty(steps, limit, async (course, rateLimit) => {
        const world = new World(rateLimit);
        const { clock, pipeline } = world.rig;
        for (const each of course) await world.run(each);
        world.answers = ['ok'];
        world.swap();
        await clock.advance(6_000);
        const stopped = pipeline.stop({ graceMs: 20_000, reason: 'ShuttingDown' });
        await clock.advance(30_000);

        const { pending, droppedByReason } = await stopped;
        expect(world.broken).toEqual([]);
        expect([pending, clock.timers]).toEqual([0, 0]);
        expect(world.toldEvents).toBe(droppedByReason.RateLimited ?? 0);
      }),
      { numRuns: 100 },
    );
  }, 30_000);
});
