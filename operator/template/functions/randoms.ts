import { fn, type FunctionContext, type FunctionTable } from '../function-type.ts';
import { GoError } from '../template-error.ts';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';
const ascii = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join('');

const pick = (count: number, { random }: FunctionContext): number => Math.floor(random() * count);

/** Makes random bytes of the rendering's own source. */
export const randomBytes = (count: number, context: FunctionContext): Buffer =>
  Buffer.from(Array.from({ length: count }, () => pick(256, context)));

const randomText =
  (alphabet: string) =>
  (count: bigint, context: FunctionContext): string => {
    if (count <= 0n) return '';
    context.budget.text(Number(count));
    context.budget.spend(Number(count) / 16);
    return Array.from({ length: Number(count) }, () => alphabet.charAt(pick(alphabet.length, context))).join(
      '',
    );
  };

function shuffle(text: string, context: FunctionContext): string {
  context.budget.text(text.length);
  const chars = Array.from(text);
  for (let at = chars.length - 1; at > 0; at -= 1) {
    const other = pick(at + 1, context);
    const [first = '', second = ''] = [chars[at], chars[other]];
    chars[at] = second;
    chars[other] = first;
  }
  return chars.join('');
}

function uuid(context: FunctionContext): string {
  const bytes = randomBytes(16, context);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

/** Sprig's random functions; all take from one source, which a test can replace. */
export const randoms: FunctionTable = {
  randAlphaNum: fn('int: string', randomText(letters + digits)),
  randAlpha: fn('int: string', randomText(letters)),
  randNumeric: fn('int: string', randomText(digits)),
  randAscii: fn('int: string', randomText(ascii)),
  randBytes: fn('int: string', (count: bigint, context: FunctionContext) => {
    if (count < 0n) throw new GoError('runtime error: makeslice: len out of range');
    context.budget.text(Number(count) * 2);
    return randomBytes(Number(count), context).toString('base64');
  }),
  shuffle: fn('string: string', shuffle),
  uuidv4: fn(': string', uuid),
};
