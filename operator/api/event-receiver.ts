import { Type, type Static } from '@sinclair/typebox';

import { deliveryFields } from '../delivery/policy-fields.ts';
import { OneOf } from '../schema/fields.ts';
import { joinPath, type Problem } from '../schema/problem.ts';
import { createValidator, type Validator } from '../schema/validate.ts';
import { writtenSchema, type WrittenSchema } from '../schema/written.ts';
import { type SinkDefinition } from '../sink-kit/index.ts';
import { loadSink, sinkNames, type SinkName } from '../sinks/registry.ts';
import { receiverStatusFields, type ReceiverStatus } from '../status/receiver-status.ts';
import { checkSelector, labelSelectorFields } from './label-selector.ts';
import { ageColumn, readyColumn, reasonColumns } from './printer-column.ts';
import { type CustomResource, type ResourceKind } from './resource.ts';

const allowedRoutesFields = Type.Object(
  {
    namespaces: Type.Optional(
      Type.Object(
        {
          from: Type.Optional(
            OneOf(['Same', 'All', 'Selector'], {
              description:
                "Same: the receiver's own namespace. All: every namespace. Selector: those that `selector` selects.",
              default: 'Same',
            }),
          ),
          selector: Type.Optional(labelSelectorFields),
        },
        {
          description: 'The namespaces whose EventRoutes may name this receiver.',
          'x-kubernetes-validations': [
            {
              rule: "!has(self.from) || self.from != 'Selector' || has(self.selector)",
              message: 'selector is required when from is Selector',
            },
          ],
        },
      ),
    ),
  },
  { description: 'Who may route events into this receiver.' },
);

/** The fields of a receiver's spec beside its sink, as resolved values. */
const commonFields = Type.Object({
  delivery: Type.Optional(deliveryFields),
  allowedRoutes: Type.Optional(allowedRoutesFields),
  suspend: Type.Optional(
    Type.Boolean({
      description:
        'Holds deliveries back: events wait in the buffer, within its limits, until this is false again.',
      default: false,
    }),
  ),
});

/** Who may route into a receiver. */
export type AllowedRoutes = Static<typeof allowedRoutesFields>;

/** An EventReceiver whose spec was found valid. */
export interface EventReceiver {
  readonly sinkName: SinkName;
  readonly sink: SinkDefinition;
  /** `spec.sink.<name>` as the user wrote it. */
  readonly sinkConfig: Readonly<Record<string, unknown>>;
  /** `spec.delivery` as the user wrote it. */
  readonly delivery: unknown;
  readonly allowedRoutes: AllowedRoutes;
  readonly suspend: boolean;
}

/** The kind EventReceiver. */
export const eventReceiverKind: ResourceKind = {
  kind: 'EventReceiver',
  plural: 'eventreceivers',
  singular: 'eventreceiver',
  shortName: 'erec',
  description: 'An EventReceiver is a system that Events are delivered to, and how.',
  status: receiverStatusFields,
  columns: [
    readyColumn,
    { name: 'Sink', type: 'string', jsonPath: '.status.sink', description: 'The kind of sink.' },
    {
      name: 'Delivered',
      type: 'integer',
      jsonPath: '.status.delivered',
      description: 'Occurrences acknowledged.',
    },
    { name: 'Failed', type: 'integer', jsonPath: '.status.failed', description: 'Failed attempts.' },
    { name: 'Pending', type: 'integer', jsonPath: '.status.pending', description: 'Occurrences that wait.' },
    {
      name: 'Last Success',
      type: 'date',
      jsonPath: '.status.lastSuccessTime',
      description: 'When last acknowledged.',
    },
    ageColumn,
    {
      name: 'Dead Lettered',
      type: 'integer',
      jsonPath: '.status.deadLettered',
      description: 'Occurrences that the dead-letter receiver delivered instead.',
      priority: 1,
    },
    {
      name: 'Dropped',
      type: 'integer',
      jsonPath: '.status.dropped',
      description: 'Occurrences given up.',
      priority: 1,
    },
    {
      name: 'Endpoint',
      type: 'string',
      jsonPath: '.status.endpoint',
      description: 'Where it sends.',
      priority: 1,
    },
    ...reasonColumns,
  ],
};

/** The schema of an EventReceiver's spec as users write it, with every sink in it. */
export async function receiverSpecSchema(): Promise<WrittenSchema> {
  const sinks = await Promise.all(
    sinkNames.map(async (name) => {
      const { summary, config } = await loadSink(name);
      return [name, { ...writtenSchema(config), description: summary }] as const;
    }),
  );
  return specSchema(Object.fromEntries(sinks));
}

function specSchema(sinks: Record<string, WrittenSchema>): WrittenSchema {
  const common = writtenSchema(commonFields);
  return {
    ...common,
    description: 'What the receiver sends to, and how.',
    required: ['sink'],
    properties: {
      sink: {
        type: 'object',
        description: 'The system that is sent to: exactly one of these blocks.',
        minProperties: 1,
        maxProperties: 1,
        additionalProperties: false,
        properties: sinks,
      },
      ...common.properties,
    },
  };
}

/** Judges what is common to all receivers; a sink's block is judged by the sink's own schema, once that is loaded. */
const validateCommon = createValidator(
  specSchema(Object.fromEntries(sinkNames.map((name) => [name, { type: 'object' }]))),
);

const sinkValidators = new Map<SinkDefinition, Validator>();

function validatorOf(sink: SinkDefinition): Validator {
  const validator = sinkValidators.get(sink) ?? createValidator(writtenSchema(sink.config));
  sinkValidators.set(sink, validator);
  return validator;
}

function checkAllowed({ namespaces }: AllowedRoutes = {}): Problem[] {
  const path = 'spec.allowedRoutes.namespaces.selector';
  if (namespaces?.selector !== undefined) return checkSelector(namespaces.selector, path);
  return namespaces?.from === 'Selector' ? [{ path, message: 'is required when `from` is Selector' }] : [];
}

/** Judges the spec of an EventReceiver; loads the code of its sink. */
export async function readReceiver(
  object: CustomResource<ReceiverStatus>,
): Promise<{ readonly receiver: EventReceiver } | { readonly problems: readonly Problem[] }> {
  if (object.spec === undefined) return { problems: [{ path: 'spec', message: 'is required' }] };
  const problems = validateCommon(object.spec, 'spec');
  if (problems.length > 0) return { problems };
  const spec = object.spec as { sink: Record<string, Record<string, unknown>> } & Static<typeof commonFields>;
  const [[sinkName, sinkConfig] = []] = Object.entries(spec.sink) as [SinkName, Record<string, unknown>][];
  if (sinkName === undefined || sinkConfig === undefined)
    return { problems: [{ path: 'spec.sink', message: 'is empty' }] };
  const sink = await loadSink(sinkName);
  const ownProblems = [
    ...validatorOf(sink)(sinkConfig, joinPath('spec.sink', sinkName)),
    ...checkAllowed(spec.allowedRoutes),
  ];
  if (ownProblems.length > 0) return { problems: ownProblems };
  return {
    receiver: {
      sinkName,
      sink,
      sinkConfig,
      delivery: spec.delivery,
      allowedRoutes: spec.allowedRoutes ?? {},
      suspend: spec.suspend ?? false,
    },
  };
}
