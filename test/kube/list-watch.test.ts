import fc from 'fast-check';

import { createApiClient, type KubeClient } from '../../operator/kube/api-client.ts';
import { KubeError } from '../../operator/kube/kube-error.ts';
import {
  type Delta,
  type ListWatch,
  type ListWatchOptions,
  type ListWatchState,
  type PageInfo,
  startListWatch,
} from '../../operator/kube/list-watch.ts';
import { type FaultServer, faults, startFaultServer, type StoredObject } from './fault-server.ts';
import { createRecordingLog, type RecordingLog } from './recording-log.ts';
import { until } from './until.ts';

const pods = '/api/v1/pods';

interface Watching {
  readonly listWatch: ListWatch;
  readonly deltas: string[];
  readonly pages: { names: string[]; info: PageInfo }[];
  readonly states: ListWatchState[];
}

describe('the list+watch', () => {
  let server: FaultServer;
  let client: KubeClient;
  let log: RecordingLog;
  const running: ListWatch[] = [];

  beforeEach(async () => {
    server = await startFaultServer();
    log = createRecordingLog();
    client = createApiClient({ credentials: server.credentials, log, backoff: { initialMs: 1, maxMs: 5 } });
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((listWatch) => listWatch.stop()));
    client.close();
    await server.stop();
  });

  const text = ({ type, object }: Delta<StoredObject>): string => `${type} ${object.metadata.name}`;

  const watch = (options: Partial<ListWatchOptions<StoredObject>> = {}): Watching => {
    const deltas: string[] = [];
    const pages: Watching['pages'] = [];
    const states: ListWatchState[] = [];
    const listWatch = startListWatch<StoredObject>({
      client,
      path: pods,
      log,
      backoff: { initialMs: 1, maxMs: 10 },
      onPage: (items, info) => {
        pages.push({ names: items.map(({ metadata }) => metadata.name), info });
      },
      onDelta: (delta) => {
        deltas.push(text(delta));
      },
      onState: (state) => states.push(state),
      ...options,
    });
    running.push(listWatch);
    return { listWatch, deltas, pages, states };
  };

  const put = (...names: string[]): void => {
    for (const name of names) server.put(pods, { metadata: { name } });
  };

  const watches = (): number => server.requests.filter(({ kind }) => kind === 'watch').length;

  it('lists page by page, then hands over each delta in order', async () => {
    put('a', 'b', 'c', 'd', 'e');
    const version = String(server.version());
    const { pages, deltas, listWatch } = watch({ pageSize: 2 });
    await until(() => server.openWatches() === 1);
    put('a', 'f');
    server.remove(pods, 'b');
    await until(() => deltas.length === 3);

    expect(pages.map(({ names }) => names)).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
    expect(pages.map(({ info }) => info)).toEqual([
      { resourceVersion: version, first: true, last: false, cause: 'start' },
      { resourceVersion: version, first: false, last: false, cause: 'start' },
      { resourceVersion: version, first: false, last: true, cause: 'start' },
    ]);
    expect(deltas).toEqual(['MODIFIED a', 'ADDED f', 'DELETED b']);
    expect(listWatch.resourceVersion()).toBe(String(server.version()));
    expect(listWatch.state()).toMatchObject({ state: 'watching', lastActivity: expect.any(Date) as Date });
  });

  it('goes on from a given resourceVersion without a list', async () => {
    put('a');
    const resourceVersion = String(server.version());
    put('b');
    const { pages, deltas } = watch({ resourceVersion });
    await until(() => deltas.length === 1);

    expect(deltas).toEqual(['ADDED b']);
    expect(pages).toEqual([]);
  });

  it('watches again at once, from where it was, when the API server ends the watch in order', async () => {
    const { deltas, pages } = watch();
    await until(() => server.openWatches() === 1);
    put('a');
    await until(() => deltas.length === 1);
    server.endWatches();
    put('b');
    await until(() => deltas.length === 2);

    expect(deltas).toEqual(['ADDED a', 'ADDED b']);
    expect(pages).toHaveLength(1);
    expect(log.messages('warn')).toEqual([]);
  });

  it('loses nothing when the connection is cut', async () => {
    const { deltas, pages } = watch();
    for (const name of ['a', 'b', 'c', 'd']) {
      await until(() => server.openWatches() === 1);
      put(name);
      server.cutWatches();
    }
    await until(() => deltas.length === 4);

    expect(deltas).toEqual(['ADDED a', 'ADDED b', 'ADDED c', 'ADDED d']);
    expect(pages).toHaveLength(1);
  });

  it('lists again when the version is expired, by the HTTP status of the watch', async () => {
    put('a');
    const { pages } = watch({ resourceVersion: '50' });
    server.failNext('watch', faults.status(410, {}, 'Expired'));
    await until(() => pages.length === 1);
    expect(pages[0]?.info.cause).toBe('expired');
  });

  it('lists again when the version is expired, by an ERROR line in a stream of status 200', async () => {
    put('a');
    const resourceVersion = String(server.version());
    server.compact();
    put('b');
    const { pages, states } = watch({ resourceVersion });
    await until(() => pages.length === 1 && states.at(-1)?.state === 'watching');

    expect(pages[0]).toMatchObject({
      names: ['a', 'b'],
      info: { cause: 'expired', first: true, last: true },
    });
    expect(states.map(({ state }) => state)).toEqual(['watching', 'backingOff', 'listing', 'watching']);
    expect(states[1]?.error).toMatchObject({ failure: 'expired', status: 410 });
  });

  it('begins the list anew, with larger pages, when its continue token is expired', async () => {
    put('a', 'b', 'c');
    let compactions = 1;
    const { pages } = watch({
      pageSize: 1,
      onPage(items, info) {
        pages.push({ names: items.map(({ metadata }) => metadata.name), info });
        if (compactions-- > 0) server.compact();
      },
    });
    await until(() => server.openWatches() === 1);

    expect(pages.map(({ names }) => names)).toEqual([['a'], ['a', 'b', 'c']]);
    expect(pages.map(({ info }) => [info.first, info.last, info.cause])).toEqual([
      [true, false, 'start'],
      [true, true, 'start'],
    ]);
  });

  it('lists again when the API server was restored to a time before its version', async () => {
    put('a', 'b');
    const { pages, listWatch } = watch();
    await until(() => server.openWatches() === 1);
    server.restoreEmptyBackup();
    server.cutWatches();
    await until(() => pages.length === 2);

    expect(pages[1]).toMatchObject({ names: [], info: { cause: 'expired', resourceVersion: '10' } });
    await until(() => listWatch.state().state === 'watching');
  });

  it('waits as long as Retry-After says when the API server is busy', async () => {
    const { states, listWatch } = watch({ resourceVersion: '100' });
    await until(() => listWatch.state().state === 'watching');
    server.failNext('watch', faults.status(429, { 'Retry-After': '1' }));
    const startMs = performance.now();
    server.cutWatches();
    await until(() => states.at(-1)?.state === 'watching' && server.openWatches() === 1 && watches() === 3);

    expect(performance.now() - startMs).toBeGreaterThan(990);
    expect(
      states.find(({ error }) => error instanceof KubeError && error.failure === 'throttled'),
    ).toBeDefined();
  });

  it.each([401, 403, 404, 500, 503])(
    'backs off and warns, then recovers, when a list answers %d',
    async (code) => {
      put('a');
      server.failNext('list', faults.status(code), 3);
      const { pages, states } = watch();
      await until(() => pages.length === 1);

      expect(states.filter(({ state }) => state === 'backingOff')).toHaveLength(3);
      const warnings = log.lines.filter(({ level }) => level === 'warn');
      expect(warnings).toHaveLength(3);
      expect(warnings[0]?.fields).toMatchObject({
        path: pods,
        error: expect.stringContaining(String(code)) as string,
      });
    },
  );

  it('recovers from connections that are reset', async () => {
    put('a');
    server.failNext('list', faults.reset, 6);
    server.failNext('watch', faults.reset, 3);
    const { pages, deltas } = watch();
    await until(() => server.openWatches() === 1);
    put('b');
    await until(() => deltas.length === 1);

    expect(pages.map(({ names }) => names)).toEqual([['a']]);
  });

  it('notices a half-open connection by its silence', async () => {
    const { deltas, states } = watch({ idleTimeoutMs: 300 });
    await until(() => server.openWatches() === 1);
    server.freezeWatches();
    put('a');
    await until(() => deltas.length === 1);

    expect(deltas).toEqual(['ADDED a']);
    expect(states.find(({ error }) => error?.message.includes('silent'))).toBeDefined();
  });

  it('does not take a slow consumer for a dead connection', async () => {
    const { deltas, states } = watch({
      idleTimeoutMs: 100,
      async onDelta(delta) {
        await new Promise((resolve) => setTimeout(resolve, 250));
        deltas.push(text(delta));
      },
    });
    await until(() => server.openWatches() === 1);
    put('a');
    await until(() => deltas.length === 1);

    expect(states.filter(({ error }) => error)).toEqual([]);
  });

  it('reads nothing more while a delta is being handled, so memory stays bounded', async () => {
    const gate = Promise.withResolvers<undefined>();
    let handled = 0;
    watch({
      async onDelta() {
        handled += 1;
        if (handled === 1) await gate.promise;
      },
    });
    await until(() => server.openWatches() === 1);
    const filler = 'x'.repeat(100_000);
    for (let index = 0; index < 400; index += 1) {
      server.put(pods, { metadata: { name: `p${index}` }, filler });
    }
    await until(() => handled === 1);
    const before = process.memoryUsage().arrayBuffers;
    await new Promise((resolve) => setTimeout(resolve, 100));
    const grown = process.memoryUsage().arrayBuffers - before;
    expect(handled).toBe(1);
    gate.resolve(undefined);
    await until(() => handled === 400);

    expect(grown).toBeLessThan(20_000_000);
  });

  it('takes no position from bookmarks but their version', async () => {
    const { deltas, listWatch } = watch();
    await until(() => server.openWatches() === 1);
    server.writeRaw(
      `${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: '777' } } })}\n`,
    );
    await until(() => listWatch.resourceVersion() === '777');

    expect(deltas).toEqual([]);
  });

  it('reads the same delta again, after a back-off, when its handler failed', async () => {
    const seen: string[] = [];
    let failures = 2;
    watch({
      onDelta(delta) {
        seen.push(text(delta));
        if (delta.object.metadata.name === 'b' && failures-- > 0) throw new Error('disk is full');
      },
    });
    await until(() => server.openWatches() === 1);
    put('a', 'b', 'c');
    await until(() => seen.includes('ADDED c'));

    expect(seen).toEqual(['ADDED a', 'ADDED b', 'ADDED b', 'ADDED b', 'ADDED c']);
    expect(log.messages('error')).toHaveLength(2);
  });

  it('begins the list anew when a page could not be handled', async () => {
    put('a', 'b');
    const seen: string[] = [];
    let failures = 1;
    watch({
      pageSize: 1,
      async onPage(items, { first }) {
        await Promise.resolve();
        seen.push(`${first} ${items[0]?.metadata.name}`);
        if (!first && failures-- > 0) throw new Error('disk is full');
      },
    });
    await until(() => server.openWatches() === 1);

    expect(seen).toEqual(['true a', 'false b', 'true a', 'false b']);
  });

  it.each([
    ['a line that is not JSON', 'nonsense\n'],
    ['a line of an unknown type', '{"type":"SURPRISE","object":{}}\n'],
    ['a page of a proxy', '<html>\n<body>sign in</body>\n</html>\n'],
    ['nothing at all', ''],
  ])('backs off from %s and goes on from where it was', async (_what, answer) => {
    server.failNext('watch', faults.text(answer), 2);
    const { deltas, pages, states } = watch();
    await until(() => server.openWatches() === 1);
    put('a');
    await until(() => deltas.length === 1);

    expect(pages).toHaveLength(1);
    expect(
      states.filter(({ error }) => error instanceof KubeError && error.failure === 'protocol'),
    ).toHaveLength(2);
  });

  it('stops at once, and calls back no more', async () => {
    const { listWatch, deltas } = watch();
    await until(() => server.openWatches() === 1);
    await listWatch.stop();
    put('a');
    await until(() => server.openWatches() === 0);

    expect(deltas).toEqual([]);
    expect(listWatch.state().state).toBe('stopped');
  });

  it('stops while it backs off', async () => {
    server.failNext('list', faults.status(500), 100);
    const { listWatch, states } = watch({ backoff: { initialMs: 60_000 } });
    await until(() => states.at(-1)?.state === 'backingOff');
    const startMs = performance.now();
    await listWatch.stop();
    expect(performance.now() - startMs).toBeLessThan(1000);
  });
});

