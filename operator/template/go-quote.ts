import { rawByte } from './go-string.ts';

const simple: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

const validPoint = (point: number): boolean => point <= 0x10_ffff && !(point >= 0xd800 && point < 0xe000);

const escapes =
  /\\(?:x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([abfnrtv\\'"]))|([^\\])/suy;

const characterOf = (code: number): string | undefined =>
  validPoint(code) ? String.fromCodePoint(code) : undefined;

const byteOf = (code: number): string | undefined => (code > 255 ? undefined : rawByte(code));

function readEscape(match: RegExpExecArray, quote: string): string | undefined {
  const [, hex, octal, short, long, name = '', plain] = match;
  if (plain !== undefined) return plain === quote || plain === '\n' ? undefined : plain;
  if (hex !== undefined) return byteOf(parseInt(hex, 16));
  if (octal !== undefined) return byteOf(parseInt(octal, 8));
  const point = short ?? long;
  if (point !== undefined) return characterOf(parseInt(point, 16));
  return name === quote ? quote : simple[name];
}

/**
 * Reads a quoted Go string, raw string or character constant, quotes included.
 * @returns undefined when it is not one.
 */
export function unquote(quoted: string): string | undefined {
  const quote = quoted.charAt(0);
  const body = quoted.slice(1, -1);
  if (quote === '`') return body.replaceAll('\r', '');
  let text = '';
  escapes.lastIndex = 0;
  while (escapes.lastIndex < body.length) {
    const match = escapes.exec(body);
    const piece = match === null ? undefined : readEscape(match, quote);
    if (piece === undefined) return undefined;
    text += piece;
  }
  return text;
}

/** Reads a character constant such as `'a'` or `'\n'`; gives its code point, or undefined. */
export function unquoteChar(quoted: string): bigint | undefined {
  const octal = /^'\\(?:x([0-9a-fA-F]{2})|([0-7]{3}))'$/.exec(quoted);
  if (octal !== null) {
    const value = octal[1] === undefined ? parseInt(octal[2] ?? '', 8) : parseInt(octal[1], 16);
    return value > 255 ? undefined : BigInt(value);
  }
  const text = unquote(quoted);
  const point = text?.codePointAt(0);
  if (text === undefined || point === undefined) return undefined;
  return text.length === String.fromCodePoint(point).length ? BigInt(point) : undefined;
}

const named: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '\\': '\\\\',
};

const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** Tells whether Go's unicode.IsPrint holds for a character. */
export const isPrintable = (char: string): boolean => printable.test(char);

const hex = (value: number, length: number): string => value.toString(16).padStart(length, '0');

/** Escapes one character for a Go string or character constant with the given quote. */
function escapeChar(char: string, quote: string, asciiOnly: boolean): string {
  if (char === quote) return `\\${quote}`;
  const point = char.codePointAt(0) ?? 0;
  if (point < 0x80) return named[char] ?? (isPrintable(char) ? char : `\\x${hex(point, 2)}`);
  return isPrintable(char) && !asciiOnly ? char : escapePoint(point);
}

function escapePoint(point: number): string {
  // A byte that is no text, as this engine keeps it.
  if (point >= 0xdc80 && point <= 0xdcff) return `\\x${hex(point - 0xdc00, 2)}`;
  return point < 0x1_0000 ? `\\u${hex(point, 4)}` : `\\U${hex(point, 8)}`;
}

/** Quotes a text as Go's strconv.Quote does. */
export function quoteGo(text: string, asciiOnly = false): string {
  return `"${Array.from(text, (char) => escapeChar(char, '"', asciiOnly)).join('')}"`;
}

/** Quotes a character as Go's strconv.QuoteRune does. */
export function quoteRune(point: number, asciiOnly = false): string {
  const char = validPoint(point) ? String.fromCodePoint(point) : '\ufffd';
  return `'${escapeChar(char, "'", asciiOnly)}'`;
}
