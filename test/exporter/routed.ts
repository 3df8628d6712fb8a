import { type ClusterEvent } from '../../operator/event/cluster-event.ts';
import { type Conversion } from '../../operator/exporter/conversion.ts';
import { compileRoute } from '../../operator/routing/compile-route.ts';
import { type RouteSpec } from '../../operator/routing/route-fields.ts';
import { createTree } from '../../operator/routing/tree.ts';

/** Makes what routes events by a conversion's EventRoute, and gives the receivers by the exporter's names, sorted. */
export function createRouter({
  route,
  receivers,
}: Pick<Conversion, 'receivers' | 'route'>): (event: ClusterEvent) => string[] {
  const written = new Map(receivers.map((receiver) => [receiver.object.metadata.name, receiver.written]));
  const compiled = compileRoute({ ...route.metadata, clusterWide: true, spec: route.spec as RouteSpec });
  if (compiled.route === undefined) throw new Error(JSON.stringify(compiled.problems));
  const tree = createTree([compiled.route]);
  return (event) => {
    const occurrence = {
      event,
      key: 'u-1',
      number: Math.max(event.count, 1),
      time: new Date(0),
      position: '1',
    };
    const { deliveries } = tree.route(occurrence);
    return deliveries.map(({ receiver }) => written.get(receiver.name) ?? `unknown ${receiver.name}`).sort();
  };
}