describe('the watch, whatever the network makes of its bytes', () => {
  // Names of several bytes a character, and line breaks inside strings, are where splitting goes wrong.
  const names = ['a', 'Grüße', '日本', '🎉\n', 'x'.repeat(300)];
  const all = Array.from({ length: 12 }, (_unused, index) => ({
    type: (['ADDED', 'MODIFIED', 'DELETED'] as const)[index % 3]!,
    object: { metadata: { name: names[index % names.length]!, resourceVersion: String(1001 + index) } },
  }));

  // Serves the deltas after a version in chunks of the given sizes; each connection ends after so many bytes.
  const serve = (sizes: number[], lengths: number[]): Pick<KubeClient, 'request' | 'stream'> => {
    let connection = 0;
    return {
      request: <T>() => Promise.resolve({ metadata: { resourceVersion: '9999' }, items: [] } as T),
      stream(_path, options) {
        const from = Number(options?.query?.['resourceVersion']);
        const rest = all.filter(({ object }) => Number(object.metadata.resourceVersion) > from);
        const bytes = Buffer.from(rest.map((delta) => `${JSON.stringify(delta)}\n`).join(''));
        const isCut = connection < lengths.length;
        const length = isCut ? lengths[connection]! : bytes.length;
        connection += 1;
        const chunks = async function* (): AsyncGenerator<Buffer> {
          let start = 0;
          for (let index = 0; start < Math.min(length, bytes.length); index += 1) {
            const end = Math.min(start + sizes[index % sizes.length]!, length, bytes.length);
            yield Buffer.from(bytes.subarray(start, end));
            start = end;
          }
          if (isCut && length % 2 === 0) throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
          if (!isCut) await new Promise(() => undefined);
        };
        return Promise.resolve(Object.assign(chunks(), { destroy: () => undefined }));
      },
    };
  };

  it('hands over each delta exactly once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 0, max: 1500 }), { maxLength: 5 }),
        fc.integer({ min: 0, max: 3 }),
        async (sizes, lengths, failEvery) => {
          const seen: unknown[] = [];
          const done = Promise.withResolvers<undefined>();
          let calls = 0;
          const listWatch = startListWatch<StoredObject>({
            client: serve(sizes, lengths),
            path: pods,
            resourceVersion: '1000',
            log: createRecordingLog(),
            backoff: { initialMs: 0.01, maxMs: 0.01 },
            onPage: () => undefined,
            onDelta: async (delta) => {
              calls += 1;
              if (failEvery > 1 && calls % failEvery === 0) throw new Error('handler failed');
              if (calls % 3 === 0) await Promise.resolve();
              seen.push(delta);
              if (seen.length === all.length) done.resolve(undefined);
            },
          });
          await done.promise;
          void listWatch.stop();
          expect(seen).toEqual(all);
        },
      ),
      { numRuns: 150 },
    );
  });
});
