import { compileRoute } from '../../operator/routing/compile-route.ts';
import { type RouteSpec } from '../../operator/routing/route-fields.ts';

const containing = (text: string): string => expect.stringContaining(text) as string;

function compile(spec: unknown, clusterWide = true) {
  return compileRoute({ namespace: 'payments', name: 'r', clusterWide, spec: spec as RouteSpec });
}

const toA = { receiver: 'a' };

function nest(levels: number, innermost: object): object {
  let node = innermost;
  for (let level = 0; level < levels; level += 1) node = { routes: [node] };
  return node;
}

describe('compileRoute', () => {
  test('fills in what is left out', () => {
    const { route } = compile({ match: [toA] });
    expect(route).toMatchObject({
      key: 'payments/r',
      mode: 'Deliver',
      repeats: 'All',
      clusterWide: true,
      root: { ref: { path: 'spec' } },
    });
  });

  test('lists the receivers with the place that names them', () => {
    const { receivers } = compile({
      match: [{ receiver: 'oncall' }],
      routes: [{ match: [{}, { receiver: 'platform/oncall' }] }],
    });
    expect(receivers).toEqual([
      { path: 'spec.match[0].receiver', ref: { namespace: 'payments', name: 'oncall' }, written: 'oncall' },
      {
        path: 'spec.routes[0].match[1].receiver',
        ref: { namespace: 'platform', name: 'oncall' },
        written: 'platform/oncall',
      },
    ]);
  });

  test.each(['a/b/c', '/a', 'a/', 'a b'])('refuses the receiver %j', (receiver) => {
    const { route, problems } = compile({ match: [{ receiver }] });
    expect(route).toBeUndefined();
    expect(problems).toEqual([
      {
        path: 'spec.match[0].receiver',
        message: containing('must be `name` or `namespace/name`'),
      },
    ]);
  });

  test('tells all problems at once, each with its path', () => {
    const { route, problems } = compile({
      drop: [{ reason: '(a' }],
      routes: [{ match: [{ kind: '[', receiver: 'a//b' }, { when: 'event.count' }] }],
    });
    expect(route).toBeUndefined();
    expect(problems.map(({ path }) => path)).toEqual([
      'spec.drop[0].reason',
      'spec.routes[0].match[0].kind',
      'spec.routes[0].match[0].receiver',
      'spec.routes[0].match[1].when',
    ]);
  });

  test('checks what is deeper than the CRD spells out, and suggests the near miss', () => {
    const { problems } = compile(
      nest(7, { mach: [], match: [{ resaon: 'x', minCount: '3', receiver: 'a' }], drop: {}, name: 5 }),
    );
    const deep = 'spec' + '.routes[0]'.repeat(7);
    expect(problems).toEqual(
      expect.arrayContaining([
        { path: deep, message: 'has `mach`; did you mean `match`?' },
        { path: `${deep}.match[0]`, message: 'has `resaon`; did you mean `reason`?' },
        { path: `${deep}.match[0].minCount`, message: 'must be a whole number, not a text' },
        { path: `${deep}.drop`, message: 'must be a list, not a map' },
        { path: `${deep}.name`, message: 'must be a text, not a number' },
      ]),
    );
    expect(problems).toHaveLength(5);
  });

  test('tells broken patterns beside broken shapes', () => {
    const { problems } = compile({ match: [{ knd: 'x' }, { reason: '(' }] });
    expect(problems.map(({ path }) => path)).toEqual(['spec.match[0]', 'spec.match[1].reason']);
  });

  test.each([null, 'x', 3, [], { match: null }, { match: [null] }, { routes: [7] }, { drop: ['x'] }])(
    'survives the nonsense %j and refuses it',
    (spec) => {
      const { route, problems } = compile(spec);
      expect(route).toBeUndefined();
      expect(problems.length).toBeGreaterThan(0);
    },
  );

  test('takes 32 levels and no more', () => {
    expect(compile(nest(32, { match: [toA] })).route).toBeDefined();
    const { problems } = compile(nest(33, { match: [toA] }));
    expect(problems).toEqual([
      { path: 'spec' + '.routes[0]'.repeat(33), message: containing('deeper than 32 levels') },
    ]);
  });

  test('refuses a tree that would exhaust the call stack, without walking it', () => {
    expect(compile(nest(200_000, {})).problems).toHaveLength(1);
  });

  test('refuses more than 2000 rules', () => {
    const routes = Array.from({ length: 5 }, () => ({ match: Array.from({ length: 450 }, () => toA) }));
    expect(compile({ routes }).problems).toEqual([
      { path: 'spec', message: containing('more than 2000 rules') },
    ]);
    expect(compile({ routes: routes.slice(0, 4) }).route).toBeDefined();
  });

  test('refuses patterns that are too large together, once', () => {
    const match = Array.from({ length: 400 }, (_, index) => ({
      message: `[a-z]{${990 + (index % 9)}}x`,
      receiver: 'a',
    }));
    const started = performance.now();
    const { problems } = compile({ match });
    expect(problems).toEqual([
      { path: containing('.message'), message: containing('too large together'), reason: 'InvalidPattern' },
    ]);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('adds up what has to be looked up', () => {
    expect(compile({ match: [{ kind: 'Pod', receiver: 'a' }] }).route?.needs).toEqual({
      object: false,
      namespaceLabels: false,
    });
    expect(
      compile({ routes: [{ drop: [{ labels: { a: '' } }] }, { match: [{ namespaceLabels: { b: '!' } }] }] })
        .route?.needs,
    ).toEqual({ object: true, namespaceLabels: true });
  });
});

describe('compileRoute notes', () => {
  test.each<[string, RouteSpec, string, string]>([
    ['a glob', { match: [{ reason: '*x*', ...toA }] }, 'spec.match[0].reason', 'shell glob *x*'],
    [
      'an entry that was split in two',
      { match: [{ namespace: 'x' }, toA] },
      'spec.match[1]',
      'every Event that is not dropped goes to a',
    ],
    ['a drop rule without conditions', { drop: [{}], match: [toA] }, 'spec.drop[0]', 'drops everything'],
    [
      'minCount in a drop rule',
      { drop: [{ minCount: 3 }], match: [toA] },
      'spec.drop[0].minCount',
      'drops Events from their occurrence 3 on',
    ],
    [
      'a receiver in a drop rule',
      { drop: [{ kind: 'Pod', receiver: 'b' } as object], match: [toA] },
      'spec.drop[0].receiver',
      'is ignored',
    ],
    ['an impossible type', { match: [{ type: 'Error', ...toA }] }, 'spec.match[0].type', 'can never match'],
    [
      'a kind in lower case',
      { match: [{ kind: 'pod|node', ...toA }] },
      'spec.match[0].kind',
      'capital letter',
    ],
    [
      'minCount of a route that wants first occurrences',
      { repeats: 'First', match: [{ minCount: 2, ...toA }] },
      'spec.match[0].minCount',
      'can never match',
    ],
    [
      'a name that is used twice',
      { routes: [{ name: 'x', match: [toA] }, { name: 'x' }] },
      'spec.routes[1].name',
      'repeats the name x',
    ],
    ['a route without receivers', { match: [{ kind: 'Pod' }] }, 'spec', 'names no receiver'],
  ])('tells %s', (...[, spec, path, message]) => {
    const { route, notes } = compile(spec);
    expect(route).toBeDefined();
    expect(notes).toEqual([{ path, message: containing(message) }]);
  });

  test('tells a namespace that a route of another namespace cannot see', () => {
    const spec = { match: [{ namespace: 'shop', ...toA }] };
    expect(compile(spec, true).notes).toEqual([]);
    expect(compile(spec, false).notes).toEqual([
      {
        path: 'spec.match[0].namespace',
        message: containing('sees only the Events of its own'),
      },
    ]);
  });

  test('says nothing about a route that is as it should be', () => {
    const spec = {
      drop: [{ type: 'Normal', reason: 'Scheduled|Pulled' }],
      match: [toA, { type: 'Warning', minCount: 3, receiver: 'platform/oncall' }],
      routes: [{ name: 'rollouts', match: [{ kind: 'Deployment|ReplicaSet', receiver: 'b' }] }],
    };
    expect(compile(spec, false).notes).toEqual([]);
  });
});
