import { type KubeClient, type KubeRequestOptions } from '../../operator/kube/client.ts';
import { KubeError } from '../../operator/kube/kube-error.ts';
import { createObjectLookUp } from '../../operator/source/object-lookup.ts';
import { createFakeClock } from '../fake-clock.ts';

const core = {
  resources: [
    { name: 'pods/eviction', kind: 'Eviction', namespaced: true },
    { name: 'pods', kind: 'Pod', namespaced: true },
    { name: 'nodes', kind: 'Node', namespaced: false },
  ],
};
const pod = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web' };
const metadata = { name: 'web', uid: 'p1', labels: { a: 'b' }, deletionTimestamp: '2026-11-22T14:00:01Z' };

/** A client that answers from a table of paths. */
function setUp(answers: Record<string, unknown>) {
  const clock = createFakeClock();
  const requests: { path: string; options: KubeRequestOptions }[] = [];
  const client: Pick<KubeClient, 'request'> = {
    request<T>(_method: string, path: string, options: KubeRequestOptions = {}) {
      requests.push({ path, options });
      const answer = answers[path];
      if (answer instanceof Error) return Promise.reject(answer);
      return answer === undefined
        ? Promise.reject(new KubeError('not there', { failure: 'notFound', status: 404 }))
        : Promise.resolve(answer as T);
    },
  };
  const lookUp = createObjectLookUp({ client, clock });
  const { signal } = new AbortController();
  return {
    clock,
    paths: () => requests.map(({ path }) => path),
    requests,
    look: (reference: typeof pod) => lookUp(reference, signal),
  };
}

describe('createObjectLookUp', () => {
  it('gets nothing but the metadata, and discovers a group version once', async () => {
    const { look, paths, requests } = setUp({
      '/api/v1': core,
      '/api/v1/namespaces/shop/pods/web': { metadata },
    });

    expect(await look(pod)).toEqual({
      uid: 'p1',
      metadata: { labels: { a: 'b' }, annotations: {}, ownerReferences: [], deleted: true },
    });
    await look(pod);

    expect(paths()).toEqual([
      '/api/v1',
      '/api/v1/namespaces/shop/pods/web',
      '/api/v1/namespaces/shop/pods/web',
    ]);
    expect(requests[1]!.options.accept).toContain('as=PartialObjectMetadata');
  });

  it('leaves the namespace out for objects of the whole cluster', async () => {
    const { look, paths } = setUp({ '/api/v1': core });

    expect(await look({ apiVersion: 'v1', kind: 'Node', namespace: 'default', name: 'n1' })).toBe('notFound');
    expect(paths()).toContain('/api/v1/nodes/n1');
  });

  it('discovers again after a minute, because the kind may have come meanwhile', async () => {
    const answers: Record<string, unknown> = {};
    const { look, paths, clock } = setUp(answers);
    const widget = { apiVersion: 'example.com/v1', kind: 'Widget', namespace: 'shop', name: 'w' };
    expect(await look(widget)).toBe('unknownKind');
    expect(await look(widget)).toBe('unknownKind');
    expect(paths()).toEqual(['/apis/example.com/v1']);

    answers['/apis/example.com/v1'] = { resources: [{ name: 'widgets', kind: 'Widget', namespaced: true }] };
    await clock.advance(60_000);

    expect(await look(widget)).toBe('notFound');
    expect(paths().at(-1)).toBe('/apis/example.com/v1/namespaces/shop/widgets/w');
  });

  it.each([
    [{ ...pod, apiVersion: '../../secrets' }],
    [{ ...pod, apiVersion: 'v1/../x' }],
    [{ ...pod, name: '..' }],
    [{ ...pod, namespace: '..' }],
    [{ ...pod, namespace: '' }],
    [{ ...pod, kind: 'Eviction' }],
  ])('makes no path of %j', async (reference) => {
    const { look, paths } = setUp({ '/api/v1': core });

    expect(await look(reference)).toBe('unknownKind');
    expect(paths().filter((path) => path !== '/api/v1')).toEqual([]);
  });

  it('cannot be led out of its collection by a name', async () => {
    const { look, paths } = setUp({ '/api/v1': core });
    await look({ ...pod, name: '../../secrets/x?y#z' });

    expect(paths()[1]).toBe('/api/v1/namespaces/shop/pods/..%2F..%2Fsecrets%2Fx%3Fy%23z');
  });

  it('says which permission is missing', async () => {
    const refused = new KubeError('403', { failure: 'forbidden', status: 403 });
    const { look } = setUp({ '/api/v1': core, '/api/v1/namespaces/shop/pods/web': refused });

    await expect(look(pod)).rejects.toThrow(
      'the ServiceAccount may not get pods in namespace shop: ' +
        'add apiGroups: [""], resources: ["pods"], verbs: ["get"] to its role',
    );
    await expect(look(pod)).rejects.toMatchObject({ failure: 'forbidden' });
  });
});
