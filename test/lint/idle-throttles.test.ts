import fc from 'fast-check';

import { type Occurrence } from '../../operator/event/occurrence.ts';
import { findIdleThrottles } from '../../operator/lint/idle-throttles.ts';
import { explain, type RuleExplanation } from '../../operator/routing/explain.ts';
import { type RouteSpec, type Rule } from '../../operator/routing/route-fields.ts';
import { createTree, type RoutingTree } from '../../operator/routing/tree.ts';
import { makeOccurrence, makeRoute } from '../routing/event-factory.ts';

const throttle = { per: '10m' };
const find = (spec: RouteSpec): string[] =>
  findIdleThrottles(spec, 'shop').map(({ path, message }) => `${path} ${message}`);

/** What a rule of the root or of its first child said. */
function explainRule(tree: RoutingTree, event: Occurrence, path: string): Partial<RuleExplanation> {
  const root = explain(tree, event).routes[0]?.root;
  const told = [...(root?.match ?? []), ...(root?.routes[0]?.match ?? [])];
  return told.find((one) => one.path === path) ?? {};
}

describe('a throttle without effect', () => {
  test.each<[string, RouteSpec, string[]]>([
    [
      'stands beside a wider rule that sends to the same receiver at once',
      {
        match: [
          { type: 'Warning', receiver: 'a' },
          { type: 'Warning', reason: 'BackOff', receiver: 'shop/a', throttle },
        ],
      },
      ['spec.match[1].throttle has no effect: spec.match[0] sends the same Events to shop/a at once'],
    ],
    [
      'stands below a rule that sends to the same receiver at once',
      { match: [{ kind: 'Pod', receiver: 'a' }], routes: [{ match: [{ receiver: 'a', throttle }] }] },
      [
        'spec.routes[0].match[0].throttle has no effect: spec.match[0] sends the same Events to shop/a at once',
      ],
    ],
  ])('%s', (_, spec, expected) => {
    expect(find(spec)).toEqual(expected);
  });

  test.each<[string, RouteSpec]>([
    ['the other rule sends elsewhere', { match: [{ receiver: 'b' }, { receiver: 'a', throttle }] }],
    [
      'the other rule is narrower',
      {
        match: [
          { type: 'Warning', receiver: 'a' },
          { receiver: 'a', throttle },
        ],
      },
    ],
    [
      'the other rule throttles too',
      {
        match: [
          { receiver: 'a', throttle },
          { reason: 'x', receiver: 'a', throttle },
        ],
      },
    ],
    [
      'the other rule leaves its Events out',
      {
        match: [
          { reason: '!x', receiver: 'a' },
          { reason: 'x', receiver: 'a', throttle },
        ],
      },
    ],
    [
      'the other rule is below',
      { match: [{ receiver: 'a', throttle }], routes: [{ match: [{ kind: 'Pod', receiver: 'a' }] }] },
    ],
  ])('is not claimed when %s', (_, spec) => {
    expect(find(spec)).toEqual([]);
  });

  const texts = fc.constantFrom('a', 'b', '^a$', '!a', '!^b$');
  const rule: fc.Arbitrary<Rule> = fc.record(
    {
      reason: texts,
      type: fc.constantFrom('Normal', '!Normal'),
      receiver: fc.constantFrom('one', 'other'),
      throttle: fc.constant(throttle),
    },
    { requiredKeys: ['receiver'] },
  );
  const rules = fc.array(rule, { maxLength: 4 });

  it('has none indeed, whatever is claimed', () => {
    let claims = 0;
    const events = ['a', 'b', 'ab', 'c'].flatMap((reason) =>
      ['Normal', 'Warning'].map((type) => makeOccurrence({ reason, type })),
    );
    fc.assert(
      fc.property(rules, rules, (match, below) => {
        const spec: RouteSpec = { match, routes: [{ match: below }] };
        const tree = createTree([makeRoute(spec, { namespace: 'shop' })]);
        for (const { path } of findIdleThrottles(spec, 'shop')) {
          claims += 1;
          const at = path.replace(/\.throttle$/, '');
          for (const event of events) {
            const { verdict, receiver } = explainRule(tree, event, at);
            if (verdict !== 'matched') continue;
            const reached = tree.route(event).deliveries.find(({ key }) => key === receiver);
            expect(reached?.routes.map(({ throttles }) => throttles)).toEqual([undefined]);
          }
        }
      }),
      { numRuns: 500 },
    );
    expect(claims).toBeGreaterThan(50);
  });
});
