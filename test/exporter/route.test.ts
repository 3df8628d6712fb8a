import { type EventParts, makeEvent } from '../routing/event-factory.ts';
import { convert, told } from './convert.ts';
import { createRouter } from './routed.ts';

const sinks = (...names: string[]) =>
  `receivers: [${names.map((name) => `{name: ${name}, stdout: {}}`).join(', ')}]\n`;

/** Where an event goes by a route in YAML flow style. */
async function route(written: string, event: EventParts): Promise<string[]> {
  const conversion = await convert(`route: ${written}\n${sinks('osman', 'any', 'elastic')}`);
  return createRouter(conversion)(makeEvent(event));
}

const labelled = (labels: Record<string, string>, more: EventParts = {}): EventParts => ({
  ...more,
  involvedObject: { labels, annotations: {}, ...more.involvedObject },
});
const annotated = (annotations: Record<string, string>): EventParts => ({ involvedObject: { annotations } });
const inSystem: EventParts = { namespace: 'kube-system' };
const pod = { kind: 'Pod' };
const prodAlpha = { env: 'prod', version: 'alpha' };

describe('rules of an exporter file (reference 2.3)', () => {
  const pulled = 'Successfully pulled image "nginx:latest"';
  test.each<[number, string, EventParts, boolean]>([
    [1, '{}', {}, true],
    [2, '{namespace: kube-system}', inSystem, true],
    [3, '{namespace: kube-system}', { namespace: 'default' }, false],
    [4, '{namespace: kube-*}', inSystem, true],
    [4, '{namespace: kube-*}', { namespace: 'kube-public' }, true],
    [4, '{namespace: kube-*}', { namespace: 'default' }, false],
    [5, '{labels: {version: alpha}}', labelled({ version: 'alpha-123' }), true],
    [6, '{labels: {env: prod}}', labelled({ env: 'prod' }), true],
    [7, '{labels: {env: prod}}', labelled({ env: 'lab' }), false],
    [8, '{labels: {env: prod, version: beta}}', labelled({ env: 'prod', version: 'beta' }), true],
    [9, '{labels: {env: prod, version: beta}}', labelled({ env: 'prod', version: 'alpha' }), false],
    [10, '{labels: {env: prod, version: beta}}', labelled({ age: 'very-old', version: 'beta' }), false],
    [11, '{annotations: {name: sou*}}', annotated({ name: 'source', service: 'event-exporter' }), true],
    [12, '{annotations: {name: test*}}', annotated({ name: 'source' }), false],
    [
      13,
      '{annotations: {name: sou.*, service: event*}}',
      annotated({ name: 'source', service: 'event-exporter' }),
      true,
    ],
    [14, '{annotations: {name: sou*, service: event*}}', annotated({ service: 'event-exporter' }), false],
    [
      15,
      '{namespace: kube-system, type: Warning, labels: {env: prod, version: alpha}}',
      labelled(prodAlpha),
      false,
    ],
    [
      16,
      '{namespace: kube-system, kind: Pod, labels: {env: prod, version: alpha}, annotations: {service: event*}}',
      {
        ...inSystem,
        involvedObject: { ...pod, labels: prodAlpha, annotations: { service: 'event-exporter' } },
      },
      true,
    ],
    [
      17,
      '{namespace: kube-system, kind: Pod, labels: {env: prod, version: alpha}, annotations: {name: test*}}',
      {
        ...inSystem,
        involvedObject: { ...pod, labels: prodAlpha, annotations: { service: 'event-exporter' } },
      },
      false,
    ],
    [
      18,
      '{namespace: kube*, kind: Po*, labels: {env: prod, version: alpha|beta}}',
      { ...inSystem, involvedObject: { ...pod, labels: prodAlpha } },
      true,
    ],
    [
      19,
      '{namespace: kube*, type: Deployment|ReplicaSet, labels: {env: prod, version: alpha|beta}}',
      { ...inSystem, type: 'Pod', involvedObject: { labels: prodAlpha } },
      false,
    ],
    [20, '{type: Pod, message: pulled.*nginx.*}', { type: 'Pod', message: pulled }, true],
    [
      21,
      '{type: Pod, message: pulled.*nginx.*, minCount: 30}',
      { type: 'Pod', message: pulled, count: 5 },
      false,
    ],
  ])('%d: %s', async (_, rule, event, matches) => {
    const withReceiver = rule === '{}' ? '{receiver: osman}' : rule.replace(/\}$/, ', receiver: osman}');
    expect(await route(`{match: [${withReceiver}]}`, event)).toEqual(matches ? ['osman'] : []);
  });

  test('a count of the rule, or more, matches', async () => {
    expect(await route('{match: [{minCount: 6, receiver: osman}]}', { count: 6 })).toEqual(['osman']);
    expect(await route('{match: [{minCount: 6, receiver: osman}]}', { count: 5 })).toEqual([]);
    expect(await route('{match: [{minCount: 0, receiver: osman}]}', { count: 0 })).toEqual(['osman']);
    expect(await route('{match: [{minCount: -3, receiver: osman}]}', { count: 0 })).toEqual(['osman']);
  });

  test('an empty pattern of a label asks for the key alone', async () => {
    const rule = '{match: [{labels: {team: ""}, receiver: osman}]}';
    expect(await route(rule, labelled({ team: 'x' }))).toEqual(['osman']);
    expect(await route(rule, labelled({}))).toEqual([]);
  });

  test('numbers and booleans of labels are texts', async () => {
    const rule = '{match: [{labels: {tier: 1, canary: true}, receiver: osman}]}';
    expect(await route(rule, labelled({ tier: '1', canary: 'true' }))).toEqual(['osman']);
  });

  test('an exclamation mark is a text, and no negation', async () => {
    const rule = '{match: [{message: "!important", receiver: osman}]}';
    expect(await route(rule, { message: 'this is !important' })).toEqual(['osman']);
    expect(await route(rule, { message: 'other' })).toEqual([]);
  });
});

