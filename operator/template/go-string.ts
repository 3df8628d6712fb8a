/**
 * Go's strings are bytes, ours are UTF-16. A byte that is not part of valid UTF-8 lives here as the lone surrogate
 * U+DC80..U+DCFF, so that cutting a character in half and joining it again gives what Go gives.
 */
const escapeBase = 0xdc00;
const escaped = /[\udc80-\udcff]/;
const loneEscape = /(?<![\ud800-\udbff])[\udc80-\udcff]/g;

const beyondAscii = /[^\x00-\x7f]/;

/** Tells whether a text is ASCII, so that its units are its bytes. */
export const isAscii = (text: string): boolean => !beyondAscii.test(text);

/** Makes the text of one byte. */
export const rawByte = (byte: number): string => String.fromCharCode(byte < 0x80 ? byte : escapeBase + byte);

/** Gives the bytes of a Go string. */
export function encodeText(text: string): Buffer {
  if (!escaped.test(text)) return Buffer.from(text, 'utf8');
  const parts: Buffer[] = [];
  let from = 0;
  for (const { index } of text.matchAll(loneEscape)) {
    parts.push(Buffer.from(text.slice(from, index), 'utf8'));
    parts.push(Buffer.from([text.charCodeAt(index) - escapeBase]));
    from = index + 1;
  }
  parts.push(Buffer.from(text.slice(from), 'utf8'));
  return Buffer.concat(parts);
}

/** What may follow a first byte of UTF-8: its length, and the bounds of its second byte (shortest form, no surrogates). */
function sequenceShape(first: number): readonly [length: number, low: number, high: number] {
  if (first < 0xc2 || first > 0xf4) return [0, 0, 0];
  if (first < 0xe0) return [2, 0x80, 0xbf];
  if (first < 0xf0) return [3, first === 0xe0 ? 0xa0 : 0x80, first === 0xed ? 0x9f : 0xbf];
  return [4, first === 0xf0 ? 0x90 : 0x80, first === 0xf4 ? 0x8f : 0xbf];
}

/** Length of the valid UTF-8 sequence at a place, or 0. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const [length, low, high] = sequenceShape(first);
  const second = bytes[at + 1] ?? 0;
  if (second < low || second > high) return 0;
  const rest = bytes.subarray(at + 2, at + length);
  return rest.length === length - 2 && rest.every((byte) => (byte & 0xc0) === 0x80) ? length : 0;
}

/** Makes a Go string of bytes. */
export function decodeBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  if (!text.includes('\ufffd')) return text;
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < buffer.length;) {
    const length = sequenceLength(buffer, at);
    if (length === 0) {
      parts.push(buffer.toString('utf8', from, at), rawByte(buffer[at] ?? 0));
      from = at + 1;
    }
    at += Math.max(1, length);
  }
  parts.push(buffer.toString('utf8', from));
  return parts.join('');
}

/** Counts the bytes of a Go string. */
export const byteLength = (text: string): number =>
  escaped.test(text) ? encodeText(text).length : Buffer.byteLength(text);

/** Cuts a Go string by byte offsets. */
export function sliceBytes(text: string, start: number, end: number): string {
  return isAscii(text) ? text.slice(start, end) : decodeBytes(encodeText(text).subarray(start, end));
}

/** Joins bytes that a cut had parted, and replaces those that are still no text by U+FFFD: what a reader gets. */
export function finishText(text: string): string {
  if (text.isWellFormed() || !escaped.test(text)) return text;
  return decodeBytes(encodeText(text)).replace(loneEscape, '\ufffd').toWellFormed();
}

/** Cuts a text at its bytes that are no text. */
export const splitAtRawBytes = (text: string): string[] =>
  text.isWellFormed() ? [text] : decodeBytes(encodeText(text)).split(loneEscape);

/** Orders two Go strings by their bytes. */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const first = left.charCodeAt(at);
    const second = right.charCodeAt(at);
    if (first === second) continue;
    // Below the surrogates, UTF-16 sorts as UTF-8 does.
    if (first < 0xd800 && second < 0xd800) return first - second;
    return Buffer.compare(encodeText(left), encodeText(right));
  }
  return left.length - right.length;
}

const beyondSimpleOrder = /[\ud800-\uffff]/;

/** Sorts Go strings by their bytes, in place; mostly the engine's own order is that. */
export function sortedTexts(texts: string[]): string[] {
  if (texts.some((text) => beyondSimpleOrder.test(text))) return texts.sort(compareText);
  return texts.sort();
}
