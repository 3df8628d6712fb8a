import { type CustomResource, keyText } from '../api/resource.ts';
import { draw, type Drawn, leaf, printable } from '../routing/drawing.ts';
import type { RouteStatus } from '../status/route-status.ts';
import { describeHealth, healthOf, isHealthy } from './health.ts';
import { type Inventory, sortObjects } from './inventory.ts';
import type { Paint } from './paint.ts';
import { createReceiverBook, type ReceiverBook } from './receiver-book.ts';
import { drawRouteNode, namedReceivers } from './route-drawing.ts';

/** How the tree is drawn. */
export interface ClusterTreeStyle {
  /** Whose routes see the whole cluster, as long as no route's status tells it. */
  readonly rootNamespace: string;
  readonly now: Date;
  readonly paint: Paint;
}

type Route = CustomResource<RouteStatus>;

/**
 * Draws all routes of a cluster as one tree: first those that see the whole cluster, then those of each namespace,
 * at the end the receivers that none of them names.
 */
export function formatClusterTree(inventory: Inventory, style: ClusterTreeStyle): string {
  const { routes } = inventory;
  const book = createReceiverBook(inventory, style);
  const seesAll = (route: Route): boolean => seesCluster(route, style.rootNamespace);
  const root = routes.filter(seesAll);
  const byNamespace = Map.groupBy(
    sortObjects(routes.filter((route) => !seesAll(route))),
    ({ metadata }) => metadata.namespace,
  );
  const sections: Drawn[] = [
    ...(root.length === 0 ? [] : [section(rootTitle(root), root, { book, style })]),
    ...[...byNamespace].map(([namespace, own]) =>
      section(`Namespace ${namespace}: its routes see its own Events`, own, { book, style }),
    ),
    ...unnamedSection(inventory, book),
  ];
  if (sections.length === 0) return 'There are no EventRoutes and no EventReceivers that you may see';
  return sections.map((one) => draw(one).join('\n')).join('\n\n');
}

function seesCluster({ metadata, status }: Route, rootNamespace: string): boolean {
  return status?.scope === undefined ? metadata.namespace === rootNamespace : status.scope === 'Cluster';
}

function rootTitle(routes: readonly Route[]): string {
  const namespaces = [...new Set(routes.map(({ metadata }) => metadata.namespace))];
  return `Root namespace ${namespaces.join(', ')}: its routes see the Events of the whole cluster`;
}

interface Around {
  readonly book: ReceiverBook;
  readonly style: ClusterTreeStyle;
}

function section(title: string, routes: readonly Route[], around: Around): Drawn {
  return {
    text: around.style.paint(title, 'strong'),
    below: sortObjects(routes).map((route) => drawRoute(route, around)),
  };
}

function drawRoute(route: Route, { book, style }: Around): Drawn {
  const { paint } = style;
  const { mode } = (route.spec ?? {}) as { mode?: unknown };
  const told = typeof mode === 'string' && mode !== 'Deliver' ? ` (${printable(mode)})` : '';
  const meaning = isHealthy(route) ? 'good' : healthOf(route).status === 'False' ? 'bad' : 'doubtful';
  const head = `${paint(isHealthy(route) ? '✓' : '✗', meaning)} ${route.metadata.name}${told}${paint(countsOf(route), 'faint')}`;
  const trouble = isHealthy(route) ? [] : [leaf(paint(printable(describeHealth(healthOf(route))), meaning))];
  return { text: head, below: [...trouble, ...drawRouteNode(route, { book, paint })] };
}

function countsOf({ status }: Route): string {
  const { matched = 0, dropped = 0, delivered = 0, failed = 0, pending = 0 } = status ?? {};
  return `: matched ${matched}, dropped ${dropped}, delivered ${delivered}, failed ${failed}, pending ${pending}`;
}

function unnamedSection({ routes, receivers, isWhole }: Inventory, book: ReceiverBook): Drawn[] {
  const named = new Set(routes.flatMap(namedReceivers));
  const unnamed = receivers.filter(({ metadata }) => !named.has(keyText(metadata)));
  if (unnamed.length === 0) return [];
  const title = isWhole
    ? 'No route names these receivers'
    : 'No route that you may see names these receivers';
  return [{ text: title, below: unnamed.map(({ metadata }) => leaf(book.describe(metadata))) }];
}
