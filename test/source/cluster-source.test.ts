import fc from 'fast-check';

import { type Occurrence } from '../../operator/event/occurrence.ts';
import { ownReportingController } from '../../operator/event/own-event.ts';
import { KubeError } from '../../operator/kube/kube-error.ts';
import { type ListWatchOptions, type ListWatchState } from '../../operator/kube/list-watch.ts';
import { type ClusterSourceOptions, createClusterSource } from '../../operator/source/cluster-source.ts';
import { type Enriched, noEnrichment } from '../../operator/source/enrichment.ts';
import { type DropReason } from '../../operator/source/source.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';
import { coreEvent, createFakeLog, createFakeMetrics, type EventSketch, keysOf } from './fakes.ts';

type Listed = ReturnType<typeof coreEvent>;
type EngineOptions = ListWatchOptions<Listed>;

const startDate = new Date('2026-11-22T14:00:00Z');

/** A source on an engine that sends what the test says. */
function setUp(options: Partial<ClusterSourceOptions> = {}, clock: FakeClock = createFakeClock(startDate)) {
  const log = createFakeLog();
  const metrics = createFakeMetrics();
  const handed: Occurrence[] = [];
  const dropped: [string, DropReason][] = [];
  let engine: EngineOptions | undefined;
  let state: ListWatchState = { state: 'listing', since: startDate, lastActivity: undefined };
  const source = createClusterSource({
    client: {
      request: () => Promise.reject(new Error('no request expected')),
      stream: () => Promise.reject(new Error('no stream expected')),
    },
    startListWatch: (given) => {
      engine = given as unknown as EngineOptions;
      return { state: () => state, resourceVersion: () => '', stop: () => Promise.resolve() };
    },
    enrichment: noEnrichment,
    memoryCapacity: 1_000,
    clock,
    log,
    metrics,
    onOccurrence: (occurrence) => void handed.push(occurrence),
    onDropped: ({ key }, reason) => void dropped.push([key, reason]),
    ...options,
  });
  const started = source.start();
  return {
    source,
    started,
    clock,
    log,
    metrics,
    handed,
    dropped,
    engine: () => engine!,
    keys: () => keysOf(handed),
    list: async (sketches: readonly EventSketch[], version: number, cause: 'start' | 'expired' = 'start') => {
      await engine!.onPage(sketches.map(coreEvent), {
        resourceVersion: String(version),
        first: true,
        last: true,
        cause,
      });
    },
    delta: async (type: 'ADDED' | 'MODIFIED' | 'DELETED', sketch: EventSketch) => {
      await engine!.onDelta({ type, object: coreEvent(sketch) });
    },
    enter: (next: Partial<ListWatchState>) => {
      state = { ...state, ...next };
      engine!.onState?.(state);
    },
  };
}

