import { isPrintable } from '../go-quote.ts';
import { encodeText } from '../go-string.ts';

const html: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\0': '\ufffd',
};

/** Escapes a text for HTML as Go's `html` does. */
export function escapeHtml(text: string): string {
  return text.replace(/["'&<>\0]/g, (char) => html[char] ?? char);
}

function escapeJsChar(char: string): string {
  const point = char.codePointAt(0) ?? 0;
  if (/^[\\'"]$/.test(char)) return `\\${char}`;
  if (point >= 0x80) {
    if (point >= 0xd800 && point < 0xe000) return char;
    return isPrintable(char) ? char : `\\u${point.toString(16).toUpperCase().padStart(4, '0')}`;
  }
  return `\\u${point.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Escapes a text for a JavaScript string as Go's `js` does. */
export function escapeJs(text: string): string {
  return text.replace(/[\\'"<>&=\x00-\x1f]|[^\x00-\x7f]/gu, escapeJsChar);
}

/** Escapes a text for the query of a URL as Go's url.QueryEscape does. */
export function escapeQuery(text: string): string {
  const parts = Array.from(encodeText(text), (byte) => {
    const char = String.fromCharCode(byte);
    if (/[A-Za-z0-9\-_.~]/.test(char)) return char;
    return char === ' ' ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return parts.join('');
}
