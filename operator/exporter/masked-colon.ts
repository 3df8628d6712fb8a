// A private-use character of the same length, so that no place in the text moves.
const mask = '\u{E002}';

/** Hides what YAML would take for the end of a key, from a place to the end of its line. */
export function maskColons(text: string, from: number): string {
  const end = text.indexOf('\n', from);
  const to = end === -1 ? text.length : end;
  return text.slice(0, from) + text.slice(from, to).replaceAll(/:(?=\s|$)/g, mask) + text.slice(to);
}

/** Shows them again. */
export function unmaskColons(text: string): string {
  return text.replaceAll(mask, ':');
}
