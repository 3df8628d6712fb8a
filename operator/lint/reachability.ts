import { type WrittenRoute } from '../routing/compile-route.ts';
import { type DropRule, type RouteNode, type Rule } from '../routing/route-fields.ts';
import { joinPath } from '../schema/problem.ts';
import { type Condition, conditionsOf, findClash, isImplied } from './condition.ts';
import { type Remark } from './finding.ts';

/** A drop rule, and what it drops. */
interface Drop {
  readonly path: string;
  readonly conditions: readonly Condition[];
}

/** What is known of every event that gets to a node. */
interface Arrival {
  readonly met: readonly Condition[];
  readonly drops: readonly Drop[];
}

/**
 * Finds rules for which what stands before or around them leaves no event. It says so only where it can be shown: plain
 * words, anchored words and what is written alike; of other patterns it claims nothing.
 */
export function findUnreachable({ spec, namespace, clusterWide }: WrittenRoute): Remark[] {
  const own: Condition = { field: 'namespace', wants: `^${namespace}$`, by: `the route's own namespace` };
  return new Search().node(spec, 'spec', { met: clusterWide ? [] : [own], drops: [] });
}

interface JudgedRule extends Drop {
  /** It can never match. */
  readonly isDead: boolean;
}

class Search {
  readonly #remarks: Remark[] = [];

  node(node: RouteNode, path: string, arrival: Arrival): Remark[] {
    const drops = this.#drops(node.drop ?? [], joinPath(path, 'drop'), arrival);
    const ending = drops.find(({ conditions }) => dropsAll(conditions, arrival.met));
    if (ending !== undefined) {
      // a rule without conditions is told of as a mistake already
      if (ending.conditions.length > 0) {
        this.#say(
          ending.path,
          `drops every Event that gets here${becauseOf(ending, arrival)}: nothing else of this node is reached`,
        );
      }
      return this.#remarks;
    }
    const inside: Arrival = { met: arrival.met, drops };
    const rules = (node.match ?? []).map((rule, index) =>
      this.#match(rule, joinPath(joinPath(path, 'match'), index), inside),
    );
    if ((node.routes ?? []).length > 0) this.#children(node, path, { inside, rules });
    return this.#remarks;
  }

  #drops(rules: readonly DropRule[], path: string, arrival: Arrival): Drop[] {
    const drops = [...arrival.drops];
    for (const [index, rule] of rules.entries()) {
      const at = joinPath(path, index);
      const conditions = conditionsOf(rule, at);
      this.#judge(at, conditions, { ...arrival, drops });
      drops.push({ path: at, conditions });
    }
    return drops;
  }

  #match(rule: Rule, path: string, arrival: Arrival): JudgedRule {
    const conditions = conditionsOf(rule, path);
    return { path, conditions, isDead: this.#judge(path, conditions, arrival) };
  }

  #children(
    { routes = [] }: RouteNode,
    path: string,
    { inside, rules }: { readonly inside: Arrival; readonly rules: readonly JudgedRule[] },
  ): void {
    const at = joinPath(path, 'routes');
    const dead = rules.find(({ isDead }) => isDead);
    if (dead !== undefined) {
      this.#say(
        at,
        `are never visited: that takes every match rule of the node, and ${dead.path} can never match`,
      );
      return;
    }
    const met = [...inside.met, ...rules.flatMap(({ conditions }) => conditions)];
    const clash = findClash(met);
    if (clash !== undefined) {
      this.#say(
        at,
        `are never visited: that takes every match rule of the node, and ${describe(clash[0])} while ${describe(clash[1])}`,
      );
      return;
    }
    const drop = inside.drops.find(({ conditions }) => dropsAll(conditions, met));
    if (drop !== undefined) {
      this.#say(
        at,
        `are never visited: ${drop.path} drops what every match rule of the node would let through`,
      );
      return;
    }
    for (const [index, child] of routes.entries())
      this.node(child, joinPath(at, index), { met, drops: inside.drops });
  }

  /** Says why no event is left for a rule; returns whether that is so. */
  #judge(path: string, own: readonly Condition[], { met, drops }: Arrival): boolean {
    const all = [...met, ...own];
    const clash = findClash(all);
    // two conditions from above are told where they stand
    if (clash?.[1].by === path) {
      this.#say(path, `can never match: it wants ${words(clash[1])}, and ${describe(clash[0])}`);
      return true;
    }
    const drop = drops.find(({ conditions }) => conditions.length > 0 && dropsAll(conditions, all));
    if (drop === undefined) return false;
    this.#say(path, `can never match: ${drop.path} drops everything that it would match`);
    return true;
  }

  #say(path: string, message: string): void {
    this.#remarks.push({ rule: 'UnreachableRule', severity: 'warning', path, message });
  }
}

function dropsAll(conditions: readonly Condition[], met: readonly Condition[]): boolean {
  return conditions.every((condition) => isImplied(condition, met));
}

function becauseOf({ conditions }: Drop, { met }: Arrival): string {
  const known = met.find((one) => conditions.some((condition) => isImplied(condition, [one])));
  return known === undefined ? '' : `, since ${describe(known)}`;
}

function describe(condition: Condition): string {
  return `${condition.by} ${condition.by.startsWith('spec') ? 'wants' : 'is'} ${words(condition)}`;
}

function words({ field, wants }: Condition): string {
  return `${field} ${wants === '' ? 'to be there' : JSON.stringify(wants)}`;
}
