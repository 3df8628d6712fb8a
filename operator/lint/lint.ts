import { keyText, type CustomResource, type ObjectKey } from '../api/resource.ts';
import { type Manifest, type ManifestProblem, type ManifestSet } from '../manifest/manifest-set.ts';
import { deadLetterKey, judgeDeadLetters } from './dead-letters.ts';
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
  const letters = deadLettersOf(receivers);
  const findings = [
    ...set.problems.map(toFinding),
    ...findingsOf(set.receivers, withRemarks(receivers, await judgeDeadLetters(letters, surroundings))),
    ...findingsOf(set.routes, routes),
    ...findUnused(set, { routes, letters }),
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

/** Finds which receiver gets the dead letters of which. */
function deadLettersOf(receivers: ReadonlyMap<string, ReceiverJudgement>): Map<string, ObjectKey> {
  const refs = new Map<string, ObjectKey>();
  for (const [key, { receiver }] of receivers) {
    const [namespace = ''] = key.split('/');
    const target = deadLetterKey(receiver?.delivery, namespace);
    if (target !== undefined) refs.set(key, target);
  }
  return refs;
}

function withRemarks(
  judged: ReadonlyMap<string, { readonly remarks: readonly Remark[] }>,
  more: ReadonlyMap<string, Remark>,
): ReadonlyMap<string, { readonly remarks: readonly Remark[] }> {
  const entries = [...judged].map(([key, { remarks }]) => {
    const remark = more.get(key);
    return [key, { remarks: remark === undefined ? remarks : [...remarks, remark] }] as const;
  });
  return new Map(entries);
}

/** A receiver alone is no mistake; one beside routes that pass it over may be. */
function findUnused(
  { routes, receivers }: ManifestSet,
  judged: {
    readonly routes: ReadonlyMap<string, RouteJudgement>;
    readonly letters: ReadonlyMap<string, ObjectKey>;
  },
): Finding[] {
  const judgements = [...judged.routes.values()];
  // routes that do not compile name nothing, and would make every receiver look unused
  if (routes.length === 0 || judgements.some(({ compiled }) => compiled === undefined)) return [];
  const named = new Set([
    ...judgements.flatMap((route) => route.named),
    ...[...judged.letters.values()].map(keyText),
  ]);
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
