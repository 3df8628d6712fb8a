import { type RouteNode, type RouteSpec, type Rule } from '../routing/route-fields.ts';
import { joinPath } from '../schema/problem.ts';
import { createFieldReader, unknownKey } from './field-reader.ts';
import { type ConfigNode } from './node.ts';
import { readRule, type RuleContext } from './rule.ts';

/** The keys of a route in the exporter's file. */
export const routeKeys = ['drop', 'match', 'routes'] as const;

/** A route as one of ours, and where its parts were written. */
export interface ReadRoute {
  readonly node: RouteNode;
  /** The line of each path of the result, such as `routes[0].match[1].reason`. */
  readonly lines: ReadonlyMap<string, number>;
}

/** Reads the exporter's tree of routes; the result routes every event as it does. */
export function readRoute(node: ConfigNode, context: RuleContext): ReadRoute {
  const lines = new Map<string, number>();
  return { node: readNode(node, '', { ...context, lines }), lines };
}

interface Reading extends RuleContext {
  readonly lines: Map<string, number>;
}

function readNode(node: ConfigNode, path: string, reading: Reading): RouteNode {
  const { findings, lines } = reading;
  const reader = createFieldReader(findings);
  const route: { drop?: Rule[]; match?: Rule[]; routes?: RouteNode[] } = {};
  lines.set(path, node.line);
  for (const entry of reader.entries(node, written(path)) ?? []) {
    const at = joinPath(path, entry.key);
    const items = isRouteKey(entry.key) ? (reader.items(entry.node, written(at)) ?? []) : [];
    const each = <T>(read: (item: ConfigNode, path: string) => T): T[] =>
      items.map((item, index) => read(item, joinPath(at, index)));
    const rules = (list: 'drop' | 'match'): Rule[] =>
      each((item, itemPath) => {
        noteLines(item, itemPath, lines);
        return readRule(item, { path: written(itemPath), list }, reading);
      });
    if (entry.key === 'drop') route.drop = rules('drop');
    else if (entry.key === 'match') route.match = rules('match');
    else if (entry.key === 'routes')
      route.routes = each((item, itemPath) => readNode(item, itemPath, reading));
    else findings.add('warning', { line: entry.line, path: written(at) }, unknownKey(entry.key, routeKeys));
  }
  return withoutEmpty(route);
}

function written(path: string): string {
  return path === '' ? 'route' : `route.${path}`;
}

function noteLines(node: ConfigNode, path: string, lines: Map<string, number>): void {
  lines.set(path, node.line);
  if (node.kind !== 'map') return;
  for (const { key, line } of node.entries) lines.set(joinPath(path, key), line);
}

function withoutEmpty(route: RouteNode): RouteNode {
  return Object.fromEntries(
    Object.entries(route).filter(([, list]) => (list as readonly unknown[]).length > 0),
  );
}

function isRouteKey(key: string): key is (typeof routeKeys)[number] {
  return (routeKeys as readonly string[]).includes(key);
}

/** Limits a route to the events of one namespace, as the exporter's `namespace` does for all that it watches. */
export function withinNamespace(node: RouteNode, namespace: string): RouteSpec {
  if (namespace === '') return node;
  const quoted = namespace.replaceAll(/[^A-Za-z0-9_-]/g, String.raw`\$&`);
  return { match: [{ namespace: `^${quoted}$` }], routes: [node] };
}
