import { type Static, type TObject, type TProperties, Type } from '@sinclair/typebox';
import { OneOf, Text } from '../schema/fields.ts';
import { maxExpressionLength } from './expression-environment.ts';
import { maxPatternLength } from './pattern.ts';
import { throttleFields } from './throttle-fields.ts';

/** What a route does with what it matches. */
const routeModes = ['Deliver', 'Shadow', 'Suspend'] as const;

/** What happens when the API server raises an Event's count. */
const repeatModes = ['All', 'First'] as const;

/** The most rules of one list, and the most children of one node. */
const maxListItems = 500;

const maxMapEntries = 64;
const maxNodeNameLength = 63;
// A namespace, a slash and a name.
const maxReceiverLength = 63 + 1 + 253;

/** Declares a field whose text is a pattern. */
function patternField(description: string, examples: readonly string[]) {
  return Type.Optional(Text({ description, examples, maxLength: maxPatternLength }));
}

/** Declares a map from a literal key to a pattern for its value. */
function patternMap(description: string, example: Readonly<Record<string, string>>) {
  return Type.Optional(
    Type.Unsafe<Record<string, string>>({
      type: 'object',
      additionalProperties: { type: 'string', maxLength: maxPatternLength },
      maxProperties: maxMapEntries,
      description,
      examples: [example],
    }),
  );
}

const conditionFields = {
  message: patternField('Pattern for the message of the Event.', ['(?i)back-off.*container']),
  apiVersion: patternField('Pattern for the apiVersion of the involved object.', ['^apps/v1$']),
  kind: patternField(
    'Pattern for the kind of the involved object, such as `Pod` or `Deployment|ReplicaSet`.',
    ['Deployment|ReplicaSet'],
  ),
  namespace: patternField('Pattern for the namespace of the Event itself.', ['^kube-']),
  reason: patternField('Pattern for the reason of the Event.', ['BackOff|Failed.*']),
  type: patternField('Pattern for the type of the Event: `Normal` or `Warning`.', ['Warning']),
  component: patternField(
    'Pattern for source.component, the part of Kubernetes that reported the Event. Events born in events.k8s.io leave it empty; use reportingController for those.',
    ['kubelet'],
  ),
  host: patternField('Pattern for source.host, the node that the Event was reported from.', ['^node-1']),
  labels: patternMap(
    'Labels that the involved object must have: a key, taken literally, and a pattern for its value. An empty value asks for the key alone; `!` asks that the key be absent. While the labels are not known (the object could not be looked up), a rule with labels does not match.',
    { tier: 'critical' },
  ),
  annotations: patternMap(
    'Annotations that the involved object must have, written as labels are. While they are not known, a rule with annotations does not match.',
    { 'example.com/alert': '' },
  ),
  minCount: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 2_147_483_647,
      description:
        'Matches from this count on: the count, or series.count, of the Event. In a drop rule it means that the Event is dropped from this count on. 0 is the same as leaving it out.',
      examples: [3],
    }),
  ),
  name: patternField('Pattern for the name of the involved object.', ['^web-[0-9]+$']),
  action: patternField('Pattern for the action of the Event.', ['Binding']),
  reportingController: patternField('Pattern for the controller that reported the Event.', ['kubelet']),
  owner: patternField(
    'Pattern for `Kind/name` of an owner reference of the involved object; one that matches is enough. With a `!`, none may match. While the owners are not known, a rule with owner does not match.',
    ['^ReplicaSet/web-'],
  ),
  namespaceLabels: patternMap(
    'Labels of the namespace of the involved object, written as labels are. While they are not known, a rule with namespaceLabels does not match.',
    { team: 'payments' },
  ),
  when: Type.Optional(
    Text({
      description:
        'CEL expression over `event`, the JSON document of the Event; it must give a boolean. An expression that has no value, because it reads a field that is absent, does not match; ask with `has(event.series)` first.',
      examples: ['event.count > 3 && event.involvedObject.name.startsWith("web-")'],
      maxLength: maxExpressionLength,
    }),
  ),
};

