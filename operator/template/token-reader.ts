import { createLexer, type Lexer } from './lexer.ts';
import { placeOf, TemplateError } from './template-error.ts';
import { describeToken, type Token, type TokenKind } from './token.ts';

/** Nesting of actions beyond which a source is refused; Go's own bound for parentheses is of that order. */
const maxNesting = 500;

/** Gives the parser its tokens, takes some back, and makes its errors. */
export interface TokenReader {
  next(): Token;
  nextNonSpace(): Token;
  peek(): Token;
  peekNonSpace(): Token;
  /** Takes tokens back; they come again in the given order. */
  unread(...tokens: Token[]): void;
  expect(kind: TokenKind, context: string): Token;
  unexpected(token: Token, context: string): never;
  fail(message: string): never;
  /** Reads one action, so that errors can name the line on which it began. */
  inAction<T>(open: Token, read: () => T): T;
}

/** Starts to read the tokens of a source. */
export function createTokenReader(source: string): TokenReader {
  return new LexerReader(source);
}

class LexerReader implements TokenReader {
  readonly #source: string;
  readonly #lexer: Lexer;
  readonly #pending: Token[] = [];
  #last: Token = { kind: 'eof', text: '', offset: 0 };
  #actionOffset: number | undefined;
  #nesting = 0;

  constructor(source: string) {
    this.#source = source;
    this.#lexer = createLexer(source);
  }

  next(): Token {
    this.#last = this.#pending.shift() ?? this.#lexer.next();
    return this.#last;
  }

  nextNonSpace(): Token {
    let token = this.next();
    while (token.kind === 'space') token = this.next();
    return token;
  }

  peek(): Token {
    const token = this.next();
    this.#pending.unshift(token);
    return token;
  }

  peekNonSpace(): Token {
    const token = this.nextNonSpace();
    this.#pending.unshift(token);
    return token;
  }

  unread(...tokens: Token[]): void {
    this.#pending.unshift(...tokens);
  }

  expect(kind: TokenKind, context: string): Token {
    const token = this.nextNonSpace();
    return token.kind === kind ? token : this.unexpected(token, context);
  }

  unexpected(token: Token, context: string): never {
    if (token.kind !== 'error') return this.fail(`unexpected ${describeToken(token)} in ${context}`);
    const started = this.#actionOffset;
    const line = started === undefined ? 0 : placeOf(this.#source, started).line;
    const spans = line !== 0 && line !== placeOf(this.#source, token.offset).line;
    const extra = token.text.endsWith(' action') ? ' started at line' : ' in action started at line';
    return this.fail(spans ? `${token.text}${extra} ${line}` : token.text);
  }

  fail(message: string): never {
    throw new TemplateError(message, { stage: 'parse', ...placeOf(this.#source, this.#last.offset) });
  }

  inAction<T>(open: Token, read: () => T): T {
    this.#nesting += 1;
    if (this.#nesting > maxNesting) this.fail(`blocks nest more than ${maxNesting} deep`);
    this.#actionOffset = open.offset;
    const result = read();
    this.#actionOffset = undefined;
    this.#nesting -= 1;
    return result;
  }
}
