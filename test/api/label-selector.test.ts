import { checkSelector, selects, type LabelSelector } from '../../operator/api/label-selector.ts';

type Operator = NonNullable<LabelSelector['matchExpressions']>[number]['operator'];
const expression = (key: string, operator: Operator, values?: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, ...(values && { values }) }],
});
const gold = { tier: 'gold' };

test.each<[LabelSelector, Record<string, string>, boolean]>([
  [{}, {}, true],
  [{ matchLabels: { tier: 'gold' } }, gold, true],
  [{ matchLabels: { tier: 'gold', zone: 'a' } }, gold, false],
  [expression('tier', 'In', ['silver', 'gold']), gold, true],
  [expression('tier', 'In', ['silver']), gold, false],
  [expression('tier', 'In', ['gold']), {}, false],
  [expression('tier', 'NotIn', ['gold']), gold, false],
  [expression('tier', 'NotIn', ['gold']), {}, true],
  [expression('tier', 'Exists'), gold, true],
  [expression('tier', 'Exists'), {}, false],
  [expression('tier', 'DoesNotExist'), {}, true],
  [expression('tier', 'DoesNotExist'), gold, false],
])('the selector %j on the labels %j is %j', (selector, labels, isSelected) => {
  expect(selects(selector, labels)).toBe(isSelected);
});

test.each(['constructor', 'toString', '__proto__'])(
  'the label %s is there only where somebody set it',
  (key) => {
    expect(selects(expression(key, 'Exists'), {})).toBe(false);
    expect(selects(expression(key, 'DoesNotExist'), {})).toBe(true);
    const labels = JSON.parse(`{"${key}":"x"}`) as Record<string, string>;
    expect(selects(expression(key, 'In', ['x']), labels)).toBe(true);
  },
);

test('an operator without the values that it needs, or with values that it does not take, is refused', () => {
  expect(checkSelector(expression('tier', 'NotIn'), 'selector')).toEqual([
    {
      path: 'selector.matchExpressions[0].values',
      message: 'needs at least one value: the operator is NotIn',
    },
  ]);
  expect(checkSelector(expression('tier', 'Exists', ['a']), 'selector')).toHaveLength(1);
  expect(checkSelector(expression('tier', 'In', ['a']), 'selector')).toEqual([]);
});
