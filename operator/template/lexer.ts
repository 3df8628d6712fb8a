import {
  characterAt,
  codePoint,
  isSpace,
  isWord,
  scanNumber,
  scanQuoted,
  trimEnd,
} from './source-character.ts';
import { afterDelimiter, rightDelimiter, type Delimiter } from './delimiter.ts';
import { keywords, type Token, type TokenKind } from './token.ts';

const terminators = new Set<string | undefined>([
  undefined,
  ' ',
  '\t',
  '\r',
  '\n',
  '.',
  ',',
  '|',
  ':',
  ')',
  '(',
]);
const singles: Readonly<Record<string, TokenKind>> = { '=': 'assign', '|': 'pipe' };

/** Cuts a template's source into tokens, one at a time, with Go's rules for trim markers, quotes and numbers. */
export interface Lexer {
  next(): Token;
}

/** Starts to read a template's source. */
export function createLexer(source: string): Lexer {
  return new SourceLexer(source);
}

class SourceLexer implements Lexer {
  readonly #source: string;
  #at = 0;
  #start = 0;
  #parens = 0;
  #inAction = false;
  #failed = false;

  constructor(source: string) {
    this.#source = source;
  }

  next(): Token {
    if (this.#failed) return { kind: 'eof', text: '', offset: this.#start };
    return this.#inAction ? this.#action() : this.#text();
  }

  #token(kind: TokenKind): Token {
    const token = { kind, text: this.#source.slice(this.#start, this.#at), offset: this.#start };
    this.#start = this.#at;
    return token;
  }

  #error(text: string): Token {
    this.#failed = true;
    return { kind: 'error', text, offset: this.#start };
  }

  #text(): Token {
    for (;;) {
      const open = this.#source.indexOf('{{', this.#at);
      if (open < 0) {
        this.#at = this.#source.length;
        return this.#token(this.#at > this.#start ? 'text' : 'eof');
      }
      const trims = this.#source[open + 2] === '-' && isSpace(this.#source[open + 3]);
      const raw = this.#source.slice(this.#start, open);
      const text = trims ? trimEnd(raw) : raw;
      const offset = this.#start;
      this.#start = this.#at = open;
      if (text !== '') return { kind: 'text', text, offset };
      const body = open + (trims ? 4 : 2);
      if (!this.#source.startsWith('/*', body)) return this.#open(body);
      const fault = this.#comment(body);
      if (fault !== undefined) return fault;
    }
  }

  #open(body: number): Token {
    this.#at = this.#start + 2;
    const token = this.#token('leftDelim');
    this.#start = this.#at = body;
    this.#inAction = true;
    this.#parens = 0;
    return token;
  }

  #comment(body: number): Token | undefined {
    this.#start = body;
    const close = this.#source.indexOf('*/', body + 2);
    if (close < 0) return this.#error('unclosed comment');
    this.#at = close + 2;
    const delimiter = rightDelimiter(this.#source, this.#at);
    if (delimiter === undefined) return this.#error('comment ends before closing delimiter');
    this.#at = afterDelimiter(this.#source, this.#at, delimiter);
    this.#start = this.#at;
    return undefined;
  }

  #close(delimiter: Delimiter): Token {
    if (delimiter === 'trim') this.#start += 2;
    const token: Token = { kind: 'rightDelim', text: '}}', offset: this.#start };
    this.#at = afterDelimiter(this.#source, this.#at, delimiter);
    this.#start = this.#at;
    this.#inAction = false;
    return token;
  }

