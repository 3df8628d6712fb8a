import fc from 'fast-check';
import { explain } from '../../operator/routing/explain.ts';
import { formatExplanation } from '../../operator/routing/explanation-text.ts';
import { type RouteSpec } from '../../operator/routing/route-fields.ts';
import { createTree } from '../../operator/routing/tree.ts';
import { makeOccurrence, makeRoute } from './event-factory.ts';

const spec: RouteSpec = {
  drop: [{ type: 'Normal', reason: 'Pulled' }],
  match: [{ receiver: 'archive' }, { type: 'Warning', minCount: 3, receiver: 'platform/oncall' }],
  routes: [{ name: 'rollouts', match: [{ kind: 'Deployment|ReplicaSet', receiver: 'oncall' }] }],
};

const backOff = {
  namespace: 'payments',
  type: 'Warning',
  reason: 'BackOff',
  count: 5,
  involvedObject: { kind: 'Pod', name: 'web-1' },
};

describe('explain', () => {
  test('gives for every node and rule what it said and why', () => {
    const [route] = explain([makeRoute(spec)], makeOccurrence(backOff, 5)).routes;
    expect(route).toEqual({
      route: 'eventroute/route',
      mode: 'Deliver',
      receivers: ['eventroute/archive', 'platform/oncall'],
      root: {
        path: 'spec',
        outcome: 'visited',
        drop: [{ path: 'spec.drop[0]', verdict: 'unmatched', why: 'type is Warning, the rule wants Normal' }],
        match: [
          { path: 'spec.match[0]', verdict: 'matched', receiver: 'eventroute/archive' },
          { path: 'spec.match[1]', verdict: 'matched', receiver: 'platform/oncall' },
        ],
        routes: [
          {
            path: 'spec.routes[0]',
            name: 'rollouts',
            outcome: 'visited',
            drop: [],
            match: [
              {
                path: 'spec.routes[0].match[0]',
                verdict: 'unmatched',
                why: 'kind is Pod, the rule wants Deployment|ReplicaSet',
                receiver: 'eventroute/oncall',
              },
            ],
            routes: [],
          },
        ],
      },
    });
  });

  test('says which drop rule ended a node, and that nothing else was asked', () => {
    const pulled = makeOccurrence({ ...backOff, type: 'Normal', reason: 'Pulled' });
    const { root, receivers } = explain([makeRoute(spec)], pulled).routes[0]!;
    expect(receivers).toEqual([]);
    expect(root).toMatchObject({
      outcome: 'dropped',
      why: 'spec.drop[0] dropped the Event',
      match: [{ verdict: 'skipped' }, { verdict: 'skipped' }],
      routes: [{ outcome: 'skipped' }],
    });
  });

  test('says which match rule kept the children from being visited', () => {
    const { root } = explain([makeRoute(spec)], makeOccurrence({ ...backOff, count: 1 })).routes[0]!;
    expect(root?.routes[0]).toMatchObject({ outcome: 'skipped', why: 'spec.match[1] did not match' });
  });

  test.each([
    [{ mode: 'Suspend' as const }, {}, 'mode is Suspend'],
    [{ repeats: 'First' as const }, {}, 'this is occurrence 5'],
    [
      {},
      { clusterWide: false, namespace: 'shop' },
      'the Event is in namespace payments, the route sees only namespace shop',
    ],
  ])('says why a route with %j %j was not asked', (extra, place, why) => {
    const [route] = explain([makeRoute({ ...spec, ...extra }, place)], makeOccurrence(backOff, 5)).routes;
    expect(route?.whyNotConsulted).toContain(why);
    expect(route?.root).toBeUndefined();
  });

  test('agrees with the tree about every receiver', () => {
    const text = fc.constantFrom('', 'Normal', 'Warning', 'Pulled', 'BackOff', 'Deployment');
    const event = fc.record({
      type: text,
      reason: text,
      count: fc.integer({ min: 0, max: 5 }),
      involvedObject: fc.record({ kind: text }),
    });
    const tree = createTree([makeRoute(spec), makeRoute({ ...spec, mode: 'Shadow' }, { name: 'shadow' })]);
    fc.assert(
      fc.property(event, (parts) => {
        const occurrence = makeOccurrence(parts);
        const { routes, deliveries } = explain(tree, occurrence);
        const decision = tree.route(occurrence);
        const reached = new Set(routes.flatMap(({ receivers }) => receivers));
        expect([...reached].sort()).toEqual(decision.deliveries.map(({ key }) => key).sort());
        expect(deliveries).toEqual(decision.deliveries.map(({ key, send }) => ({ receiver: key, send })));
      }),
      { seed: 3 },
    );
  });
});

describe('formatExplanation', () => {
  test('draws the tree with the reason at each rule', () => {
    const shadow = makeRoute({ mode: 'Shadow', match: [{ receiver: 'new' }] }, { name: 'trial' });
    const asleep = makeRoute({ mode: 'Suspend' }, { name: 'asleep' });
    const text = formatExplanation(explain([makeRoute(spec), shadow, asleep], makeOccurrence(backOff, 5)));
    expect(text).toBe(
      [
        'Warning BackOff of Pod/web-1 in payments, occurrence 5',
        '',
        'eventroute/asleep (Suspend)',
        '└─ not asked: mode is Suspend: the route is taken out',
        '',
        'eventroute/route',
        '├─ ✗ spec.drop[0]: type is Warning, the rule wants Normal',
        '├─ ✓ spec.match[0] matched → eventroute/archive',
        '├─ ✓ spec.match[1] matched → platform/oncall',
        '└─ spec.routes[0] "rollouts"',
        '   └─ ✗ spec.routes[0].match[0] → eventroute/oncall: kind is Pod, the rule wants Deployment|ReplicaSet',
        '',
        'eventroute/trial (Shadow)',
        '└─ ✓ spec.match[0] matched → eventroute/new',
        '',
        'Receivers reached: eventroute/archive, platform/oncall, eventroute/new (shadow: nothing is sent)',
      ].join('\n'),
    );
  });

  test('draws a drop and what it kept from being asked', () => {
    const pulled = makeOccurrence({ ...backOff, type: 'Normal', reason: 'Pulled' });
    const lines = formatExplanation(explain([makeRoute(spec)], pulled)).split('\n');
    expect(lines.slice(3)).toEqual([
      '├─ ✓ spec.drop[0] matched: dropped',
      '├─ · spec.match[0] → eventroute/archive not asked',
      '└─ · spec.match[1] → platform/oncall not asked',
      '',
      'No receiver is reached',
    ]);
  });

  test('says so when there are no routes', () => {
    expect(formatExplanation(explain([], makeOccurrence(backOff)))).toContain('There are no routes');
  });

  test('lets no control character of an event reach the terminal', () => {
    const occurrence = makeOccurrence({ ...backOff, reason: 'x\u001b[2J\u009b\n' });
    const text = formatExplanation(
      explain([makeRoute({ match: [{ reason: 'y', receiver: 'a' }] })], occurrence),
    );

    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    expect(text).toContain('x\\u001b[2J\\u009b\\u000a');
  });

  test('paints through the given style', () => {
    const text = formatExplanation(explain([makeRoute(spec)], makeOccurrence(backOff)), {
      paint: (word, meaning) => `<${meaning}>${word}</>`,
    });
    expect(text).toContain('<good>✓</> spec.match[0] matched<good> → eventroute/archive</>');
  });
});
