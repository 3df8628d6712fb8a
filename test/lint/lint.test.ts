import { stringify } from 'yaml';

import { type CustomResource } from '../../operator/api/resource.ts';
import { prepareReceiver } from '../../operator/control/prepare-receiver.ts';
import { lintManifests, type LintOptions } from '../../operator/lint/lint.ts';
import { reportFormats, writeReport } from '../../operator/lint/report.ts';
import { lintRules } from '../../operator/lint/finding.ts';
import { offline } from '../../operator/lint/surroundings.ts';
import { readManifestSet } from '../../operator/manifest/manifest-set.ts';
import { loadSink, sinkNames } from '../../operator/sinks/registry.ts';

interface Written {
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly spec?: unknown;
  readonly [field: string]: unknown;
}

const object = ({ kind = 'EventReceiver', name = 'one', namespace = 'shop', ...rest }: Written): string =>
  stringify({
    apiVersion: kind.startsWith('Event') ? 'eventroute.dev/v1beta1' : 'v1',
    kind,
    metadata: { name, namespace, ...(rest['metadata'] as object) },
    ...Object.fromEntries(Object.entries(rest).filter(([field]) => field !== 'metadata')),
  });
const route = (spec: unknown, more: Written = {}): Written => ({
  kind: 'EventRoute',
  name: 'route',
  spec,
  ...more,
});
const webhook = (sink: object = {}, more: object = {}): unknown => ({
  sink: { webhook: { endpoint: 'https://hooks.example.com', ...sink } },
  ...more,
});

const lint = (objects: readonly Written[], options: Partial<LintOptions> = {}) =>
  lintManifests(readManifestSet([{ file: 'a.yaml', text: objects.map(object).join('---\n') }], 'shop'), {
    outside: offline,
    rootNamespace: 'root',
    localSinkNamespaces: [],
    ...options,
  });
const told = async (...parameters: Parameters<typeof lint>): Promise<string[]> =>
  (await lint(...parameters)).findings.map(({ severity, rule, path, message }) =>
    `${severity} ${rule} ${path ?? ''} ${message}`.slice(0, 120),
  );

describe('an EventReceiver', () => {
  test.each<[string, unknown, RegExp[]]>([
    [
      'breaks its schema',
      { sink: { slak: {} } },
      [/^error InvalidSpec spec\.sink has `slak`; did you mean `slack`/],
    ],
    [
      'has a duration out of bounds',
      webhook({}, { delivery: { timeout: '1ms' } }),
      [/^error InvalidSpec spec\.delivery\.timeout must be from/],
    ],
    [
      'has a template that does not compile',
      webhook({ layout: { a: '{{ .Foo' } }),
      [/^error InvalidTemplate spec\.sink\.webhook\.layout\.a/],
    ],
    [
      'is refused by its sink',
      webhook({ method: 'HEAD' }),
      [/^error InvalidConfig spec\.sink\.webhook method HEAD sends nothing/],
    ],
    [
      'writes to the operator’s machine',
      { sink: { stdout: {} } },
      [/^error SinkNotAllowed spec\.sink\.stdout writes/],
    ],
    [
      'names a Secret that the files lack',
      { sink: { webhook: { endpointSecretRef: { name: 's', key: 'url' } } } },
      [/^note NotChecked spec\.sink\.webhook\.endpointSecretRef names the Secret s/],
    ],
    [
      'has a mistake beside a Secret that the files lack',
      { sink: { webhook: { endpointSecretRef: { name: 's', key: 'url' }, layout: { a: '{{ end }}' } } } },
      [/^note NotChecked/, /^error InvalidTemplate/],
    ],
    [
      'may be refused for want of a Secret',
      { sink: { webhook: { endpointSecretRef: { name: 's', key: 'url' }, method: 'HEAD' } } },
      [/^warning InvalidConfig .* may be refused: method HEAD/, /^note NotChecked/],
    ],
  ])('that %s is told so', async (_, spec, expected) => {
    const findings = await told([{ spec }]);
    expect(findings).toHaveLength(expected.length);
    expected.forEach((pattern, index) => expect(findings[index]).toMatch(pattern));
  });

  test('has its Secret checked where the files or the cluster hold it', async () => {
    const spec = { sink: { webhook: { endpointSecretRef: { name: 's', key: 'url' } } } };
    const secret = (stringData: object): Written => ({ kind: 'Secret', name: 's', stringData });
    expect(await told([{ spec }, secret({ url: 'https://hooks.example.com/x' })])).toEqual([]);
    expect(await told([{ spec }, secret({ uri: 'x' })])).toEqual([
      expect.stringMatching(/^error SecretKeyNotFound .* names the key url of Secret s, which holds uri/),
    ]);
    expect(await told([{ spec }, secret({ url: 'ftp://hooks' })])).toEqual([
      expect.stringMatching(/^error InvalidConfig .*endpoint is no URL/),
    ]);
    const outside = { ...offline, secret: () => Promise.resolve(undefined) };
    expect(await told([{ spec }], { outside })).toEqual([
      expect.stringMatching(/^error SecretNotFound .* does not exist in namespace shop/),
    ]);
  });

  test('of the root namespace, or of one that is named, may use sinks of the operator’s machine', async () => {
    const spec = { sink: { stdout: {} } };
    expect(await told([{ spec, namespace: 'root' }])).toEqual([]);
    expect(await told([{ spec }], { localSinkNamespaces: ['shop'] })).toEqual([]);
  });

  test.each(sinkNames)(
    'of kind %s has an example that is fine, though its Secrets are not at hand',
    async (name) => {
      const { example } = await loadSink(name);
      const text = object({ namespace: 'root', spec: { sink: { [name]: example } } });
      const { findings } = await lintManifests(readManifestSet([{ file: 'a.yaml', text }], 'root'), {
        outside: offline,
        rootNamespace: 'root',
        localSinkNamespaces: [],
      });
      expect(findings.filter(({ rule }) => rule !== 'NotChecked')).toEqual([]);
    },
  );

  test('is judged as the operator judges it', async () => {
    const specs: unknown[] = [
      undefined,
      {},
      webhook(),
      webhook({ endpoint: '' }),
      webhook({ layout: { a: '{{ nope }}' } }),
      webhook({}, { delivery: { retry: { initial: '2h' } } }),
      webhook({}, { allowedRoutes: { namespaces: { from: 'Selector' } } }),
      { sink: { stdout: {} } },
      { sink: { slack: { token: 'x', channel: '#a', message: '{{ .Message }}' } } },
      { sink: { webhook: { endpointSecretRef: { name: 'known', key: 'url' } } } },
      { sink: { webhook: { endpointSecretRef: { name: 'known', key: 'other' } } } },
    ];
    const secrets: Written = {
      kind: 'Secret',
      name: 'known',
      stringData: { url: 'https://hooks.example.com' },
    };
    for (const spec of specs) {
      const resource = {
        apiVersion: 'eventroute.dev/v1beta1',
        kind: 'EventReceiver',
        metadata: { name: 'one', namespace: 'shop', generation: 1 },
        spec,
      } as CustomResource<never>;
      const world = {
        secret: () => Promise.resolve({ url: 'https://hooks.example.com' }),
      };
      const prepared = await prepareReceiver(resource, world, () => false);
      const { findings } = await lint([{ spec }, secrets]);
      const errors = findings.filter(({ severity }) => severity === 'error').map(({ rule }) => rule);
      expect([spec, errors[0]]).toEqual([
        spec,
        'objection' in prepared ? prepared.objection.verdict.reason : undefined,
      ]);
    }
  });
});

