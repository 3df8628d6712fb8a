import { eventReceiverKind } from '../api/event-receiver.ts';
import { eventRouteKind } from '../api/event-route.ts';
import { type CustomResource, type ResourceKind, keyText } from '../api/resource.ts';
import { printable } from '../routing/drawing.ts';
import { describeHealth, healthOf, isHealthy } from './health.ts';
import { type Inventory } from './inventory.ts';
import { type Paint } from './paint.ts';
import { formatTable } from './table.ts';

/** How the status is shown. */
export interface StatusStyle {
  readonly now: Date;
  readonly wide: boolean;
  readonly paint: Paint;
}

/** Writes the tables of EventRoutes and EventReceivers, and below them why what is not ready is not. */
export function formatStatus(
  { routes, receivers }: Pick<Inventory, 'routes' | 'receivers'>,
  style: StatusStyle,
): string {
  const tables = [[eventRouteKind, routes] as const, [eventReceiverKind, receivers] as const].flatMap(
    ([kind, objects]) => (objects.length === 0 ? [] : [formatTable(kind, objects, style)]),
  );
  const troubles = [
    ...routes.flatMap((route) => troubleOf(eventRouteKind, route, style.paint)),
    ...receivers.flatMap((receiver) => troubleOf(eventReceiverKind, receiver, style.paint)),
  ];
  return [...tables, ...(troubles.length === 0 ? [] : [troubles.join('\n')])].join('\n\n');
}

/** Whether all that was asked for is ready; what may not be read is not known to be. */
export function isAllReady({ routes, receivers, gaps }: Inventory): boolean {
  return gaps.length === 0 && [...routes, ...receivers].every(isHealthy);
}

function troubleOf(kind: ResourceKind, object: CustomResource, paint: Paint): string[] {
  if (isHealthy(object)) return [];
  const health = healthOf(object);
  const meaning = health.status === 'False' ? 'bad' : 'doubtful';
  const name = `${kind.kind} ${keyText(object.metadata)}`;
  return [`${paint(name, meaning)} ${printable(describeHealth(health))}`];
}
