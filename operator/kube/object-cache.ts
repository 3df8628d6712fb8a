import { type KubeObject } from './kube-object.ts';
import { type Delta } from './watch-event.ts';

/** The objects of one collection as last seen; turns lists and deltas into what really changed. */
export interface ObjectCache<T extends KubeObject> {
  get(key: string): T | undefined;
  keys(): IterableIterator<string>;
  /** Takes a page of a list; with the last one come DELETED for the objects that are in no page. */
  takePage(items: readonly T[], place: { readonly first: boolean; readonly last: boolean }): Delta<T>[];
  takeDelta(delta: Delta<T>): Delta<T>[];
}

/** The key of an object: `namespace/name`, or the name of one that has no namespace. */
export function objectKey({ metadata }: KubeObject): string {
  return metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name;
}

/** Creates an empty cache. */
export function createObjectCache<T extends KubeObject>(): ObjectCache<T> {
  const objects = new Map<string, T>();
  let listed = new Set<string>();

  const put = (object: T): Delta<T>[] => {
    const key = objectKey(object);
    const old = objects.get(key);
    objects.set(key, object);
    if (old === undefined) return [{ type: 'ADDED', object }];
    // Deleted and made again while nobody watched: whoever cleans up after the old one has to hear of it.
    if (old.metadata.uid !== object.metadata.uid) {
      return [
        { type: 'DELETED', object: old },
        { type: 'ADDED', object },
      ];
    }
    const isSame = old.metadata.resourceVersion === object.metadata.resourceVersion;
    return isSame ? [] : [{ type: 'MODIFIED', object }];
  };

  const drop = (key: string, last?: T): Delta<T>[] => {
    const old = objects.get(key);
    if (old === undefined) return [];
    objects.delete(key);
    return [{ type: 'DELETED', object: last ?? old }];
  };

  return {
    get: (key) => objects.get(key),
    keys: () => objects.keys(),
    takePage(items, { first, last }) {
      if (first) listed = new Set();
      for (const item of items) listed.add(objectKey(item));
      const changes = items.flatMap(put);
      if (!last) return changes;
      const vanished = [...objects.keys()].filter((key) => !listed.has(key));
      listed = new Set();
      return [...changes, ...vanished.flatMap((key) => drop(key))];
    },
    takeDelta: ({ type, object }) => (type === 'DELETED' ? drop(objectKey(object), object) : put(object)),
  };
}
