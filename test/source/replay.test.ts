import { type KubeClient } from '../../operator/kube/client.ts';
import { KubeError } from '../../operator/kube/kube-error.ts';
import { noEnrichment } from '../../operator/source/enrichment.ts';
import { replayEvents } from '../../operator/source/replay.ts';
import { coreEvent } from './fakes.ts';

const gone = () => new KubeError('the continue token is too old', { failure: 'expired', status: 410 });

/** Answers with Events whose versions are 1 to `count`, by pages; `fails` may refuse one. */
function clientOf(count: number, fails: (request: number, from: number) => boolean = () => false) {
  const events = Array.from({ length: count }, (_, index) =>
    coreEvent({ uid: `e${index + 1}`, version: index + 1 }),
  );
  const limits: number[] = [];
  const client: Pick<KubeClient, 'request'> = {
    request: <T>(
      _method: string,
      _path: string,
      { query = {} }: Parameters<KubeClient['request']>[2] = {},
    ) => {
      const from = Number(query.continue ?? 0);
      const limit = Number(query.limit);
      limits.push(limit);
      if (fails(limits.length, from)) return Promise.reject(gone());
      const end = from + limit;
      const metadata = { resourceVersion: String(count), ...(end < count && { continue: String(end) }) };
      return Promise.resolve({ metadata, items: events.slice(from, end) } as T);
    },
  };
  return { client, limits };
}

async function replay({ client }: { client: Pick<KubeClient, 'request'> }, backlogSize = 100) {
  const keys: string[] = [];
  const replayed = await replayEvents(
    {
      client,
      path: '/api/v1/events',
      pageSize: 3,
      backlogSize,
      clusterName: '',
      includeOwnEvents: () => true,
      enrichment: noEnrichment,
    },
    {
      after: '0',
      signal: new AbortController().signal,
      onOccurrence: ({ key }) => void keys.push(key),
    },
  );
  return { keys, replayed };
}

const keysTo = (count: number) => Array.from({ length: count }, (_, index) => `e${index + 1}-1`);

describe('a replay', () => {
  it('tells what the API server holds once, in order', async () => {
    const { keys, replayed } = await replay(clientOf(10));

    expect(keys).toEqual(keysTo(10));
    expect(replayed).toMatchObject({ upTo: '10', isWhole: true });
  });

  it('begins its list anew, with larger pages, when history goes before the end of it', async () => {
    const source = clientOf(10, (request, from) => request === 3 && from > 0);

    const { keys } = await replay(source);

    expect(keys).toEqual(keysTo(10));
    expect(source.limits).toEqual([3, 3, 3, 12]);
  });

  it('goes on where it was when that happens to a later list of several', async () => {
    const { keys } = await replay(
      clientOf(10, (request) => request === 6),
      4,
    );

    expect(keys).toEqual(keysTo(10));
  });

  it('gives up when history goes again and again', async () => {
    const always = clientOf(1_000, (_, from) => from > 0);

    await expect(replay(always)).rejects.toThrow('the continue token is too old');
    expect(always.limits).toEqual([3, 3, 12, 12, 48, 48]);
  });
});
