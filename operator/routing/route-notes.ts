import { joinPath, type Problem } from '../schema/problem.ts';
import { compilePattern } from './pattern.ts';
import { type DropRule, type RouteNode, type RouteSpec, type Rule } from './route-fields.ts';

/** What the notes have to know of a route. */
export interface NotedRoute {
  readonly namespace: string;
  readonly clusterWide: boolean;
  readonly spec: RouteSpec;
}

interface Place {
  readonly node: RouteNode;
  readonly path: string;
}

/** Finds what is valid and probably not meant: the classic mistakes, and rules that can never match. */
export function noteMistakes(route: NotedRoute): Problem[] {
  const places = listNodes({ node: route.spec, path: 'spec' });
  const notes = places.flatMap((place) => [
    ...noteSplitEntries(place),
    ...noteDrops(place),
    ...rulesOf(place).flatMap((rule) => noteNeverMatching(rule, route)),
  ]);
  return [...notes, ...noteNames(places), ...noteNoReceiver(places)];
}

function listNodes(place: Place): Place[] {
  const children = place.node.routes ?? [];
  return [
    place,
    ...children.flatMap((node, index) =>
      listNodes({ node, path: joinPath(joinPath(place.path, 'routes'), index) }),
    ),
  ];
}

interface PlacedRule {
  readonly rule: Rule | DropRule;
  readonly path: string;
}

function rulesOf({ node, path }: Place): PlacedRule[] {
  const place = (list: readonly (Rule | DropRule)[], key: string): PlacedRule[] =>
    list.map((rule, index) => ({ rule, path: joinPath(joinPath(path, key), index) }));
  return [...place(node.drop ?? [], 'drop'), ...place(node.match ?? [], 'match')];
}

function conditionsOf(rule: Rule | DropRule): string[] {
  return Object.entries(rule)
    .filter(([field, value]) => field !== 'receiver' && field !== 'throttle' && value !== '' && value !== 0)
    .map(([field]) => field);
}

/** `match: [{namespace: x}, {receiver: y}]`, where one entry was meant, sends everything to y. */
function noteSplitEntries({ node, path }: Place): Problem[] {
  const match = node.match ?? [];
  const others = match.filter((rule) => !rule.receiver && conditionsOf(rule).length > 0);
  if (others.length === 0) return [];
  return match.flatMap((rule, index) => {
    if (!rule.receiver || conditionsOf(rule).length > 0) return [];
    const message =
      `has only a receiver, so every Event that is not dropped goes to ${rule.receiver}, whatever the other entries ` +
      'say; if they belong together, write them as one entry';
    return [{ path: joinPath(joinPath(path, 'match'), index), message }];
  });
}

function noteDrops({ node, path }: Place): Problem[] {
  return (node.drop ?? []).flatMap((rule, index) => {
    const at = joinPath(joinPath(path, 'drop'), index);
    const notes: Problem[] = [];
    if (conditionsOf(rule).length === 0) {
      notes.push({
        path: at,
        message: 'has no conditions and drops everything: nothing else of this node is reached',
      });
    }
    if (rule.minCount !== undefined && rule.minCount > 0) {
      const message =
        `drops Events from their occurrence ${rule.minCount} on and lets the first ones pass; ` +
        'to wait for repetition, put minCount in a match rule';
      notes.push({ path: joinPath(at, 'minCount'), message });
    }
    if ('receiver' in rule) {
      notes.push({
        path: joinPath(at, 'receiver'),
        message: 'is ignored: what a drop rule matches goes nowhere',
      });
    }
    return notes;
  });
}

function noteNeverMatching({ rule, path }: PlacedRule, route: NotedRoute): Problem[] {
  const notes: Problem[] = [];
  const note = (field: string, message: string): void => {
    notes.push({ path: joinPath(path, field), message });
  };
  if (!route.clusterWide && !accepts(rule.namespace, [route.namespace])) {
    note(
      'namespace',
      `can never match: this route sees only the Events of its own namespace, ${route.namespace}`,
    );
  }
  if (!accepts(rule.type, ['Normal', 'Warning']))
    note('type', 'can never match: the type of an Event is Normal or Warning');
  if (rule.kind !== undefined && /^[a-z]+(\|[a-z]+)*$/.test(rule.kind)) {
    note('kind', 'is in lower case; kinds begin with a capital letter, and patterns are case-sensitive');
  }
  if (route.spec.repeats === 'First' && rule.minCount !== undefined && rule.minCount > 1) {
    note('minCount', 'can never match: with `repeats: First` only the first occurrence is routed');
  }
  return notes;
}

function accepts(pattern: string | undefined, values: readonly string[]): boolean {
  if (pattern === undefined || pattern === '') return true;
  const compiled = compilePattern(pattern);
  return 'problem' in compiled || values.some((value) => compiled.matcher.test(value));
}

function noteNames(places: readonly Place[]): Problem[] {
  const seen = new Set<string>();
  return places.flatMap(({ node: { name }, path }) => {
    if (name === undefined) return [];
    const known = seen.has(name);
    seen.add(name);
    return known
      ? [{ path: joinPath(path, 'name'), message: `repeats the name ${name}; status adds their counts up` }]
      : [];
  });
}

function noteNoReceiver(places: readonly Place[]): Problem[] {
  const named = places.some(({ node }) => (node.match ?? []).some((rule) => Boolean(rule.receiver)));
  return named ? [] : [{ path: 'spec', message: 'names no receiver, so nothing is delivered' }];
}
