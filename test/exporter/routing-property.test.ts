import fc from 'fast-check';
import { parseAllDocuments, stringify } from 'yaml';

import { joinManifests, writeFiles } from '../../operator/exporter/manifest-files.ts';
import { type CustomResource } from '../../operator/api/resource.ts';
import { type EventParts, makeEvent } from '../routing/event-factory.ts';
import { convert } from './convert.ts';
import { createRouter } from './routed.ts';

// The model: sections 2.1 and 2.2 of the exporter's behaviour, over the configuration as data. It knows none of our code.

interface ModelRule {
  readonly [field: string]: unknown;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly minCount?: number;
  readonly receiver?: string;
}
interface ModelRoute {
  readonly drop?: readonly ModelRule[];
  readonly match?: readonly ModelRule[];
  readonly routes?: readonly ModelRoute[];
}
interface ModelEvent {
  readonly namespace: string;
  readonly reason: string;
  readonly message: string;
  readonly type: string;
  readonly count: number;
  readonly component: string;
  readonly host: string;
  readonly kind: string;
  readonly apiVersion: string;
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** Go refuses these, so that the exporter never matches them. */
const refused = ['(?=a)', '(?!a)', 'a(', '[', String.raw`(a)\1`, '(?<=x)y'];
/** Go refuses these as well; they read as globs, and are the documented exception. */
const globs: Readonly<Record<string, RegExp>> = { '*test*': /^.*test.*$/s, '*a': /^.*a$/s, '?b*': /^.b.*$/s };

function patternMatches(pattern: string, text: string): boolean {
  if (pattern === '') return true;
  if (refused.includes(pattern)) return false;
  return (globs[pattern] ?? new RegExp(pattern)).test(text);
}

const fields = ['message', 'apiVersion', 'kind', 'namespace', 'reason', 'type', 'component', 'host'] as const;

function ruleMatches(rule: ModelRule, event: ModelEvent): boolean {
  const texts = fields.every((field) =>
    patternMatches((rule[field] as string | undefined) ?? '', event[field]),
  );
  const maps = (['labels', 'annotations'] as const).every((map) =>
    Object.entries(rule[map] ?? {}).every(([key, pattern]) => {
      const value = event[map]?.[key];
      return value !== undefined && patternMatches(pattern, value);
    }),
  );
  return texts && maps && event.count >= (rule.minCount ?? 0);
}

function deliver(
  { drop = [], match = [], routes = [] }: ModelRoute,
  event: ModelEvent,
  to: (name: string) => void,
): void {
  if (drop.some((rule) => ruleMatches(rule, event))) return;
  const matching = match.filter((rule) => ruleMatches(rule, event));
  for (const { receiver = '' } of matching) if (receiver !== '') to(receiver);
  if (matching.length < match.length) return;
  for (const child of routes) deliver(child, event, to);
}

/** Once for each receiver, which is the one deliberate difference; unknown receivers get nothing. */
function model({ route, namespace, omitLookup, receivers }: ModelConfig, written: ModelEvent): string[] {
  const event = omitLookup === true ? { ...written, labels: undefined, annotations: undefined } : written;
  const reached = new Set<string>();
  if (namespace === undefined || namespace === '' || namespace === event.namespace) {
    deliver(route, event, (receiver) => reached.add(receiver));
  }
  const names = new Set(receivers.map(({ name }) => name));
  return [...reached].filter((name) => names.has(name)).sort();
}

interface ModelConfig {
  readonly route: ModelRoute;
  readonly receivers: readonly { readonly name: string; readonly stdout: object }[];
  readonly namespace?: string;
  readonly omitLookup?: boolean;
}

const names = ['dump', 'My Team', 'my_team', 'My-Team', '0', 'ça'];
const values = [
  '',
  'a',
  'b',
  'ab',
  'test',
  'my-test-1',
  'kube-system',
  'Pod',
  'Warning',
  '!a',
  'a\nb',
  'A.B',
];
const valid = [
  'a',
  '^a$',
  'a|b',
  'kube-*',
  '.*',
  '^$',
  '[ab]+',
  '!a',
  '!',
  'A.B',
  String.raw`\.`,
  'te+st',
  '^(a|Pod)$',
  '^[^a]',
];
const pattern = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom('', '.*', 'a|b', '[a-z]') },
  { weight: 3, arbitrary: fc.constantFrom(...valid) },
  { weight: 1, arbitrary: fc.constantFrom(...refused, ...Object.keys(globs)) },
);
const patterns = fc.dictionary(fc.constantFrom('x', 'app.kubernetes.io/name', 'y'), pattern, { maxKeys: 2 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

const rule: fc.Arbitrary<ModelRule> = fc.record(
  {
    ...Object.fromEntries(fields.map((field) => [field, pattern])),
    labels: patterns,
    annotations: patterns,
    minCount: fc.integer({ min: -1, max: 4 }),
    receiver: fc.constantFrom(...names, 'ghost', ''),
  },
  { requiredKeys: [] },
);
// of many fields no rule matches, so most have few
const smallRule = rule.chain((whole) =>
  fc.subarray(Object.keys(whole), { maxLength: 2 }).chain((keys) =>
    fc.option(fc.constantFrom(...names), { nil: undefined, freq: 4 }).map((receiver) => ({
      ...Object.fromEntries(keys.map((key) => [key, whole[key]])),
      ...(receiver !== undefined && { receiver }),
    })),
  ),
);
const { route } = fc.letrec<{ route: ModelRoute }>((tie) => ({
  route: fc.record(
    {
      drop: fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(smallRule, { maxLength: 2 }) },
      ),
      match: fc.array(smallRule, { maxLength: 3 }),
      routes: fc.array(tie('route'), { maxLength: 3, depthIdentifier: 'route' }),
    },
    { requiredKeys: ['match'] },
  ),
}));
const config: fc.Arbitrary<ModelConfig> = fc.record(
  {
    route,
    receivers: fc.subarray(names, { minLength: 4 }).map((some) => some.map((name) => ({ name, stdout: {} }))),
    namespace: fc.constantFrom('', '', '', 'a', 'A.B'),
    omitLookup: fc.boolean(),
  },
  { requiredKeys: ['route', 'receivers'] },
);
const value = fc.constantFrom(...values);
const objectMap = maybe(
  fc.dictionary(fc.constantFrom('x', 'app.kubernetes.io/name', 'y'), value, { maxKeys: 3 }),
);
const event: fc.Arbitrary<ModelEvent> = fc.record({
  namespace: value,
  reason: value,
  message: value,
  type: value,
  count: fc.integer({ min: 0, max: 5 }),
  component: value,
  host: value,
  kind: value,
  apiVersion: value,
  labels: objectMap,
  annotations: objectMap,
});

