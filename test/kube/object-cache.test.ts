import fc from 'fast-check';

import { type KubeObject } from '../../operator/kube/kube-object.ts';
import { createObjectCache, objectKey } from '../../operator/kube/object-cache.ts';

const object = (name: string, version: number, uid = `uid-${name}`): KubeObject => ({
  metadata: { name, namespace: 'a', uid, resourceVersion: String(version) },
});
const all = { first: true, last: true };
const text = ({ type, object: { metadata } }: { type: string; object: KubeObject }): string =>
  `${type} ${metadata.name}@${metadata.resourceVersion}`;

describe('the object cache', () => {
  it('tells what a list over several pages added, changed and dropped', () => {
    const cache = createObjectCache();
    cache.takePage([object('a', 1), object('b', 2), object('c', 3)], all);
    const first = cache.takePage([object('a', 1), object('b', 5)], { first: true, last: false });
    const last = cache.takePage([object('d', 6)], { first: false, last: true });

    expect(first.map(text)).toEqual(['MODIFIED b@5']);
    expect(last.map(text)).toEqual(['ADDED d@6', 'DELETED c@3']);
  });

  it('drops nothing by a list that began anew before it was complete', () => {
    const cache = createObjectCache();
    cache.takePage([object('a', 1), object('b', 2)], all);
    cache.takePage([object('a', 1)], { first: true, last: false });
    expect(cache.takePage([object('a', 1), object('b', 2)], all)).toEqual([]);
  });

  it('tells of an object made again as a deletion and an addition', () => {
    const cache = createObjectCache();
    cache.takePage([object('a', 1)], all);
    expect(cache.takePage([object('a', 7, 'other')], all).map(text)).toEqual(['DELETED a@1', 'ADDED a@7']);
  });

  it('leaves out deltas that say nothing new', () => {
    const cache = createObjectCache();
    cache.takePage([object('a', 1)], all);
    expect(cache.takeDelta({ type: 'ADDED', object: object('a', 1) })).toEqual([]);
    expect(cache.takeDelta({ type: 'DELETED', object: object('b', 1) })).toEqual([]);
  });

  it('yields changes that always lead from one list to the next', () => {
    const lists = fc.array(
      fc.uniqueArray(
        fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), version: fc.integer({ min: 1, max: 3 }) }),
        {
          selector: ({ name }) => name,
        },
      ),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(lists, (states) => {
        const cache = createObjectCache();
        const mirror = new Map<string, string | undefined>();
        for (const state of states) {
          for (const { type, object: changed } of cache.takePage(
            state.map((o) => object(o.name, o.version)),
            all,
          )) {
            if (type === 'DELETED') mirror.delete(objectKey(changed));
            else mirror.set(objectKey(changed), changed.metadata.resourceVersion);
          }
          const wanted = state.map(({ name, version }): [string, string] => [`a/${name}`, String(version)]);
          expect(new Map([...mirror].sort())).toEqual(new Map(wanted.sort()));
        }
      }),
    );
  });
});
