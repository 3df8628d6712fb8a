import { type ClusterEvent, type InvolvedObject } from '../../operator/event/cluster-event.ts';
import { type Occurrence } from '../../operator/event/occurrence.ts';
import { compileRoute, type CompiledRoute } from '../../operator/routing/compile-route.ts';
import { type RouteSpec } from '../../operator/routing/route-fields.ts';

/** What a test says of an event; all else is empty. */
export type EventParts = Partial<Omit<ClusterEvent, 'involvedObject'>> & {
  readonly involvedObject?: Partial<InvolvedObject>;
};

/** Makes an event out of what a test says of it. */
export function makeEvent(parts: EventParts = {}): ClusterEvent {
  const { involvedObject, ...own } = parts;
  const object: InvolvedObject = {
    kind: '',
    namespace: own.namespace ?? '',
    name: '',
    uid: '',
    apiVersion: '',
    resourceVersion: '',
    fieldPath: '',
    labels: {},
    annotations: {},
    ownerReferences: [],
    deleted: false,
    ...involvedObject,
  };
  return {
    uid: 'b2f0',
    namespace: '',
    name: '',
    resourceVersion: '1',
    reason: '',
    message: '',
    type: '',
    action: '',
    count: 0,
    component: '',
    host: '',
    reportingController: '',
    reportingInstance: '',
    namespaceLabels: {},
    clusterName: '',
    data: documentOf(own, object),
    ...own,
    involvedObject: object,
  };
}

// As the exporter's JSON: empty text and 0 are left out.
function documentOf(own: EventParts, involvedObject: InvolvedObject): Record<string, unknown> {
  const { namespace, reason, message, type, count, action } = own;
  const filled = Object.entries({ reason, message, type, count, action }).filter(([, value]) =>
    Boolean(value),
  );
  return { metadata: { namespace }, ...Object.fromEntries(filled), involvedObject };
}

/** Makes the occurrence that is to be routed. */
export function makeOccurrence(parts: EventParts = {}, number = 1): Occurrence {
  const event = makeEvent(parts);
  return { event, key: `${event.uid}-${number}`, number, time: new Date(0), position: '1' };
}

/** Where a route of a test stands. */
export interface RoutePlace {
  readonly namespace?: string;
  readonly name?: string;
  readonly clusterWide?: boolean;
}

/** Compiles a route that a test takes to be valid. */
export function makeRoute(spec: RouteSpec, place: RoutePlace = {}): CompiledRoute {
  const { namespace = 'eventroute', name = 'route', clusterWide = true } = place;
  const { route, problems } = compileRoute({ namespace, name, clusterWide, spec });
  if (route === undefined) throw new Error(JSON.stringify(problems));
  return route;
}
