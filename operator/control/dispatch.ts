import { type Delivery } from '../delivery/delivery.ts';
import { type Occurrence } from '../event/occurrence.ts';
import { type Delivery as RoutedDelivery, type RoutingDecision } from '../routing/tree.ts';
import { type RouteTallies } from './route-tally.ts';
import { type Routes } from './routes.ts';

/** What dispatching needs. */
export interface DispatchOptions {
  readonly routes: Pick<Routes, 'tree' | 'permits'>;
  readonly tallies: RouteTallies;
  readonly delivery: Pick<Delivery, 'accept'>;
  /** An occurrence matched, but its receiver does not exist or does not let the route in. */
  readonly onUndeliverable: (reason: 'ReceiverNotFound' | 'RefNotPermitted') => void;
  readonly receivers: { readonly get: (key: string) => unknown };
}

/** Creates the step from the source to delivery: routes an occurrence by the tree of this moment and counts. */
export function createDispatch(options: DispatchOptions): (occurrence: Occurrence) => void {
  const { routes, receivers, tallies, delivery, onUndeliverable } = options;
  return (occurrence) => {
    const decision = routes.tree.route(occurrence);
    count(decision, tallies);
    const destinations = decision.deliveries
      .filter(({ send }) => send)
      .map((routed) => ({ receiver: routed.key, routes: permittedSenders(routed, routes) }));
    const permitted = destinations.filter((destination) => destination.routes.length > 0);
    // counted before it is handed over: delivery may settle an occurrence at once
    for (const destination of permitted) tallies.accepted(destination.routes);
    const unknown = delivery.accept(occurrence, permitted);
    for (const { receiver, routes: senders } of destinations) {
      if (senders.length > 0 && !unknown.includes(receiver)) continue;
      tallies.settled(senders, false);
      onUndeliverable(receivers.get(receiver) === undefined ? 'ReceiverNotFound' : 'RefNotPermitted');
    }
  };
}

function permittedSenders(
  { key, routes: routed }: RoutedDelivery,
  routes: Pick<Routes, 'permits'>,
): string[] {
  return routed
    .filter(({ route, shadow }) => !shadow && routes.permits(route, key))
    .map(({ route }) => route);
}

function count({ matched, droppedBy }: RoutingDecision, tallies: RouteTallies): void {
  for (const { route, nodes } of matched) tallies.matched(route, namesOf(nodes));
  for (const [route, drops] of Map.groupBy(droppedBy, (drop) => drop.route)) {
    const isMatched = matched.some((match) => match.route === route);
    tallies.dropped(route, { isWhole: !isMatched, nodes: namesOf(drops.map(({ node }) => node)) });
  }
}

function namesOf(nodes: readonly { readonly name?: string }[]): string[] {
  return nodes.map(({ name }) => name).filter((name) => name !== undefined);
}
