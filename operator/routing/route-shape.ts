import { isRecord } from '../event/json-value.ts';
import { joinPath, type Problem } from '../schema/problem.ts';
import { createValidator, type Validator } from '../schema/validate.ts';
import { writtenSchema, type WrittenSchema } from '../schema/written.ts';
import { rootRouteFields, routeNodeFields } from './route-fields.ts';

/** How deep the routes of one EventRoute may nest. */
const maxDepth = 32;

/** How many rules and nodes one EventRoute may have together. */
const maxRules = 2_000;

let validate: Validator | undefined;

/**
 * Judges the shape of a route at every depth; the CRD checks its first levels only.
 * @returns problems of size alone when there are any, since a tree without measure is not worth walking.
 */
export function checkShape(spec: unknown): { readonly tooLarge: boolean; readonly problems: Problem[] } {
  const excess = describeExcess(spec);
  if (excess !== undefined) return { tooLarge: true, problems: [excess] };
  validate ??= createValidator(recursiveSchema());
  return { tooLarge: false, problems: validate(spec, 'spec') };
}

function recursiveSchema(): WrittenSchema {
  const node = endlessly(writtenSchema(routeNodeFields(0)));
  return { ...endlessly(writtenSchema(rootRouteFields)), $defs: { node } };
}

/** Lets the children of a node be nodes again, and a drop rule name the receiver that it ignores. */
function endlessly(schema: WrittenSchema): WrittenSchema {
  const { drop, routes, ...rest } = schema.properties ?? {};
  const rule = drop?.items;
  const lenient = { ...rule, properties: { ...rule?.properties, receiver: { type: 'string' } } };
  return {
    ...schema,
    properties: {
      ...rest,
      drop: { ...drop, items: lenient },
      routes: { ...routes, items: { $ref: '#/$defs/node' } },
    },
  };
}

interface Open {
  readonly node: unknown;
  readonly path: string;
  readonly depth: number;
}

// With a list of its own instead of recursion: what is too deep for us is too deep for the call stack as well.
function describeExcess(spec: unknown): Problem | undefined {
  const open: Open[] = [{ node: spec, path: 'spec', depth: 0 }];
  let rules = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.depth > maxDepth) {
      return {
        path: next.path,
        message: `is nested deeper than ${maxDepth} levels; make it a route of its own`,
      };
    }
    if (!isRecord(next.node)) continue;
    rules += 1 + lengthOf(next.node['drop']) + lengthOf(next.node['match']);
    if (rules > maxRules) {
      return { path: 'spec', message: `has more than ${maxRules} rules; split it into several EventRoutes` };
    }
    open.push(...childrenOf(next.node, next));
  }
  return undefined;
}

function childrenOf(node: Readonly<Record<string, unknown>>, { path, depth }: Open): Open[] {
  const children: unknown = node['routes'];
  if (!Array.isArray(children)) return [];
  return children.slice(0, maxRules + 1).map((child: unknown, index) => ({
    node: child,
    path: joinPath(joinPath(path, 'routes'), index),
    depth: depth + 1,
  }));
}

function lengthOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 0;
}
