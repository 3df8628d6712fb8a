import type { Static } from '@sinclair/typebox';

import {
  Layout,
  OneOf,
  payloadFields,
  Secret,
  SecretMap,
  Template,
  tlsField,
  Type,
} from '../sink-kit/index.ts';

/** What the sink's users write. */
export const teamsConfig = Type.Object({
  endpoint: Secret({
    description: 'The URL of a Workflows webhook of Microsoft Teams, or of an old Office 365 connector.',
  }),
  format: Type.Optional(
    OneOf(['AdaptiveCard', 'MessageCard'], {
      description: 'The kind of card: `AdaptiveCard` for Workflows, `MessageCard` for old connectors.',
      default: 'AdaptiveCard',
    }),
  ),
  title: Type.Optional(
    Template({
      description: "The first line of the card; a Go template. By default the event's reason and object.",
      examples: ['{{ .ClusterName }}: {{ .Reason }}'],
    }),
  ),
  message: Type.Optional(
    Template({ description: "The text of the card; a Go template. By default the event's message." }),
  ),
  facts: Type.Optional(
    Type.Record(Type.String(), Template({ description: 'The value of the fact; a Go template.' }), {
      description: 'The table of the card instead of the usual one (object, cluster, source, count, time).',
      examples: [{ Team: '{{ .InvolvedObject.Labels.team }}' }],
    }),
  ),
  color: Type.Optional(
    Template({
      description:
        'The colour of the title: default, good, warning, attention, accent or emphasis; a Go template. By default ' +
        'attention for events of type Warning, else good.',
    }),
  ),
  layout: Type.Optional(
    Layout({
      description:
        'The whole body of the request instead of a card: any object; its texts may hold Go templates.',
      examples: [{ summary: '{{ .Reason }}', text: '{{ .Message }}' }],
    }),
  ),
  deDot: payloadFields.deDot,
  headers: Type.Optional(
    Type.Record(Type.String(), Template({ description: 'The value of the header; a Go template.' }), {
      description: 'Headers of the requests.',
    }),
  ),
  headersSecretRef: Type.Optional(
    SecretMap({ description: 'A Secret whose keys are the names of more headers, and its values theirs.' }),
  ),
  tls: Type.Optional(tlsField),
});

/** The resolved configuration. */
export type TeamsConfig = Static<typeof teamsConfig>;
