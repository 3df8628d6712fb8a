import { LRUCache } from 'lru-cache';
import { RE2JS, RE2JSException } from 're2js';
import { fn, type FunctionContext, type FunctionTable } from '../function-type.ts';
import { type Budget } from '../limits.ts';
import { GoError } from '../template-error.ts';
import { GoSlice, goTypes, textSlice } from '../value.ts';

/** Patterns are constants nearly always; those of all templates together share this many places. */
const compiled = new LRUCache<string, RE2JS>({ max: 200 });
/** Longer patterns are refused, in UTF-16 units. */
const maxPatternLength = 2_000;
/** Program size times text length that costs one step. */
const workPerStep = 2_048;

function compile(pattern: string, budget: Budget): RE2JS {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  if (pattern.length > maxPatternLength)
    throw new GoError(`pattern is longer than ${maxPatternLength} characters`);
  if (!pattern.isWellFormed()) throw new GoError('error parsing regexp: invalid UTF-8');
  budget.spend(100);
  try {
    const made = RE2JS.compile(pattern);
    compiled.set(pattern, made);
    return made;
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new GoError(`error parsing regexp: ${error.message}`);
  }
}

/** Where a match lies; `groups` are starts and ends, -1 for those that took no part. */
interface Match {
  readonly start: number;
  readonly end: number;
  group(name: string): string;
}

/** Searches a text from any place on, with all of it as context. */
class Search {
  readonly #regex: RE2JS;
  readonly #text: string;
  readonly #budget: Budget;
  readonly #matcher: ReturnType<RE2JS['matcher']>;

  constructor(pattern: string, text: string, budget: Budget) {
    this.#regex = compile(pattern, budget);
    this.#text = text;
    this.#budget = budget;
    this.#matcher = this.#regex.matcher(text);
  }

