import { printValue } from '../formatter.ts';
import { fn, type FunctionContext, type FunctionTable } from '../function-type.ts';
import { byteLength, finishText, isAscii, sliceBytes } from '../go-string.ts';
import { quoteGo } from '../go-quote.ts';
import { GoError } from '../template-error.ts';
import { GoMap, goTypes, textSlice, type Value } from '../value.ts';
import { toText, toTexts } from './conversion.ts';
import { swapCase, toLower, toTitle, toUntitle, toUpper, trimSpace } from './letter-case.ts';
import { abbreviate, deleteSpace, initialsOf, wrapLine } from './prose.ts';
import { joinWords, toPascal } from './word-case.ts';

const number = Number;

function truncate(count: bigint, text: string): string {
  const size = number(count);
  if (size >= 0 && isAscii(text)) return text.slice(0, size);
  const length = byteLength(text);
  if (size < 0) return length + size > 0 ? sliceBytes(text, length + size, length) : text;
  return length > size ? sliceBytes(text, 0, size) : text;
}

function substring(start: bigint, end: bigint, text: string): string {
  const length = BigInt(byteLength(text));
  const [from, to] = start < 0n ? [0n, end] : [start, end < 0n || end > length ? length : end];
  if (to < 0n || to > length || from > to) {
    throw new GoError(`slice bounds out of range [${from}:${to}] with length ${length}`);
  }
  return sliceBytes(text, number(from), number(to));
}

function repeat(count: bigint, text: string, { budget }: FunctionContext): string {
  if (count < 0n) throw new GoError('strings: negative Repeat count');
  budget.text(number(count) * text.length);
  return text.repeat(number(count));
}

function indent(spaces: bigint, text: string, { budget }: FunctionContext): string {
  if (spaces < 0n) throw new GoError('strings: negative Repeat count');
  const lines = text.split('\n');
  budget.text(text.length + number(spaces) * lines.length);
  const padding = ' '.repeat(number(spaces));
  return lines.map((line) => padding + line).join('\n');
}

function replace(old: string, replacement: string, ...[text, { budget }]: [string, FunctionContext]): string {
  // An empty text is found between all characters.
  const count = old === '' ? text.length + 1 : text.split(old).length - 1;
  budget.text(text.length + count * replacement.length);
  if (old !== '') return text.replaceAll(old, () => replacement);
  return replacement + Array.from(text, (char) => char + replacement).join('');
}

const isPresent = (value: Value): boolean => value !== null && value !== undefined;

function quoteAll(values: Value[], { budget }: FunctionContext): string {
  return values
    .filter(isPresent)
    .map((value) => quoteGo(toText(value, budget)))
    .join(' ');
}

function squoteAll(values: Value[], { budget }: FunctionContext): string {
  return values
    .filter(isPresent)
    .map((value) => `'${printValue(value, budget)}'`)
    .join(' ');
}

/** Go's strings.Trim: takes characters of a set off both ends. */
function trimChars(set: string, text: string): string {
  const chars = new Set(Array.from(set));
  const all = Array.from(text);
  let [start, end] = [0, all.length];
  while (start < end && chars.has(all[start] ?? '')) start += 1;
  while (end > start && chars.has(all[end - 1] ?? '')) end -= 1;
  return all.slice(start, end).join('');
}

/** Go's strings.SplitN. */
function splitText(text: string, separator: string, count: number): string[] {
  if (count === 0) return [];
  const parts = separator === '' ? Array.from(text) : text.split(separator);
  if (count < 0 || parts.length <= count) return parts;
  return [...parts.slice(0, count - 1), parts.slice(count - 1).join(separator)];
}

const numbered = (parts: readonly string[]): GoMap =>
  new GoMap(goTypes.textMap, new Map(parts.map((part, index) => [`_${index}`, part])));

const counted =
  (change: (text: string) => string) =>
  (text: string, { budget }: FunctionContext): string => {
    budget.text(text.length);
    return change(text);
  };

/** Changes a text character by character: bytes that are no text become U+FFFD. */
const mapped = (change: (text: string) => string): ((text: string, context: FunctionContext) => string) =>
  counted((text) => change(finishText(text)));

