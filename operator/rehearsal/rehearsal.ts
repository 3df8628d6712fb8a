import { resolvePolicy } from '../delivery/policy.ts';
import { mostHeld } from '../delivery/throttle.ts';
import { type Occurrence } from '../event/occurrence.ts';
import { type Lint } from '../lint/lint.ts';
import { explain, type Explanation } from '../routing/explain.ts';
import { joinThrottles, type ThrottleGroup } from '../routing/throttle.ts';
import { createTree } from '../routing/tree.ts';
import { openRenderer, type Renderer, type RenderedPayload, type RenderFailure } from './rendered-payload.ts';

/** A receiver that an occurrence reaches. */
export interface RehearsedDelivery {
  /** `namespace/name` of the receiver. */
  readonly receiver: string;
  /** `namespace/name` of the routes that send it there. */
  readonly routes: readonly string[];
  /** The groups of throttles that it falls into; undefined when it is sent at once. */
  readonly throttles?: readonly ThrottleGroup[] | undefined;
  /** How many other events a throttle folded into it. */
  readonly folded?: number;
  /** What keeps the receiver from getting it all the same. */
  readonly obstacle?: string;
}

/** Routes and receivers that can be asked what they would do with an event. Nothing is sent. */
export interface Rehearsal {
  /** Says where an occurrence goes. */
  route(occurrence: Occurrence): readonly RehearsedDelivery[];
  /** How many events throttles may hold for a receiver. */
  mostHeld(receiver: string): number;
  /** Says why, rule by rule. */
  explain(occurrence: Occurrence): Explanation;
  /** Renders what the receiver of a delivery would send. */
  render(occurrence: Occurrence, delivery: RehearsedDelivery): Promise<RenderedPayload | RenderFailure>;
  close(): Promise<void>;
}

/** Creates a rehearsal of manifests that were judged. */
export function createRehearsal(lint: Lint, rootNamespace: string): Rehearsal {
  return new LintedRehearsal(lint, rootNamespace);
}

class LintedRehearsal implements Rehearsal {
  readonly #lint: Lint;
  readonly #rootNamespace: string;
  readonly #tree;
  readonly #renderers = new Map<string, Promise<Renderer>>();

  constructor(lint: Lint, rootNamespace: string) {
    this.#lint = lint;
    this.#rootNamespace = rootNamespace;
    this.#tree = createTree([...lint.routes.values()].flatMap(({ compiled }) => compiled ?? []));
  }

  route(occurrence: Occurrence): readonly RehearsedDelivery[] {
    return this.#tree.route(occurrence).deliveries.map(({ key, routes }) => {
      const sending = routes.filter(({ shadow }) => !shadow);
      const permitted = sending.filter(({ route }) => this.#refusalOf(route, key) === undefined);
      const keys = permitted.map(({ route }) => route);
      const senders = sending.map(({ route }) => route);
      const obstacle = this.#obstacleOf(key, { senders, permitted: keys });
      const throttles = joinThrottles(permitted);
      return {
        receiver: key,
        routes: keys,
        ...(throttles !== undefined && { throttles }),
        ...(obstacle !== undefined && { obstacle }),
      };
    });
  }

  mostHeld(receiver: string): number {
    const written = this.#lint.receivers.get(receiver)?.rehearsed?.receiver.delivery;
    return mostHeld(resolvePolicy(written).buffer.maxEvents);
  }

  explain(occurrence: Occurrence): Explanation {
    return explain(this.#tree, occurrence);
  }

  async render(
    occurrence: Occurrence,
    { receiver, routes, folded = 0 }: RehearsedDelivery,
  ): Promise<RenderedPayload | RenderFailure> {
    const rehearsed = this.#lint.receivers.get(receiver)?.rehearsed;
    if (rehearsed === undefined) return { failure: 'the receiver is not known here' };
    const renderer = this.#renderers.get(receiver) ?? openRenderer(rehearsed, this.#rootNamespace);
    this.#renderers.set(receiver, renderer);
    return (await renderer).render({
      ...{ ...occurrence, receiver, routes },
      ...(folded > 0 && { foldedOccurrences: folded }),
    });
  }

  async close(): Promise<void> {
    for (const renderer of this.#renderers.values()) await (await renderer).close();
  }

  #obstacleOf(
    receiver: string,
    { senders, permitted }: { readonly senders: readonly string[]; readonly permitted: readonly string[] },
  ): string | undefined {
    if (senders.length === 0) return 'only routes in `mode: Shadow` name it, which send nothing';
    if (permitted.length === 0) return this.#refusalOf(senders[0] ?? '', receiver);
    const error = this.#lint.receivers.get(receiver)?.remarks.find(({ severity }) => severity === 'error');
    return error === undefined ? undefined : `it cannot be used: ${error.path} ${error.message}`;
  }

  #refusalOf(route: string, receiver: string): string | undefined {
    return this.#lint.routes.get(route)?.refused.get(receiver);
  }
}
