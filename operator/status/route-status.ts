import { Type, type Static } from '@sinclair/typebox';

import {
  conditionsField,
  initialStatus,
  judge,
  timestampOr,
  type Condition,
  type Verdict,
} from './condition.ts';
import { count, observedGeneration, time } from './status-field.ts';

/** How many receivers and named nodes a route's status spells out. */
const maxReceivers = 32;
const maxNodes = 64;

/** The schema of an EventRoute's status. */
export const routeStatusFields = Type.Object(
  {
    observedGeneration,
    conditions: Type.Optional(Type.Unsafe<Condition[]>(conditionsField)),
    scope: Type.Optional(
      Type.String({ description: 'Whose events the route sees: Namespace, its own; Cluster, all.' }),
    ),
    receiversReady: Type.Optional(
      Type.String({ description: 'Ready receivers of all that the route names, as 1/2.' }),
    ),
    matched: count('Occurrences that the route sent to at least one receiver.'),
    dropped: count('Occurrences that a drop rule of the route ended.'),
    delivered: count("Deliveries of this route's occurrences that the sinks acknowledged."),
    failed: count("Failed attempts to deliver this route's occurrences."),
    pending: count("Deliveries of this route's occurrences that have not ended."),
    lastMatchTime: time('When the route last matched.'),
    lastDeliveryTime: time('When one of its occurrences was last delivered.'),
    receivers: Type.Optional(
      Type.Array(
        Type.Object({
          name: Type.String({ description: 'The receiver as `namespace/name`.' }),
          ready: Type.Boolean({ description: 'Whether the receiver is ready.' }),
          reason: Type.String({ description: 'The reason of its Ready condition.' }),
          pending: Type.Integer({
            format: 'int64',
            description: 'Occurrences that wait there, of all routes.',
          }),
        }),
        { maxItems: maxReceivers, description: 'The receivers that the route names, unready ones first.' },
      ),
    ),
    nodes: Type.Optional(
      Type.Array(
        Type.Object({
          name: Type.String({ description: 'The `name` of the node.' }),
          matched: Type.Integer({ format: 'int64', description: 'Occurrences that matched in the node.' }),
          dropped: Type.Integer({ format: 'int64', description: 'Occurrences that its drop rules ended.' }),
        }),
        {
          maxItems: maxNodes,
          description: 'The named nodes of the route with their counts.',
        },
      ),
    ),
  },
  { description: 'What the operator observed of the route.', default: initialStatus },
);

/** An EventRoute's status. */
export type RouteStatus = Static<typeof routeStatusFields>;

/** A receiver that a route names, as the route's status tells of it. */
export type RouteReceiver = NonNullable<RouteStatus['receivers']>[number];

/** What is known of a route; the counts are those since the operator started. */
export interface RouteFacts {
  readonly generation: number;
  readonly scope: 'Namespace' | 'Cluster';
  readonly accepted: Verdict;
  readonly resolvedRefs: Verdict;
  readonly delivering: Verdict;
  /** What `Ready` says when all is well. */
  readonly ready: Verdict | undefined;
  readonly counts: Readonly<Record<'matched' | 'dropped' | 'delivered' | 'failed' | 'pending', number>>;
  readonly lastMatchTime: Date | undefined;
  readonly lastDeliveryTime: Date | undefined;
  readonly receivers: readonly RouteReceiver[];
  readonly nodes: readonly { readonly name: string; readonly matched: number; readonly dropped: number }[];
}

/**
 * Makes a route's status. Counters go on from `base`, the status that the object had when the operator first saw it;
 * transition times go on from `previous`, the status that was last written.
 */
export function routeStatus(
  facts: RouteFacts,
  { base, previous, now }: { readonly base: RouteStatus; readonly previous: RouteStatus; readonly now: Date },
): RouteStatus {
  const { counts, generation, accepted, resolvedRefs, delivering, ready } = facts;
  return {
    observedGeneration: generation,
    conditions: judge(previous.conditions ?? [], {
      aspects: [
        ['Accepted', accepted],
        ['ResolvedRefs', resolvedRefs],
        ['Delivering', delivering],
      ],
      ready,
      generation,
      now,
    }),
    scope: facts.scope,
    receiversReady: `${facts.receivers.filter((receiver) => receiver.ready).length}/${facts.receivers.length}`,
    matched: (base.matched ?? 0) + counts.matched,
    dropped: (base.dropped ?? 0) + counts.dropped,
    delivered: (base.delivered ?? 0) + counts.delivered,
    failed: (base.failed ?? 0) + counts.failed,
    pending: counts.pending,
    lastMatchTime: timestampOr(facts.lastMatchTime, base.lastMatchTime),
    lastDeliveryTime: timestampOr(facts.lastDeliveryTime, base.lastDeliveryTime),
    receivers: worstFirst(facts.receivers).slice(0, maxReceivers),
    nodes: facts.nodes.slice(0, maxNodes).map((node) => continueNode(node, base)),
  };
}

function continueNode(node: RouteFacts['nodes'][number], base: RouteStatus): RouteFacts['nodes'][number] {
  const before = base.nodes?.find(({ name }) => name === node.name);
  return {
    ...node,
    matched: node.matched + (before?.matched ?? 0),
    dropped: node.dropped + (before?.dropped ?? 0),
  };
}

function worstFirst(receivers: readonly RouteReceiver[]): RouteReceiver[] {
  return receivers.toSorted(
    (a, b) => Number(a.ready) - Number(b.ready) || b.pending - a.pending || a.name.localeCompare(b.name),
  );
}
