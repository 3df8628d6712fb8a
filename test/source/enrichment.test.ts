import { createClusterEvent } from '../../operator/event/core-event.ts';
import { KubeError } from '../../operator/kube/kube-error.ts';
import {
  createEnrichment,
  type Enriched,
  type Enrichment,
  type EnrichmentOptions,
} from '../../operator/source/enrichment.ts';
import { type LiveObject, type ObjectReference } from '../../operator/source/live-object.ts';
import { createFakeClock } from '../fake-clock.ts';
import { createFakeLog, createFakeMetrics } from './fakes.ts';

type Answer = LiveObject | 'notFound' | 'unknownKind';

const live = (uid: string, labels: Record<string, string> = {}): LiveObject => ({
  uid,
  metadata: { labels, annotations: {}, ownerReferences: [], deleted: false },
});

const about = (involvedObject: Record<string, unknown>) =>
  createClusterEvent({
    involvedObject: {
      apiVersion: 'v1',
      kind: 'Pod',
      namespace: 'shop',
      name: 'web',
      uid: 'p1',
      ...involvedObject,
    },
  });

/** An enrichment whose API server answers when the test says so. */
function setUp(options: Partial<EnrichmentOptions> = {}) {
  const clock = createFakeClock();
  const log = createFakeLog();
  const metrics = createFakeMetrics();
  const requests: {
    reference: ObjectReference;
    signal: AbortSignal;
    answer: PromiseWithResolvers<Answer>;
  }[] = [];
  const enrichment = createEnrichment({
    lookUp: (reference, signal) => {
      const answer = Promise.withResolvers<Answer>();
      signal.addEventListener('abort', () => answer.reject(new Error('aborted')));
      requests.push({ reference, signal, answer });
      return answer.promise;
    },
    needs: () => ({ object: true, namespaceLabels: false }),
    clock,
    log,
    metrics,
    ...options,
  });
  return { clock, log, metrics, requests, enrichment };
}

/** Starts an enrichment and notes its answer. */
function ask(enrichment: Enrichment, event = about({})): { answer?: Enriched } {
  const asked: { answer?: Enriched } = {};
  void Promise.resolve(enrichment.enrich(event)).then((answer) => (asked.answer = answer));
  return asked;
}