describe('routes of an exporter file (reference 2.4)', () => {
  const nested = (innermost: string) =>
    `{match: [{namespace: kube-*}], routes: [{match: [{receiver: osman}], routes: [{${innermost}match: [{receiver: any}]}]}]}`;
  const failed = '{drop: [{type: Normal}], match: [{reason: FailedCreatePodContainer, receiver: elastic}]}';
  test.each<[number, string, EventParts, string[]]>([
    [1, '{}', inSystem, []],
    [2, '{match: [{namespace: kube-system, receiver: osman}]}', inSystem, ['osman']],
    [3, '{drop: [{namespace: kube-system}], match: [{receiver: osman}]}', inSystem, []],
    [4, '{match: [{namespace: kube-system, receiver: osman}, {receiver: any}]}', inSystem, ['any', 'osman']],
    [
      4,
      '{match: [{namespace: kube-system, receiver: osman}, {receiver: any}]}',
      { namespace: 'default' },
      ['any'],
    ],
    [5, '{match: [{namespace: kube-system}], routes: [{match: [{receiver: osman}]}]}', inSystem, ['osman']],
    [6, nested(''), inSystem, ['any', 'osman']],
    [7, nested('drop: [{namespace: kube-system}], '), inSystem, ['osman']],
    [8, failed, { type: 'Warning', reason: 'FailedCreatePodContainer' }, ['elastic']],
    [9, failed, { type: 'Warning', reason: 'FailedCreate' }, []],
    [11, '{match: [{receiver: any}]}', {}, ['any']],
    [12, '{drop: [{}], match: [{receiver: any}]}', {}, []],
    [
      13,
      '{match: [{namespace: kube-*}, {type: Normal}], routes: [{match: [{receiver: any}]}]}',
      inSystem,
      [],
    ],
    [14, '{match: [{receiver: any}, {receiver: any}]}', {}, ['any']],
  ])('%d: %s', async (_, written, event, receivers) => {
    expect(await route(written, event)).toEqual(receivers);
  });

  test('10: nothing at all routes nothing', async () => {
    expect(createRouter(await convert(''))(makeEvent({}))).toEqual([]);
  });

  test('14: tells that a receiver named twice gets an event once', async () => {
    const conversion = await convert(
      `route:\n  match:\n  - receiver: any\n  - receiver: any\n${sinks('any')}`,
    );
    expect(told(conversion, 'difference')).toEqual(
      expect.arrayContaining([expect.stringMatching(/:4: route\.match\[1\]\.receiver names any once more/)]),
    );
  });
});

