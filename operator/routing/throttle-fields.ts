import { type Static, Type } from '@sinclair/typebox';

import { type ClusterEvent } from '../event/cluster-event.ts';
import { durationPattern } from '../schema/duration.ts';
import { Text } from '../schema/fields.ts';
import { knownKeyword } from '../schema/written.ts';

/** What events may be grouped by, and where an event has it; beside these, any label of the involved object. */
export const groupFields = {
  'involvedObject.uid': (event) => event.involvedObject.uid,
  'involvedObject.kind': (event) => event.involvedObject.kind,
  'involvedObject.name': (event) => event.involvedObject.name,
  'involvedObject.namespace': (event) => event.involvedObject.namespace,
  'involvedObject.apiVersion': (event) => event.involvedObject.apiVersion,
  'involvedObject.fieldPath': (event) => event.involvedObject.fieldPath,
  owner: ({ involvedObject: { ownerReferences } }) => {
    const owner = ownerReferences.find(({ controller }) => controller === true) ?? ownerReferences[0];
    return owner === undefined ? '' : `${owner.kind}/${owner.name}`;
  },
  reason: (event) => event.reason,
  type: (event) => event.type,
  action: (event) => event.action,
  namespace: (event) => event.namespace,
  message: (event) => event.message,
  'source.component': (event) => event.component,
  'source.host': (event) => event.host,
  reportingController: (event) => event.reportingController,
} as const satisfies Readonly<Record<string, (event: ClusterEvent) => string>>;

/** What a label of the involved object is named by. */
export const labelPrefix = 'labels.';

/** What events are grouped by when a throttle does not say. */
export const defaultGroupFields = ['involvedObject.uid', 'reason'] as const;

const names = Object.keys(groupFields);
const alternatives = names.map((name) => name.replaceAll('.', '\\.')).join('|');
const maxNameLength = 64;
// A prefix of 253 characters, a slash and 63 more.
const maxLabelKeyLength = 317;

/** The `throttle` of a rule, as users write it. */
export const throttleFields = Type.Object(
  {
    by: Type.Optional(
      Type.Array(
        Text({
          description: 'A field of the Event.',
          pattern: `^(${alternatives}|labels\\.[^ ]{1,${maxLabelKeyLength}})$`,
          maxLength: Math.max(maxNameLength, labelPrefix.length + maxLabelKeyLength),
          [knownKeyword]: [...names, 'labels.KEY'],
        }),
        {
          description: `What the Events of a group have in common: ${names.map((name) => `\`${name}\``).join(', ')}, or a label of the involved object, as \`labels.KEY\`. By default ${defaultGroupFields.map((name) => `\`${name}\``).join(' and ')}. What an Event lacks, or what is not known of its object, counts as empty.`,
          minItems: 1,
          maxItems: 8,
          examples: [['labels.app', 'reason']],
        },
      ),
    ),
    first: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000,
        description:
          'How many Events of a group are sent at once before the others are folded. By default 1.',
      }),
    ),
    per: Text({
      description:
        'How long the Events of a group are folded into one, from the first of them on. From 1s to 24h.',
      pattern: durationPattern,
      'x-eventroute-noun': 'duration',
      examples: ['10m'],
    }),
  },
  {
    description:
      'Flood control. The first Events of a group are sent at once; of those that follow within `per`, the last one is sent when it ends, with the number of the others as `.FoldedOccurrences` in templates, and these count as dropped with reason Folded. While the flood goes on, one is sent in each `per`. Only in a rule with a receiver.',
  },
);

/** The `throttle` of a rule. */
export type WrittenThrottle = Static<typeof throttleFields>;
