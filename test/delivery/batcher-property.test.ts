import fc from 'fast-check';

import { createBatcher } from '../../operator/delivery/batcher.ts';
import { resolvePolicy, type DeliveryPolicy } from '../../operator/delivery/policy.ts';
import { createQueue } from '../../operator/delivery/queue.ts';
import { createFakeClock } from '../fake-clock.ts';
import { fakeSink, occurrence } from './fakes.ts';

const maxBytes = 100;
const maxWaitMs = 1_000;

type Step =
  | { readonly do: 'push'; readonly bytes: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'fill'; readonly flush: boolean }
  | { readonly do: 'grant'; readonly tokens: number }
  | { readonly do: 'disband' | 'swap' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    // 0 stands for an event that cannot be rendered
    arbitrary: fc.record({
      do: fc.constant('push' as const),
      bytes: fc.constantFrom(0, 1, 30, 40, 99, 100, 250),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('fill' as const),
      flush: fc.constantFrom(false, false, true),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 400, 999, 1_000) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('grant' as const), tokens: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('disband' as const, 'swap' as const) }) },
);

interface Waiting {
  readonly key: string;
  readonly bytes: number;
  readonly acceptedAt: number;
  isAdmitted: boolean;
}

/** What a batcher holds no state for: the batch is the longest beginning of what waits that keeps to the limits. */
class Model {
  waiting: Waiting[] = [];
  readonly rejected: string[] = [];
  tokens = 0;
  /** When the batch has to go that was not given yet. */
  dueAt: number | undefined;
  readonly #maxEvents: number;

  constructor(maxEvents: number) {
    this.#maxEvents = maxEvents;
  }

  fill(now: number, flush: boolean): readonly string[] | undefined {
    const { batch, isFull } = this.#greedy();
    const dueAt = Math.min(...batch.map(({ acceptedAt }) => acceptedAt + maxWaitMs));
    const isGiven = isFull || flush || dueAt <= now;
    this.dueAt = isGiven || batch.length === 0 ? undefined : dueAt;
    if (!isGiven || batch.length === 0) return undefined;
    this.waiting = this.waiting.filter((event) => !batch.includes(event));
    return batch.map(({ key }) => key);
  }

  #greedy(): { batch: Waiting[]; isFull: boolean } {
    const batch: Waiting[] = [];
    let bytes = 0;
    for (;;) {
      if (batch.length === this.#maxEvents || bytes >= maxBytes) return { batch, isFull: true };
      const next = this.waiting.find(
        (event) => !batch.includes(event) && (event.isAdmitted || this.tokens > 0),
      );
      if (next === undefined) return { batch, isFull: false };
      if (next.bytes === 0) {
        this.rejected.push(next.key);
        this.waiting = this.waiting.filter((event) => event !== next);
        continue;
      }
      if (batch.length > 0 && bytes + next.bytes > maxBytes) return { batch, isFull: true };
      if (!next.isAdmitted) this.tokens -= 1;
      next.isAdmitted = true;
      batch.push(next);
      bytes += next.bytes;
    }
  }
}

/** Drives a batcher and its model by the same steps. */
class World {
  readonly #clock = createFakeClock();
  readonly #queue = createQueue('None');
  readonly #limits: DeliveryPolicy['batch'];
  readonly #model: Model;
  readonly #sizes = new Map<string, number>();
  readonly rejected: string[] = [];
  #sink = this.#newSink();
  #tokens = 0;
  readonly #batcher = createBatcher({
    queue: this.#queue,
    rateLimiter: { allows: () => this.#tokens > 0, admit: () => (this.#tokens -= 1) },
    reject: (entry) => {
      this.rejected.push(entry.event.key);
      this.#queue.end(entry);
    },
  });

  constructor(maxEvents: number) {
    this.#model = new Model(maxEvents);
    this.#limits = { ...resolvePolicy({}).batch, maxEvents, maxBytes, maxWaitMs };
  }

  #newSink(): ReturnType<typeof fakeSink> {
    const sink = fakeSink(this.#clock);
    sink.encodeWith = ({ key }) => {
      const bytes = this.#sizes.get(key) ?? 0;
      if (bytes === 0) throw new Error('no such field');
      return { payload: key, bytes };
    };
    return sink;
  }

  async run(each: Step): Promise<void> {
    if (each.do === 'push') this.#push(each.bytes);
    else if (each.do === 'wait') await this.#clock.advance(each.ms);
    else if (each.do === 'fill') this.#fill(each.flush);
    else if (each.do === 'grant') this.#tokens = this.#model.tokens += each.tokens;
    else if (each.do === 'swap') this.#sink = this.#newSink();
    else this.#batcher.disband();
  }

  #push(bytes: number): void {
    const key = `pod-${this.#sizes.size + 1}`;
    const acceptedAt = this.#clock.now();
    this.#sizes.set(`${key}-1`, bytes);
    const event = { ...occurrence(key), receiver: 'shop/hook', routes: [] };
    this.#queue.push({ event, objectKey: key, acceptedAt });
    this.#model.waiting.push({ key: `${key}-1`, bytes, acceptedAt, isAdmitted: false });
  }

  #fill(flush: boolean): void {
    const now = this.#clock.now();
    const batch = this.#batcher.fill({ sink: this.#sink, limits: this.#limits, now, flush });
    const keys = batch?.map(({ event }) => event.key);
    expect(keys).toEqual(this.#model.fill(now, flush));
    expect(this.rejected).toEqual(this.#model.rejected);
    // what is left in an unfinished batch is asked for again in time
    expect(this.#batcher.dueAt).toBe(this.#model.dueAt);
    for (const entry of batch ?? []) this.#queue.end(entry);
  }

  /** With tokens for all, everything goes out, and nothing is left in the queue. */
  drain(): void {
    this.#tokens = this.#model.tokens = this.#sizes.size + 1;
    while (this.#model.waiting.length > 0) this.#fill(true);
    expect(this.#queue.size).toBe(0);
  }
}

describe('a batcher under any course of events', () => {
  it('makes the same batches as the plainest model', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.array(step, { maxLength: 80, size: 'max' }),
        async (maxEvents, course) => {
          const world = new World(maxEvents);
          for (const each of course) await world.run(each);
          world.drain();
        },
      ),
      { numRuns: 300 },
    );
  }, 30_000);
});
