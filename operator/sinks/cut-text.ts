const ellipsis = '...';

/** Cuts a text to a length in UTF-16 units, the unit in which most systems count; three dots tell that it was cut. */
export function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text.slice(0, Math.max(0, limit - ellipsis.length)).replace(/[\ud800-\udbff]$/, '')}${ellipsis}`;
}