const toParts = ({ kind, apiVersion, labels, annotations, ...own }: ModelEvent): EventParts => ({
  ...own,
  involvedObject: { kind, apiVersion, labels, annotations },
});
const writers = [
  (data: unknown) => stringify(data),
  (data: unknown) => stringify(data, { defaultStringType: 'QUOTE_DOUBLE' }),
  (data: unknown) => stringify(data, { collectionStyle: 'flow', defaultStringType: 'QUOTE_SINGLE' }),
];

describe('an exporter file routes as in the exporter, whatever it says', () => {
  test('when it is run as it is', async () => {
    await fc.assert(
      fc.asyncProperty(
        config,
        fc.array(event, { minLength: 5, maxLength: 20 }),
        fc.constantFrom(...writers),
        async (written, events, write) => {
          const to = createRouter(await convert(write(written)));
          for (const one of events) expect(to(makeEvent(toParts(one)))).toEqual(model(written, one));
        },
      ),
      { numRuns: 300, seed: 7 },
    );
  }, 60_000);

  test('when it is converted, written as manifests and read again', async () => {
    await fc.assert(
      fc.asyncProperty(config, fc.array(event, { minLength: 5, maxLength: 20 }), async (written, events) => {
        const conversion = await convert(stringify(written), { purpose: 'manifests' });
        const files = writeFiles(conversion, {
          file: 'exporter.yaml',
          namespace: 'root',
          readFile: () => undefined,
        });
        const objects = parseAllDocuments(joinManifests(files)).map(
          (document) => document.toJS() as CustomResource,
        );
        const to = createRouter({ ...conversion, route: objects.find(({ kind }) => kind === 'EventRoute')! });
        expect(objects.filter(({ kind }) => kind === 'EventReceiver')).toHaveLength(written.receivers.length);
        for (const one of events) expect(to(makeEvent(toParts(one)))).toEqual(model(written, one));
      }),
      { numRuns: 200, seed: 11 },
    );
  }, 60_000);

  test('and the generated events are worth it: many reach receivers, many are dropped', () => {
    const samples = fc.sample(fc.tuple(config, event), { numRuns: 1_000, seed: 3 });
    const reached = samples.filter(([written, one]) => model(written, one).length > 0).length;
    expect(reached).toBeGreaterThan(200);
    expect(reached).toBeLessThan(900);
  });
});
