import { GoError } from '../template-error.ts';

const alphabet64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const alphabet32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const corrupt = (base: 32 | 64, at: number): GoError =>
  new GoError(`illegal base${base} data at input byte ${at}`);

const isNewLine = (char: string): boolean => char === '\n' || char === '\r';

/** Finds the first byte that Go's base64 decoder refuses; undefined when there is none. */
function findFault(text: string): number | undefined {
  let at = 0;
  const skip = (): void => {
    while (isNewLine(text.charAt(at))) at += 1;
  };
  for (;;) {
    for (let place = 0; place < 4; place += 1) {
      skip();
      if (at >= text.length) return place === 0 ? undefined : at - place;
      const char = text.charAt(at);
      at += 1;
      if (alphabet64.includes(char)) continue;
      if (char !== '=' || place < 2) return at - 1;
      return paddingFault(text, at, place);
    }
  }
}

/** Checks what follows the first `=`. */
function paddingFault(text: string, from: number, place: number): number | undefined {
  let at = from;
  const skip = (): void => {
    while (isNewLine(text.charAt(at))) at += 1;
  };
  if (place === 2) {
    skip();
    if (at === text.length) return text.length;
    if (text.charAt(at) !== '=') return at - 1;
    at += 1;
  }
  skip();
  return at < text.length ? at : undefined;
}

/** Decodes base64 as Go's StdEncoding does. */
export function decodeBase64(text: string): Buffer {
  const fault = findFault(text);
  if (fault !== undefined) throw corrupt(64, fault);
  return Buffer.from(text, 'base64');
}

/** Encodes bytes in base32 with padding. */
export function encodeBase32(bytes: Uint8Array): string {
  let bits = 0;
  let held = 0;
  let text = '';
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    for (; bits >= 5; bits -= 5) text += alphabet32.charAt((held >> (bits - 5)) & 31);
    held &= (1 << bits) - 1;
  }
  if (bits > 0) text += alphabet32.charAt((held << (5 - bits)) & 31);
  return text.padEnd(Math.ceil(text.length / 8) * 8, '=');
}

/** Checks the padding of the last group of base32; gives how many letters it has. */
function paddedLength(text: string, at: number, group: number): number {
  const after = text.length - at - 1;
  const place = at - group;
  if (after + place < 7) throw corrupt(32, text.length);
  for (let more = 0; more < 7 - place; more += 1) {
    if (after > more && text.charAt(at + 1 + more) !== '=') throw corrupt(32, at + more);
  }
  if (place === 3 || place === 6) throw corrupt(32, at);
  return place;
}

/** Decodes base32 as Go's StdEncoding does. */
export function decodeBase32(given: string): Buffer {
  const text = given.replaceAll('\n', '').replaceAll('\r', '');
  const letters: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const group = at - (at % 8);
    const char = text.charAt(at);
    if (char === '=' && at - group >= 2 && text.length - at - 1 < 8) {
      paddedLength(text, at, group);
      return joinBits(letters);
    }
    const value = alphabet32.indexOf(char);
    if (value < 0) throw corrupt(32, at);
    letters.push(value);
  }
  if (text.length % 8 !== 0) throw corrupt(32, text.length - (text.length % 8));
  return joinBits(letters);
}

function joinBits(letters: readonly number[]): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let held = 0;
  for (const letter of letters) {
    held = (held << 5) | letter;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((held >> bits) & 255);
    held &= (1 << bits) - 1;
  }
  return Buffer.from(bytes);
}