  from(place: number): Match | undefined {
    const work = (this.#text.length - place) * this.#regex.programSize();
    this.#budget.spend(1 + work / workPerStep);
    if (!this.#matcher.find(place)) return undefined;
    const matcher = this.#matcher;
    return { start: matcher.start(), end: matcher.end(), group: (name) => this.#group(name) };
  }

  /** The width of the character at a place; 0 at the end. */
  width(place: number): number {
    const point = this.#text.codePointAt(place);
    return point === undefined ? 0 : point > 0xffff ? 2 : 1;
  }

  #group(name: string): string {
    const count = this.#regex.groupCount();
    if (/^[0-9]{1,8}$/.test(name)) {
      const number = Number(name);
      if (name.length > 1 && name.startsWith('0')) return '';
      return number <= count ? (this.#matcher.group(number) ?? '') : '';
    }
    return Object.hasOwn(this.#regex.namedGroups(), name) ? (this.#matcher.group(name) ?? '') : '';
  }
}

/** Go's FindAllStringIndex: an empty match right after another one does not count. */
function findAll(search: Search, text: string, limit: number): [number, number][] {
  const found: [number, number][] = [];
  let previousEnd = -1;
  for (let place = 0; found.length < limit && place <= text.length;) {
    const match = search.from(place);
    if (match === undefined) break;
    const counts = match.end !== place || match.start !== previousEnd;
    place = match.end === place ? place + (search.width(place) || 1) : match.end;
    previousEnd = match.end;
    if (counts) found.push([match.start, match.end]);
  }
  return found;
}

/** Go's Regexp.Expand: `$1`, `${1}`, `$name`, `$$`. */
const expand = (replacement: string, match: Match): string =>
  replacement.replace(/\$(?:\$|\{\w+\}|\w+)/g, (found) =>
    found === '$$' ? '$' : match.group(found.replace(/[${}]/g, '')),
  );

function replaceAll(
  search: Search,
  text: string,
  ...[write, budget]: [(match: Match) => string, Budget]
): string {
  let result = '';
  let lastEnd = 0;
  for (let place = 0; place <= text.length;) {
    const match = search.from(place);
    if (match === undefined) break;
    const before = result.length;
    result += text.slice(lastEnd, match.start);
    if (match.end > lastEnd || match.start === 0) result += write(match);
    budget.grow(result.length, result.length - before);
    lastEnd = match.end;
    const width = search.width(place);
    place = place + width > match.end ? place + width : Math.max(match.end, place + (width === 0 ? 1 : 0));
  }
  return result + text.slice(lastEnd);
}

const limitOf = (count: bigint): number => (count < 0n ? Infinity : Number(count));
const nilTexts = (): GoSlice => new GoSlice(goTypes.textSlice, [], true);

function regexMatch(pattern: string, text: string, { budget }: FunctionContext): boolean {
  return new Search(pattern, text, budget).from(0) !== undefined;
}

function regexMatchOrFalse(pattern: string, text: string, context: FunctionContext): boolean {
  try {
    compile(pattern, context.budget);
  } catch (error) {
    if (error instanceof GoError && error.message.startsWith('error parsing regexp')) return false;
    throw error;
  }
  return regexMatch(pattern, text, context);
}

function regexFind(pattern: string, text: string, { budget }: FunctionContext): string {
  const match = new Search(pattern, text, budget).from(0);
  return match === undefined ? '' : text.slice(match.start, match.end);
}

function regexFindAll(
  pattern: string,
  text: string,
  ...[count, { budget }]: [bigint, FunctionContext]
): GoSlice {
  const found = findAll(new Search(pattern, text, budget), text, limitOf(count));
  return found.length === 0 ? nilTexts() : textSlice(found.map(([start, end]) => text.slice(start, end)));
}

function regexReplaceAll(
  pattern: string,
  text: string,
  ...[replacement, { budget }]: [string, FunctionContext]
): string {
  const search = new Search(pattern, text, budget);
  return replaceAll(search, text, (match) => expand(replacement, match), budget);
}

function regexReplaceLiteral(
  pattern: string,
  text: string,
  ...[replacement, { budget }]: [string, FunctionContext]
): string {
  return replaceAll(new Search(pattern, text, budget), text, () => replacement, budget);
}

function regexSplit(
  pattern: string,
  text: string,
  ...[count, { budget }]: [bigint, FunctionContext]
): GoSlice {
  const search = new Search(pattern, text, budget);
  if (count === 0n) return nilTexts();
  if (pattern !== '' && text === '') return textSlice(['']);
  const limit = limitOf(count);
  const parts: string[] = [];
  let [begin, end] = [0, 0];
  for (const [start, stop] of findAll(search, text, limit)) {
    if (parts.length === limit - 1) break;
    end = start;
    if (stop !== 0) parts.push(text.slice(begin, end));
    begin = stop;
  }
  if (end !== text.length) parts.push(text.slice(begin));
  return textSlice(parts);
}

/** Sprig's regular expressions: RE2, so that they run in linear time. */
export const regexes: FunctionTable = {
  regexMatch: fn('string string: bool', regexMatchOrFalse),
  mustRegexMatch: fn('string string: bool', regexMatch),
  regexFind: fn('string string: string', regexFind),
  mustRegexFind: fn('string string: string', regexFind),
  regexFindAll: fn('string string int: textList', regexFindAll),
  mustRegexFindAll: fn('string string int: textList', regexFindAll),
  regexReplaceAll: fn('string string string: string', regexReplaceAll),
  mustRegexReplaceAll: fn('string string string: string', regexReplaceAll),
  regexReplaceAllLiteral: fn('string string string: string', regexReplaceLiteral),
  mustRegexReplaceAllLiteral: fn('string string string: string', regexReplaceLiteral),
  regexSplit: fn('string string int: textList', regexSplit),
  mustRegexSplit: fn('string string int: textList', regexSplit),
  regexQuoteMeta: fn('string: string', (text: string) => text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&')),
};
