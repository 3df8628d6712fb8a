import { type Occurrence } from '../event/occurrence.ts';
import { type CompiledNode, type CompiledRoute, type MatchRule } from './compile-route.ts';
import { refKey } from './receiver-ref.ts';
import { type CompiledRule } from './rule.ts';
import { whyNotConsulted } from './scope.ts';
import { createTree, type RoutingTree } from './tree.ts';

/** What one rule said. */
export interface RuleExplanation {
  readonly path: string;
  /** `skipped`: it was not asked, because something before it had decided. */
  readonly verdict: 'matched' | 'unmatched' | 'skipped';
  /** The first reason of an unmatched rule: "kind is Pod, the rule wants Node|Deployment". */
  readonly why?: string;
  /** `namespace/name` of the receiver that a match rule sends to. */
  readonly receiver?: string;
  /** How the rule keeps floods from the receiver: "involvedObject.uid, reason per 10m". */
  readonly throttledBy?: string;
}

/** What happened in one node. */
export interface NodeExplanation {
  readonly path: string;
  readonly name?: string;
  /** `dropped`: a drop rule ended it; `skipped`: it was not visited, and `why` says so. */
  readonly outcome: 'visited' | 'dropped' | 'skipped';
  readonly why?: string;
  readonly drop: readonly RuleExplanation[];
  readonly match: readonly RuleExplanation[];
  readonly routes: readonly NodeExplanation[];
}

/** What one EventRoute did with the occurrence. */
export interface RouteExplanation {
  /** `namespace/name`. */
  readonly route: string;
  readonly mode: CompiledRoute['mode'];
  /** Why the route was not asked at all. */
  readonly whyNotConsulted?: string;
  /** Absent when the route was not asked. */
  readonly root?: NodeExplanation;
  /** `namespace/name` of every receiver that the route reached, each once. */
  readonly receivers: readonly string[];
}

/** Why an occurrence went where it went; plain data. */
export interface Explanation {
  readonly event: {
    readonly namespace: string;
    readonly object: string;
    readonly type: string;
    readonly reason: string;
    readonly occurrence: number;
  };
  readonly routes: readonly RouteExplanation[];
  /** Where it went over all: `send` is false for a receiver that routes in `mode: Shadow` alone name. */
  readonly deliveries: readonly { readonly receiver: string; readonly send: boolean }[];
}

/** Explains for every route, node and rule why it did or did not match. Costs more than routing; meant for people. */
export function explain(routes: RoutingTree | Iterable<CompiledRoute>, occurrence: Occurrence): Explanation {
  const tree = 'route' in routes ? routes : createTree(routes);
  const { event, number } = occurrence;
  const { kind, name } = event.involvedObject;
  return {
    event: {
      namespace: event.namespace,
      object: `${kind}/${name}`,
      type: event.type,
      reason: event.reason,
      occurrence: number,
    },
    routes: tree.routes.map((route) => explainRoute(route, occurrence)),
    deliveries: tree.route(occurrence).deliveries.map(({ key, send }) => ({ receiver: key, send })),
  };
}

function explainRoute(route: CompiledRoute, occurrence: Occurrence): RouteExplanation {
  const about = { route: route.key, mode: route.mode };
  const why = whyNotConsulted(route, occurrence);
  if (why !== undefined) return { ...about, whyNotConsulted: why, receivers: [] };
  const root = explainNode(route.root, occurrence);
  return { ...about, root, receivers: [...new Set(receiversOf(root))] };
}

function explainNode(node: CompiledNode, occurrence: Occurrence): NodeExplanation {
  const drop: RuleExplanation[] = [];
  for (const rule of node.drop) {
    const decided = drop.some(({ verdict }) => verdict === 'matched');
    drop.push(decided ? skipRule(rule) : explainRule(rule, occurrence));
  }
  const ending = drop.find(({ verdict }) => verdict === 'matched');
  if (ending !== undefined) {
    const skipped = skipNode(node, `${ending.path} dropped the Event`);
    return { ...skipped, outcome: 'dropped', drop };
  }
  const match = node.match.map((rule) => explainRule(rule, occurrence));
  const failed = match.find(({ verdict }) => verdict === 'unmatched');
  return {
    ...node.ref,
    outcome: 'visited',
    drop,
    match,
    routes: node.routes.map((child) =>
      failed === undefined ? explainNode(child, occurrence) : skipNode(child, `${failed.path} did not match`),
    ),
  };
}

function skipNode(node: CompiledNode, why: string): NodeExplanation {
  return {
    ...node.ref,
    outcome: 'skipped',
    why,
    drop: node.drop.map(skipRule),
    match: node.match.map(skipRule),
    routes: node.routes.map((child) => skipNode(child, why)),
  };
}

function skipRule(rule: CompiledRule): RuleExplanation {
  return { path: rule.path, verdict: 'skipped', ...receiverOf(rule) };
}

function explainRule(rule: CompiledRule, { event }: Occurrence): RuleExplanation {
  const why = rule.whyNot(event);
  if (why === undefined) return { path: rule.path, verdict: 'matched', ...receiverOf(rule) };
  return { path: rule.path, verdict: 'unmatched', why, ...receiverOf(rule) };
}

function receiverOf({ receiver, throttle }: MatchRule): Pick<RuleExplanation, 'receiver' | 'throttledBy'> {
  return {
    ...(receiver !== undefined && { receiver: refKey(receiver) }),
    ...(throttle !== undefined && { throttledBy: throttle.text }),
  };
}

function receiversOf({ match, routes }: NodeExplanation): string[] {
  const own = match.flatMap(({ verdict, receiver }) =>
    verdict === 'matched' && receiver !== undefined ? [receiver] : [],
  );
  return [...own, ...routes.flatMap(receiversOf)];
}
