import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { fn, type FunctionContext, type FunctionTable } from '../function-type.ts';
import { decodeBytes, encodeText, isAscii } from '../go-string.ts';
import { GoError } from '../template-error.ts';
import { decodeBase32, decodeBase64, encodeBase32 } from './base64.ts';
import { randomBytes } from './randoms.ts';

const hash =
  (algorithm: string) =>
  (text: string, { budget }: FunctionContext): string => {
    budget.text(text.length);
    return createHash(algorithm).update(encodeText(text)).digest('hex');
  };

function adler32(text: string): string {
  let [low, high] = [1, 0];
  for (const byte of encodeText(text)) {
    low = (low + byte) % 65_521;
    high = (high + low) % 65_521;
  }
  return String(high * 65_536 + low);
}

/** Sprig's decoders give their error as the text. */
const orComplaint =
  (decode: (text: string) => Buffer) =>
  (text: string, { budget }: FunctionContext): string => {
    budget.text(text.length);
    try {
      return decodeBytes(decode(text));
    } catch (error) {
      if (error instanceof GoError) return error.message;
      throw error;
    }
  };

const keyOf = (password: string): Buffer => {
  const key = Buffer.alloc(32);
  encodeText(password).copy(key);
  return key;
};

function encryptAes(password: string, text: string, context: FunctionContext): string {
  if (text === '') return '';
  context.budget.text(text.length * 2);
  const start = randomBytes(16, context);
  const cipher = createCipheriv('aes-256-cbc', keyOf(password), start);
  return Buffer.concat([start, cipher.update(encodeText(text)), cipher.final()]).toString('base64');
}

function decryptAes(password: string, text: string): string {
  if (text === '') return '';
  const bytes = decodeBase64(text);
  if (bytes.length < 32 || bytes.length % 16 !== 0) throw new GoError('crypto/cipher: input not full blocks');
  const decipher = createDecipheriv('aes-256-cbc', keyOf(password), bytes.subarray(0, 16));
  decipher.setAutoPadding(false);
  const plain = Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()]);
  const padding = plain.at(-1) ?? 0;
  if (padding > plain.length)
    throw new GoError('runtime error: slice bounds out of range; the password is wrong');
  return decodeBytes(plain.subarray(0, plain.length - padding));
}

/** Sprig's encodings, hashes and AES. */
export const encodings: FunctionTable = {
  b64enc: fn('string: string', (text: string, { budget }: FunctionContext) => {
    budget.text(text.length * 2);
    return isAscii(text) ? btoa(text) : encodeText(text).toString('base64');
  }),
  b64dec: fn('string: string', orComplaint(decodeBase64)),
  b32enc: fn('string: string', (text: string, { budget }: FunctionContext) => {
    budget.text(text.length * 2);
    return encodeBase32(encodeText(text));
  }),
  b32dec: fn('string: string', orComplaint(decodeBase32)),
  sha1sum: fn('string: string', hash('sha1')),
  sha256sum: fn('string: string', hash('sha256')),
  sha512sum: fn('string: string', hash('sha512')),
  adler32sum: fn('string: string', adler32),
  encryptAES: fn('string string: string', encryptAes),
  decryptAES: fn('string string: string', decryptAes),
};
