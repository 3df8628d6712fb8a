import { keyText } from '../api/resource.ts';
import { type Verdict } from '../status/condition.ts';
import { type RouteFacts, type RouteReceiver } from '../status/route-status.ts';
import { type ManagedRoute } from './managed-route.ts';
import { type RouteTally } from './route-tally.ts';

/** What a route's status needs to know of a receiver. */
export interface ReceiverHealth {
  readonly ready: Verdict;
  readonly pending: number;
}

/** Gathers what is known of a route; `health` knows the receivers that exist. */
export function routeFacts(
  route: ManagedRoute,
  tally: Readonly<RouteTally>,
  health: (receiver: string) => ReceiverHealth | undefined,
): RouteFacts {
  const receivers = namedReceivers(route).map((name) =>
    routeReceiver(name, route.permitted.has(name), health(name)),
  );
  const mode = route.running?.compiled.mode ?? 'Deliver';
  return {
    generation: route.object.metadata.generation ?? 0,
    scope: route.clusterWide ? 'Cluster' : 'Namespace',
    accepted: route.accepted,
    resolvedRefs:
      route.running === undefined && route.accepted.status === 'False' ? unresolved : route.resolvedRefs,
    delivering: deliveringVerdict(route, receivers),
    ready: mode === 'Shadow' ? shadow : undefined,
    counts: tally,
    lastMatchTime: tally.lastMatchTime,
    lastDeliveryTime: tally.lastDeliveryTime,
    receivers,
    nodes: nodeNames(route).map((name) => ({
      name,
      ...(tally.nodes.get(name) ?? { matched: 0, dropped: 0 }),
    })),
  };
}

/** The named nodes of the running revision, also those that nothing has reached yet, outer ones first. */
function nodeNames({ running }: ManagedRoute): string[] {
  const names = new Set<string>();
  const nodes = running === undefined ? [] : [running.compiled.root];
  for (const { ref, routes } of nodes) {
    if (ref.name !== undefined) names.add(ref.name);
    nodes.push(...routes);
  }
  return [...names];
}

function namedReceivers({ running }: ManagedRoute): string[] {
  return [...new Set(running?.receivers.map(({ ref }) => keyText(ref)))];
}

const unresolved: Verdict = {
  status: 'Unknown',
  reason: 'Pending',
  message: 'Judged once the specification is valid',
};
const suspended: Verdict = {
  status: 'False',
  reason: 'Suspended',
  message: 'mode is Suspend: the route sends and counts nothing',
};
const shadow: Verdict = {
  status: 'True',
  reason: 'Shadow',
  message: 'mode is Shadow: the route matches and counts, and sends nothing',
};

function routeReceiver(name: string, permitted: boolean, health: ReceiverHealth | undefined): RouteReceiver {
  if (health === undefined) return { name, ready: false, reason: 'ReceiverNotFound', pending: 0 };
  if (!permitted) return { name, ready: false, reason: 'RefNotPermitted', pending: 0 };
  return {
    name,
    ready: health.ready.status === 'True',
    reason: health.ready.reason,
    pending: health.pending,
  };
}

function deliveringVerdict({ running }: ManagedRoute, receivers: readonly RouteReceiver[]): Verdict {
  if (running === undefined) return unresolved;
  if (running.compiled.mode === 'Suspend') return suspended;
  const unready = receivers.filter(({ ready }) => !ready);
  if (unready.length === 0)
    return { status: 'True', reason: 'Delivering', message: 'Every receiver of the route is ready' };
  const told = unready.slice(0, 5).map(({ name, reason }) => `${name} (${reason})`);
  const rest = unready.length > told.length ? ` and ${unready.length - told.length} more` : '';
  const message = `Not ready: ${told.join(', ')}${rest}`;
  if (unready.every(({ reason }) => reason === 'Pending'))
    return { status: 'Unknown', reason: 'Pending', message };
  return { status: 'False', reason: 'ReceiverNotReady', message };
}
