import { type Clock } from '../schema/clock.ts';

/** What became of a route's occurrences since the operator started. */
export interface RouteTally {
  matched: number;
  dropped: number;
  delivered: number;
  /** Deliveries that were given up or folded, dead letters too. */
  lost: number;
  failed: number;
  pending: number;
  lastMatchTime: Date | undefined;
  lastDeliveryTime: Date | undefined;
  readonly nodes: Map<string, { matched: number; dropped: number }>;
}

/** The tallies of all routes, by `namespace/name`. */
export interface RouteTallies {
  get(route: string): Readonly<RouteTally>;
  /** The route matched an occurrence, in these named nodes. */
  matched(route: string, nodes: readonly string[]): void;
  /** Drop rules ended these named nodes of the route for an occurrence; `isWhole`: none of its other nodes matched. */
  dropped(route: string, drop: { readonly isWhole: boolean; readonly nodes: readonly string[] }): void;
  /** An occurrence of these routes was handed to a receiver. */
  accepted(routes: readonly string[]): void;
  /** One of those deliveries ended. */
  settled(routes: readonly string[], delivered: boolean): void;
  /** An attempt at one of those deliveries failed. */
  failed(routes: readonly string[]): void;
  forget(route: string): void;
}

/** Creates the tallies; a route's begins when it is first heard of. */
export function createRouteTallies(clock: Pick<Clock, 'date'>): RouteTallies {
  const tallies = new Map<string, RouteTally>();
  const of = (route: string): RouteTally => {
    const tally = tallies.get(route) ?? newTally();
    tallies.set(route, tally);
    return tally;
  };
  const node = (route: string, name: string): { matched: number; dropped: number } => {
    const { nodes } = of(route);
    const counts = nodes.get(name) ?? { matched: 0, dropped: 0 };
    nodes.set(name, counts);
    return counts;
  };
  return {
    get: of,
    matched(route, nodes) {
      const tally = of(route);
      tally.matched += 1;
      tally.lastMatchTime = clock.date();
      for (const name of nodes) node(route, name).matched += 1;
    },
    dropped(route, { isWhole, nodes }) {
      if (isWhole) of(route).dropped += 1;
      for (const name of nodes) node(route, name).dropped += 1;
    },
    accepted(routes) {
      for (const route of routes) of(route).pending += 1;
    },
    settled(routes, delivered) {
      // a route that was deleted meanwhile has no tally any more
      for (const tally of routes.map((route) => tallies.get(route)).filter((found) => found !== undefined)) {
        tally.pending = Math.max(0, tally.pending - 1);
        if (delivered) {
          tally.delivered += 1;
          tally.lastDeliveryTime = clock.date();
        } else {
          tally.lost += 1;
        }
      }
    },
    failed(routes) {
      for (const route of routes) {
        const tally = tallies.get(route);
        if (tally !== undefined) tally.failed += 1;
      }
    },
    forget: (route) => tallies.delete(route),
  };
}

function newTally(): RouteTally {
  return {
    matched: 0,
    dropped: 0,
    delivered: 0,
    lost: 0,
    failed: 0,
    pending: 0,
    lastMatchTime: undefined,
    lastDeliveryTime: undefined,
    nodes: new Map(),
  };
}
