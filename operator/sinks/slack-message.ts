import { DeliveryError, type MarkupText, type SinkEvent, type TextTemplate } from '../sink-kit/index.ts';
import { compileBlocks } from './slack-blocks.ts';
import { type SlackConfig } from './slack-config.ts';
import { type SlackMarkup } from './slack-markup.ts';

/** What is posted, as chat.postMessage and incoming webhooks name it. */
export type SlackMessage = Readonly<Record<string, unknown>>;

/** A text longer than this is cut by Slack itself (https://docs.slack.dev/reference/methods/chat.postMessage). */
const textLimit = 40_000;
const attachmentTextLimit = 8_000;
const footerLimit = 300;

type Render = (event: SinkEvent) => string;

/** Compiles a configuration into what renders an event's message. */
export function compileMessage(config: SlackConfig, markup: SlackMarkup): (event: SinkEvent) => SlackMessage {
  const text = compileMarkup(config.message, markup, textLimit);
  const attachment = compileAttachment(config, markup);
  const blocks = config.blocks === undefined ? undefined : compileBlocks(config.blocks, markup);
  const authorship = compileAuthorship(config);
  const { unfurl = false } = config;

  return (event) => {
    const attached = attachment?.(event);
    const written = text?.(event) ?? '';
    return withoutEmpty({
      channel: renderChannel(config.channel, event),
      text: written.trim() === '' && !showsSomething(attached) ? ownWords(event, markup) : written,
      attachments: attached && [{ ...attached, fallback: written || ownWords(event, markup) }],
      blocks: blocks?.(event),
      ...authorship(event),
      unfurl_links: unfurl,
      unfurl_media: unfurl,
    });
  };
}

function compileAuthorship(config: SlackConfig): (event: SinkEvent) => SlackMessage {
  const { username, iconEmoji, iconUrl } = config;
  return (event) => ({
    username: username?.render(event).trim(),
    icon_emoji: iconEmoji?.render(event).trim(),
    icon_url: iconUrl?.render(event).trim(),
  });
}

/** Slack refuses a message without any text, unless an attachment has one. */
function showsSomething({ title, author_name, footer, fields }: SlackMessage = {}): boolean {
  const hasFields = Array.isArray(fields) && fields.length > 0;
  return hasFields || title !== undefined || author_name !== undefined || footer !== undefined;
}

/** What stands where the user's template leaves nothing. */
function ownWords({ event }: SinkEvent, markup: SlackMarkup): string {
  const { kind, namespace, name } = event.involvedObject;
  const place = [namespace, name].filter(Boolean).join('/');
  const words = event.message.trim() === '' ? `${event.reason} ${kind} ${place}`.trim() : event.message;
  return markup.escape(words || 'Kubernetes event', textLimit);
}

function renderChannel(template: TextTemplate | undefined, event: SinkEvent): string | undefined {
  if (template === undefined) return undefined;
  const channel = template.render(event).trim();
  if (!/^[#@]?$|<no value>/.test(channel)) return channel;
  throw DeliveryError.permanent(
    `channel gives no name for this event, but ${JSON.stringify(channel)}: a label that it asks for is not there; ` +
      'put `| default "general"` behind it',
    'RenderFailed',
  );
}

function compileAttachment(
  config: SlackConfig,
  markup: SlackMarkup,
): ((event: SinkEvent) => Record<string, unknown>) | undefined {
  const { title, titleLink, footer, authorName, color, fields } = config;
  const parts = [title, titleLink, footer, authorName, color, fields];
  if (parts.every((part) => part === undefined)) return undefined;
  const titleText = compileMarkup(title, markup, attachmentTextLimit);
  const footerText = compileMarkup(footer, markup, footerLimit);
  const author = compileMarkup(authorName, markup, attachmentTextLimit);
  const table = compileFields(fields, markup);
  return (event) =>
    withoutEmpty({
      color: colorOf(color?.render(event)),
      author_name: author?.(event),
      title: titleText?.(event),
      title_link: titleLink?.render(event).trim(),
      fields: table?.(event),
      footer: footerText?.(event),
    });
}

function compileFields(
  fields: SlackConfig['fields'],
  markup: SlackMarkup,
): ((event: SinkEvent) => unknown[]) | undefined {
  if (fields === undefined) return undefined;
  const columns = Object.entries(fields)
    .map(([title, value]) => ({ title, render: compileMarkup(value, markup, attachmentTextLimit) }))
    .sort((left, right) => (left.title < right.title ? -1 : 1));
  return (event) => columns.map(({ title, render }) => ({ title, value: render(event), short: false }));
}

function compileMarkup(template: MarkupText, markup: SlackMarkup, limit: number): Render;
function compileMarkup(
  template: MarkupText | undefined,
  markup: SlackMarkup,
  limit: number,
): Render | undefined;
function compileMarkup(
  template: MarkupText | undefined,
  markup: SlackMarkup,
  limit: number,
): Render | undefined {
  const prepared = template?.mapLiterals(markup.prepare);
  return prepared && ((event) => markup.escape(prepared.render(event), limit));
}

/** Slack takes names in small letters, and hexadecimal colours. */
function colorOf(rendered = ''): string | undefined {
  const color = rendered.trim().toLowerCase();
  if (/^(good|warning|danger|#[0-9a-f]{6})$/.test(color)) return color;
  return /^[0-9a-f]{6}$/.test(color) ? `#${color}` : undefined;
}

function withoutEmpty(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined && value !== '')
      // Half a surrogate pair has no form in a URL-encoded body.
      .map(([key, value]) => [key, typeof value === 'string' ? value.toWellFormed() : value]),
  );
}
