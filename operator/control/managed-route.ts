import { keyText, type CustomResource, type ObjectKey } from '../api/resource.ts';
import { type RouteSpec } from '../routing/route-fields.ts';
import { compileRoute, type CompiledRoute, type NamedReceiver } from '../routing/compile-route.ts';
import { describeProblems, type Problem } from '../schema/problem.ts';
import { nearMiss } from '../schema/validate.ts';
import { type Verdict } from '../status/condition.ts';
import { type RouteStatus } from '../status/route-status.ts';
import { lets } from './grant.ts';
import { type Receivers } from './receivers.ts';
import { type World } from './world.ts';

/** A compiled revision of a route with the receivers that it names. */
export interface RouteRevision {
  readonly generation: number;
  readonly compiled: CompiledRoute;
  readonly receivers: readonly NamedReceiver[];
  readonly notes: readonly Problem[];
}

/** What routes are judged with. */
export interface RouteSurroundings {
  readonly receivers: Pick<Receivers, 'get' | 'all'>;
  readonly rootNamespace: string;
}

/**
 * One EventRoute from its manifest to the tree. A new revision takes over once it compiles and all that it names may
 * be used; until then the one before it keeps running, if there is one.
 */
export interface ManagedRoute {
  readonly key: ObjectKey;
  /** The latest manifest. */
  object: CustomResource<RouteStatus>;
  /** It sees the whole cluster, because it is in the root namespace. */
  readonly clusterWide: boolean;
  /** The revision that is in the tree. */
  readonly running: RouteRevision | undefined;
  readonly accepted: Verdict;
  readonly resolvedRefs: Verdict;
  /** The receivers that the running revision names and may use, as `namespace/name`. */
  readonly permitted: ReadonlySet<string>;
  /** Takes a new revision of the manifest; `resolve` then decides whether it runs. */
  compile(object: CustomResource<RouteStatus>): void;
  /** The generation that `accepted` is about; -1 before the first. */
  readonly judgedGeneration: number;
  /** Judges the receivers that the route names; returns whether what it may send where changed. */
  resolve(labelsOf: World['namespaceLabels']): Promise<boolean>;
}

/** Creates the manager of a route; nothing runs before `compile` and `resolve`. */
export function manageRoute(object: CustomResource<RouteStatus>, around: RouteSurroundings): ManagedRoute {
  return new CompilingRoute(object, around);
}

const notJudged: Verdict = { status: 'Unknown', reason: 'Pending', message: 'Not judged yet' };

class CompilingRoute implements ManagedRoute {
  readonly key: ObjectKey;
  readonly clusterWide: boolean;
  object: CustomResource<RouteStatus>;
  running: RouteRevision | undefined;
  accepted = notJudged;
  resolvedRefs = notJudged;
  permitted: ReadonlySet<string> = new Set();
  judgedGeneration = -1;
  readonly #around: RouteSurroundings;
  #latest: RouteRevision | undefined;

  constructor(object: CustomResource<RouteStatus>, around: RouteSurroundings) {
    this.key = { namespace: object.metadata.namespace, name: object.metadata.name };
    this.clusterWide = this.key.namespace === around.rootNamespace;
    this.object = object;
    this.#around = around;
  }

  compile(object: CustomResource<RouteStatus>): void {
    this.object = object;
    const generation = object.metadata.generation ?? 0;
    this.judgedGeneration = generation;
    if (object.spec === undefined) {
      this.#refuse([{ path: 'spec', message: 'is required' }]);
      return;
    }
    const { route, problems, notes, receivers } = compileRoute({
      ...this.key,
      clusterWide: this.clusterWide,
      spec: object.spec as RouteSpec,
    });
    if (route === undefined) {
      this.#refuse(problems);
      return;
    }
    this.#latest = { generation, compiled: route, receivers, notes };
    const told = notes.length === 0 ? '' : `; note: ${describeProblems(notes)}`;
    this.accepted = { status: 'True', reason: 'Accepted', message: `The specification is valid${told}` };
  }

