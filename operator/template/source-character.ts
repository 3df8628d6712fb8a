/** Tells whether Go's template lexer takes a character for white space; there are four. */
export const isSpace = (char: string | undefined): boolean => char !== undefined && ' \t\r\n'.includes(char);

/** Tells whether a character may stand in a name. */
export const isWord = (char: string | undefined): boolean =>
  char !== undefined && /^[_\p{L}\p{Nd}]$/u.test(char);

/** Gives the whole character at a place; undefined at the end. */
export function characterAt(source: string, at: number): string | undefined {
  const code = source.codePointAt(at);
  return code === undefined ? undefined : String.fromCodePoint(code);
}

/** Takes white space off the end of a text. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text[end - 1])) end -= 1;
  return text.slice(0, end);
}

/** Names a character by its code point: `U+0040`. */
export const codePoint = (char: string): string =>
  `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

/** What may be a number; whether it is one, its reader tells. */
const numberShape =
  /[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[oO][0-7_]*(?:\.[0-7_]*)?|0[bB][01_]*(?:\.[01_]*)?|[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?/y;

/** Finds the end of what looks like a number; it is none when a letter follows. */
export function scanNumber(source: string, from: number): { readonly end: number; readonly good: boolean } {
  numberShape.lastIndex = from;
  const end = from + (numberShape.exec(source)?.[0].length ?? 0);
  const char = characterAt(source, end) ?? '';
  return isWord(char) ? { end: end + char.length, good: false } : { end, good: true };
}

/** Finds the end of a quoted text, whose opening quote is read already; it may not go over the end of its line. */
export function scanQuoted(
  source: string,
  from: number,
  quote: string,
): { readonly end: number; readonly good: boolean } {
  for (let at = from; ;) {
    let char = source[at++];
    if (char === quote) return { end: at, good: true };
    if (char === '\\') char = source[at++];
    if (char === undefined || char === '\n') return { end: at, good: false };
  }
}
