import { type Delivery } from '../delivery/delivery.ts';
import { type Occurrence } from '../event/occurrence.ts';
import { joinThrottles, type ThrottleGroup } from '../routing/throttle.ts';
import {
  type Delivery as RoutedDelivery,
  type DeliveringRoute,
  type RoutingDecision,
} from '../routing/tree.ts';
import { type RouteTallies } from './route-tally.ts';
import { type Routes } from './routes.ts';

/** What dispatching needs. */
export interface DispatchOptions {
  readonly routes: Pick<Routes, 'tree' | 'permits'>;
  readonly tallies: RouteTallies;
  readonly delivery: Pick<Delivery, 'accept' | 'advance'>;
  /** An occurrence matched, but its receiver does not exist or does not let the route in. */
  readonly onUndeliverable: (reason: 'ReceiverNotFound' | 'RefNotPermitted') => void;
  readonly receivers: { readonly get: (key: string) => unknown };
  /** Keeps an occurrence that a receiver is about to get. */
  readonly keep?: ((occurrence: Occurrence) => void) | undefined;
}

/** A receiver that an occurrence goes to, and the routes that send it there. */
export interface Destination {
  readonly receiver: string;
  readonly routes: readonly string[];
  /** The groups of throttles that it falls into; undefined when it is sent at once. */
  readonly throttles?: readonly ThrottleGroup[] | undefined;
}

/** The step from the source to delivery. */
export interface Dispatch {
  /** Routes an occurrence by the tree of this moment, counts, and hands it to its receivers. */
  dispatch(occurrence: Occurrence): void;
  /** Tells where an occurrence goes that is told again; counts it when `isNews`. */
  destinationsOf(occurrence: Occurrence, isNews: boolean): readonly Destination[];
}

/** Creates the step from the source to delivery. */
export function createDispatch(options: DispatchOptions): Dispatch {
  const { routes, receivers, tallies, delivery, onUndeliverable, keep } = options;
  const route = (occurrence: Occurrence, isNews: boolean): Destination[] => {
    const decision = routes.tree.route(occurrence);
    if (isNews) count(decision, tallies);
    return decision.deliveries
      .filter(({ send }) => send)
      .map((routed) => {
        const senders = permittedSenders(routed, routes);
        const throttles = joinThrottles(senders);
        return { receiver: routed.key, routes: senders.map((sender) => sender.route), throttles };
      });
  };
  const isPermitted = ({ routes: senders }: Destination): boolean => senders.length > 0;
  return {
    dispatch(occurrence) {
      const destinations = route(occurrence, true);
      const permitted = destinations.filter(isPermitted);
      if (permitted.length > 0) keep?.(occurrence);
      const unknown = delivery.accept(occurrence, permitted);
      delivery.advance(occurrence.position);
      for (const { receiver, routes: senders } of destinations) {
        if (senders.length > 0 && !unknown.includes(receiver)) continue;
        tallies.accepted(senders);
        tallies.settled(senders, false);
        onUndeliverable(receivers.get(receiver) === undefined ? 'ReceiverNotFound' : 'RefNotPermitted');
      }
    },
    destinationsOf: (occurrence, isNews) => route(occurrence, isNews).filter(isPermitted),
  };
}

function permittedSenders(
  { key, routes: routed }: RoutedDelivery,
  routes: Pick<Routes, 'permits'>,
): DeliveringRoute[] {
  return routed.filter(({ route, shadow }) => !shadow && routes.permits(route, key));
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
