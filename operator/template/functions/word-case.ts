import { isLower, isSpace, isUpper, lowerChar, upperChar } from './letter-case.ts';

type WordKind = 'number' | 'upper' | 'alphabet' | 'connector' | 'punctuation' | 'other' | 'none';

interface Word {
  readonly kind: WordKind;
  readonly text: string;
}

const isConnector = (char: string): boolean => char === '-' || char === '_' || isSpace(char);
const isPunctuation = (char: string): boolean => /^\p{P}$/u.test(char);
const isNumber = (char: string): boolean => /^\p{N}$/u.test(char);
/** A letter with a case, or any of a script that has none but is still of letters in xstrings' eyes. */
const isAlphabet = (char: string): boolean => {
  if (!/^\p{L}$/u.test(char)) return false;
  const [first] = Array.from(char);
  const point = first?.codePointAt(0) ?? 0;
  if (isUpper(char) || isLower(char)) return true;
  // Ideographs and syllables are words of their own.
  const ranges = [
    [0x3040, 0x30ff],
    [0x3400, 0x4dbf],
    [0x4e00, 0x9fff],
    [0xf900, 0xfaff],
    [0x20000, 0x2ffff],
  ] as const;
  return !ranges.some(([low, high]) => point >= low && point <= high);
};

/** Takes the characters from a place on for which a question holds. */
function take(chars: readonly string[], from: number, holds: (char: string) => boolean): number {
  let at = from;
  while (at < chars.length && holds(chars[at] ?? '')) at += 1;
  return at;
}

const isSmall = (char: string): boolean => isAlphabet(char) && !isUpper(char);

/** Where a word of capitals ends: `HTTPStatus` is `HTTP` and `Status`. */
function upperEnd(chars: readonly string[], from: number): number {
  const second = chars[from + 1];
  if (second === undefined) return from + 1;
  if (!isUpper(second)) return isAlphabet(second) ? take(chars, from + 1, isSmall) : from + 1;
  const end = take(chars, from + 1, isUpper);
  const next = chars[end];
  return next !== undefined && isAlphabet(next) ? end - 1 : end;
}

const isOther = (char: string): boolean =>
  !isConnector(char) && !isAlphabet(char) && !isNumber(char) && !isPunctuation(char);

function wordAt(chars: readonly string[], from: number): Word {
  const first = chars[from];
  if (first === undefined) return { kind: 'none', text: '' };
  const word = (kind: WordKind, end: number): Word => ({ kind, text: chars.slice(from, end).join('') });
  if (isConnector(first)) return word('connector', take(chars, from, isConnector));
  if (isPunctuation(first)) return word('punctuation', take(chars, from, isPunctuation));
  if (isUpper(first)) return word('upper', upperEnd(chars, from));
  if (isAlphabet(first)) return word('alphabet', take(chars, from, isSmall));
  if (isNumber(first)) return word('number', take(chars, from, isNumber));
  return word('other', take(chars, from + 1, isOther));
}

/** Cuts a text into words one after the other and joins them in small letters. */
class WordJoiner {
  readonly #chars: readonly string[];
  readonly #connector: string;
  #at = 0;
  #text = '';

  constructor(text: string, connector: string) {
    this.#chars = Array.from(text);
    this.#connector = connector;
  }

  join(): string {
    let word = this.#next();
    while (this.#at < this.#chars.length) {
      if (word.kind !== 'connector') this.#add(word);
      word = this.#after(word, this.#next());
    }
    this.#add(word);
    return this.#text;
  }

  #next(): Word {
    const word = wordAt(this.#chars, this.#at);
    this.#at += Array.from(word.text).length;
    return word;
  }

  #add({ kind, text }: Word): void {
    if (kind !== 'upper' && kind !== 'connector') this.#text += text;
    else
      this.#text += Array.from(text, (char) => (isConnector(char) ? this.#connector : lowerChar(char))).join(
        '',
      );
  }

  #link(word: Word, ...without: WordKind[]): void {
    if (word.kind !== 'connector' && word.kind !== 'punctuation' && !without.includes(word.kind)) {
      this.#text += this.#connector;
    }
  }

  /** Takes words that belong to a number. */
  #withNumber(first: Word): Word {
    let word = first;
    while (word.kind === 'alphabet' || word.kind === 'number') {
      this.#add(word);
      word = this.#next();
    }
    this.#link(word, 'none');
    return word;
  }

  #after(previous: Word, word: Word): Word {
    if (previous.kind === 'number') return this.#withNumber(word);
    if (previous.kind === 'connector') this.#add(previous);
    if (previous.kind === 'connector' || previous.kind === 'punctuation') return word;
    if (word.kind !== 'number') {
      this.#link(word);
      return word;
    }
    return this.#at < this.#chars.length ? this.#number(word) : word;
  }

  /** A number after a word: part of it (`Bld4Floor`), unless small letters follow (`HTTP2xx`). */
  #number(number: Word): Word {
    const next = this.#next();
    if (next.kind !== 'alphabet') {
      this.#add(number);
      this.#link(next);
      return next;
    }
    this.#text += this.#connector;
    this.#add(number);
    return this.#withNumber(next);
  }
}

/** Sprig's snakecase and kebabcase. */
export const joinWords = (text: string, connector: string): string => new WordJoiner(text, connector).join();

/** Sprig's camelcase: `http_server` is `HttpServer`. Of neighbouring connectors, all but the last stay. */
export function toPascal(text: string): string {
  const chars = Array.from(text);
  const start = take(chars, 0, isConnector);
  const [first] = chars.slice(start);
  // A text of connectors alone comes out one longer; that is how xstrings has it.
  if (first === undefined) return text + (chars.at(-1) ?? '');
  let result = chars.slice(0, start).join('');
  let pending = upperChar(first);
  let fromUpper = isUpper(first);
  for (const char of chars.slice(start + 1)) {
    const starts = isConnector(pending) && !isConnector(char);
    if (starts) {
      fromUpper = isUpper(char);
      pending = upperChar(char);
      continue;
    }
    result += pending;
    fromUpper = fromUpper && (isUpper(char) || isConnector(pending));
    pending = fromUpper ? lowerChar(char) : char;
  }
  return result + pending;
}