const receiver = Type.Optional(
  Text({
    description:
      'EventReceiver that gets what the rule matches: `name` in the namespace of the route, or `namespace/name`, whose allowedRoutes must let this namespace in. A rule without a receiver is a condition for the routes below.',
    examples: ['oncall', 'platform/oncall'],
    minLength: 1,
    maxLength: maxReceiverLength,
  }),
);

const ruleDescription =
  'All fields that are set must match. Text fields are RE2 patterns, unanchored and case-sensitive; a leading `!` negates. A rule without fields matches every Event.';

/** A rule of `match`: conditions, the receiver that gets what they match, and how it is kept from floods. */
export const RuleFields = Type.Object(
  { ...conditionFields, receiver, throttle: Type.Optional(throttleFields) },
  { description: ruleDescription },
);

/** A rule of `drop`: the same conditions without a receiver, since what is dropped goes nowhere. */
export const dropRuleFields = Type.Object(conditionFields, { description: ruleDescription });

/** A rule of `match`. */
export type Rule = Static<typeof RuleFields>;

/** A rule of `drop`. */
export type DropRule = Static<typeof dropRuleFields>;

/** A node of a route; any depth works. */
export interface RouteNode {
  readonly name?: string;
  readonly drop?: readonly DropRule[];
  readonly match?: readonly Rule[];
  readonly routes?: readonly RouteNode[];
}

/** The spec of an EventRoute: a node itself, and how the whole behaves. */
export interface RouteSpec extends RouteNode {
  readonly mode?: (typeof routeModes)[number];
  readonly repeats?: (typeof repeatModes)[number];
}

const childrenDescription =
  'Routes below this one. All are visited, in order, when no drop rule matched and every match rule did.';

const uncheckedChild = Type.Unsafe<RouteNode>({
  type: 'object',
  'x-kubernetes-preserve-unknown-fields': true,
  description: 'A route as above; at this depth it is checked by the operator, see the Accepted condition.',
});

/**
 * Declares a route node with `depth` levels of children spelt out. What is deeper keeps its fields unchecked:
 * structural schemas cannot refer to themselves.
 */
export function routeNodeFields(depth: number): TObject {
  return Type.Object(nodeProperties(depth), {
    description: 'A route: what it drops, what it matches and where that goes, and the routes below it.',
  });
}

function nodeProperties(depth: number): TProperties {
  const child = depth > 0 ? routeNodeFields(depth - 1) : uncheckedChild;
  return {
    name: Type.Optional(
      Text({
        description: 'Name of this node in status, metrics and explanations.',
        examples: ['rollouts'],
        minLength: 1,
        maxLength: maxNodeNameLength,
      }),
    ),
    drop: Type.Optional(
      Type.Array(dropRuleFields, {
        maxItems: maxListItems,
        description: 'An Event that any of these rules matches ends here: neither match nor routes see it.',
      }),
    ),
    match: Type.Optional(
      Type.Array(RuleFields, {
        maxItems: maxListItems,
        description:
          'Each rule is judged alone and sends to its receiver when it matches. The routes below are visited only when every rule of this list matched.',
      }),
    ),
    routes: Type.Optional(Type.Array(child, { maxItems: maxListItems, description: childrenDescription })),
  };
}

/** Levels of children that the CRD spells out. */
export const unrolledLevels = 4;

/** Declares the spec of an EventRoute. */
export const rootRouteFields = Type.Object(
  {
    mode: Type.Optional(
      OneOf(routeModes, {
        description:
          'Deliver sends what matches. Shadow matches and counts, and sends nothing. Suspend takes the route out: it neither matches nor counts.',
        default: 'Deliver',
      }),
    ),
    repeats: Type.Optional(
      OneOf(repeatModes, {
        description:
          'What happens when an Event occurs again and the API server raises its count. All routes every occurrence. First routes only the first one.',
        default: 'All',
      }),
    ),
    ...nodeProperties(unrolledLevels),
  },
  { description: 'Which Events go to which receivers.' },
);
