import type { Static } from '@sinclair/typebox';

import { payloadFields, Secret, Template, Text, tlsField, Type } from '../sink-kit/index.ts';
import { compressionField } from './request-body.ts';

/** The configuration of the Splunk sink. */
export const splunkConfig = Type.Object({
  url: Text({
    description:
      'Where the HTTP Event Collector listens. The path `/services/collector` is added where it is missing.',
    minLength: 1,
    examples: ['https://splunk.example.com:8088'],
  }),
  token: Secret({ description: 'The token of the HTTP Event Collector.' }),
  index: Type.Optional(
    Template({
      description: 'The index to write to. By default the one of the token.',
      examples: ['k8s_{{ .InvolvedObject.Namespace }}'],
    }),
  ),
  source: Type.Optional(
    Template({
      description: 'The source of the events. By default the one of the token.',
      examples: ['{{ .ClusterName }}'],
    }),
  ),
  sourcetype: Type.Optional(
    Template({
      description: 'The source type of the events. By default the one of the token.',
      examples: ['kube:objects:events'],
    }),
  ),
  host: Type.Optional(
    Template({
      description:
        'The host of the events. By default the node that the event is from, else what Splunk makes of it.',
      examples: ['{{ .InvolvedObject.Name }}'],
    }),
  ),
  fields: Type.Optional(
    Type.Record(Type.String(), Template({ description: 'The value of the field; a Go template.' }), {
      description:
        'Indexed fields of the events. Every event also has `eventroute_key`, the same for every copy of it.',
      examples: [{ cluster: '{{ .ClusterName }}' }],
    }),
  ),
  ack: Type.Optional(
    Type.Boolean({
      description:
        'Waits until Splunk has indexed the events (indexer acknowledgement), which the token has to allow. Raises ' +
        '`delivery.timeout` to 2m by default.',
      default: false,
    }),
  ),
  channel: Type.Optional(
    Text({
      description: 'The channel to send in, a GUID. By default none, with `ack` a new one for each start.',
      pattern: '^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$',
      examples: ['0aeeac95-ac74-4aa9-b30d-6c4c0ac581ba'],
    }),
  ),
  compression: compressionField,
  tls: Type.Optional(tlsField),
  ...payloadFields,
});

/** The resolved configuration of the Splunk sink. */
export type SplunkConfig = Static<typeof splunkConfig>;