describe('an EventRoute', () => {
  const oncall: Written = { name: 'oncall', spec: webhook() };

  test.each<[string, unknown, RegExp[]]>([
    ['breaks its schema', { macth: [] }, [/^error InvalidSpec spec has `macth`; did you mean `match`/]],
    [
      'has a bad pattern',
      { match: [{ reason: '(', receiver: 'oncall' }] },
      [/^error InvalidPattern spec\.match\[0\]\.reason/],
    ],
    [
      'has a bad expression',
      { match: [{ when: '1 +', receiver: 'oncall' }] },
      [/^error InvalidExpression spec\.match\[0\]\.when/],
    ],
    [
      'names a receiver with a slip',
      { match: [{ receiver: 'oncal' }] },
      [/^error ReceiverNotFound .*names `oncal`/],
    ],
    [
      'names a receiver that is elsewhere',
      { match: [{ receiver: 'platform/x' }] },
      [/^error ReceiverNotFound spec\.match\[0\]\.receiver names `platform\/x`/],
    ],
    [
      'splits an entry in two',
      { match: [{ kind: 'Pod' }, { receiver: 'oncall' }] },
      [/^warning LikelyMistake spec\.match\[1\] has only a receiver/],
    ],
    [
      'has a rule that is never reached',
      { drop: [{ kind: 'Pod' }], match: [{ kind: 'Pod', receiver: 'oncall' }] },
      [/^warning UnreachableRule spec\.match\[0\]/],
    ],
    [
      'repeats a rule',
      { match: [{ receiver: 'oncall' }, { receiver: 'oncall' }] },
      [/^warning DuplicateRule spec\.match\[1\] says the same as spec\.match\[0\]/],
    ],
  ])('that %s is told so', async (_, spec, expected) => {
    const findings = (await told([oncall, route(spec)])).filter(
      (text) => !text.startsWith('note UnusedReceiver'),
    );
    expect(findings).toHaveLength(expected.length);
    expected.forEach((pattern, index) => expect(findings[index]).toMatch(pattern));
  });

  const named = (allowedRoutes?: object): Written[] => [
    { name: 'all', namespace: 'platform', spec: webhook({}, { allowedRoutes }) },
    route({ match: [{ receiver: 'platform/all' }] }),
  ];
  const trusted = { namespaces: { from: 'Selector', selector: { matchLabels: { team: 'a' } } } };
  const shop = (labels: object): Written => ({
    kind: 'Namespace',
    name: 'shop',
    metadata: { name: 'shop', labels },
  });

  test('may name a receiver of another namespace only if that lets it in', async () => {
    expect(await told(named())).toEqual([expect.stringMatching(/^error RefNotPermitted/)]);
    expect(await told(named({ namespaces: { from: 'All' } }))).toEqual([]);
    expect(await told([...named(trusted), shop({ team: 'a' })])).toEqual([]);
    expect(await told([...named(trusted), shop({ team: 'b' })])).toEqual([
      expect.stringMatching(/^error RefNotPermitted/),
    ]);
    expect(await told(named(trusted))).toEqual([
      expect.stringMatching(/^note NotChecked .*lets namespaces in by their labels/),
    ]);
  });

  test('finds its receiver outside of the files where there is an outside', async () => {
    const receiver = {
      apiVersion: 'eventroute.dev/v1beta1',
      kind: 'EventReceiver',
      metadata: { name: 'x', namespace: 'shop' },
      spec: webhook(),
    } as CustomResource;
    const spec = { match: [{ receiver: 'x' }] };
    expect(
      await told([route(spec)], { outside: { ...offline, receiver: () => Promise.resolve(receiver) } }),
    ).toEqual([]);
    expect(
      await told([route(spec)], {
        outside: { ...offline, receiver: () => Promise.resolve('unknown' as const) },
      }),
    ).toEqual([expect.stringMatching(/^note NotChecked .*may not be read/)]);
  });

  test('leaves a receiver that no route names to be told', async () => {
    expect(
      await told([oncall, { name: 'other', spec: webhook() }, route({ match: [{ receiver: 'oncall' }] })]),
    ).toEqual([expect.stringMatching(/^note UnusedReceiver/)]);
    expect(await told([oncall])).toEqual([]);
  });
});

