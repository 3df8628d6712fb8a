import { type DropRule, type RouteNode, type Rule } from '../routing/route-fields.ts';
import { joinPath } from '../schema/problem.ts';
import { type Remark } from './finding.ts';

/** Finds rules that say the same as an earlier one of their list. */
export function findRepeatedRules(node: RouteNode, path = 'spec'): Remark[] {
  return [
    ...repeatsIn(node.drop ?? [], joinPath(path, 'drop')),
    ...repeatsIn(node.match ?? [], joinPath(path, 'match')),
    ...(node.routes ?? []).flatMap((child, index) =>
      findRepeatedRules(child, joinPath(joinPath(path, 'routes'), index)),
    ),
  ];
}

function repeatsIn(rules: readonly (Rule | DropRule)[], path: string): Remark[] {
  const seen = new Map<string, string>();
  return rules.flatMap((rule, index): Remark[] => {
    const at = joinPath(path, index);
    const text = JSON.stringify(Object.entries(rule).sort(([one], [other]) => (one < other ? -1 : 1)));
    const first = seen.get(text);
    if (first === undefined) {
      seen.set(text, at);
      return [];
    }
    return [{ rule: 'DuplicateRule', severity: 'warning', path: at, message: `says the same as ${first}` }];
  });
}
