import { rootRouteFields } from '../routing/route-fields.ts';
import { writtenSchema, type WrittenSchema } from '../schema/written.ts';
import { routeStatusFields } from '../status/route-status.ts';
import { ageColumn, readyColumn, reasonColumns } from './printer-column.ts';
import { type ResourceKind } from './resource.ts';

/** The kind EventRoute. */
export const eventRouteKind: ResourceKind = {
  kind: 'EventRoute',
  plural: 'eventroutes',
  singular: 'eventroute',
  shortName: 'er',
  description: 'An EventRoute is a tree of rules that says which Events go to which EventReceivers.',
  status: routeStatusFields,
  columns: [
    readyColumn,
    { name: 'Scope', type: 'string', jsonPath: '.status.scope', description: 'Whose events the route sees.' },
    {
      name: 'Receivers',
      type: 'string',
      jsonPath: '.status.receiversReady',
      description: 'Ready receivers of all.',
    },
    {
      name: 'Matched',
      type: 'integer',
      jsonPath: '.status.matched',
      description: 'Occurrences that matched.',
    },
    {
      name: 'Delivered',
      type: 'integer',
      jsonPath: '.status.delivered',
      description: 'Deliveries acknowledged.',
    },
    { name: 'Failed', type: 'integer', jsonPath: '.status.failed', description: 'Failed attempts.' },
    {
      name: 'Pending',
      type: 'integer',
      jsonPath: '.status.pending',
      description: 'Deliveries that have not ended.',
    },
    { name: 'Last', type: 'date', jsonPath: '.status.lastDeliveryTime', description: 'When last delivered.' },
    ageColumn,
    {
      name: 'Dropped',
      type: 'integer',
      jsonPath: '.status.dropped',
      description: 'Ended by drop rules.',
      priority: 1,
    },
    ...reasonColumns,
  ],
};

/** The schema of an EventRoute's spec as users write it. */
export const routeSpecSchema: WrittenSchema = {
  ...writtenSchema(rootRouteFields),
  description: 'The root node of the route: drop rules, match rules and child nodes.',
};
