import type { Static } from '@sinclair/typebox';

import { OneOf, Secret, Template, Text, tlsField, Type } from '../sink-kit/index.ts';

const identity = {
  id: Type.Optional(Template({ description: 'Its id; a Go template.' })),
  name: Type.Optional(
    Template({ description: 'The name of a team, escalation or schedule; a Go template.' }),
  ),
  username: Type.Optional(Template({ description: 'The address by which a user signs in; a Go template.' })),
};

/** What the sink's users write. */
export const opsgenieConfig = Type.Object({
  apiKey: Secret({
    description: 'The key of an API integration that may create and update; an account key does not do.',
  }),
  url: Type.Optional(
    Text({
      description:
        'The URL of the API: `https://api.eu.opsgenie.com` in Europe, `https://api.atlassian.com/jsm/ops/integration` ' +
        'for Jira Service Management.',
      default: 'https://api.opsgenie.com',
      examples: ['https://api.eu.opsgenie.com'],
      aliases: ['URL'],
    }),
  ),
  message: Type.Optional(
    Template({
      description:
        "The alert's message; a Go template. Cut to 130 characters. By default the event's reason and object.",
      examples: ['{{ .Reason }}: {{ .InvolvedObject.Namespace }}/{{ .InvolvedObject.Name }}'],
    }),
  ),
  alias: Type.Optional(
    Template({
      description:
        'What makes two events one alert while it is open; a Go template. By default the uid of the Event, so that its ' +
        'repeats raise the count of one alert.',
      examples: ['{{ .InvolvedObject.UID }}'],
    }),
  ),
  description: Type.Optional(
    Template({
      description:
        "The long text of the alert; a Go template. By default the event's message where `message` does not hold all of it.",
    }),
  ),
  responders: Type.Optional(
    Type.Array(
      Type.Object(
        {
          type: OneOf(['team', 'user', 'escalation', 'schedule'], { description: 'What it is.' }),
          ...identity,
        },
        { description: 'One who is notified, by id, name or username.' },
      ),
      { description: 'Who is notified.', maxItems: 50 },
    ),
  ),
  visibleTo: Type.Optional(
    Type.Array(
      Type.Object(
        { type: OneOf(['team', 'user'], { description: 'What it is.' }), ...identity },
        { description: 'One who sees the alert, by id, name or username.' },
      ),
      { description: 'Who sees the alert without being notified.', maxItems: 50 },
    ),
  ),
  actions: Type.Optional(
    Type.Array(Template({ description: 'The name of the action; a Go template.' }), {
      description: 'Custom actions that the alert offers, at most 10.',
      maxItems: 10,
    }),
  ),
  tags: Type.Optional(
    Type.Array(
      Template({ description: 'The tag; a Go template. Cut to 50 characters, left away when empty.' }),
      {
        description: 'Tags of the alert, at most 20.',
        maxItems: 20,
      },
    ),
  ),
  details: Type.Optional(
    Type.Record(Type.String(), Template({ description: 'The value; a Go template.' }), {
      description: 'Further properties of the alert, cut to 8000 characters in all.',
      examples: [{ node: '{{ .Source.Host }}' }],
    }),
  ),
  entity: Type.Optional(Template({ description: 'What the alert is about; a Go template.' })),
  source: Type.Optional(
    Template({
      description: 'Where the alert comes from; a Go template. By default eventroute, with the cluster.',
    }),
  ),
  priority: Type.Optional(
    Template({
      description:
        'P1 to P5; a Go template. P3 by default, and for an event for which it gives anything else.',
      examples: ['{{ if eq .Type "Warning" }}P2{{ else }}P4{{ end }}'],
    }),
  ),
  user: Type.Optional(Template({ description: 'Who the request is shown to be of; a Go template.' })),
  note: Type.Optional(
    Template({ description: 'A note at the alert, also when it is closed; a Go template.' }),
  ),
  close: Type.Optional(
    Type.Boolean({
      description:
        'Closes the open alert with the same `alias` instead of making one: for a receiver that recoveries are routed to.',
      default: false,
    }),
  ),
  closeWhen: Type.Optional(
    Template({
      description: 'Closes, as `close` does, for events for which this Go template gives `true`.',
      examples: ['{{ eq .Reason "NodeReady" }}'],
    }),
  ),
  tls: Type.Optional(tlsField),
});

/** The resolved configuration. */
export type OpsgenieConfig = Static<typeof opsgenieConfig>;
