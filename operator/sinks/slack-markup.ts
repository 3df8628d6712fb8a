import { randomBytes } from 'node:crypto';

import { cutText } from './cut-text.ts';

/**
 * Keeps two kinds of text apart in a message: what the user wrote, in which `<!here>`, `<@U123>` and `<https://..|..>` mean
 * something, and what an event brought in, in which they must not: otherwise whoever can write an Event could ping
 * everybody. Literal marks are replaced before the template is compiled by stand-ins that no event can guess, so the
 * template's functions see the event's text as it is, and escaping happens once, at the end.
 * https://docs.slack.dev/messaging/formatting-message-text#escaping
 */
export interface SlackMarkup {
  /** Replaces the marks of a template's literal text by stand-ins. */
  readonly prepare: (literal: string) => string;
  /** Makes a rendered text safe for where Slack reads marks, at most `limit` characters long. */
  readonly escape: (rendered: string, limit?: number) => string;
  /** Puts the literal marks back into a rendered text for where Slack reads none: URLs, values, plain text. */
  readonly plain: (rendered: string) => string;
}

/** What a stand-in stands for: `<` of a command or link, `<` before what the event gives, `>`, and `&` of an entity. */
const marks: Readonly<Record<string, string>> = { c: '<', l: '<', g: '>', a: '&' };
const kinds: Readonly<Record<string, string>> = {
  '<': 'l',
  '>': 'g',
  '&amp;': 'a',
  '&lt;': 'a',
  '&gt;': 'a',
};
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Marks that mean something. `<` at the end of a literal is a link whose URL the event gives; `>` never does harm. */
const meaningful = /<(?:@|#|![a-z]|https?:\/\/|mailto:)|<$|>|&(?:amp|lt|gt);/gi;

/** Creates a markup with stand-ins of its own. */
export function createSlackMarkup(nonce = randomBytes(9).toString('hex')): SlackMarkup {
  // Private-use characters, so that no function of the template takes the stand-in for a word.
  const standIn = (kind: string) => `\ue000${nonce}${kind}\ue001`;
  const found = new RegExp(`\ue000${nonce}([clga])\ue001([!@#]?)`, 'g');

  const restore = (text: string, linkTo: (start: string) => string) =>
    text.replace(
      found,
      (_, kind: string, next: string) => (kind === 'l' ? linkTo(next) : (marks[kind] ?? '')) + next,
    );

  return {
    prepare: (literal) => literal.replace(meaningful, (mark) => standIn(kinds[mark] ?? 'c') + mark.slice(1)),
    escape: (rendered, limit = Number.MAX_SAFE_INTEGER) => {
      const escaped = rendered.replace(/[&<>]/g, (character) => entities[character] ?? '');
      // An event that gives a link's URL may give a link, and no command.
      return cutMarkup(
        restore(escaped, (next) => (next === '' ? '<' : '&lt;')),
        limit,
      );
    },
    plain: (rendered) => restore(rendered, () => '<'),
  };
}

/** Cuts a text so that neither a mark nor an entity is left in halves, which Slack would show as it stands. */
function cutMarkup(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const cut = cutText(text, limit);
  return `${cut.slice(0, -3).replace(/<[^<>]*$|&[a-z]{0,3}$/, '')}...`;
}
