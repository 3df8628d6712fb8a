import { type CustomResource, keyText, type ObjectKey } from '../api/resource.ts';
import { isRecord, type JsonRecord } from '../event/json-value.ts';
import { type Drawn, leaf, printable } from '../routing/drawing.ts';
import { readReceiver } from '../routing/receiver-ref.ts';
import { describeThrottle } from '../routing/throttle.ts';
import type { RouteStatus } from '../status/route-status.ts';
import type { Paint } from './paint.ts';
import type { ReceiverBook } from './receiver-book.ts';
import { describeRule } from './rule-text.ts';

/** What the drawing of a route is made with. */
export interface RouteDrawingStyle {
  readonly book: ReceiverBook;
  readonly paint: Paint;
}

type Route = CustomResource<RouteStatus>;

/** Draws what is in a route: rules, receivers and nodes. It need not be valid: what is no rule or node is left out. */
export function drawRouteNode(route: Route, style: RouteDrawingStyle): Drawn[] {
  return drawNode(isRecord(route.spec) ? route.spec : {}, route, style);
}

/** Lists the receivers that a route names, as `namespace/name`. */
export function namedReceivers({ metadata, spec }: Route): string[] {
  return receiversOf(isRecord(spec) ? spec : {}, metadata.namespace).map(keyText);
}

function receiversOf(node: JsonRecord, namespace: string): ObjectKey[] {
  const own = recordsOf(node['match']).flatMap(({ receiver }) => referenceOf(receiver, namespace) ?? []);
  return [...own, ...recordsOf(node['routes']).flatMap((child) => receiversOf(child, namespace))];
}

function drawNode(node: JsonRecord, route: Route, style: RouteDrawingStyle): Drawn[] {
  const drops = recordsOf(node['drop']).map((rule) =>
    leaf(`${style.paint('drop', 'bad')} ${describeRule(rule)}`),
  );
  const matches = recordsOf(node['match']).map((rule) => drawMatch(rule, route, style));
  const children = recordsOf(node['routes']).map((child, index) => ({
    text: titleOf(child, index, { route, paint: style.paint }),
    below: drawNode(child, route, style),
  }));
  return [...drops, ...matches, ...children];
}

function drawMatch(rule: JsonRecord, route: Route, { book, paint }: RouteDrawingStyle): Drawn {
  const text = `match ${describeRule(rule)}`;
  const { receiver } = rule;
  if (receiver === undefined || receiver === '') return leaf(`${text} ${paint('(condition)', 'faint')}`);
  const key = referenceOf(receiver, route.metadata.namespace);
  const target =
    key === undefined ? paint(printable(JSON.stringify(receiver)), 'bad') : book.describe(key, { route });
  return leaf(`${text}${throttleOf(rule, paint)} → ${target}`);
}

function throttleOf({ throttle }: JsonRecord, paint: Paint): string {
  if (!isRecord(throttle)) return '';
  return paint(` (throttled by ${printable(describeThrottle(throttle))})`, 'faint');
}

function titleOf(
  { name }: JsonRecord,
  index: number,
  { route, paint }: { readonly route: Route; readonly paint: Paint },
): string {
  if (typeof name !== 'string') return paint(`routes[${index}]`, 'faint');
  const counts = route.status?.nodes?.find((node) => node.name === name);
  const told = counts === undefined ? '' : `: matched ${counts.matched}, dropped ${counts.dropped}`;
  return `${printable(name)}${paint(told, 'faint')}`;
}

function referenceOf(receiver: unknown, namespace: string): ObjectKey | undefined {
  return typeof receiver === 'string' ? readReceiver(receiver, namespace) : undefined;
}

function recordsOf(list: unknown): JsonRecord[] {
  return Array.isArray(list) ? list.filter(isRecord) : [];
}
