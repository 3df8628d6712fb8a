import fc from 'fast-check';
import { type RouteNode, type RouteSpec, type Rule } from '../../operator/routing/route-fields.ts';
import { createTree } from '../../operator/routing/tree.ts';
import { ownReportingController } from '../../operator/event/own-event.ts';
import { type EventParts, makeOccurrence, makeRoute, type RoutePlace } from './event-factory.ts';

function receiversOf(spec: RouteSpec, parts: EventParts): string[] {
  const tree = createTree([makeRoute(spec)]);
  return tree.route(makeOccurrence(parts)).deliveries.map(({ receiver }) => receiver.name);
}

const kubeSystem: EventParts = { namespace: 'kube-system' };
const failing = (reason: string): EventParts => ({ type: 'Warning', reason });

describe('a route', () => {
  const nested: RouteSpec = {
    match: [{ namespace: 'kube-*' }],
    routes: [{ match: [{ receiver: 'osman' }], routes: [{ match: [{ receiver: 'any' }] }] }],
  };
  const nestedWithDrop: RouteSpec = {
    match: [{ namespace: 'kube-*' }],
    routes: [
      {
        match: [{ receiver: 'osman' }],
        routes: [{ drop: [{ namespace: 'kube-system' }], match: [{ receiver: 'any' }] }],
      },
    ],
  };
  const dropNormal: RouteSpec = {
    drop: [{ type: 'Normal' }],
    match: [{ reason: 'FailedCreatePodContainer', receiver: 'elastic' }],
  };
  const two: RouteSpec = {
    match: [{ namespace: 'kube-system', receiver: 'osman' }, { receiver: 'any' }],
  };

  // The exporter's own unit tests: reference, section 2.4; then the cases that it should have had.
  test.each<[string, RouteSpec, EventParts, string[]]>([
    ['1', {}, kubeSystem, []],
    ['2', { match: [{ namespace: 'kube-system', receiver: 'osman' }] }, kubeSystem, ['osman']],
    ['3', { drop: [{ namespace: 'kube-system' }], match: [{ receiver: 'osman' }] }, kubeSystem, []],
    ['4', two, kubeSystem, ['osman', 'any']],
    [
      '5',
      { match: [{ namespace: 'kube-system' }], routes: [{ match: [{ receiver: 'osman' }] }] },
      kubeSystem,
      ['osman'],
    ],
    ['6', nested, kubeSystem, ['osman', 'any']],
    ['7', nestedWithDrop, kubeSystem, ['osman']],
    ['8', dropNormal, failing('FailedCreatePodContainer'), ['elastic']],
    ['9', dropNormal, failing('FailedCreate'), []],
    ['10', {}, {}, []],
    ['11', { match: [{ receiver: 'in-mem' }] }, {}, ['in-mem']],
    ['12', { drop: [{}], match: [{ receiver: 'in-mem' }] }, {}, []],
    ['4 with another namespace', two, { namespace: 'default' }, ['any']],
    [
      'a failing sibling keeps the children from being visited, not the delivery',
      { match: [{ receiver: 'a' }, { kind: 'Node' }], routes: [{ match: [{ receiver: 'b' }] }] },
      {},
      ['a'],
    ],
    [
      'siblings do not affect one another',
      { routes: [{ drop: [{}] }, { match: [{ kind: 'X', receiver: 'a' }] }, { match: [{ receiver: 'b' }] }] },
      {},
      ['b'],
    ],
    ['minCount without a count', { match: [{ minCount: 1, receiver: 'a' }] }, { count: 0 }, []],
    ['minCount with series.count', { match: [{ minCount: 3, receiver: 'a' }] }, { count: 3 }, ['a']],
    ['minCount in a drop rule', { drop: [{ minCount: 3 }], match: [{ receiver: 'a' }] }, { count: 3 }, []],
    [
      'minCount in a drop rule, below it',
      { drop: [{ minCount: 3 }], match: [{ receiver: 'a' }] },
      { count: 2 },
      ['a'],
    ],
  ])('decides case %s as the exporter does', (...[, spec, parts, expected]) => {
    expect(receiversOf(spec, parts)).toEqual(expected);
  });

  test('sends to a receiver once, however many rules name it, and tells the nodes that did', () => {
    const tree = createTree([
      makeRoute({
        match: [{ receiver: 'a' }, { type: 'Warning', receiver: 'a' }],
        routes: [{ name: 'child', match: [{ receiver: 'a' }] }],
      }),
    ]);
    expect(tree.route(makeOccurrence({ type: 'Warning' })).deliveries).toEqual([
      {
        receiver: { namespace: 'eventroute', name: 'a' },
        key: 'eventroute/a',
        send: true,
        routes: [
          {
            route: 'eventroute/route',
            shadow: false,
            nodes: [{ path: 'spec' }, { path: 'spec.routes[0]', name: 'child' }],
          },
        ],
      },
    ]);
  });

  test('counts every node in or below which a receiver was reached', () => {
    const tree = createTree([
      makeRoute({
        routes: [
          { name: 'outer', routes: [{ name: 'inner', match: [{ receiver: 'a' }] }, { name: 'other' }] },
          { name: 'dropping', drop: [{}], match: [{ receiver: 'b' }] },
        ],
      }),
    ]);
    const { matched, droppedBy } = tree.route(makeOccurrence());
    expect(matched).toEqual([
      {
        route: 'eventroute/route',
        shadow: false,
        nodes: [
          { path: 'spec' },
          { path: 'spec.routes[0]', name: 'outer' },
          { path: 'spec.routes[0].routes[0]', name: 'inner' },
        ],
      },
    ]);
    expect(droppedBy).toEqual([
      {
        route: 'eventroute/route',
        node: { path: 'spec.routes[1]', name: 'dropping' },
        rule: 'spec.routes[1].drop[0]',
      },
    ]);
  });
});

