import { Type, type Static } from '@sinclair/typebox';

import { OneOf, Text } from '../schema/fields.ts';

/** The schema of a metav1.LabelSelector. */
export const labelSelectorFields = Type.Object(
  {
    matchLabels: Type.Optional(
      Type.Record(Type.String(), Text({ description: 'The value that the label must have.' }), {
        description: 'Labels that must be there with these values.',
        maxProperties: 64,
      }),
    ),
    matchExpressions: Type.Optional(
      Type.Array(
        Type.Object({
          key: Text({ description: "The label's key.", minLength: 1 }),
          operator: OneOf(['In', 'NotIn', 'Exists', 'DoesNotExist'], {
            description: 'How the label is compared.',
          }),
          values: Type.Optional(
            Type.Array(Type.String(), { description: 'The values for In and NotIn.', maxItems: 64 }),
          ),
        }),
        { description: 'Comparisons that must all hold.', maxItems: 64 },
      ),
    ),
  },
  { description: 'Selects namespaces by their labels.' },
);

/** A metav1.LabelSelector. */
export type LabelSelector = Static<typeof labelSelectorFields>;

/** Whether labels satisfy a selector; an empty selector takes everything, as everywhere in Kubernetes. */
export function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return equal && (selector.matchExpressions ?? []).every((expression) => holds(expression, labels));
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number];

function holds(
  { key, operator, values = [] }: Expression,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = labels[key];
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}
