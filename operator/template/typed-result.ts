/**
 * How `toTyped` tells a layout that its text is JSON: two private-use characters around it, which no other function
 * makes and which are taken out again.
 */
const open = '\u{10fffd}\u{10fffc}';
const close = '\u{10fffc}\u{10fffd}';

/** What a text holds that `toTyped` made. */
export const typedMarker = open;

/** Marks JSON text as a typed result. */
export const markTyped = (json: string): string => open + json + close;

/** Takes the marks of `toTyped` out of a text. */
export const dropMarks = (text: string): string => text.replaceAll(open, '').replaceAll(close, '');

/** Reads a rendered text: JSON if `toTyped` made all of it but white space, text otherwise. */
export function readTyped(text: string): unknown {
  const trimmed = text.trim();
  const inner = trimmed.slice(open.length, -close.length);
  const isAll = trimmed.startsWith(open) && trimmed.endsWith(close) && !inner.includes(open);
  if (!isAll) return dropMarks(text);
  return JSON.parse(inner) as unknown;
}