function wrapWith(width: bigint, newLine: string, ...[text, { budget }]: [string, FunctionContext]): string {
  const lines = Math.ceil(text.length / Math.max(1, number(width)));
  budget.text(text.length + lines * newLine.length);
  return wrapLine(text, { width: number(width), newLine, breakWords: true });
}

/** Sprig's text functions. */
export const texts: FunctionTable = {
  hello: fn(': string', () => 'Hello!'),
  abbrev: fn('int string: string', (width: bigint, text: string) =>
    width < 4n ? text : abbreviate(text, 0n, number(width)),
  ),
  abbrevboth: fn('int int string: string', (left: bigint, right: bigint, text: string) =>
    right < 4n || (left > 0n && right < 7n) ? text : abbreviate(text, left, number(right)),
  ),
  trunc: fn('int string: string', truncate),
  trim: fn('string: string', counted(trimSpace)),
  upper: fn('string: string', counted(toUpper)),
  lower: fn('string: string', counted(toLower)),
  title: fn('string: string', mapped(toTitle)),
  untitle: fn('string: string', mapped(toUntitle)),
  substr: fn('int int string: string', substring),
  repeat: fn('int string: string', repeat),
  trimall: fn('string string: string', trimChars),
  trimAll: fn('string string: string', trimChars),
  trimSuffix: fn('string string: string', (suffix: string, text: string) =>
    suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text,
  ),
  trimPrefix: fn('string string: string', (prefix: string, text: string) =>
    text.startsWith(prefix) ? text.slice(prefix.length) : text,
  ),
  nospace: fn('string: string', counted(deleteSpace)),
  initials: fn('string: string', counted(initialsOf)),
  swapcase: fn('string: string', mapped(swapCase)),
  snakecase: fn(
    'string: string',
    counted((text) => joinWords(text, '_')),
  ),
  camelcase: fn('string: string', mapped(toPascal)),
  kebabcase: fn(
    'string: string',
    counted((text) => joinWords(text, '-')),
  ),
  wrap: fn('int string: string', (width: bigint, text: string, { budget }: FunctionContext) => {
    budget.text(text.length * 2);
    return wrapLine(text, { width: number(width), newLine: '', breakWords: false });
  }),
  wrapWith: fn('int string string: string', wrapWith),
  contains: fn('string string: bool', (part: string, text: string) => text.includes(part)),
  hasPrefix: fn('string string: bool', (prefix: string, text: string) => text.startsWith(prefix)),
  hasSuffix: fn('string string: bool', (suffix: string, text: string) => text.endsWith(suffix)),
  quote: fn('any...: string', quoteAll),
  squote: fn('any...: string', squoteAll),
  cat: fn('any...: string', (values: Value[], { budget }: FunctionContext) =>
    values
      .filter(isPresent)
      .map((value) => printValue(value, budget))
      .join(' '),
  ),
  indent: fn('int string: string', indent),
  nindent: fn(
    'int string: string',
    (spaces: bigint, text: string, context: FunctionContext) => `\n${indent(spaces, text, context)}`,
  ),
  replace: fn('string string string: string', replace),
  plural: fn('string string int: string', (one: string, many: string, count: bigint) =>
    count === 1n ? one : many,
  ),
  join: fn('string any: string', (separator: string, list: Value, { budget }: FunctionContext) => {
    const items = toTexts(list, budget);
    budget.text(items.reduce((sum, item) => sum + item.length + separator.length, 0));
    return items.join(separator);
  }),
  split: fn('string string: textMap', (separator: string, text: string, { budget }: FunctionContext) => {
    budget.spend(text.length / 16);
    return numbered(splitText(text, separator, -1));
  }),
  splitn: fn('string int string: textMap', (separator: string, count: bigint, text: string) =>
    numbered(splitText(text, separator, number(count))),
  ),
  splitList: fn('string string: textList', (separator: string, text: string, { budget }: FunctionContext) => {
    budget.spend(text.length / 16);
    return textSlice(splitText(text, separator, -1));
  }),
};
