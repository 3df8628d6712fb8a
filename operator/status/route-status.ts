import { Type, type Static } from '@sinclair/typebox';

import { conditionsField, initialStatus, type Condition } from './condition.ts';

const count = (description: string) =>
  Type.Optional(Type.Integer({ format: 'int64', minimum: 0, description }));
const time = (description: string) => Type.Optional(Type.String({ format: 'date-time', description }));

/** How many receivers and named nodes a route's status spells out. */
export const maxReceivers = 32;
export const maxNodes = 64;

/** The schema of an EventRoute's status. */
export const routeStatusFields = Type.Object(
  {
    observedGeneration: Type.Optional(
      Type.Integer({ format: 'int64', description: 'The metadata.generation that this status is about.' }),
    ),
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
          description: 'The named nodes of the route with their counts since the operator started.',
        },
      ),
    ),
  },
  { description: 'What the operator observed of the route.', default: initialStatus },
);

/** An EventRoute's status. */
export type RouteStatus = Static<typeof routeStatusFields>;
