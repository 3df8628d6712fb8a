import { type ClusterEvent } from '../event/cluster-event.ts';
import { type Occurrence } from '../event/occurrence.ts';
import { type CompiledNode, type CompiledRoute, type MatchRule, type NodeRef } from './compile-route.ts';
import { type ReceiverRef, refKey } from './receiver-ref.ts';
import { type CompiledRule, joinNeeds, type Needs } from './rule.ts';
import { whyNotConsulted } from './scope.ts';
import { type ThrottleGroup } from './throttle.ts';
import { walkNode, type Walker } from './walk.ts';

/** A route that sends an occurrence to a receiver. */
export interface DeliveringRoute {
  /** `namespace/name` of the EventRoute. */
  readonly route: string;
  /** The nodes whose rules name the receiver, each once. */
  readonly nodes: readonly NodeRef[];
  /** The route is in `mode: Shadow`: it counts, and sends nothing. */
  readonly shadow: boolean;
  /** The groups that it falls into by the throttles of the rules; undefined when one of them has none. */
  readonly throttles: readonly ThrottleGroup[] | undefined;
}

/** A receiver that an occurrence reaches: once, however many rules and routes name it. */
export interface Delivery {
  readonly receiver: ReceiverRef;
  /** `namespace/name` of the receiver. */
  readonly key: string;
  /** False when only routes in `mode: Shadow` name the receiver. */
  readonly send: boolean;
  readonly routes: readonly DeliveringRoute[];
}

/** A route that matched: a match rule with a receiver matched somewhere in it. */
export interface MatchedRoute {
  readonly route: string;
  readonly shadow: boolean;
  /** Every node in which, or below which, a rule with a receiver matched; the root is always among them. */
  readonly nodes: readonly NodeRef[];
}

/** A drop rule that ended a node. The route may still have matched, in another of its nodes. */
export interface DroppedBy {
  readonly route: string;
  readonly node: NodeRef;
  /** Path of the rule: `spec.routes[0].drop[1]`. */
  readonly rule: string;
}

/** What becomes of one occurrence. */
export interface RoutingDecision {
  readonly deliveries: readonly Delivery[];
  readonly matched: readonly MatchedRoute[];
  readonly droppedBy: readonly DroppedBy[];
  /** How many routes could see the occurrence and were asked. */
  readonly seen: number;
}

/** All EventRoutes of one moment. It never changes: a new revision is a new tree, so no event meets a mix of two. */
export interface RoutingTree {
  /** All routes, also suspended ones, in the order of their keys. */
  readonly routes: readonly CompiledRoute[];
  /** What has to be looked up before an occurrence is routed. */
  readonly needs: Needs;
  /** Decides where an occurrence goes. */
  readonly route: (occurrence: Occurrence) => RoutingDecision;
}

/** Puts compiled routes together. An event costs only the cluster-wide routes and those of its own namespace. */
export function createTree(routes: Iterable<CompiledRoute>): RoutingTree {
  return new IndexedTree(routes);
}

const nothing: readonly never[] = Object.freeze([]);

class IndexedTree implements RoutingTree {
  readonly routes: readonly CompiledRoute[];
  readonly needs: Needs;
  readonly #clusterWide: readonly CompiledRoute[];
  readonly #byNamespace: ReadonlyMap<string, readonly CompiledRoute[]>;

  constructor(routes: Iterable<CompiledRoute>) {
    this.routes = Object.freeze([...routes].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)));
    const active = this.routes.filter((route) => route.mode !== 'Suspend');
    this.needs = joinNeeds(active.map((route) => route.needs));
    this.#clusterWide = active.filter((route) => route.clusterWide);
    this.#byNamespace = Map.groupBy(
      active.filter((route) => !route.clusterWide),
      (route) => route.namespace,
    );
  }

  route(occurrence: Occurrence): RoutingDecision {
    const collector = new Collector();
    for (const route of this.#clusterWide) collector.consult(route, occurrence);
    for (const route of this.#byNamespace.get(occurrence.event.namespace) ?? nothing) {
      collector.consult(route, occurrence);
    }
    return collector.decide();
  }
}

interface OpenDelivery {
  readonly receiver: ReceiverRef;
  send: boolean;
  readonly routes: OpenDelivering[];
}

interface OpenDelivering extends DeliveringRoute {
  readonly nodes: NodeRef[];
  throttles: ThrottleGroup[] | undefined;
}

/** Collects what the routes say. Its lists are made for their first entry: most events match nothing. */
class Collector implements Walker {
  #deliveries: Map<string, OpenDelivery> | undefined;
  #matched: MatchedRoute[] | undefined;
  #droppedBy: DroppedBy[] | undefined;
  #seen = 0;
  /** The route that is being walked, and its nodes that matched so far, innermost first. */
  #route: CompiledRoute | undefined;
  #event: ClusterEvent | undefined;
  readonly #nodes: NodeRef[] = [];

  consult(route: CompiledRoute, occurrence: Occurrence): void {
    if (whyNotConsulted(route, occurrence) !== undefined) return;
    this.#seen += 1;
    this.#route = route;
    this.#event = occurrence.event;
    this.#nodes.length = 0;
    if (!walkNode(route.root, occurrence.event, this)) return;
    const nodes = this.#nodes.toReversed();
    (this.#matched ??= []).push({ route: route.key, shadow: route.mode === 'Shadow', nodes });
  }

  decide(): RoutingDecision {
    const deliveries =
      this.#deliveries === undefined
        ? nothing
        : Array.from(this.#deliveries, ([key, { receiver, send, routes }]) => ({
            receiver,
            key,
            send,
            routes,
          }));
    return {
      deliveries,
      matched: this.#matched ?? nothing,
      droppedBy: this.#droppedBy ?? nothing,
      seen: this.#seen,
    };
  }

  dropped(node: CompiledNode, rule: CompiledRule): void {
    (this.#droppedBy ??= []).push({ route: this.#route?.key ?? '', node: node.ref, rule: rule.path });
  }

  reached(node: CompiledNode, rule: MatchRule): void {
    const [{ receiver }, route] = [rule, this.#route];
    if (receiver === undefined || route === undefined) return;
    const shadow = route.mode === 'Shadow';
    const delivery = this.#openDelivery(receiver);
    delivery.send ||= !shadow;
    const last = delivery.routes.at(-1);
    if (last?.route === route.key) this.#reachedAgain(last, node, rule);
    else {
      const group = this.#groupOf(rule);
      delivery.routes.push({ route: route.key, nodes: [node.ref], shadow, throttles: group && [group] });
    }
  }

  #reachedAgain(delivering: OpenDelivering, node: CompiledNode, rule: MatchRule): void {
    if (delivering.nodes.at(-1) !== node.ref) delivering.nodes.push(node.ref);
    if (delivering.throttles === undefined) return;
    const group = this.#groupOf(rule);
    if (group === undefined) delivering.throttles = undefined;
    else delivering.throttles.push(group);
  }

  #groupOf({ throttle }: MatchRule): ThrottleGroup | undefined {
    return throttle === undefined || this.#event === undefined ? undefined : throttle.groupOf(this.#event);
  }

  matched(node: CompiledNode): void {
    this.#nodes.push(node.ref);
  }

  #openDelivery(receiver: ReceiverRef): OpenDelivery {
    const deliveries = (this.#deliveries ??= new Map<string, OpenDelivery>());
    const key = refKey(receiver);
    const known = deliveries.get(key);
    if (known !== undefined) return known;
    const opened: OpenDelivery = { receiver, send: false, routes: [] };
    deliveries.set(key, opened);
    return opened;
  }
}
