import { isSpace } from './source-character.ts';

/** An end of an action, with or without a trim marker. */
export type Delimiter = 'plain' | 'trim';

/** Finds what end of an action stands at a place: `}}`, or ` -}}` with its space. */
export function rightDelimiter(source: string, at: number): Delimiter | undefined {
  if (isSpace(source[at]) && source.startsWith('-}}', at + 1)) return 'trim';
  return source.startsWith('}}', at) ? 'plain' : undefined;
}

/** Gives the place behind an end of an action, and behind the white space that a trim marker takes. */
export function afterDelimiter(source: string, at: number, delimiter: Delimiter): number {
  let end = at + (delimiter === 'trim' ? 4 : 2);
  while (delimiter === 'trim' && isSpace(source[end])) end += 1;
  return end;
}