describe('what the exporter does not say about routes', () => {
  const warned = async (yaml: string, names = ['a']) =>
    told(await convert(`${yaml}${sinks(...names)}`), 'warning');

  test('a pattern that only reads as a glob is one, with the line', async () => {
    const yaml = 'route:\n  drop:\n  - namespace: "*test*"\n  match:\n  - receiver: a\n';
    expect(await warned(yaml)).toEqual([
      expect.stringMatching(
        /^exporter\.yaml:3: route\.drop\[0\]\.namespace is no RE2 pattern; it was taken as the shell glob/,
      ),
    ]);
    const to = createRouter(await convert(yaml + sinks('a')));
    expect(to(makeEvent({ namespace: 'my-test-1' }))).toEqual([]);
    expect(to(makeEvent({ namespace: 'prod' }))).toEqual(['a']);
  });

  test('a pattern that is none lets its rule never match, and the others go on', async () => {
    const yaml =
      'route:\n  drop:\n  - message: "(?=x)"\n  match:\n  - reason: "(?!x)"\n    receiver: a\n  - receiver: b\n  routes:\n  - match:\n    - receiver: c\n';
    const conversion = await convert(yaml + sinks('a', 'b', 'c'));
    expect(createRouter(conversion)(makeEvent({ message: 'x', reason: 'y' }))).toEqual(['b']);
    expect(told(conversion, 'warning')).toEqual([
      expect.stringMatching(/:3: route\.drop\[0\]\.message is not a valid RE2 pattern.*mend the pattern/),
      expect.stringMatching(/:5: route\.match\[0\]\.reason is not a valid RE2 pattern.*mend the pattern/),
    ]);
  });

  test('a pattern without quotes that begins with a star matches everything', async () => {
    const yaml = 'route:\n  drop:\n  - namespace: *test*\n  match:\n  - receiver: a\n';
    const conversion = await convert(yaml + sinks('a'));
    expect(createRouter(conversion)(makeEvent({ namespace: 'prod' }))).toEqual([]);
    expect(told(conversion, 'warning')).toEqual([expect.stringMatching(/:3: reads \*test\* as an alias/)]);
    expect(told(conversion, 'advice')).toEqual([
      expect.stringMatching(/:3: route\.drop\[0\] has no conditions/),
    ]);
  });

  test('an unknown receiver is left out, and the rule still is a condition', async () => {
    const yaml =
      'route:\n  match:\n  - namespace: shop\n    receiver: slak\n  routes:\n  - match:\n    - receiver: slack\n';
    const conversion = await convert(yaml + sinks('slack'));
    const to = createRouter(conversion);
    expect(to(makeEvent({ namespace: 'shop' }))).toEqual(['slack']);
    expect(to(makeEvent({ namespace: 'other' }))).toEqual([]);
    expect(told(conversion, 'warning')).toEqual([
      expect.stringMatching(
        /:4: route\.match\[0\]\.receiver names slak, which is no receiver of this file.*did you mean `slack`\?/,
      ),
    ]);
  });

  test('a receiver of a drop rule and unknown keys are ignored', async () => {
    const yaml =
      'route:\n  mach: []\n  drop:\n  - reason: x\n    receiver: a\n  match:\n  - Namespace: y\n    receiver: a\n';
    expect(await warned(yaml)).toEqual([
      expect.stringMatching(/:2: route\.mach is not known .*did you mean `match`\?/),
      expect.stringMatching(/:5: route\.drop\[0\]\.receiver is ignored/),
      expect.stringMatching(/:7: route\.match\[0\]\.Namespace is not known .*did you mean `namespace`\?/),
    ]);
    const to = createRouter(await convert(yaml + sinks('a')));
    expect(to(makeEvent({ namespace: 'z' }))).toEqual(['a']);
  });

  test('omitLookup lets rules with labels never match', async () => {
    const yaml =
      'omitLookup: true\nroute:\n  match:\n  - labels: {a: b}\n    receiver: a\n  - labels: {}\n    receiver: b\n';
    const conversion = await convert(yaml + sinks('a', 'b'));
    expect(createRouter(conversion)(makeEvent(labelled({ a: 'b' })))).toEqual(['b']);
    expect(told(conversion, 'warning')).toEqual([
      expect.stringMatching(/:4: route\.match\[0\]\.labels never match/),
    ]);
  });

  test('namespace limits the whole, taken literally', async () => {
    const to = createRouter(await convert(`namespace: a.b\nroute: {match: [{receiver: a}]}\n${sinks('a')}`));
    expect(to(makeEvent({ namespace: 'a.b' }))).toEqual(['a']);
    expect(to(makeEvent({ namespace: 'a-b' }))).toEqual([]);
    expect(to(makeEvent({ namespace: 'a.bc' }))).toEqual([]);
  });

  test('the classic mistake is told', async () => {
    const conversion = await convert(`route:\n  match:\n  - namespace: x\n  - receiver: a\n${sinks('a')}`);
    expect(told(conversion, 'advice')).toEqual([
      expect.stringMatching(/:4: route\.match\[1\] has only a receiver/),
    ]);
  });

  test.each([
    ['route:\n  match:\n  -\n', /:3: route\.match\[0\] is an empty item of a list/],
    ['route:\n  match: {receiver: a}\n', /:2: route\.match must be a list, not a map/],
    [
      'route:\n  match:\n  - namespace: [a, b]\n',
      /:3: route\.match\[0\]\.namespace must be a text, not a list/,
    ],
    ['route:\n  match:\n  - labels: [a]\n', /:3: route\.match\[0\]\.labels must be a map, not a list/],
    ['route:\n  match:\n  - minCount: 5000000000\n', /:3: route\.match\[0\]\.minCount must be at most/],
    ['route:\n  match:\n  - kind: {{ .Kind }}\n', /:3: route\.match\[0\]\.kind begins with \{\{/],
    ['namespace: x\nroute:\n  match:\n  - kind: "((a{1000}){1000}"\n', /./],
  ])('refuses %j, since nobody can tell where events would go', async (yaml, message) => {
    if (yaml.includes('1000')) {
      expect(await warned(yaml)).toEqual([expect.stringMatching(/:4: route\.match\[0\]\.kind/)]);
      return;
    }
    await expect(convert(yaml + sinks('a'))).rejects.toThrow(message);
  });
});
