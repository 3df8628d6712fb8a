import { byteLength, decodeBytes, encodeText, sliceBytes } from '../go-string.ts';
import { wrapInt64 } from '../go-number.ts';
import { isSpace } from './letter-case.ts';

/** Writes bytes as if each were a character, which is what goutils does to text that is not ASCII. */
const latin1 = (text: string): string => encodeText(text).toString('latin1');

/** Sprig's nospace. */
export function deleteSpace(text: string): string {
  const chars = Array.from(latin1(text));
  const kept = chars.filter((char) => !isSpace(char));
  return kept.length === chars.length ? text : kept.join('');
}

/** Sprig's initials: the first byte of each word. */
export function initialsOf(text: string): string {
  let gap = true;
  let result = '';
  for (const char of latin1(text)) {
    if (isSpace(char)) gap = true;
    else if (gap) {
      result += char;
      gap = false;
    }
  }
  return result;
}

/** Sprig's abbrev and abbrevboth: cuts to a width in bytes, with dots where something is missing. */
export function abbreviate(text: string, offset: bigint, width: number): string {
  const length = byteLength(text);
  if (width < 4) return '';
  if (length <= width) return text;
  const from = offset > BigInt(length) ? BigInt(length) : offset;
  // Go's subtraction wraps for offsets that are far below zero.
  const start = wrapInt64(BigInt(length) - from) < BigInt(width - 3) ? length - (width - 3) : Number(from);
  if (start <= 4) return `${sliceBytes(text, 0, width - 3)}...`;
  if (width < 7) return '';
  if (start + width - 3 < length) return `...${abbreviate(sliceBytes(text, start, length), 0n, width - 3)}`;
  return `...${sliceBytes(text, length - (width - 3), length)}`;
}

/** Sprig's wrap and wrapWith: breaks a line into lines of a width in bytes. */
export function wrapLine(
  text: string,
  { width, newLine, breakWords }: { width: number; newLine: string; breakWords: boolean },
): string {
  const bytes = latin1(text);
  const limit = Math.max(1, width);
  const lineBreak = latin1(newLine === '' ? '\n' : newLine);
  const parts: string[] = [];
  let at = 0;
  while (bytes.length - at > limit) {
    if (bytes.charAt(at) === ' ') {
      at += 1;
      continue;
    }
    const [end, next] = lineEnd(bytes, at, { limit, breakWords });
    parts.push(bytes.slice(at, end));
    // A long word at the very end is not followed by a line break.
    if (next <= bytes.length && end < bytes.length) parts.push(lineBreak);
    at = next;
  }
  parts.push(bytes.slice(at));
  return decodeBytes(Buffer.from(parts.join(''), 'latin1'));
}

/** Where a line ends, and where the next begins. */
function lineEnd(
  bytes: string,
  at: number,
  { limit, breakWords }: { limit: number; breakWords: boolean },
): readonly [number, number] {
  const space = bytes.slice(at, at + limit + 1).lastIndexOf(' ') + at;
  if (space >= at) return [space, space + 1];
  if (breakWords) return [at + limit, at + limit];
  const later = bytes.indexOf(' ', at + limit);
  return later < 0 ? [bytes.length, bytes.length] : [later, later + 1];
}
