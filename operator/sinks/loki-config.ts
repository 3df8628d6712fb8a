import type { Static } from '@sinclair/typebox';

import { authFields, payloadFields, Secret, SecretMap, Template, tlsField, Type } from '../sink-kit/index.ts';
import { compressionField } from './request-body.ts';

/** The configuration of the Loki sink. */
export const lokiConfig = Type.Object({
  url: Secret({
    description:
      "Loki's address, with or without the path of its push API, `/loki/api/v1/push`. User info in it becomes Basic " +
      'authentication.',
    examples: ['https://loki.example.com/loki/api/v1/push'],
  }),
  streamLabels: Type.Optional(
    Type.Record(Type.String(), Template({ description: 'The value of the label; a Go template.' }), {
      description:
        'Labels of the stream that an event goes to; empty values are left out. Every set of values is a stream of its ' +
        'own, so names of Pods and the like do not belong here. By default `job: eventroute`.',
      examples: [{ job: 'events', namespace: '{{ .InvolvedObject.Namespace }}' }],
    }),
  ),
  structuredMetadata: Type.Optional(
    Type.Record(Type.String(), Template({ description: 'The value; a Go template.' }), {
      description:
        'Structured metadata of the entries. By default eventroute_key (the same for every copy of an event), level, ' +
        'object_kind, object_namespace and object_name. `{}` sends none, as Loki before 3.0 usually wants.',
      examples: [{ key: '{{ .IdempotencyKey }}', node: '{{ .Source.Host }}' }],
    }),
  ),
  tenantID: Type.Optional(
    Template({
      description: 'The tenant to write to, sent as X-Scope-OrgID.',
      examples: ['team-{{ .InvolvedObject.Namespace }}'],
    }),
  ),
  headers: Type.Optional(
    Type.Record(Type.String(), Template({ description: 'The value of the header; a Go template.' }), {
      description: 'Further headers of the requests.',
      examples: [{ 'X-Cluster': '{{ .ClusterName }}' }],
    }),
  ),
  headersSecretRef: Type.Optional(
    SecretMap({ description: 'A Secret whose keys are the names of more headers, and its values theirs.' }),
  ),
  ...authFields,
  compression: compressionField,
  tls: Type.Optional(tlsField),
  ...payloadFields,
});

/** The resolved configuration of the Loki sink. */
export type LokiConfig = Static<typeof lokiConfig>;
