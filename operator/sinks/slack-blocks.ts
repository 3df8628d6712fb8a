import { type MarkupDocument, type SinkEvent } from '../sink-kit/index.ts';
import { cutText } from './cut-text.ts';
import { type SlackMarkup } from './slack-markup.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The longest texts that Slack takes in blocks, in characters; longer ones would fail the whole message.
 * https://docs.slack.dev/reference/block-kit/blocks
 */
const headerLimit = 150;
const sectionLimit = 3_000;
const sectionFieldLimit = 2_000;
const markdownLimit = 12_000;

/** Compiles blocks of Block Kit; the event's text is escaped where Slack reads marks, and cut to what Slack takes. */
export function compileBlocks(
  blocks: readonly MarkupDocument[],
  markup: SlackMarkup,
): (event: SinkEvent) => unknown[] {
  const prepared = blocks.map((block) => block.mapLiterals(markup.prepare));
  return (event) => prepared.map((block) => finish(block.render(event), sectionLimit, markup));
}

function finish(value: unknown, limit: number, markup: SlackMarkup): unknown {
  if (typeof value === 'string') return markup.plain(value);
  if (Array.isArray(value)) return value.map((item) => finish(item, limit, markup));
  return isFields(value) ? finishObject(value, limit, markup) : value;
}

function finishObject(object: Fields, limit: number, markup: SlackMarkup): Fields {
  const inner = object.type === 'header' ? headerLimit : limit;
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [
      key,
      key === 'text' && typeof value === 'string'
        ? // Slack refuses the whole message for one text object without a text.
          finishText({ type: object.type, text: value }, inner, markup) || ' '
        : finish(value, key === 'fields' ? sectionFieldLimit : inner, markup),
    ]),
  );
}

/** Marks are read in text objects of type mrkdwn and in markdown blocks; plain and rich text show them as they are. */
function finishText(
  { type, text }: { readonly type: unknown; readonly text: string },
  limit: number,
  markup: SlackMarkup,
): string {
  if (type === 'mrkdwn') return markup.escape(text, limit);
  if (type === 'markdown') return markup.escape(text, markdownLimit);
  return type === 'plain_text' ? cutText(markup.plain(text), limit) : markup.plain(text);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}
