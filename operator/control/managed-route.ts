import { readRoute } from '../api/event-route.ts';
import { keyText, type CustomResource, type ObjectKey } from '../api/resource.ts';
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
  readonly world: Pick<World, 'namespaceLabels'>;
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
  readonly object: CustomResource<RouteStatus>;
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
  /** Judges the receivers that the route names; returns whether the revision in the tree changed. */
  resolve(): Promise<boolean>;
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
    const read = readRoute(object);
    if ('problems' in read) {
      this.#refuse(read.problems);
      return;
    }
    const { route, problems, notes, receivers } = compileRoute({
      ...this.key,
      clusterWide: this.clusterWide,
      spec: read.spec,
    });
    if (route === undefined) {
      this.#refuse(problems);
      return;
    }
    this.#latest = { generation, compiled: route, receivers, notes };
    const told =
      notes.length === 0
        ? 'The specification is valid and in use'
        : `In use; note: ${describeProblems(notes)}`;
    this.accepted = { status: 'True', reason: 'Accepted', message: told };
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

  async resolve(): Promise<boolean> {
    const before = this.running;
    const candidate = this.#latest ?? before;
    if (candidate === undefined) return false;
    const objections = await Promise.all(candidate.receivers.map((named) => this.#objectionTo(named)));
    const found = objections.filter((objection) => objection !== undefined);
    if (found.length === 0 || before === undefined) this.running = candidate;
    this.resolvedRefs =
      found.length === 0
        ? {
            status: 'True',
            reason: 'ResolvedRefs',
            message: 'Every receiver that the route names may be used',
          }
        : {
            status: 'False',
            reason: found[0]?.reason ?? 'ReceiverNotFound',
            message:
              this.running === candidate ? describeProblems(found) : this.#keeping(describeProblems(found)),
          };
    this.permitted = await this.#permittedBy(this.running ?? candidate);
    return this.running !== before;
  }

  async #permittedBy(revision: RouteRevision): Promise<ReadonlySet<string>> {
    const objections = await Promise.all(revision.receivers.map((named) => this.#objectionTo(named)));
    return new Set(
      revision.receivers.filter((_, index) => objections[index] === undefined).map(({ ref }) => keyText(ref)),
    );
  }

  async #objectionTo({ path, ref, written }: NamedReceiver): Promise<Problem | undefined> {
    const { receivers, world } = this.#around;
    const receiver = receivers.get(keyText(ref));
    if (receiver === undefined) {
      const known = [...receivers.all()]
        .filter(({ key }) => key.namespace === ref.namespace)
        .map(({ key }) => key.name);
      const near = nearMiss(ref.name, known);
      const hint = near === undefined ? '' : `; did you mean \`${near}\`?`;
      const message = `names \`${written}\`: there is no EventReceiver ${ref.name} in namespace ${ref.namespace}${hint}`;
      return { path, message, reason: 'ReceiverNotFound' };
    }
    const allowed = receiver.running?.prepared.receiver.allowedRoutes ?? {};
    if (await lets(allowed, { route: this.key.namespace, receiver: ref.namespace }, world)) return undefined;
    const message = `names \`${written}\`, which does not let namespace ${this.key.namespace} in: its spec.allowedRoutes has to`;
    return { path, message, reason: 'RefNotPermitted' };
  }
}
