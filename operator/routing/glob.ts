const wildcards = /[*?]/;
const globText = /^[\w*?.:/ -]+$/;

/**
 * Tells whether a text that RE2 rejects reads as a shell glob (`*test*`, as the exporter's own documentation has it):
 * names, dots and wildcards, nothing that only a regular expression has.
 */
export function readsAsGlob(text: string): boolean {
  return wildcards.test(text) && globText.test(text);
}

/** Writes a shell glob as an anchored RE2 pattern: `*` is any text, `?` one character, all else itself. */
export function globToPattern(glob: string): string {
  // Repeated stars say no more than one, and would only make the engine's work longer.
  const single = glob.replaceAll(/\*+/g, '*');
  const body = single.replaceAll(/[*?.]/g, (mark) => (mark === '*' ? '.*' : mark === '?' ? '.' : '\\.'));
  return `(?s)^${body}$`;
}
