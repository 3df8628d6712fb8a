import { keyText, type CustomResource } from '../api/resource.ts';
import { type Manifest, type ManifestProblem, type ManifestSet } from '../manifest/manifest-set.ts';
import { type Finding, type LintRule, type Remark, type Severity, sortFindings } from './finding.ts';
import { judgeReceiver, type ReceiverJudgement } from './judged-receiver.ts';
import { judgeRoute, type RouteJudgement } from './judged-route.ts';
import { surround, type Surroundings } from './surroundings.ts';

/** What manifests are judged by. */
export interface LintOptions {
  readonly outside: Surroundings;
  /** The namespace whose routes see the whole cluster. */
  readonly rootNamespace: string;
  /** Namespaces besides the root that may write to the operator's own machine. */
  readonly localSinkNamespaces: readonly string[];
}

/** All that was judged, by `namespace/name`. */
export interface Lint {
  readonly findings: readonly Finding[];
  readonly routes: ReadonlyMap<string, RouteJudgement>;
  readonly receivers: ReadonlyMap<string, ReceiverJudgement>;
}

/** Judges all manifests of a set as the operator would. */
export async function lintManifests(set: ManifestSet, options: LintOptions): Promise<Lint> {
  const { rootNamespace, localSinkNamespaces } = options;
  const surroundings = surround(set, options.outside);
  const allowsLocalSinks = (namespace: string): boolean =>
    namespace === rootNamespace || localSinkNamespaces.includes(namespace);
  const receiverNames = (namespace: string): string[] =>
    set.receivers.filter(({ key }) => key.namespace === namespace).map(({ key }) => key.name);

  const receivers = await judgeEach(set.receivers, (object) =>
    judgeReceiver(object, { surroundings, rootNamespace, allowsLocalSinks }),
  );
  const routes = await judgeEach(set.routes, (object) =>
    judgeRoute(object, { surroundings, rootNamespace, receiverNames }),
  );
  const findings = [
    ...set.problems.map(toFinding),
    ...findingsOf(set.receivers, receivers),
    ...findingsOf(set.routes, routes),
    ...findUnused(set, routes),
  ];
  return { findings: sortFindings(findings), routes, receivers };
}

async function judgeEach<Judgement>(
  manifests: readonly Manifest<CustomResource>[],
  judge: (object: CustomResource) => Promise<Judgement>,
): Promise<Map<string, Judgement>> {
  const entries = manifests.map(async ({ key, value }) => [keyText(key), await judge(value)] as const);
  return new Map(await Promise.all(entries));
}

function findingsOf(
  manifests: readonly Manifest[],
  judged: ReadonlyMap<string, { readonly remarks: readonly Remark[] }>,
): Finding[] {
  return manifests.flatMap((manifest) => {
    const { remarks = [] } = judged.get(keyText(manifest.key)) ?? {};
    return remarks.map((remark) => placeRemark(manifest, remark));
  });
}

function placeRemark({ title, locate }: Manifest, { rule, severity, path, message }: Remark): Finding {
  // a field that is not known is reported at what holds it; the reader wants to see the field itself
  const [, unknown] = /^has `([^`]+)`/.exec(message) ?? [];
  const place = locate(unknown === undefined ? path : `${path}[${JSON.stringify(unknown)}]`);
  return { rule, severity, place, object: title, path, message };
}

/** A receiver alone is no mistake; one beside routes that pass it over may be. */
function findUnused(
  { routes, receivers }: ManifestSet,
  judged: ReadonlyMap<string, RouteJudgement>,
): Finding[] {
  // routes that do not compile name nothing, and would make every receiver look unused
  const isWhole = [...judged.values()].every(({ compiled }) => compiled !== undefined);
  if (routes.length === 0 || !isWhole) return [];
  const named = new Set([...judged.values()].flatMap((route) => route.named));
  return receivers
    .filter(({ key }) => !named.has(keyText(key)))
    .map(({ title, place }) => ({
      rule: 'UnusedReceiver',
      severity: 'note',
      place,
      object: title,
      message: 'is named by no route of these files',
    }));
}

const ofProblem: Readonly<Record<ManifestProblem['kind'], readonly [LintRule, Severity]>> = {
  yaml: ['InvalidYaml', 'error'],
  manifest: ['InvalidManifest', 'error'],
  duplicate: ['DuplicateObject', 'error'],
  passedOver: ['PassedOver', 'note'],
};

function toFinding({ kind, place, message, title }: ManifestProblem): Finding {
  const [rule, severity] = ofProblem[kind];
  return { rule, severity, place, message, ...(title !== undefined && { object: title }) };
}
