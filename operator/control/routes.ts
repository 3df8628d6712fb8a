import { keyText, type CustomResource, type ObjectKey } from '../api/resource.ts';
import { createTree, type RoutingTree } from '../routing/tree.ts';
import { type RouteStatus } from '../status/route-status.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import { manageRoute, type ManagedRoute, type RouteSurroundings } from './managed-route.ts';

/** All EventRoutes, and the tree that they make. */
export interface Routes {
  /** The tree of this moment; it is replaced as a whole, never changed. */
  readonly tree: RoutingTree;
  apply(object: CustomResource<RouteStatus>): Promise<void>;
  remove(key: ObjectKey): void;
  get(key: string): ManagedRoute | undefined;
  all(): IterableIterator<ManagedRoute>;
  /** Judges again what the routes name: receivers came, went or changed whom they let in. */
  resolveAll(): Promise<void>;
}

/** Creates the registry of routes. */
export function createRoutes(around: RouteSurroundings): Routes {
  const managed = new Map<string, ManagedRoute>();
  const queue = createKeyedQueue();
  let tree = createTree([]);

  const swapTree = (): void => {
    const running = [...managed.values()].map((route) => route.running?.compiled);
    tree = createTree(running.filter((compiled) => compiled !== undefined));
  };
  const resolve = (route: ManagedRoute): Promise<void> =>
    queue.run(keyText(route.key), async () => {
      const isChanged = await route.resolve();
      if (isChanged && managed.get(keyText(route.key)) === route) swapTree();
    });

  return {
    get tree() {
      return tree;
    },
    async apply(object) {
      const key = keyText(object.metadata);
      const route = managed.get(key) ?? manageRoute(object, around);
      managed.set(key, route);
      route.compile(object);
      await resolve(route);
    },
    remove(key) {
      managed.delete(keyText(key));
      swapTree();
    },
    get: (key) => managed.get(key),
    all: () => managed.values(),
    async resolveAll() {
      await Promise.all([...managed.values()].map(resolve));
    },
  };
}