describe('a report', () => {
  const judged = async () => {
    const { findings } = await lint([
      route({ match: [{ reason: '(\u001b[2J', receiver: 'oncall' }], drop: [{ kindd: 'a' }] }),
    ]);
    return { findings, files: 1, objects: 1 };
  };
  const options = { version: '1.2.3', paint: (text: string) => text };

  test('for people names file, line and column, and keeps control characters off the terminal', async () => {
    const text = writeReport('text', await judged(), options);
    expect(text).toMatch(/^a\.yaml:\d+:\d+: error: EventRoute shop\/route: spec\.drop\[0\] has `kindd`/m);
    expect(text).not.toContain('\u001b');
    expect(text).toMatch(/1 object in 1 file: 2 errors$/);
  });

  test('points at the field that is not known', async () => {
    const { findings } = await judged();
    const unknown = findings.find(({ message }) => message.includes('kindd'))!;
    const text = object(
      route({ match: [{ reason: '(\u001b[2J', receiver: 'oncall' }], drop: [{ kindd: 'a' }] }),
    );
    expect(text.split('\n')[unknown.place.line - 1]!.slice(unknown.place.column - 1)).toBe('kindd: a');
  });

  test('for GitHub is annotations, escaped', () => {
    const finding = {
      rule: 'InvalidSpec',
      severity: 'note',
      place: { file: 'a:b,c.yaml', line: 3, column: 7 },
      message: '100%\nsure',
    } as const;
    expect(writeReport('github', { findings: [finding], files: 1, objects: 1 }, options).split('\n')[0]).toBe(
      '::notice file=a%3Ab%2Cc.yaml,line=3,col=7,title=InvalidSpec::100%25%0Asure',
    );
  });

  test('as JSON holds all findings and counts', async () => {
    const json = JSON.parse(writeReport('json', await judged(), options)) as Record<string, unknown>;
    expect(json).toMatchObject({ files: 1, objects: 1, error: 2, warning: 0, note: 0 });
    expect(json['findings']).toHaveLength(2);
  });

  test('as SARIF 2.1.0 has the rules, and results that refer to them', async () => {
    const log = JSON.parse(writeReport('sarif', await judged(), options)) as {
      version: string;
      runs: {
        tool: { driver: { name: string; rules: { id: string }[] } };
        results: { ruleId: string; ruleIndex: number; level: string; locations: unknown[] }[];
      }[];
    };
    expect(log.version).toBe('2.1.0');
    const [run] = log.runs;
    expect(run!.tool.driver.rules.map(({ id }) => id)).toEqual(Object.keys(lintRules));
    expect(run!.results).toHaveLength(2);
    for (const { ruleId, ruleIndex, level, locations } of run!.results) {
      expect(run!.tool.driver.rules[ruleIndex]!.id).toBe(ruleId);
      expect(['none', 'note', 'warning', 'error']).toContain(level);
      expect(locations).toEqual([
        expect.objectContaining({
          physicalLocation: {
            artifactLocation: { uri: 'a.yaml' },
            region: { startLine: expect.any(Number), startColumn: expect.any(Number) },
          },
        }),
      ]);
    }
  });

  test.each(reportFormats)('as %s says so when nothing is wrong', (format) => {
    const text = writeReport(format, { findings: [], files: 2, objects: 3 }, options);
    expect(text).toMatch(/3 objects in 2 files: nothing is wrong|"error": 0|"results": \[\]/);
  });
});
