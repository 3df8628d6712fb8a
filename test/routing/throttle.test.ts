import { explain } from '../../operator/routing/explain.ts';
import { formatExplanation } from '../../operator/routing/explanation-text.ts';
import { compileRoute } from '../../operator/routing/compile-route.ts';
import { type RouteSpec } from '../../operator/routing/route-fields.ts';
import { joinThrottles } from '../../operator/routing/throttle.ts';
import { groupFields } from '../../operator/routing/throttle-fields.ts';
import { createTree, type DeliveringRoute } from '../../operator/routing/tree.ts';
import { type EventParts, makeOccurrence, makeRoute, type RoutePlace } from './event-factory.ts';

const backOff: EventParts = {
  reason: 'BackOff',
  type: 'Warning',
  involvedObject: {
    uid: 'u1',
    kind: 'Pod',
    name: 'web-0',
    labels: { app: 'web' },
    ownerReferences: [
      { apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'n' },
      { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web', uid: 'r', controller: true },
    ],
  },
};

function sendersOf(spec: RouteSpec, parts: EventParts = backOff, place: RoutePlace = {}): DeliveringRoute[] {
  const tree = createTree([makeRoute(spec, place)]);
  return tree.route(makeOccurrence(parts)).deliveries.flatMap(({ routes }) => routes);
}

function keyOf(spec: RouteSpec, parts: EventParts = backOff, place: RoutePlace = {}): string {
  const [sender] = sendersOf(spec, parts, place);
  const [group] = sender?.throttles ?? [];
  if (group === undefined) throw new Error('nothing is throttled');
  return group.key;
}

const throttled = (by?: string[], per = '10m'): RouteSpec => ({
  match: [{ receiver: 'a', throttle: { per, ...(by !== undefined && { by }) } }],
});

function problemsOf(rule: unknown): readonly unknown[] {
  return compileRoute({
    namespace: 'shop',
    name: 'r',
    clusterWide: false,
    spec: { match: [rule] } as RouteSpec,
  }).problems;
}

describe('the throttle of a rule', () => {
  it('groups by object and reason, and sends one at once, when it says no more than how long', () => {
    const [sender] = sendersOf(throttled());
    expect(sender?.throttles).toEqual([{ key: expect.any(String) as string, first: 1, perMs: 600_000 }]);
    expect(keyOf(throttled(), { ...backOff, message: 'another' })).toBe(keyOf(throttled()));
    expect(keyOf(throttled(), { ...backOff, reason: 'Failed' })).not.toBe(keyOf(throttled()));
    const other = { ...backOff, involvedObject: { ...backOff.involvedObject, uid: 'u2' } };
    expect(keyOf(throttled(), other)).not.toBe(keyOf(throttled()));
  });

  it.each(Object.keys(groupFields))('tells events apart by %s', (field) => {
    const reads = (tag: string): EventParts => ({
      ...{ reason: tag, type: tag, action: tag, namespace: tag, message: tag },
      ...{ component: tag, host: tag, reportingController: tag },
      involvedObject: {
        ...{ uid: tag, kind: tag, name: tag, namespace: tag, apiVersion: tag, fieldPath: tag },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Job', name: tag, uid: tag }],
      },
    });
    const spec = throttled([field]);
    expect(keyOf(spec, reads('one'))).toBe(keyOf(spec, reads('one')));
    expect(keyOf(spec, reads('one'))).not.toBe(keyOf(spec, reads('two')));
  });

  it('tells events apart by a label, and takes a label that is not there or not known as empty', () => {
    const spec = throttled(['labels.app']);
    const labelled = (labels: Record<string, string> | undefined): EventParts => ({
      involvedObject: { labels },
    });
    expect(keyOf(spec, labelled({ app: 'web' }))).not.toBe(keyOf(spec, labelled({ app: 'api' })));
    const nothing = keyOf(spec, labelled({}));
    expect(keyOf(spec, labelled(undefined))).toBe(nothing);
    expect(keyOf(spec, labelled({ app: '' }))).toBe(nothing);
    expect(keyOf(throttled(['labels.constructor']), labelled({}))).toBe(
      keyOf(throttled(['labels.constructor']), labelled(undefined)),
    );
  });

  it('groups by the owner that controls the object', () => {
    const spec = throttled(['owner']);
    const [node] = backOff.involvedObject?.ownerReferences ?? [];
    const renamed = { ...backOff.involvedObject, name: 'web-1', uid: 'u2' };
    expect(keyOf(spec, { ...backOff, involvedObject: renamed })).toBe(keyOf(spec));
    expect(
      keyOf(spec, { ...backOff, involvedObject: { ownerReferences: node === undefined ? [] : [node] } }),
    ).not.toBe(keyOf(spec));
  });

  it('has the object looked up only where it groups by labels or owner', () => {
    expect(makeRoute(throttled(['labels.app'])).needs.object).toBe(true);
    expect(makeRoute(throttled(['owner'])).needs.object).toBe(true);
    expect(makeRoute(throttled()).needs.object).toBe(false);
  });

  it('keeps values apart that look alike when they are put together', () => {
    const spec = throttled(['reason', 'message']);
    expect(keyOf(spec, { reason: 'a', message: '","b' })).not.toBe(
      keyOf(spec, { reason: 'a","', message: 'b' }),
    );
  });

  it('keeps the name of a group short, however long a message is', () => {
    const spec = throttled(['message']);
    const keys = ['x', 'y'].map((end) => keyOf(spec, { message: 'long'.repeat(10_000) + end }));
    expect(new Set(keys).size).toBe(2);
    for (const key of keys) expect(key.length).toBeLessThan(300);
  });

  it('has groups of its own for each route, rule and revision of the rule', () => {
    const moved: RouteSpec = { match: [{ kind: 'Node' }, ...(throttled().match ?? [])] };
    const keys = [
      keyOf(throttled()),
      keyOf(throttled(), backOff, { name: 'other' }),
      keyOf(moved),
      keyOf(throttled(undefined, '20m')),
    ];
    expect(new Set(keys).size).toBe(4);
  });

  it.each<[string, unknown, string, string]>([
    [
      'an unknown field',
      { receiver: 'a', throttle: { by: ['involvedObject.nam'], per: '1m' } },
      'throttle.by[0]',
      'did you mean involvedObject.name?',
    ],
    ['no duration', { receiver: 'a', throttle: { per: 'soon' } }, 'throttle.per', 'must be a duration'],
    ['too short a time', { receiver: 'a', throttle: { per: '900ms' } }, 'throttle.per', 'from 1s to 24h'],
    ['too long a time', { receiver: 'a', throttle: { per: '25h' } }, 'throttle.per', 'from 1s to 24h'],
    ['no time', { receiver: 'a', throttle: {} }, 'throttle.per', 'is required'],
    ['an empty list', { receiver: 'a', throttle: { by: [], per: '1m' } }, 'throttle.by', 'at least 1'],
    ['none at once', { receiver: 'a', throttle: { first: 0, per: '1m' } }, 'throttle.first', 'at least 1'],
    ['no receiver', { throttle: { per: '1m' } }, 'throttle', 'needs a `receiver`'],
  ])('is refused with %s', (_, rule, path, message) => {
    expect(problemsOf(rule)).toEqual([
      { path: `spec.match[0].${path}`, message: expect.stringContaining(message) as string },
    ]);
  });

  it('is refused in a drop rule', () => {
    const spec: unknown = { drop: [{ throttle: { per: '1m' } }], match: [{ receiver: 'a' }] };
    const written = { namespace: 'shop', name: 'r', clusterWide: false, spec: spec as RouteSpec };
    const { problems } = compileRoute(written);
    expect(problems).toMatchObject([{ path: 'spec.drop[0]' }]);
  });
});

describe('an event that several rules send to one receiver', () => {
  it('falls into a group of each, when all of them throttle', () => {
    const [sender] = sendersOf({
      match: [
        { receiver: 'a', throttle: { per: '1m' } },
        { receiver: 'a', throttle: { per: '2m' } },
      ],
    });
    expect(sender?.throttles?.map(({ perMs }) => perMs)).toEqual([60_000, 120_000]);
  });

  it.each([
    ['first', [{ receiver: 'a' }, { receiver: 'a', throttle: { per: '1m' } }]],
    ['last', [{ receiver: 'a', throttle: { per: '1m' } }, { receiver: 'a' }]],
  ])('falls into none, when the %s of them does not throttle', (_, match) => {
    const [sender] = sendersOf({ match });
    expect(sender?.throttles).toBeUndefined();
  });

  it('is throttled only if every route does that', () => {
    const group = { key: 'k', first: 1, perMs: 1_000 };
    const other = { ...group, key: 'l' };
    expect(joinThrottles([{ throttles: [group] }, { throttles: [other] }])).toEqual([group, other]);
    expect(joinThrottles([{ throttles: [group] }, { throttles: undefined }])).toBeUndefined();
    expect(joinThrottles([{ throttles: undefined }])).toBeUndefined();
    expect(joinThrottles([])).toBeUndefined();
  });
});

describe('the explanation of a throttled rule', () => {
  it('says how it throttles', () => {
    const spec: RouteSpec = {
      match: [
        { receiver: 'a', throttle: { per: '10m' } },
        { receiver: 'b', throttle: { by: ['labels.app'], first: 3, per: '1h30m' } },
      ],
    };
    const explanation = explain([makeRoute(spec)], makeOccurrence(backOff));
    expect(explanation.routes[0]?.root?.match.map(({ throttledBy }) => throttledBy)).toEqual([
      'involvedObject.uid, reason per 10m',
      'labels.app after 3 per 1h30m',
    ]);
    expect(formatExplanation(explanation)).toContain(
      '✓ spec.match[0] matched → eventroute/a, throttled by involvedObject.uid, reason per 10m',
    );
  });
});
