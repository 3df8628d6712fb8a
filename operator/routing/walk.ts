import { type ClusterEvent } from '../event/cluster-event.ts';
import { type CompiledNode, type MatchRule } from './compile-route.ts';
import { type CompiledRule } from './rule.ts';

/** Who wants to know what happens while an event walks through a route. */
export interface Walker {
  /** A drop rule matched, so the node and all below it end here. */
  readonly dropped: (node: CompiledNode, rule: CompiledRule) => void;
  /** A match rule with a receiver matched. */
  readonly reached: (node: CompiledNode, rule: MatchRule) => void;
  /** A rule with a receiver matched in the node or below it; told after those below. */
  readonly matched: (node: CompiledNode) => void;
}

/**
 * Walks an event through a node with the exporter's semantics: any matching drop rule ends the node; every match rule
 * is judged, none cuts the others short; children are visited when all matched, and do not affect one another.
 * @returns whether a rule with a receiver matched, here or below.
 */
export function walkNode(node: CompiledNode, event: ClusterEvent, walker: Walker): boolean {
  for (const rule of node.drop) {
    if (!rule.matches(event)) continue;
    walker.dropped(node, rule);
    return false;
  }
  let [all, any] = [true, false];
  for (const rule of node.match) {
    if (!rule.matches(event)) all = false;
    else if (rule.receiver !== undefined) {
      any = true;
      walker.reached(node, rule);
    }
  }
  if (all) for (const child of node.routes) any = walkNode(child, event, walker) || any;
  if (any) walker.matched(node);
  return any;
}
