import type { Static } from '@sinclair/typebox';

import {
  Duration,
  MarkupLayout,
  MarkupTemplate,
  OneOf,
  Secret,
  Template,
  Text,
  tlsField,
  Type,
} from '../sink-kit/index.ts';

/** What the sink's users write. */
export const slackConfig = Type.Object({
  token: Type.Optional(
    Secret({
      description:
        'The token of a Slack app, `xoxb-...`, with the scope chat:write. Either this or `webhookUrl` is needed.',
    }),
  ),
  webhookUrl: Type.Optional(
    Secret({
      description:
        'The URL of an incoming webhook, instead of `token`; its channel is chosen where it is made.',
    }),
  ),
  channel: Type.Optional(
    Template({
      description:
        'Where to post to, with `token`: the id of a channel (the surest) or user, or `#name`. A Go template. Webhooks of ' +
        'Slack apps ignore it.',
      examples: ['#{{ .InvolvedObject.Labels.team }}-alerts'],
    }),
  ),
  message: Type.Optional(
    MarkupTemplate({
      description:
        "The text, in Slack's mrkdwn; a Go template. Mentions and links that stand in it work, those in the event's own " +
        'text do not. With `blocks` it is what notifications show. By default `{{ .Message }}`, and nothing above an ' +
        'attachment.',
      examples: ['<!subteam^S012AB3CD> {{ .Message }}'],
    }),
  ),
  color: Type.Optional(
    Template({
      description:
        "The colour of the attachment's border: good, warning, danger or hexadecimal; a Go template. Anything else leaves " +
        'it grey.',
      examples: ['{{ if eq .Type "Warning" }}danger{{ else }}good{{ end }}'],
    }),
  ),
  title: Type.Optional(MarkupTemplate({ description: 'The title of the attachment; a Go template.' })),
  titleLink: Type.Optional(
    Template({ description: 'The URL that the title leads to; a Go template.', aliases: ['title_link'] }),
  ),
  footer: Type.Optional(MarkupTemplate({ description: 'The last line of the attachment; a Go template.' })),
  authorName: Type.Optional(
    MarkupTemplate({
      description: 'The first line of the attachment; a Go template.',
      aliases: ['author_name'],
    }),
  ),
  fields: Type.Optional(
    Type.Record(Type.String(), MarkupTemplate({ description: 'The value of the field; a Go template.' }), {
      description: 'A table in the attachment, sorted by title.',
      examples: [{ Namespace: '{{ .Namespace }}' }],
    }),
  ),
  blocks: Type.Optional(
    Type.Array(MarkupLayout({ description: 'A block of Block Kit; its texts may hold Go templates.' }), {
      description: 'The message in blocks of Block Kit, at most 50. Texts longer than Slack takes are cut.',
      maxItems: 50,
    }),
  ),
  thread: Type.Optional(
    OneOf(['None', 'InvolvedObject'], {
      description:
        'Whether what happens to one object goes into one thread: its first message opens it, later ones reply. ' +
        'Needs `token`. Threads are forgotten when the operator restarts.',
      default: 'None',
    }),
  ),
  threadFor: Type.Optional(
    Duration({
      description: 'How long replies go to a thread before the next message opens another.',
      default: '24h',
    }),
  ),
  username: Type.Optional(
    Template({
      description: 'The name to post as; a Go template. Needs the scope chat:write.customize.',
    }),
  ),
  iconEmoji: Type.Optional(
    Template({
      description: 'The emoji to post with; a Go template. Needs the scope chat:write.customize.',
      examples: [':rotating_light:'],
      aliases: ['icon_emoji'],
    }),
  ),
  iconUrl: Type.Optional(
    Template({
      description: 'The image to post with; a Go template. Needs the scope chat:write.customize.',
      aliases: ['icon_url'],
    }),
  ),
  unfurl: Type.Optional(
    Type.Boolean({ description: 'Whether Slack shows previews of links.', default: false }),
  ),
  metadata: Type.Optional(
    Type.Boolean({
      description:
        'Gives each message the key of its event as metadata, by which programs can find repeats. Needs `token`.',
      default: true,
    }),
  ),
  apiUrl: Type.Optional(
    Text({
      description: 'The URL of the Web API.',
      default: 'https://slack.com/api/',
      examples: ['https://slack-gov.com/api/'],
    }),
  ),
  tls: Type.Optional(tlsField),
});

/** The resolved configuration. */
export type SlackConfig = Static<typeof slackConfig>;