describe('createEnrichment', () => {
  it('gives the metadata of the live object, and at once when it is known', async () => {
    const { clock, enrichment, requests, metrics } = setUp();
    const asked = ask(enrichment);
    await clock.settle();

    requests[0]!.answer.resolve(live('p1', { tier: 'critical' }));
    await clock.settle();

    expect(asked.answer).toMatchObject({ object: { labels: { tier: 'critical' } } });
    expect(enrichment.enrich(about({}))).toMatchObject({ object: { labels: { tier: 'critical' } } });
    expect(requests).toHaveLength(1);
    expect(metrics.counts).toEqual({ found: 1, hit: 1 });
    expect(clock.timers).toBe(0);
  });

  it('asks once for events about the same object that come together', async () => {
    const { clock, enrichment, requests } = setUp();
    const asked = [ask(enrichment), ask(enrichment), ask(enrichment)];
    await clock.settle();

    expect(requests).toHaveLength(1);
    requests[0]!.answer.resolve(live('p1', { a: 'b' }));
    await clock.settle();

    expect(asked.map(({ answer }) => answer)).toEqual(Array(3).fill(asked[0]!.answer));
    expect(asked[0]!.answer).toMatchObject({ object: { labels: { a: 'b' } } });
  });

  it('asks again when the answer is older than its time to live', async () => {
    const { clock, enrichment, requests } = setUp({ ttlMs: 60_000 });
    ask(enrichment);
    await clock.settle();
    requests[0]!.answer.resolve(live('p1'));
    await clock.advance(59_999);
    expect(enrichment.enrich(about({}))).not.toBeInstanceOf(Promise);

    await clock.advance(2);

    expect(enrichment.enrich(about({}))).toBeInstanceOf(Promise);
  });

  it('says that an object is gone when the API server has none, and asks again soon', async () => {
    const { clock, enrichment, requests } = setUp();
    const asked = ask(enrichment);
    await clock.settle();
    requests[0]!.answer.resolve('notFound');
    await clock.settle();

    expect(asked.answer).toMatchObject({ object: 'notFound' });
    expect(enrichment.enrich(about({}))).toMatchObject({ object: 'notFound' });
    await clock.advance(5_001);
    expect(enrichment.enrich(about({}))).toBeInstanceOf(Promise);
  });

  it('takes an object that was made again under the same name for another one', async () => {
    const { clock, enrichment, requests } = setUp();
    const [old, recreated] = [ask(enrichment, about({ uid: 'p1' })), ask(enrichment, about({ uid: 'p2' }))];
    await clock.settle();
    for (const { answer } of requests) answer.resolve(live('p2', { a: 'b' }));
    await clock.settle();

    expect(old.answer).toMatchObject({ object: 'notFound' });
    expect(recreated.answer).toMatchObject({ object: { labels: { a: 'b' } } });
  });

  it.each([
    ['an Event without a uid', { uid: '' }, live('x')],
    [
      'a kubelet that writes the name of its Node as uid',
      { kind: 'Node', namespace: '', uid: 'web' },
      live('x'),
    ],
    [
      'a kubelet that writes the hash of a static Pod as uid',
      { uid: 'hash' },
      {
        uid: 'x',
        metadata: { ...live('x').metadata, annotations: { 'kubernetes.io/config.mirror': 'hash' } },
      },
    ],
  ])('knows the object of %s', async (_case, involvedObject, object) => {
    const { clock, enrichment, requests } = setUp();
    const asked = ask(enrichment, about(involvedObject));
    await clock.settle();
    requests[0]!.answer.resolve(object);
    await clock.settle();

    expect(asked.answer?.object).toEqual(object.metadata);
  });

  it('lets an event go without after the deadline, and keeps the answer that comes late', async () => {
    const { clock, enrichment, requests, metrics } = setUp({ deadlineMs: 2_000 });
    const asked = ask(enrichment);
    await clock.advance(1_999);
    expect(asked.answer).toBeUndefined();

    await clock.advance(1);
    expect(asked.answer).toEqual({ object: undefined, namespaceLabels: undefined });
    expect(metrics.counts).toEqual({ timeout: 1 });

    requests[0]!.answer.resolve(live('p1', { a: 'b' }));
    await clock.settle();
    expect(enrichment.enrich(about({}))).toMatchObject({ object: { labels: { a: 'b' } } });
  });

  it('waits less and less for an API server that does not answer, and the whole deadline again after an answer', async () => {
    const { clock, enrichment, requests } = setUp({ deadlineMs: 2_000 });
    ask(enrichment, about({ uid: 'a' }));
    await clock.advance(2_000);
    const second = ask(enrichment, about({ uid: 'b' }));
    await clock.advance(1_000);
    expect(second.answer).toBeDefined();

    requests[0]!.answer.resolve(live('a'));
    await clock.settle();
    const third = ask(enrichment, about({ uid: 'c' }));
    await clock.advance(1_999);
    expect(third.answer).toBeUndefined();
  });

  it('gives up a request that hangs', async () => {
    const { clock, enrichment, requests, log } = setUp({ deadlineMs: 2_000, lookUpTimeoutMs: 10_000 });
    ask(enrichment);
    await clock.advance(10_000);

    expect(requests[0]!.signal.aborted).toBe(true);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('makes no more requests at a time than allowed, and none that nobody waits for any more', async () => {
    const { clock, enrichment, requests } = setUp({ concurrency: 2, deadlineMs: 1_000 });
    for (const uid of ['a', 'b', 'c']) ask(enrichment, about({ uid }));
    await clock.settle();
    expect(requests).toHaveLength(2);

    await clock.advance(1_000);
    requests[0]!.answer.resolve(live('a'));
    await clock.settle();
    expect(requests).toHaveLength(2);

    ask(enrichment, about({ uid: 'd' }));
    await clock.settle();
    expect(requests.at(-1)!.reference.name).toBe('web');
    expect(requests).toHaveLength(3);
  });

  it('remembers for a minute what it may not read, and says once what to allow', async () => {
    const { clock, enrichment, requests, log, metrics } = setUp();
    const forbidden = new KubeError('the ServiceAccount may not get pods', {
      failure: 'forbidden',
      status: 403,
    });
    ask(enrichment, about({ uid: 'a' }));
    await clock.settle();
    requests[0]!.answer.reject(forbidden);
    await clock.settle();

    expect(enrichment.enrich(about({ uid: 'b' }))).toEqual({ object: undefined, namespaceLabels: undefined });
    expect(enrichment.enrich(about({ uid: 'c', namespace: 'other' }))).toBeInstanceOf(Promise);
    await clock.settle();
    requests[1]!.answer.reject(forbidden);
    await clock.settle();
    expect(log.lines).toEqual([
      expect.objectContaining({
        level: 'warn',
        fields: expect.objectContaining({ error: forbidden.message }) as unknown,
      }),
    ]);
    expect(metrics.counts).toEqual({ forbidden: 3 });

    await clock.advance(60_001);
    expect(enrichment.enrich(about({ uid: 'b' }))).toBeInstanceOf(Promise);
  });

  it('lets events go on when the API server fails, and warns once a minute', async () => {
    const { clock, enrichment, requests, log } = setUp();
    const asked = [ask(enrichment, about({ uid: 'a' })), ask(enrichment, about({ uid: 'b' }))];
    await clock.settle();
    for (const { answer } of requests) answer.reject(new KubeError('refused', { failure: 'network' }));
    await clock.settle();

    expect(asked.map(({ answer }) => answer?.object)).toEqual([undefined, undefined]);
    expect(asked.every(({ answer }) => answer !== undefined)).toBe(true);
    expect(log.lines).toHaveLength(1);
  });

  it('looks nothing up that no rule and no template needs', () => {
    const { enrichment, requests } = setUp({ needs: () => ({ object: false, namespaceLabels: false }) });

    expect(enrichment.enrich(about({}))).toEqual({ object: undefined, namespaceLabels: undefined });
    expect(requests).toHaveLength(0);
  });

  it('finds the labels of the namespace of the involved object', async () => {
    const { clock, enrichment, requests } = setUp({ needs: () => ({ object: true, namespaceLabels: true }) });
    const asked = ask(enrichment);
    await clock.settle();
    const byKind = new Map(requests.map((request) => [request.reference.kind, request]));
    expect(byKind.get('Namespace')!.reference).toEqual({
      apiVersion: 'v1',
      kind: 'Namespace',
      namespace: '',
      name: 'shop',
    });
    byKind.get('Namespace')!.answer.resolve(live('n', { team: 'checkout' }));
    byKind.get('Pod')!.answer.resolve('unknownKind');
    await clock.settle();

    expect(asked.answer).toEqual({ object: undefined, namespaceLabels: { team: 'checkout' } });
  });

  it('takes an object without apiVersion for one of the core group', async () => {
    const { clock, enrichment, requests } = setUp();
    ask(enrichment, about({ apiVersion: '' }));
    await clock.settle();

    expect(requests[0]!.reference.apiVersion).toBe('v1');
  });
});
