import { isRecord } from '../event/json-value.ts';
import { joinPath, type Problem } from '../schema/problem.ts';
import { readReceiver, type ReceiverRef, refKey } from './receiver-ref.ts';
import { type RouteSpec } from './route-fields.ts';
import { noteMistakes } from './route-notes.ts';
import { checkShape } from './route-shape.ts';
import { type CompiledRule, compileRule, joinNeeds, type Needs, type RuleCompilation } from './rule.ts';
import { compileThrottle, type Throttle } from './throttle.ts';

/** Where a node stands, for status, metrics and explanations. */
export interface NodeRef {
  /** `spec` for the root, `spec.routes[0]` and so on. */
  readonly path: string;
  readonly name?: string;
}

/** A rule of `match`. */
export interface MatchRule extends CompiledRule {
  readonly receiver?: ReceiverRef;
  readonly throttle?: Throttle | undefined;
}

/** A node of a compiled route. */
export interface CompiledNode {
  readonly ref: NodeRef;
  readonly drop: readonly CompiledRule[];
  readonly match: readonly MatchRule[];
  readonly routes: readonly CompiledNode[];
}

/** One revision of an EventRoute, ready to route; never changed. */
export interface CompiledRoute {
  readonly namespace: string;
  readonly name: string;
  /** `namespace/name`. */
  readonly key: string;
  /** It sees the whole cluster, not its own namespace only. */
  readonly clusterWide: boolean;
  readonly mode: 'Deliver' | 'Shadow' | 'Suspend';
  readonly repeats: 'All' | 'First';
  readonly root: CompiledNode;
  readonly needs: Needs;
}

/** An EventRoute as written. */
export interface WrittenRoute {
  readonly namespace: string;
  readonly name: string;
  readonly clusterWide: boolean;
  readonly spec: RouteSpec;
}

/** A receiver that a rule names, for whoever checks that it exists and lets the route in. */
export interface NamedReceiver {
  readonly path: string;
  readonly ref: ReceiverRef;
  readonly written: string;
}

/** What became of an EventRoute. There is no route when there are problems; notes are worth telling, and hinder nothing. */
export interface RouteCompilation {
  readonly route?: CompiledRoute;
  readonly problems: readonly Problem[];
  readonly notes: readonly Problem[];
  readonly receivers: readonly NamedReceiver[];
}

interface Work extends RuleCompilation {
  /** `namespace/name` of the route. */
  readonly key: string;
  readonly namespace: string;
  readonly receivers: NamedReceiver[];
  readonly needs: Needs[];
}

/** Compiles an EventRoute; all its problems are told at once, each with its path. */
export function compileRoute(written: WrittenRoute): RouteCompilation {
  const { namespace, name, clusterWide } = written;
  const spec: unknown = written.spec;
  const shape = checkShape(spec);
  if (shape.tooLarge) return { problems: shape.problems, notes: [], receivers: [] };
  const work: Work = {
    key: refKey(written),
    namespace,
    problems: [...shape.problems],
    notes: [],
    receivers: [],
    needs: [],
    spent: { characters: 0, instructions: 0 },
  };
  const root = compileNode(spec, 'spec', work);
  const { problems, notes, receivers } = work;
  if (problems.length > 0) return { problems, notes, receivers };
  const route: CompiledRoute = {
    namespace,
    name,
    key: work.key,
    clusterWide,
    mode: written.spec.mode ?? 'Deliver',
    repeats: written.spec.repeats ?? 'All',
    root,
    needs: joinNeeds(work.needs),
  };
  return { route, problems, notes: [...notes, ...noteMistakes(written)], receivers };
}

function compileNode(written: unknown, path: string, work: Work): CompiledNode {
  const node = isRecord(written) ? written : {};
  const name = node['name'];
  return {
    ref: typeof name === 'string' ? { path, name } : { path },
    drop: mapItems(node['drop'], joinPath(path, 'drop'), (rule, at) => compileCounted(rule, at, work)),
    match: mapItems(node['match'], joinPath(path, 'match'), (rule, at) => compileMatch(rule, at, work)),
    routes: mapItems(node['routes'], joinPath(path, 'routes'), (child, at) => compileNode(child, at, work)),
  };
}

function mapItems<Item>(
  list: unknown,
  path: string,
  compile: (item: Readonly<Record<string, unknown>>, path: string) => Item,
): Item[] {
  if (!Array.isArray(list)) return [];
  return list.map((item: unknown, index) => compile(isRecord(item) ? item : {}, joinPath(path, index)));
}

function compileCounted(written: Readonly<Record<string, unknown>>, path: string, work: Work): CompiledRule {
  const rule = compileRule(written, path, work);
  work.needs.push(rule.needs);
  return rule;
}

function compileMatch(written: Readonly<Record<string, unknown>>, path: string, work: Work): MatchRule {
  const rule = compileCounted(written, path, work);
  const throttle = compileThrottle({ route: work.key, path, written }, work.problems);
  if (throttle?.needsObject === true) work.needs.push({ object: true, namespaceLabels: false });
  const receiver = written['receiver'];
  if (typeof receiver !== 'string' || receiver === '') return rule;
  const at = joinPath(path, 'receiver');
  const ref = readReceiver(receiver, work.namespace);
  if (ref === undefined) {
    work.problems.push({
      path: at,
      message: `must be \`name\` or \`namespace/name\`, not ${JSON.stringify(receiver)}`,
    });
    return rule;
  }
  work.receivers.push({ path: at, ref, written: receiver });
  return { ...rule, receiver: ref, throttle };
}