  #refuse(problems: readonly Problem[]): void {
    this.#latest = undefined;
    const reason = problems[0]?.reason ?? 'InvalidSpec';
    this.accepted = { status: 'False', reason, message: this.#keeping(describeProblems(problems)) };
  }

  #keeping(message: string): string {
    return this.running === undefined
      ? message
      : `${message} (generation ${this.running.generation} keeps running)`;
  }

  async resolve(labelsOf: World['namespaceLabels']): Promise<boolean> {
    const { running: before, permitted } = this;
    const candidate = this.#latest ?? before;
    if (candidate === undefined) return false;
    const judgement = await this.#judge(candidate, labelsOf);
    const isUsed = judgement.objections.length === 0 || before === undefined || candidate === before;
    // all that can fail comes before the first change: what is told and what runs are of one judgement
    const runs = isUsed ? judgement : await this.#judge(before, labelsOf);
    this.running = isUsed ? candidate : before;
    this.permitted = runs.permitted;
    const message = describeProblems(judgement.objections);
    this.resolvedRefs = refsVerdict(judgement.objections, isUsed ? message : this.#keeping(message));
    return this.running !== before || !hasSameMembers(permitted, this.permitted);
  }

  async #judge(revision: RouteRevision, labelsOf: World['namespaceLabels']): Promise<RefJudgement> {
    const found = await Promise.all(revision.receivers.map((named) => this.#objectionTo(named, labelsOf)));
    const permitted = revision.receivers.filter((_, index) => found[index] === undefined);
    return {
      objections: found.filter((objection) => objection !== undefined),
      permitted: new Set(permitted.map(({ ref }) => keyText(ref))),
    };
  }

  async #objectionTo(
    { path, ref, written }: NamedReceiver,
    labelsOf: World['namespaceLabels'],
  ): Promise<Problem | undefined> {
    const receiver = this.#around.receivers.get(keyText(ref));
    if (receiver === undefined) {
      const message = `names \`${written}\`: there is no EventReceiver ${ref.name} in namespace ${ref.namespace}${this.#hint(ref)}`;
      return { path, message, reason: 'ReceiverNotFound' };
    }
    const namespaces = { route: this.key.namespace, receiver: ref.namespace };
    if (await lets(receiver.allowedRoutes, namespaces, labelsOf)) return undefined;
    if (receiver.judgedGeneration < 0) {
      return { path, message: `names \`${written}\`, which has not been judged yet`, reason: 'Pending' };
    }
    const message = `names \`${written}\`, which does not let namespace ${this.key.namespace} in: its spec.allowedRoutes has to`;
    return { path, message, reason: 'RefNotPermitted' };
  }

  /** Names of other namespaces are not for everybody to see. */
  #hint({ namespace, name }: NamedReceiver['ref']): string {
    if (namespace !== this.key.namespace && !this.clusterWide) return '';
    const keys = [...this.#around.receivers.all()].map(({ key }) => key);
    const known = keys.filter((key) => key.namespace === namespace).map((key) => key.name);
    const near = nearMiss(name, known);
    return near === undefined ? '' : `; did you mean \`${near}\`?`;
  }
}

/** What a revision names: what speaks against it, and what it may use all the same. */
interface RefJudgement {
  readonly objections: readonly Problem[];
  readonly permitted: ReadonlySet<string>;
}

function refsVerdict([first]: readonly Problem[], message: string): Verdict {
  if (first === undefined) {
    return {
      status: 'True',
      reason: 'ResolvedRefs',
      message: 'Every receiver that the route names may be used',
    };
  }
  const reason = first.reason ?? 'ReceiverNotFound';
  return { status: reason === 'Pending' ? 'Unknown' : 'False', reason, message };
}

function hasSameMembers(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((member) => other.has(member));
}