describe('a tree', () => {
  const toA: RouteSpec = { match: [{ receiver: 'a' }] };
  const payments: RoutePlace = { namespace: 'payments', clusterWide: false };

  test.each<[string, EventParts, number]>([
    ['of its own namespace', { namespace: 'payments' }, 1],
    ['of another namespace', { namespace: 'shop' }, 0],
    [
      'of its namespace about an object elsewhere',
      { namespace: 'payments', involvedObject: { namespace: 'shop' } },
      0,
    ],
    [
      'of elsewhere about an object here',
      { namespace: 'shop', involvedObject: { namespace: 'payments' } },
      0,
    ],
    ['about a cluster-scoped object', { namespace: 'default', involvedObject: { namespace: '' } }, 0],
    [
      'of its namespace about a cluster-scoped object',
      { namespace: 'payments', involvedObject: { namespace: '' } },
      0,
    ],
  ])('shows a route of a namespace an Event %s or not', (_what, parts, seen) => {
    const decision = createTree([makeRoute(toA, payments)]).route(makeOccurrence(parts));
    expect([decision.seen, decision.deliveries.length]).toEqual([seen, seen]);
  });

  test('shows a cluster-wide route everything', () => {
    const tree = createTree([makeRoute(toA)]);
    const places: EventParts[] = [
      { namespace: 'x' },
      { namespace: 'default', involvedObject: { namespace: '' } },
    ];
    expect(places.map((parts) => tree.route(makeOccurrence(parts)).seen)).toEqual([1, 1]);
  });

  test('joins routes at a receiver that both name, and counts each', () => {
    const tree = createTree([
      makeRoute({ match: [{ receiver: 'platform/oncall' }] }, payments),
      makeRoute({ match: [{ receiver: 'oncall' }] }, { namespace: 'platform' }),
    ]);
    const { deliveries, matched } = tree.route(makeOccurrence({ namespace: 'payments' }));
    expect(deliveries.map(({ key, routes }) => [key, routes.map(({ route }) => route)])).toEqual([
      ['platform/oncall', ['platform/route', 'payments/route']],
    ]);
    expect(matched.map(({ route }) => route)).toEqual(['platform/route', 'payments/route']);
  });

  test('matches in mode Shadow and marks that nothing is to be sent', () => {
    const tree = createTree([makeRoute({ ...toA, mode: 'Shadow' })]);
    const { deliveries, matched } = tree.route(makeOccurrence());
    expect(deliveries.map(({ send, routes }) => [send, routes[0]?.shadow])).toEqual([[false, true]]);
    expect(matched.map(({ shadow }) => shadow)).toEqual([true]);
  });

  test('sends when a delivering route and one in mode Shadow name the same receiver', () => {
    const shadow = makeRoute({ ...toA, mode: 'Shadow' }, { name: 'a' });
    const real = makeRoute(toA, { name: 'b' });
    const [delivery] = createTree([shadow, real]).route(makeOccurrence()).deliveries;
    expect([delivery?.send, delivery?.routes.map((route) => route.shadow)]).toEqual([true, [true, false]]);
  });

  test('does not ask a route in mode Suspend', () => {
    const tree = createTree([makeRoute({ drop: [{}], ...toA, mode: 'Suspend' })]);
    expect(tree.route(makeOccurrence())).toEqual({ deliveries: [], matched: [], droppedBy: [], seen: 0 });
  });

  test('routes repetitions unless the route wants the first only', () => {
    const seen = (spec: RouteSpec, number: number): number =>
      createTree([makeRoute(spec)]).route(makeOccurrence({}, number)).deliveries.length;
    expect([seen(toA, 1), seen(toA, 2)]).toEqual([1, 1]);
    const first: RouteSpec = { ...toA, repeats: 'First' };
    expect([seen(first, 1), seen(first, 2)]).toEqual([1, 0]);
  });

  test('keeps the Events of Eventroute itself out of routing unless a rule names their controller', () => {
    const own: EventParts = { reportingController: ownReportingController };
    expect(receiversOf(toA, own)).toEqual([]);
    expect(receiversOf({ match: [{ reportingController: '!kubelet', receiver: 'a' }] }, own)).toEqual([]);
    expect(receiversOf({ match: [{ reportingController: 'eventroute', receiver: 'a' }] }, own)).toEqual([
      'a',
    ]);
  });

  test('asks only the routes of the own namespace, however many others there are', () => {
    const routes = Array.from({ length: 1_000 }, (_, index) =>
      makeRoute(toA, { namespace: `team-${index}`, clusterWide: false }),
    );
    expect(createTree(routes).route(makeOccurrence({ namespace: 'team-7' })).seen).toBe(1);
  });

  test('adds up what its active routes need', () => {
    const labels = makeRoute({ match: [{ labels: { a: '' }, receiver: 'a' }] }, { name: 'a' });
    const suspended = makeRoute({ mode: 'Suspend', match: [{ namespaceLabels: { a: '' } }] }, { name: 'b' });
    expect(createTree([labels, suspended]).needs).toEqual({ object: true, namespaceLabels: false });
  });

  test('is not changed by what happens to the list that it was made of', () => {
    const routes = [makeRoute(toA)];
    const tree = createTree(routes);
    routes.pop();
    expect(tree.route(makeOccurrence()).deliveries).toHaveLength(1);
    expect(() => (tree.routes as unknown[]).pop()).toThrow(TypeError);
  });
});

