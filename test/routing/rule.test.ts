import { compileRule } from '../../operator/routing/rule.ts';
import { type Rule } from '../../operator/routing/route-fields.ts';
import { type EventParts, makeEvent } from './event-factory.ts';

const containing = (text: string): string => expect.stringContaining(text) as string;

function ruleOf(written: Rule) {
  const compilation = { problems: [], notes: [], spent: { characters: 0, instructions: 0 } };
  const rule = compileRule(written, 'spec.match[0]', compilation);
  return { rule, ...compilation };
}

function judge(written: Rule, parts: EventParts): string | undefined {
  const { rule, problems } = ruleOf(written);
  expect(problems).toEqual([]);
  const event = makeEvent(parts);
  const why = rule.whyNot(event);
  // The fast answer and the explained one must never differ.
  expect(rule.matches(event)).toBe(why === undefined);
  return why;
}

const labels = (map: Record<string, string>): EventParts => ({ involvedObject: { labels: map } });
const annotations = (map: Record<string, string>): EventParts => ({ involvedObject: { annotations: map } });

describe('a rule', () => {
  // The exporter's own unit tests: reference, section 2.3.
  test.each<[string, Rule, EventParts, boolean]>([
    ['1', {}, {}, true],
    ['2', { namespace: 'kube-system' }, { namespace: 'kube-system' }, true],
    ['3', { namespace: 'kube-system' }, { namespace: 'default' }, false],
    ['4a', { namespace: 'kube-*' }, { namespace: 'kube-system' }, true],
    ['4b', { namespace: 'kube-*' }, { namespace: 'kube-public' }, true],
    ['4c', { namespace: 'kube-*' }, { namespace: 'default' }, false],
    ['5', { labels: { version: 'alpha' } }, labels({ version: 'alpha-123' }), true],
    ['6', { labels: { env: 'prod' } }, labels({ env: 'prod' }), true],
    ['7', { labels: { env: 'prod' } }, labels({ env: 'lab' }), false],
    ['8', { labels: { env: 'prod', version: 'beta' } }, labels({ env: 'prod', version: 'beta' }), true],
    ['9', { labels: { env: 'prod', version: 'beta' } }, labels({ env: 'prod', version: 'alpha' }), false],
    ['10', { labels: { env: 'prod', version: 'beta' } }, labels({ age: 'very-old', version: 'beta' }), false],
    [
      '11',
      { annotations: { name: 'sou*' } },
      annotations({ name: 'source', service: 'event-exporter' }),
      true,
    ],
    ['12', { annotations: { name: 'test*' } }, annotations({ name: 'source' }), false],
    [
      '13',
      { annotations: { name: 'sou.*', service: 'event*' } },
      annotations({ name: 'source', service: 'event-exporter' }),
      true,
    ],
    [
      '14',
      { annotations: { name: 'sou*', service: 'event*' } },
      annotations({ service: 'event-exporter' }),
      false,
    ],
    [
      '15',
      { namespace: 'kube-system', type: 'Warning', labels: { env: 'prod', version: 'alpha' } },
      labels({ env: 'prod', version: 'alpha' }),
      false,
    ],
    [
      '16',
      {
        namespace: 'kube-system',
        kind: 'Pod',
        labels: { env: 'prod', version: 'alpha' },
        annotations: { service: 'event*' },
      },
      {
        namespace: 'kube-system',
        involvedObject: {
          kind: 'Pod',
          labels: { env: 'prod', version: 'alpha' },
          annotations: { service: 'event-exporter' },
        },
      },
      true,
    ],
    [
      '17',
      {
        namespace: 'kube-system',
        kind: 'Pod',
        labels: { env: 'prod', version: 'alpha' },
        annotations: { name: 'test*' },
      },
      {
        namespace: 'kube-system',
        involvedObject: {
          kind: 'Pod',
          labels: { env: 'prod', version: 'alpha' },
          annotations: { service: 'event-exporter' },
        },
      },
      false,
    ],
    [
      '18',
      { namespace: 'kube*', kind: 'Po*', labels: { env: 'prod', version: 'alpha|beta' } },
      {
        namespace: 'kube-system',
        involvedObject: { kind: 'Pod', labels: { env: 'prod', version: 'alpha' } },
      },
      true,
    ],
    [
      '19',
      { namespace: 'kube*', type: 'Deployment|ReplicaSet', labels: { env: 'prod', version: 'alpha|beta' } },
      {
        namespace: 'kube-system',
        type: 'Pod',
        involvedObject: { labels: { env: 'prod', version: 'alpha' } },
      },
      false,
    ],
    [
      '20',
      { type: 'Pod', message: 'pulled.*nginx.*' },
      { type: 'Pod', message: 'Successfully pulled image "nginx:latest"' },
      true,
    ],
    [
      '21',
      { type: 'Pod', message: 'pulled.*nginx.*', minCount: 30 },
      { type: 'Pod', message: 'Successfully pulled image "nginx:latest"', count: 5 },
      false,
    ],
  ])("judges case %s of the exporter's tests as the exporter does", (...[, written, parts, expected]) => {
    expect(judge(written, parts) === undefined).toBe(expected);
  });

  test.each<[Rule, EventParts, string]>([
    [
      { kind: 'Node|Deployment' },
      { involvedObject: { kind: 'Pod' } },
      'kind is Pod, the rule wants Node|Deployment',
    ],
    [{ reason: '!BackOff' }, { reason: 'BackOff' }, 'reason is BackOff, which the rule excludes (!BackOff)'],
    [{ reason: 'BackOff' }, {}, 'reason is empty, the rule wants BackOff'],
    [{ minCount: 3 }, { count: 2 }, 'count is 2, the rule wants at least 3'],
    [
      { labels: { tier: 'critical' } },
      labels({ tier: 'gold' }),
      'label tier is gold, the rule wants critical',
    ],
    [{ labels: { tier: 'critical' } }, labels({}), 'label tier is missing, the rule wants critical'],
    [{ labels: { tier: '' } }, labels({}), 'label tier is missing, the rule wants it with any value'],
    [{ labels: { tier: '!' } }, labels({ tier: 'x' }), 'label tier is x, the rule wants it absent'],
    [
      { namespaceLabels: { team: '!blue' } },
      { namespaceLabels: { team: 'blue' } },
      'namespace label team is blue, which the rule excludes (!blue)',
    ],
    [
      { owner: '^Job/' },
      { involvedObject: { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'a', uid: '1' }] } },
      'owner is Node/a, the rule wants ^Job/',
    ],
    [{ when: 'event.count > 3' }, { count: 2 }, 'when: the expression is false (event.count > 3)'],
    [
      { when: 'event.series.count > 3' },
      {},
      'when: the expression has no value: event.series is absent (event.series.count > 3)',
    ],
  ])('%j says why it does not match', (written, parts, expected) => {
    expect(judge(written, parts)).toBe(expected);
  });

  test.each<[Rule, EventParts]>([
    [{ name: '^web-[0-9]$' }, { involvedObject: { name: 'web-1' } }],
    [{ action: 'Binding' }, { action: 'Binding' }],
    [{ reportingController: 'kubelet' }, { reportingController: 'kubelet' }],
    [
      { component: 'kubelet', host: '^n1$' },
      { component: 'kubelet', host: 'n1' },
    ],
    [{ apiVersion: '^apps/' }, { involvedObject: { apiVersion: 'apps/v1' } }],
    [{ labels: { 'app.kubernetes.io/name': '' } }, labels({ 'app.kubernetes.io/name': '' })],
    [{ labels: { tier: '!critical' } }, labels({ tier: 'gold' })],
    [{ labels: { tier: '!critical' } }, labels({})],
    [{ labels: { tier: '!' } }, labels({})],
    [{ namespaceLabels: { team: 'blue' } }, { namespaceLabels: { team: 'blue' } }],
    [{ minCount: 3 }, { count: 3 }],
    [{ minCount: 0 }, { count: 0 }],
    [{ message: '', reason: '', labels: {} }, {}],
    [{ type: '!Normal' }, { type: 'Warning' }],
    [{ reason: '!Normal' }, {}],
    [{ when: 'event.count > 3' }, { count: 4 }],
  ])('%j matches', (written, parts) => {
    expect(judge(written, parts)).toBeUndefined();
  });

  const owned = (...owners: string[]): EventParts => ({
    involvedObject: {
      ownerReferences: owners.map((owner) => {
        const [kind = '', name = ''] = owner.split('/');
        return { apiVersion: 'v1', kind, name, uid: owner };
      }),
    },
  });

  test.each<[string, EventParts, boolean]>([
    ['^ReplicaSet/web', owned('Node/a', 'ReplicaSet/web-1'), true],
    ['^ReplicaSet/web', owned('Node/a'), false],
    ['!^ReplicaSet/web', owned('Node/a', 'ReplicaSet/web-1'), false],
    ['!^ReplicaSet/web', owned('Node/a'), true],
    ['!^ReplicaSet/web', owned(), true],
  ])('owner %s judges all owners together', (owner, parts, expected) => {
    expect(judge({ owner }, parts) === undefined).toBe(expected);
  });

  const unknown: EventParts = {
    involvedObject: { labels: undefined, annotations: undefined },
    namespaceLabels: undefined,
  };

  test.each<Rule>([
    { labels: { tier: 'critical' } },
    { labels: { tier: '!critical' } },
    { labels: { tier: '!' } },
    { annotations: { a: '' } },
    { namespaceLabels: { team: '!blue' } },
    { owner: '!^Job/' },
  ])('%j does not match while what it asks for is not known', (written) => {
    expect(judge(written, unknown)).toContain('not known');
  });

  test('reads no key that an object inherits', () => {
    expect(judge({ labels: { constructor: '', toString: '.*' } }, labels({}))).toContain('missing');
  });

  test('tells what has to be looked up for it', () => {
    expect(ruleOf({ kind: 'Pod' }).rule.needs).toEqual({ object: false, namespaceLabels: false });
    expect(ruleOf({ annotations: { a: '' } }).rule.needs).toEqual({ object: true, namespaceLabels: false });
    expect(ruleOf({ owner: 'Job/' }).rule.needs.object).toBe(true);
    expect(ruleOf({ when: 'event.involvedObject.deleted' }).rule.needs.object).toBe(true);
    expect(ruleOf({ when: 'event["count"] > 2' }).rule.needs.object).toBe(false);
    expect(ruleOf({ namespaceLabels: { a: '' } }).rule.needs.namespaceLabels).toBe(true);
  });

  test('tells every problem with its path', () => {
    const { problems } = ruleOf({ reason: '(a', type: '!', labels: { 'a/b': '[' }, when: 'event.count' });
    expect(problems).toEqual([
      { path: 'spec.match[0].type', message: containing('nothing after the !'), reason: 'InvalidPattern' },
      { path: 'spec.match[0].reason', message: containing('missing closing )'), reason: 'InvalidPattern' },
      {
        path: 'spec.match[0].labels["a/b"]',
        message: containing('missing closing ]'),
        reason: 'InvalidPattern',
      },
      {
        path: 'spec.match[0].when',
        message: containing('gives int; a rule needs a boolean'),
        reason: 'InvalidExpression',
      },
    ]);
  });

  test('shortens long texts in its reasons', () => {
    expect(judge({ message: 'x' }, { message: 'a'.repeat(5_000) })!.length).toBeLessThan(200);
  });
});
