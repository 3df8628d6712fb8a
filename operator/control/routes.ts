import { keyText, type CustomResource, type ObjectKey } from '../api/resource.ts';
import { createTree, type RoutingTree } from '../routing/tree.ts';
import { type RouteStatus } from '../status/route-status.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import { manageRoute, type ManagedRoute, type RouteSurroundings } from './managed-route.ts';
import { type World } from './world.ts';

/** All EventRoutes, and the tree that they make. */
export interface Routes {
  /** The tree of this moment; it is replaced as a whole, never changed. */
  readonly tree: RoutingTree;
  /** Whether a route of the tree may send to a receiver; replaced in one step with the tree. */
  permits(route: string, receiver: string): boolean;
  /** Takes a new or changed object; rejects when it has to be tried again. */
  apply(object: CustomResource<RouteStatus>): Promise<void>;
  remove(key: ObjectKey): void;
  get(key: string): ManagedRoute | undefined;
  all(): IterableIterator<ManagedRoute>;
  /**
   * Judges again what the routes name: receivers came, went or changed whom they let in. Rejects when some could not be
   * judged; the others were.
   */
  resolveAll(): Promise<void>;
}

/** Creates the registry of routes. */
export function createRoutes(
  around: RouteSurroundings & { readonly world: Pick<World, 'namespaceLabels'> },
): Routes {
  const managed = new Map<string, ManagedRoute>();
  const queue = createKeyedQueue();
  /** Routes whose newest revision could not be judged for want of an answer. */
  const unresolved = new WeakSet<ManagedRoute>();
  let tree = createTree([]);
  let permitted = new Map<string, ReadonlySet<string>>();

  const swapTree = (): void => {
    const running = [...managed.values()].map((route) => route.running?.compiled);
    tree = createTree(running.filter((compiled) => compiled !== undefined));
    permitted = new Map([...managed].map(([key, route]) => [key, route.permitted]));
  };
  const resolve = (route: ManagedRoute, labelsOf: World['namespaceLabels']): Promise<void> =>
    queue.run(keyText(route.key), async () => {
      unresolved.add(route);
      const isChanged = await route.resolve(labelsOf);
      unresolved.delete(route);
      if (isChanged && managed.get(keyText(route.key)) === route) swapTree();
    });

  return {
    get tree() {
      return tree;
    },
    permits: (route, receiver) => permitted.get(route)?.has(receiver) === true,
    async apply(object) {
      const key = keyText(object.metadata);
      const route = managed.get(key) ?? manageRoute(object, around);
      managed.set(key, route);
      route.object = object;
      // our own status writes come back as changes, and mean nothing new
      if (route.judgedGeneration !== object.metadata.generation) route.compile(object);
      else if (!unresolved.has(route)) return;
      await resolve(route, around.world.namespaceLabels);
    },
    remove(key) {
      managed.delete(keyText(key));
      swapTree();
    },
    get: (key) => managed.get(key),
    all: () => managed.values(),
    async resolveAll() {
      const labelsOf = onceEach(around.world.namespaceLabels);
      const results = await Promise.allSettled(
        [...managed.values()].map((route) => resolve(route, labelsOf)),
      );
      const failure = results.find((result) => result.status === 'rejected');
      if (failure !== undefined) throw failure.reason;
    },
  };
}

/** Asks for the labels of a namespace once, however many routes it has. */
function onceEach(labelsOf: World['namespaceLabels']): World['namespaceLabels'] {
  const answers = new Map<string, ReturnType<World['namespaceLabels']>>();
  return (namespace) => {
    const answer = answers.get(namespace) ?? labelsOf(namespace);
    answers.set(namespace, answer);
    return answer;
  };
}
