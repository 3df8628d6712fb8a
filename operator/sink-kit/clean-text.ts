const maxExcerptLength = 200;

/** Shortens a text of another system for one line of a condition or a log: no control characters, no mark-up. */
export function excerpt(text: string, limit = maxExcerptLength): string {
  // Only a beginning is looked at, so that cleaning has bounded cost; mark-up may take most of it.
  const start = text.slice(0, 8 * limit);
  const readable = (/^\s*</.test(start) ? withoutMarkup(start) : start)
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]+/g, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
  return readable.length > limit ? `${readable.slice(0, limit).trimEnd()}...` : readable;
}

function withoutMarkup(html: string): string {
  const title = /<title[^<>]{0,100}>([^<]{1,400})</i.exec(html);
  return title?.[1] ?? html.replace(/<[^<>]{0,1000}>/g, ' ');
}
