import { type AllowedRoutes, readReceiver } from '../api/event-receiver.ts';
import { keyText, type CustomResource } from '../api/resource.ts';
import { lets } from '../control/grant.ts';
import { compileRoute, type CompiledRoute, type NamedReceiver } from '../routing/compile-route.ts';
import { type RouteSpec } from '../routing/route-fields.ts';
import { type Problem } from '../schema/problem.ts';
import { nearMiss } from '../schema/validate.ts';
import { isLintRule, type Remark } from './finding.ts';
import { findIdleThrottles } from './idle-throttles.ts';
import { findUnreachable } from './reachability.ts';
import { findRepeatedRules } from './repetition.ts';
import { type Surroundings } from './surroundings.ts';

/** What became of an EventRoute. */
export interface RouteJudgement {
  readonly remarks: readonly Remark[];
  /** There when it compiles. */
  readonly compiled?: CompiledRoute;
  /** The receivers that it names, as `namespace/name`. */
  readonly named: readonly string[];
  /** Those of them that the route may not send to, with the reason. */
  readonly refused: ReadonlyMap<string, string>;
}

/** What routes are judged by. */
export interface RouteRules {
  readonly surroundings: Surroundings;
  readonly rootNamespace: string;
  /** Names of receivers in a namespace, for telling what was meant. */
  readonly receiverNames: (namespace: string) => readonly string[];
}

/** Judges an EventRoute as the operator does, and looks for what is valid and cannot be meant. */
export async function judgeRoute(object: CustomResource, rules: RouteRules): Promise<RouteJudgement> {
  const { namespace, name } = object.metadata;
  const nothing = { named: [], refused: new Map<string, string>() };
  if (object.spec === undefined) {
    return { remarks: [toError({ path: 'spec', message: 'is required' })], ...nothing };
  }
  const written = {
    namespace,
    name,
    clusterWide: namespace === rules.rootNamespace,
    spec: object.spec as RouteSpec,
  };
  const { route, problems, notes, receivers } = compileRoute(written);
  if (route === undefined) return { remarks: problems.map(toError), ...nothing };
  const judged = await Promise.all(
    receivers.map(async (named) => ({ named, remark: await judgeReference(named, namespace, rules) })),
  );
  const refusals = judged.flatMap(({ named, remark }) =>
    remark?.severity === 'error' ? [[keyText(named.ref), `${remark.path} ${remark.message}`] as const] : [],
  );
  return {
    remarks: [
      ...notes.map(toWarning),
      ...judged.flatMap(({ remark }) => remark ?? []),
      ...findUnreachable(written),
      ...findRepeatedRules(written.spec),
      ...findIdleThrottles(written.spec, namespace),
    ],
    compiled: route,
    named: receivers.map(({ ref }) => keyText(ref)),
    refused: new Map(refusals),
  };
}

/** Says why a route may not send to a receiver that it names. */
async function judgeReference(
  { path, ref, written }: NamedReceiver,
  namespace: string,
  { surroundings, receiverNames }: RouteRules,
): Promise<Remark | undefined> {
  const found = await surroundings.receiver(ref);
  if (found === undefined) {
    const near = nearMiss(ref.name, receiverNames(ref.namespace));
    const remedy = near === undefined ? `; ${surroundings.remedyOfMissing}` : `; did you mean \`${near}\`?`;
    const message = `names \`${written}\`: there is no EventReceiver ${ref.name} in namespace ${ref.namespace}${remedy}`;
    return { rule: 'ReceiverNotFound', severity: 'error', path, message };
  }
  if (found === 'unknown') {
    const message = `names \`${written}\`, which may not be read, so it was not checked: ${surroundings.remedy}`;
    return { rule: 'NotChecked', severity: 'note', path, message };
  }
  const isLet = await isLetIn(found, { route: namespace, receiver: ref.namespace }, surroundings);
  if (isLet === true) return undefined;
  if (isLet === 'unknown') {
    const message = `names \`${written}\`, which lets namespaces in by their labels, and those of ${namespace} are not known: ${surroundings.remedy}`;
    return { rule: 'NotChecked', severity: 'note', path, message };
  }
  const message = `names \`${written}\`, which does not let namespace ${namespace} in: its spec.allowedRoutes has to`;
  return { rule: 'RefNotPermitted', severity: 'error', path, message };
}

async function isLetIn(
  receiver: CustomResource,
  namespaces: { readonly route: string; readonly receiver: string },
  surroundings: Surroundings,
): Promise<boolean | 'unknown'> {
  const read = await readReceiver(receiver as CustomResource<never>);
  const allowed: AllowedRoutes = 'problems' in read ? {} : read.receiver.allowedRoutes;
  const unknown: string[] = [];
  const answer = await lets(allowed, namespaces, async (namespace) => {
    const labels = await surroundings.namespaceLabels(namespace);
    if (labels !== 'unknown') return labels;
    unknown.push(namespace);
    return {};
  });
  return unknown.length > 0 ? 'unknown' : answer;
}

function toError({ path, message, reason = 'InvalidSpec' }: Problem): Remark {
  return { rule: isLintRule(reason) ? reason : 'InvalidSpec', severity: 'error', path, message };
}

function toWarning({ path, message }: Problem): Remark {
  return { rule: 'LikelyMistake', severity: 'warning', path, message };
}
