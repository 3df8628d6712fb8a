import fc from 'fast-check';

import { findUnreachable } from '../../operator/lint/reachability.ts';
import { findRepeatedRules } from '../../operator/lint/repetition.ts';
import { explain, type NodeExplanation } from '../../operator/routing/explain.ts';
import { type RouteSpec } from '../../operator/routing/route-fields.ts';
import { makeOccurrence, makeRoute } from '../routing/event-factory.ts';

const find = (spec: RouteSpec, namespace?: string): string[] =>
  findUnreachable({
    namespace: namespace ?? 'root',
    name: 'r',
    clusterWide: namespace === undefined,
    spec,
  }).map(({ path, message }) => `${path} ${message}`);

describe('what cannot be reached', () => {
  test.each<[string, RouteSpec, string | undefined, string[]]>([
    [
      'a match rule behind a drop rule that takes all of it',
      { drop: [{ type: 'Normal' }], match: [{ type: 'Normal', reason: 'Pulled', receiver: 'a' }] },
      undefined,
      ['spec.match[0] can never match: spec.drop[0] drops everything that it would match'],
    ],
    [
      'a drop rule behind a wider one',
      { drop: [{ reason: 'Pull' }, { reason: 'Pulled|Pulling' }] },
      undefined,
      ['spec.drop[1] can never match: spec.drop[0] drops everything that it would match'],
    ],
    [
      'a child that wants what its parent excludes',
      {
        match: [{ type: 'Warning' }],
        routes: [{ match: [{ type: 'Normal', receiver: 'a' }, { receiver: 'b' }] }],
      },
      undefined,
      [
        'spec.routes[0].match[0] can never match: it wants type "Normal", and spec.match[0] wants type "Warning"',
      ],
    ],
    [
      'children behind match rules that exclude each other',
      {
        match: [
          { kind: '^Pod$', receiver: 'a' },
          { kind: '^Node$', receiver: 'b' },
        ],
        routes: [{ match: [{ receiver: 'c' }] }],
      },
      undefined,
      [
        'spec.routes are never visited: that takes every match rule of the node, and spec.match[0] wants kind "^Pod$" while spec.match[1] wants kind "^Node$"',
      ],
    ],
    [
      'everything behind a drop rule of the own namespace',
      { drop: [{ namespace: 'shop' }], match: [{ receiver: 'a' }] },
      'shop',
      [
        `spec.drop[0] drops every Event that gets here, since the route's own namespace is namespace "^shop$": nothing else of this node is reached`,
      ],
    ],
    [
      'children behind a drop rule of what all match rules let through',
      {
        drop: [{ kind: 'Pod', type: 'Warning' }],
        match: [{ kind: 'Pod' }, { type: 'Warning' }],
        routes: [{ match: [{ receiver: 'a' }] }],
      },
      undefined,
      [
        'spec.routes are never visited: spec.drop[0] drops what every match rule of the node would let through',
      ],
    ],
  ])('is %s', (_, spec, namespace, expected) => {
    expect(find(spec, namespace)).toEqual(expected);
  });

  test('is nothing of a route that is as it should be', () => {
    expect(
      find({
        drop: [{ type: 'Normal', reason: 'Pulled|Created' }],
        match: [{ receiver: 'archive' }, { reason: 'Back', receiver: 'b' }, { labels: { tier: '' } }],
        routes: [
          { drop: [{ labels: { tier: 'low' } }], match: [{ type: 'Warning', minCount: 3, receiver: 'c' }] },
        ],
      }),
    ).toEqual([]);
  });

  const text = fc.constantFrom('Pod', '^Pod$', '!Pod', 'Node', 'P.d', 'Pod|Node', '^(Pod|Node)$');
  const rule = fc.record(
    { kind: text, type: fc.constantFrom('Warning', 'Normal', '!Normal'), minCount: fc.nat(3) },
    { requiredKeys: [] },
  );
  const matchRule = fc
    .tuple(rule, fc.boolean())
    .map(([one, sends]) => (sends ? { ...one, receiver: 'a' } : one));
  const leaf = fc.record({
    drop: fc.array(rule, { maxLength: 2 }),
    match: fc.array(matchRule, { maxLength: 2 }),
  });
  const root = fc
    .tuple(leaf, fc.array(leaf, { maxLength: 2 }))
    .map(([node, routes]) => ({ ...node, routes }));

  const matchedIn = ({ path, drop, match, routes, outcome }: NodeExplanation): string[] => [
    ...(outcome === 'visited' ? [path] : []),
    ...[...drop, ...match].filter(({ verdict }) => verdict === 'matched').map((one) => one.path),
    ...routes.flatMap(matchedIn),
  ];

  test('is never something that an event reaches', () => {
    fc.assert(
      fc.property(
        root,
        fc.constantFrom('Pod', 'Node', 'Job'),
        fc.constantFrom('Normal', 'Warning'),
        fc.integer({ min: 1, max: 4 }),
        (spec, kind, type, count) => {
          const occurrence = makeOccurrence({ type, count, involvedObject: { kind } }, count);
          const [explained] = explain([makeRoute(spec)], occurrence).routes;
          const reached = matchedIn(explained!.root!);
          const isReached = (path: string): boolean =>
            path.endsWith('.routes') ? reached.some((one) => one.startsWith(path)) : reached.includes(path);
          const claims = findUnreachable({ namespace: 'n', name: 'r', clusterWide: true, spec }).filter(
            ({ message }) => !message.startsWith('drops every'),
          );
          expect(claims.filter(({ path }) => isReached(path))).toEqual([]);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});

test('rules that say the same are told, whatever the order of their fields', () => {
  const spec: RouteSpec = {
    match: [
      { kind: 'Pod', receiver: 'a' },
      { receiver: 'a', kind: 'Pod' },
      { kind: 'Pod', receiver: 'b' },
    ],
    routes: [{ drop: [{ type: 'Normal' }, { type: 'Normal' }] }],
  };
  expect(findRepeatedRules(spec).map(({ path, message }) => `${path} ${message}`)).toEqual([
    'spec.match[1] says the same as spec.match[0]',
    'spec.routes[0].drop[1] says the same as spec.routes[0].drop[0]',
  ]);
});