interface Sent {
  readonly receivers: readonly string[];
  readonly dropped: boolean;
}

/** The exporter's algorithm (reference, section 2.1) written down once more, on texts that need no pattern. */
function modelNode(node: RouteNode, event: { type: string; reason: string; count: number }): Sent {
  const matches = (rule: Rule): boolean =>
    (rule.type === undefined || event.type.includes(rule.type)) &&
    (rule.reason === undefined || event.reason.includes(rule.reason)) &&
    (rule.minCount === undefined || event.count >= rule.minCount);
  if ((node.drop ?? []).some(matches)) return { receivers: [], dropped: true };
  const match = node.match ?? [];
  const own = match.filter(matches).flatMap(({ receiver }) => (receiver === undefined ? [] : [receiver]));
  if (!match.every(matches)) return { receivers: own, dropped: false };
  const below = (node.routes ?? []).map((child) => modelNode(child, event));
  return {
    receivers: [...own, ...below.flatMap(({ receivers }) => receivers)],
    dropped: below.some(({ dropped }) => dropped),
  };
}

const optional = <Value>(values: fc.Arbitrary<Value>) => fc.option(values, { nil: undefined, freq: 2 });

const conditions = {
  type: optional(fc.constantFrom('Normal', 'Warning', 'a')),
  reason: optional(fc.constantFrom('Failed', 'BackOff', 'a', 'F')),
  minCount: optional(fc.integer({ min: 1, max: 3 })),
};

function stripUndefined<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Value;
}

const drops = fc.array(fc.record(conditions).map(stripUndefined), { maxLength: 2 });
const matches = fc.array(
  fc.record({ ...conditions, receiver: optional(fc.constantFrom('a', 'b', 'c')) }).map(stripUndefined),
  { maxLength: 3 },
);

const { node } = fc.letrec<{ node: RouteNode }>((tie) => ({
  node: fc.record({
    drop: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: drops }),
    match: matches,
    routes: fc.oneof({ maxDepth: 3 }, fc.constant([]), fc.array(tie('node'), { maxLength: 3 })),
  }),
}));

const event = fc.record({
  type: fc.constantFrom('Normal', 'Warning', ''),
  reason: fc.constantFrom('Failed', 'FailedMount', 'BackOff', ''),
  count: fc.integer({ min: 0, max: 3 }),
});

test('a tree decides as a plain model of the exporter does, but for sending once', () => {
  fc.assert(
    fc.property(node, event, (spec, parts) => {
      const model = modelNode(spec, parts);
      const { deliveries, matched, droppedBy } = createTree([makeRoute(spec)]).route(makeOccurrence(parts));
      expect(deliveries.map(({ receiver }) => receiver.name)).toEqual([...new Set(model.receivers)]);
      expect(matched.length > 0).toBe(model.receivers.length > 0);
      expect(droppedBy.length > 0).toBe(model.dropped);
    }),
    { numRuns: 3_000, seed: 11 },
  );
});
