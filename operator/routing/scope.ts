import { type ClusterEvent } from '../event/cluster-event.ts';
import { type Occurrence } from '../event/occurrence.ts';
import { isOwnEvent } from '../event/own-event.ts';
import { type CompiledNode, type CompiledRoute } from './compile-route.ts';

/**
 * Says why a route is not asked about an occurrence at all; undefined when it is.
 * A route of a namespace sees an Event only if both the Event and its object live there: whoever may create Events in
 * one namespace must not reach the receivers of another by naming an object of it.
 */
export function whyNotConsulted(route: CompiledRoute, { event, number }: Occurrence): string | undefined {
  if (route.mode === 'Suspend') return 'mode is Suspend: the route is taken out';
  if (!seesNamespace(route, event)) return describeForeign(route, event);
  if (route.repeats === 'First' && number > 1) {
    return `repeats is First, and this is occurrence ${number} of the Event`;
  }
  if (isOwnEvent(event) && !asksForController(route.root, event.reportingController)) {
    return 'Events of Eventroute itself are routed only where a match rule names their reportingController';
  }
  return undefined;
}

function seesNamespace(route: CompiledRoute, event: ClusterEvent): boolean {
  if (route.clusterWide) return true;
  return event.namespace === route.namespace && event.involvedObject.namespace === route.namespace;
}

function describeForeign(route: CompiledRoute, event: ClusterEvent): string {
  const sees = `the route sees only namespace ${route.namespace}`;
  if (event.namespace !== route.namespace) return `the Event is in ${nameOf(event.namespace)}, ${sees}`;
  return `the involved object is in ${nameOf(event.involvedObject.namespace)}, ${sees}`;
}

function nameOf(namespace: string): string {
  return namespace === '' ? 'no namespace' : `namespace ${namespace}`;
}

function asksForController(node: CompiledNode, controller: string): boolean {
  const asks = node.match.some((rule) => {
    const pattern = rule.controller;
    return pattern !== undefined && !pattern.negated && pattern.test(controller);
  });
  return asks || node.routes.some((child) => asksForController(child, controller));
}