  #action(): Token {
    const delimiter = rightDelimiter(this.#source, this.#at);
    if (delimiter !== undefined) {
      return this.#parens === 0 ? this.#close(delimiter) : this.#error('unclosed left paren');
    }
    const char = characterAt(this.#source, this.#at);
    if (char === undefined) return this.#error('unclosed action');
    if (isSpace(char)) return this.#space();
    if (/^[0-9+-]$/.test(char)) return this.#number();
    if (isWord(char)) return this.#word();
    return this.#punctuation(char);
  }

  #punctuation(char: string): Token {
    this.#at += char.length;
    switch (char) {
      case ':':
        return this.#declare();
      case '"':
        return this.#quoted('"', 'string', 'unterminated quoted string');
      case "'":
        return this.#quoted("'", 'charConstant', 'unterminated character constant');
      case '`':
        return this.#rawQuoted();
      case '$':
        return this.#name('variable');
      case '.':
        return this.#dotted();
      case '(':
      case ')':
        return this.#paren(char);
      default:
        return this.#other(char);
    }
  }

  #declare(): Token {
    if (this.#source[this.#at] !== '=') return this.#error('expected :=');
    this.#at += 1;
    return this.#token('declare');
  }

  #paren(char: '(' | ')'): Token {
    this.#parens += char === '(' ? 1 : -1;
    if (this.#parens < 0) return this.#error('unexpected right paren');
    return this.#token(char === '(' ? 'leftParen' : 'rightParen');
  }

  #other(char: string): Token {
    const single = singles[char];
    if (single !== undefined) return this.#token(single);
    if (/^[ -~]$/.test(char)) return this.#token('char');
    return this.#error(`unrecognized character in action: ${codePoint(char)}`);
  }

  #space(): Token {
    while (isSpace(this.#source[this.#at])) this.#at += 1;
    const end = this.#at;
    this.#at = end - 1;
    // The last space may belong to a trim marker.
    if (rightDelimiter(this.#source, this.#at) === 'trim') {
      if (end - this.#start === 1) return this.#close('trim');
    } else {
      this.#at = end;
    }
    return this.#token('space');
  }

  #dotted(): Token {
    if (/[0-9]/.test(this.#source[this.#at] ?? '')) {
      this.#at -= 1;
      return this.#number();
    }
    return this.#name('field');
  }

  #name(kind: 'field' | 'variable'): Token {
    if (this.#atTerminator()) return this.#token(kind === 'field' ? 'dot' : 'variable');
    this.#skipWord();
    return this.#atTerminator() ? this.#token(kind) : this.#badCharacter();
  }

  #word(): Token {
    this.#skipWord();
    if (!this.#atTerminator()) return this.#badCharacter();
    const word = this.#source.slice(this.#start, this.#at);
    if (word === 'true' || word === 'false') return this.#token('bool');
    return this.#token(keywords.get(word) ?? 'identifier');
  }

  #skipWord(): void {
    for (
      let char = characterAt(this.#source, this.#at);
      isWord(char);
      char = characterAt(this.#source, this.#at)
    )
      this.#at += char?.length ?? 1;
  }

  #atTerminator(): boolean {
    return terminators.has(characterAt(this.#source, this.#at)) || this.#source.startsWith('}}', this.#at);
  }

  #badCharacter(): Token {
    const char = characterAt(this.#source, this.#at) ?? '';
    return this.#error(`bad character ${codePoint(char)} '${char}'`);
  }

  #quoted(quote: string, kind: TokenKind, complaint: string): Token {
    const { end, good } = scanQuoted(this.#source, this.#at, quote);
    this.#at = end;
    return good ? this.#token(kind) : this.#error(complaint);
  }

  #rawQuoted(): Token {
    const close = this.#source.indexOf('`', this.#at);
    if (close < 0) return this.#error('unterminated raw quoted string');
    this.#at = close + 1;
    return this.#token('rawString');
  }

  #number(): Token {
    let good = this.#scanNumber();
    const isComplex = good && /[+-]/.test(this.#source[this.#at] ?? '');
    if (isComplex) good = this.#scanNumber() && this.#source[this.#at - 1] === 'i';
    if (good) return this.#token(isComplex ? 'complex' : 'number');
    return this.#error(`bad number syntax: ${JSON.stringify(this.#source.slice(this.#start, this.#at))}`);
  }

  #scanNumber(): boolean {
    const { end, good } = scanNumber(this.#source, this.#at);
    this.#at = end;
    return good;
  }
}
