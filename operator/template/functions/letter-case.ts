import { finishText, isAscii } from '../go-string.ts';

/** Go's simple case mapping: one character for one, whatever stands around it. */
const titles: Readonly<Record<string, string>> = {
  Ǆ: 'ǅ',
  ǅ: 'ǅ',
  ǆ: 'ǅ',
  Ǉ: 'ǈ',
  ǈ: 'ǈ',
  ǉ: 'ǈ',
  Ǌ: 'ǋ',
  ǋ: 'ǋ',
  ǌ: 'ǋ',
  Ǳ: 'ǲ',
  ǲ: 'ǲ',
  ǳ: 'ǲ',
};

const isOne = (text: string): boolean =>
  text.length === 1 || (text.length === 2 && (text.codePointAt(0) ?? 0) > 0xffff);

/** Greek letters with iota below have a single capital that JavaScript spells with two. */
function iotaCapital(char: string): string {
  const point = char.codePointAt(0) ?? 0;
  const shifted = String.fromCodePoint(point + (point >= 0x1f80 && point < 0x1fb0 ? 8 : 9));
  if (point >= 0x1f80 && point < 0x1fb0 && (point & 8) === 0) return shifted;
  return /^[\u1fb3\u1fc3\u1ff3]$/.test(char) ? shifted : char;
}

/** Makes one character upper case. */
export function upperChar(char: string): string {
  const upper = char.toUpperCase();
  return isOne(upper) ? upper : iotaCapital(char);
}

/** Makes one character lower case. */
export function lowerChar(char: string): string {
  const lower = char.toLowerCase();
  return isOne(lower) ? lower : lower.charAt(0);
}

/** Makes one character title case: as upper case, but for digraphs such as `ǆ`. */
function titleChar(char: string): string {
  // Georgian letters have capitals, but are written without them at the start of a word.
  if (/^[\u10d0-\u10ff]$/.test(char)) return char;
  return titles[char] ?? upperChar(char);
}

/** Go's strings.ToUpper. */
export const toUpper = (text: string): string =>
  isAscii(text) ? text.toUpperCase() : Array.from(finishText(text), upperChar).join('');

/** Go's strings.ToLower. */
export const toLower = (text: string): string =>
  isAscii(text) ? text.toLowerCase() : Array.from(finishText(text), lowerChar).join('');

/** Go's unicode.IsSpace. */
export const isSpace = (char: string): boolean =>
  /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/.test(char);
/** Go's unicode.IsUpper. */
export const isUpper = (char: string): boolean => /^\p{Lu}$/u.test(char);
/** Go's unicode.IsLower. */
export const isLower = (char: string): boolean => /^\p{Ll}$/u.test(char);
/** Go's unicode.IsLetter. */
const isLetter = (char: string): boolean => /^\p{L}$/u.test(char);

/** Go's strings.TrimSpace. */
export function trimSpace(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isSpace(text.charAt(start))) start += 1;
  while (end > start && isSpace(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Go's strings.Title: a capital where a word begins. */
export function toTitle(text: string): string {
  let starts = true;
  return Array.from(text, (char) => {
    const result = starts ? titleChar(char) : char;
    const word =
      char <= '\x7f' ? /^\w$/.test(char) : isLetter(char) || /^\p{Nd}$/u.test(char) || !isSpace(char);
    starts = !word;
    return result;
  }).join('');
}

/** Sprig's untitle: a small letter where a word begins. */
export function toUntitle(text: string): string {
  let starts = true;
  return Array.from(text, (char) => {
    if (isSpace(char)) {
      starts = true;
      return char;
    }
    const result = starts ? lowerChar(char) : char;
    starts = false;
    return result;
  }).join('');
}

/** Sprig's swapcase: by words, of which the first letter becomes title case. */
export function swapCase(text: string): string {
  let starts = true;
  return Array.from(text, (char) => {
    if (isUpper(char) || /^\p{Lt}$/u.test(char)) {
      starts = false;
      return lowerChar(char);
    }
    if (isLower(char)) {
      const result = starts ? titleChar(char) : upperChar(char);
      starts = false;
      return result;
    }
    starts = isSpace(char);
    return char;
  }).join('');
}