describe('createClusterSource', () => {
  it('leaves alone what happened before its start, and takes what happens after', async () => {
    const { list, delta, keys, source } = setUp();
    await list([{ uid: 'old', version: 7 }], 10);
    expect(source.position()).toBe('10');

    await delta('ADDED', { uid: 'new', version: 11 });

    expect(keys()).toEqual(['new-1']);
    expect(source.position()).toBe('11');
  });

  it('takes a repeat for a new occurrence, and any other change for none', async () => {
    const { list, delta, keys } = setUp();
    await list([{ uid: 'a', version: 7, count: 3 }], 10);
    await delta('MODIFIED', { uid: 'a', version: 11, count: 3 });
    await delta('MODIFIED', { uid: 'a', version: 12, count: 4 });
    await delta('MODIFIED', { uid: 'a', version: 13, count: 4 });
    await delta('MODIFIED', { uid: 'a', version: 14, count: 9 });
    await delta('MODIFIED', { uid: 'a', version: 15, count: 9, more: { series: { count: 10 } } });

    expect(keys()).toEqual(['a-4', 'a-9', 'a-10']);
  });

  it('loses and doubles nothing when the history of the watch is gone', async () => {
    const { list, delta, keys } = setUp();
    await list([{ uid: 'a', version: 7, count: 3 }], 10);
    await delta('ADDED', { uid: 'b', version: 11 });

    await list(
      [
        { uid: 'd', version: 20 },
        { uid: 'c', version: 15 },
        { uid: 'a', version: 13, count: 5 },
        { uid: 'b', version: 11 },
        { uid: 'e', version: 12, count: 1 },
      ],
      21,
      'expired',
    );

    expect(keys()).toEqual(['b-1', 'e-1', 'a-5', 'c-1', 'd-1']);
  });

  it('compares versions as numbers', async () => {
    const { list, keys } = setUp({ resume: '99' });
    await list([{ uid: 'a', version: 100 }], 101, 'expired');
    await list([{ uid: 'b', version: '9007199254740993' }], 9_007_199_254_740_994, 'expired');

    expect(keys()).toEqual(['a-1', 'b-1']);
  });

  it('goes on after a position, with the watch if there is history', async () => {
    const { engine, delta, keys } = setUp({ resume: '50' });
    expect(engine().resourceVersion).toBe('50');

    await delta('MODIFIED', { uid: 'a', version: 51, count: 8 });

    expect(keys()).toEqual(['a-8']);
  });

  it.each([['0'], ['nonsense']])('begins with the oldest Event when it resumes from %s', async (resume) => {
    const { engine, list, keys } = setUp({ resume });
    expect(engine().resourceVersion).toBeUndefined();

    await list(
      [
        { uid: 'b', version: 5 },
        { uid: 'a', version: 3 },
      ],
      10,
    );

    expect(keys()).toEqual(['a-1', 'b-1']);
  });

  it('reads a list again for what it cannot hold, in the order of positions', async () => {
    const all = Array.from({ length: 95 }, (_, index) => ({
      uid: `e${index}`,
      version: ((index * 37) % 95) + 1,
    }));
    const newer = { uid: 'newer', version: 500 };
    let requests = 0;
    const { list, handed } = setUp({
      resume: '0',
      backlogSize: 10,
      client: {
        stream: () => Promise.reject(new Error('no stream expected')),
        request: <T>() => {
          requests += 1;
          const items = [...all, newer].map(coreEvent);
          return Promise.resolve({ metadata: { resourceVersion: '501' }, items } as T);
        },
      },
    });
    await list(all, 100);

    expect(handed.map(({ position }) => Number(position))).toEqual(
      Array.from({ length: 95 }, (_, i) => i + 1),
    );
    expect(requests).toBe(9);
  });

  it('forgets a list that began anew', async () => {
    const { engine, keys } = setUp({ resume: '1' });
    const page = { resourceVersion: '10', cause: 'expired' as const };
    await engine().onPage([coreEvent({ uid: 'a', version: 5 })], { ...page, first: true, last: false });
    await engine().onPage([coreEvent({ uid: 'b', version: 6 })], {
      ...page,
      resourceVersion: '11',
      first: true,
      last: true,
    });

    expect(keys()).toEqual(['b-1']);
  });

  it('tells Events apart by their time when the data of the API server was replaced', async () => {
    const at = (seconds: number): Date => new Date(startDate.getTime() + seconds * 1_000);
    const { list, delta, keys, log, source } = setUp();
    await list([], 1_000);
    await delta('ADDED', { uid: 'a', version: 1_001, at: at(10) });

    await list(
      [
        { uid: 'a', version: 400, at: at(10) },
        { uid: 'long-ago', version: 300, at: at(-600) },
        { uid: 'b', version: 401, at: at(20) },
      ],
      402,
      'expired',
    );
    await delta('ADDED', { uid: 'c', version: 403, at: at(5) });

    expect(keys()).toEqual(['a-1', 'b-1', 'c-1']);
    expect(source.position()).toBe('403');
    expect(log.lines.map(({ level }) => level)).toEqual(['warn']);
  });

  it('takes an Event it no longer remembers for a new one rather than lose a repeat', async () => {
    const { list, delta, keys } = setUp({ memoryCapacity: 1 });
    await list([], 1);
    await delta('ADDED', { uid: 'a', version: 2 });
    await delta('ADDED', { uid: 'b', version: 3 });
    await delta('MODIFIED', { uid: 'a', version: 4 });

    expect(keys()).toEqual(['a-1', 'b-1', 'a-1']);
  });

  it('forgets an Event that is deleted', async () => {
    const { list, delta, keys } = setUp();
    await list([], 1);
    await delta('ADDED', { uid: 'a', version: 2 });
    await delta('DELETED', { uid: 'a', version: 3 });
    await delta('ADDED', { uid: 'a', version: 4 });

    expect(keys()).toEqual(['a-1', 'a-1']);
  });

  it('leaves the own Events of the operator out unless they are asked for', async () => {
    let wanted = false;
    const { list, delta, keys } = setUp({ includeOwnEvents: () => wanted });
    const more = { reportingComponent: ownReportingController };
    await list([], 1);
    await delta('ADDED', { uid: 'a', version: 2, more });
    wanted = true;
    await delta('ADDED', { uid: 'b', version: 3, more });

    expect(keys()).toEqual(['b-1']);
  });

  it('hands occurrences on in order while look-ups end in any order', async () => {
    const answers = new Map<string, PromiseWithResolvers<Enriched>>();
    const { list, delta, keys, handed, source } = setUp({
      enrichment: {
        enrich: ({ uid }) => {
          const answer = Promise.withResolvers<Enriched>();
          answers.set(uid, answer);
          return answer.promise;
        },
      },
    });
    const object = { labels: { a: 'b' }, annotations: {}, ownerReferences: [], deleted: false };
    await list([], 1);
    await delta('ADDED', { uid: 'a', version: 2 });
    await delta('ADDED', { uid: 'b', version: 3 });
    answers.get('b')!.resolve({ object: 'notFound', namespaceLabels: undefined });
    answers.get('a')!.resolve({ object, namespaceLabels: { team: 'x' } });
    await source.stop();

    expect(keys()).toEqual(['a-1', 'b-1']);
    expect(handed[0]!.event).toMatchObject({
      namespaceLabels: { team: 'x' },
      involvedObject: { labels: { a: 'b' } },
    });
    expect(handed[1]!.event.involvedObject.deleted).toBe(true);
  });

  it('reads no more while its taker is busy', async () => {
    const free = Promise.withResolvers<undefined>();
    const { list, engine, clock } = setUp({ windowSize: 2, onOccurrence: () => free.promise });
    await list([], 1);
    const pending = [2, 3, 4].map((version) =>
      engine().onDelta({ type: 'ADDED', object: coreEvent({ uid: `e${version}`, version }) }),
    );
    expect(pending[0]).toBeUndefined();
    expect(pending[2]).toBeInstanceOf(Promise);

    let hasRoom = false;
    void Promise.resolve(pending[2]).then(() => (hasRoom = true));
    await clock.settle();
    expect(hasRoom).toBe(false);
    free.resolve(undefined);
    await clock.settle();
    expect(hasRoom).toBe(true);
  });

  it('goes on with the next Event when one cannot be routed', async () => {
    const seen: string[] = [];
    const { list, delta, dropped, metrics, log } = setUp({
      onOccurrence: ({ key }) => {
        if (key === 'a-1') throw new Error('router failed');
        seen.push(key);
        return key === 'b-1' ? Promise.reject(new Error('router failed later')) : undefined;
      },
    });
    await list([], 1);
    for (const [index, uid] of ['a', 'b', 'c'].entries()) await delta('ADDED', { uid, version: index + 2 });
    await new Promise(setImmediate);

    expect(seen).toEqual(['b-1', 'c-1']);
    expect(dropped).toEqual([
      ['a-1', 'HandlerFailed'],
      ['b-1', 'HandlerFailed'],
    ]);
    expect(metrics.counts).toMatchObject({ received: 3, HandlerFailed: 2 });
    expect(log.lines.map(({ level }) => level)).toEqual(['error', 'error']);
  });

  it('starts when its watch is open, and tells how it is', async () => {
    const { source, started, enter, metrics } = setUp();
    let isStarted = false;
    void started.then(() => (isStarted = true));
    const error = new KubeError('refused', { failure: 'network' });
    enter({ state: 'backingOff', error });
    await new Promise(setImmediate);
    expect(isStarted).toBe(false);
    expect(source.health()).toEqual({ state: 'backingOff', lastActivity: undefined, error });
    expect(metrics.counts).toEqual({ 'events network': 1 });

    enter({ state: 'watching', lastActivity: startDate });
    await started;
    expect(source.health()).toMatchObject({ state: 'watching', lastActivity: startDate });
  });

  it('watches one namespace when it is told to', () => {
    expect(setUp({ namespace: 'shop' }).engine().path).toBe('/api/v1/namespaces/shop/events');
    expect(setUp().engine().path).toBe('/api/v1/events');
  });

  it('says which permission is missing', () => {
    const { explain } = setUp().engine();

    expect(explain?.(new KubeError('403', { failure: 'forbidden' }))).toContain('list and watch on events');
    expect(explain?.(new KubeError('503', { failure: 'server' }))).toBeUndefined();
  });

  // The table of the exporter's age filter: started 10 minutes ago, nothing older than 5 minutes.
  describe('with a maximal age', () => {
    const minutes = (count: number): number => count * 60_000;
    const ages = [
      { when: -3, outcome: 'BeforeStart', warns: false },
      { when: 8, outcome: 'handed', warns: false },
      { when: 3, outcome: 'TooOld', warns: true },
    ];
    const fields = [['lastTimestamp'], ['eventTime'], ['lastTimestamp', 'eventTime']];
    const table = ages.flatMap((age) => fields.map((set) => ({ ...age, set, by: set.join(' and ') })));

    it.each(table)(
      'judges an Event of $when minutes after the start by $by: $outcome',
      async ({ when, outcome, warns, set }) => {
        const { list, delta, clock, keys, dropped, log, metrics } = setUp({ maxEventAgeMs: minutes(5) });
        await list([], 1);
        await clock.advance(minutes(10));
        const at = new Date(startDate.getTime() + minutes(when)).toISOString();

        const more = { lastTimestamp: null, ...Object.fromEntries(set.map((field) => [field, at])) };
        await delta('ADDED', { uid: 'a', version: 2, more });

        expect(keys()).toEqual(outcome === 'handed' ? ['a-1'] : []);
        expect(dropped).toEqual(outcome === 'handed' ? [] : [['a-1', outcome]]);
        expect(log.lines).toHaveLength(warns ? 1 : 0);
        expect(metrics.counts).toEqual({ received: 1, ...(outcome !== 'handed' && { [outcome]: 1 }) });
      },
    );

    it('drops only what is older than the maximum, not what is as old', async () => {
      const { list, delta, clock, keys } = setUp({ maxEventAgeMs: 5_000 });
      await list([], 1);
      await clock.advance(5_000);
      await delta('ADDED', { uid: 'a', version: 2, at: startDate });
      await clock.advance(1);
      await delta('ADDED', { uid: 'b', version: 3, at: startDate });

      expect(keys()).toEqual(['a-1']);
    });

    it('drops an Event without any time, as the exporter does', async () => {
      const { list, delta, dropped } = setUp({ maxEventAgeMs: 5_000 });
      await list([], 1);
      await delta('ADDED', { uid: 'a', version: 2 });

      expect(dropped).toEqual([['a-1', 'BeforeStart']]);
    });
  });

  it('shows the newest state of every Event once, whatever is cut and forgotten', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('create' as const) }),
      fc.record({ do: fc.constantFrom('repeat' as const, 'touch' as const), which: fc.nat(20) }),
      fc.record({ do: fc.constant('sync' as const) }),
      fc.record({ do: fc.constant('expire' as const), pages: fc.integer({ min: 1, max: 3 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.nat(5), fc.array(step, { maxLength: 60 }), async (before, steps) => {
        const held: { uid: string; version: number; count: number }[] = [];
        let version = 0;
        const create = (): void =>
          void held.push({ uid: `e${held.length}`, version: (version += 1), count: 1 });
        for (let index = 0; index < before; index += 1) create();
        const request = <T>() =>
          Promise.resolve({
            metadata: { resourceVersion: String(version) },
            items: held.map(coreEvent),
          } as T);
        const stream = () => Promise.reject(new Error('no stream expected'));
        const { engine, list, delta, handed } = setUp({ backlogSize: 3, client: { request, stream } });
        await list(held, version);
        let unseen: { type: 'ADDED' | 'MODIFIED'; sketch: EventSketch }[] = [];
        const sync = async (): Promise<void> => {
          for (const { type, sketch } of unseen) await delta(type, sketch);
          unseen = [];
        };
        const change = (which: number, by: number): void => {
          const event = held[which % held.length];
          if (event === undefined) return;
          event.version = version += 1;
          event.count += by;
          unseen.push({ type: 'MODIFIED', sketch: { ...event } });
        };
        const relist = async (pages: number): Promise<void> => {
          unseen = [];
          const size = Math.ceil(Math.max(1, held.length) / pages);
          for (let at = 0, first = true; first || at < held.length; at += size, first = false) {
            const last = at + size >= held.length;
            const items = held.slice(at, at + size).map(coreEvent);
            await engine().onPage(items, { resourceVersion: String(version), first, last, cause: 'expired' });
          }
        };
        const createLater = (): void => {
          create();
          unseen.push({ type: 'ADDED', sketch: { ...held.at(-1)! } });
        };
        for (const next of steps) {
          if (next.do === 'create') createLater();
          else if (next.do === 'sync') await sync();
          else if (next.do === 'expire') await relist(next.pages);
          else change(next.which, next.do === 'repeat' ? 1 : 0);
        }
        await sync();

        const positions = handed.map(({ position }) => Number(position));
        expect(positions).toEqual([...positions].sort((one, other) => one - other));
        expect(new Set(keysOf(handed)).size).toBe(handed.length);
        const newest = new Map(handed.map(({ event, number }) => [event.uid, number]));
        for (const [index, { uid, count }] of held.entries()) {
          const expected = index < before && count === 1 ? undefined : count;
          expect([uid, newest.get(uid)]).toEqual([uid, expected]);
        }
      }),
      { numRuns: 200 },
    );
  });
});
