import { Type, type Static } from '@sinclair/typebox';

import { OneOf, Text } from '../schema/fields.ts';
import { joinPath, type Problem } from '../schema/problem.ts';

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
  const equal = Object.entries(selector.matchLabels ?? {}).every(
    ([key, value]) => valueOf(labels, key) === value,
  );
  return equal && (selector.matchExpressions ?? []).every((expression) => holds(expression, labels));
}

/** Finds what the schema cannot say about a selector: operators that need values, or take none. */
export function checkSelector({ matchExpressions = [] }: LabelSelector, path: string): Problem[] {
  const at = joinPath(path, 'matchExpressions');
  return matchExpressions.flatMap(({ operator, values = [] }, index) => {
    const needsValues = operator === 'In' || operator === 'NotIn';
    if (needsValues === values.length > 0) return [];
    const message = needsValues
      ? `needs at least one value: the operator is ${operator}`
      : `must be left out: the operator is ${operator}`;
    return [{ path: joinPath(joinPath(at, index), 'values'), message }];
  });
}

/** A label may be called `constructor`. */
function valueOf(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number];

function holds(
  { key, operator, values = [] }: Expression,
  labels: Readonly<Record<string, string>>,
): boolean {
  const value = valueOf(labels, key);
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
