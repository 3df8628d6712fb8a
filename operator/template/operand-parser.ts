import { readNumber } from './go-number.ts';
import { unquote, unquoteChar } from './go-quote.ts';
import { describeOperand, type Command, type Operand, type Pipeline } from './nodes.ts';
import { type TokenReader } from './token-reader.ts';
import { type Token, type TokenKind } from './token.ts';

/** Parentheses inside parentheses beyond which a source is refused. */
const maxParens = 200;

const operandKinds: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'bool',
  'charConstant',
  'complex',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  'leftParen',
]);

/** Reads pipelines and knows which variables are in scope. */
export class OperandParser {
  readonly #tokens: TokenReader;
  readonly #knowsFunction: (name: string) => boolean;
  #variables: string[] = ['$'];
  /** Names of the variables that something is assigned to after they were declared. */
  readonly assigned = new Set<string>();
  #parens = 0;

  constructor(tokens: TokenReader, knowsFunction: (name: string) => boolean) {
    this.#tokens = tokens;
    this.#knowsFunction = knowsFunction;
  }

  /** Variables that `read` declares are forgotten after it. */
  inScope<T>(read: () => T): T {
    const before = this.#variables.length;
    const result = read();
    this.#variables.length = before;
    return result;
  }

  /** Variables from outside are unknown to `read`. */
  inFreshScope<T>(read: () => T): T {
    const outer = this.#variables;
    this.#variables = ['$'];
    const result = read();
    this.#variables = outer;
    return result;
  }

  pipeline(context: string, end: TokenKind): Pipeline {
    const { offset } = this.#tokens.peekNonSpace();
    const { names, assigns } = this.#declarations(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#tokens.nextNonSpace();
      if (token.kind === end) break;
      if (!operandKinds.has(token.kind)) this.#tokens.unexpected(token, context);
      this.#tokens.unread(token);
      commands.push(this.#command());
    }
    this.#check(commands, context);
    if (assigns) for (const name of names) this.assigned.add(name);
    return { kind: 'pipeline', offset, declares: names, assigns, commands };
  }

  #declarations(context: string): { names: string[]; assigns: boolean } {
    const names: string[] = [];
    while (this.#tokens.peekNonSpace().kind === 'variable') {
      const variable = this.#tokens.next();
      const after = this.#tokens.peek();
      const next = this.#tokens.peekNonSpace();
      if (next.kind === 'assign' || next.kind === 'declare') {
        this.#tokens.nextNonSpace();
        names.push(variable.text);
        this.#variables.push(variable.text);
        return { names, assigns: next.kind === 'assign' };
      }
      if (!(next.kind === 'char' && next.text === ',')) {
        if (after.kind === 'space') this.#tokens.unread(after);
        this.#tokens.unread(variable);
        break;
      }
      this.#tokens.nextNonSpace();
      names.push(variable.text);
      this.#variables.push(variable.text);
      this.#expectSecond(context, names.length);
    }
    return { names, assigns: false };
  }

  #expectSecond(context: string, count: number): void {
    if (context !== 'range' || count > 1) this.#tokens.fail(`too many declarations in ${context}`);
    const { kind } = this.#tokens.peekNonSpace();
    if (kind !== 'variable' && kind !== 'rightDelim' && kind !== 'rightParen') {
      this.#tokens.fail('range can only initialize variables');
    }
  }

  #check(commands: readonly Command[], context: string): void {
    if (commands.length === 0) this.#tokens.fail(`missing value for ${context}`);
    for (const [index, command] of commands.entries()) {
      const kind = command.operands[0]?.kind;
      const literal = kind === 'bool' || kind === 'nil' || kind === 'number' || kind === 'string';
      if (index > 0 && (literal || kind === 'dot')) {
        this.#tokens.fail(`non executable command in pipeline stage ${index + 1}`);
      }
    }
  }

  #command(): Command {
    const { offset } = this.#tokens.peekNonSpace();
    const operands: Operand[] = [];
    for (;;) {
      this.#tokens.peekNonSpace();
      const operand = this.#operand();
      if (operand !== undefined) operands.push(operand);
      const token = this.#tokens.next();
      if (token.kind === 'space') continue;
      if (token.kind === 'rightDelim' || token.kind === 'rightParen') this.#tokens.unread(token);
      else if (token.kind !== 'pipe') this.#tokens.unexpected(token, 'operand');
      break;
    }
    if (operands.length === 0) this.#tokens.fail('empty command');
    return { offset, operands };
  }

  #operand(): Operand | undefined {
    const term = this.#term();
    if (term === undefined || this.#tokens.peek().kind !== 'field') return term;
    const { offset } = this.#tokens.peek();
    const names: string[] = [];
    while (this.#tokens.peek().kind === 'field') names.push(this.#tokens.next().text.slice(1));
    if (term.kind === 'field' || term.kind === 'variable') {
      return { ...term, offset, names: [...term.names, ...names] };
    }
    if (term.kind === 'chain' || term.kind === 'pipeline' || term.kind === 'function') {
      return { kind: 'chain', offset, of: term, names };
    }
    return this.#tokens.fail(`unexpected . after term ${JSON.stringify(describeOperand(term))}`);
  }

  #term(): Operand | undefined {
    const token = this.#tokens.nextNonSpace();
    const { offset, text } = token;
    switch (token.kind) {
      case 'dot':
      case 'nil':
        return { kind: token.kind, offset };
      case 'field':
        return { kind: 'field', offset, names: [text.slice(1)] };
      case 'bool':
        return { kind: 'bool', offset, value: text === 'true' };
      case 'identifier':
        if (!this.#knowsFunction(text)) {
          this.#tokens.fail(`function ${JSON.stringify(text)} not defined`);
        }
        return { kind: 'function', offset, name: text };
      case 'variable':
        return this.#variable(token);
      case 'leftParen':
        return this.#parenthesised();
      default:
        return this.#literal(token);
    }
  }

  #literal(token: Token): Operand | undefined {
    const { kind, offset, text } = token;
    if (kind === 'string' || kind === 'rawString') {
      const value = unquote(text) ?? this.#tokens.fail('invalid syntax');
      return { kind: 'string', offset, value, quoted: text };
    }
    if (kind === 'charConstant') {
      const point = unquoteChar(text) ?? this.#tokens.fail(`malformed character constant: ${text}`);
      return { kind: 'number', offset, text, value: { int: point, uint: point, float: Number(point) } };
    }
    if (kind === 'number' || kind === 'complex') {
      const value = readNumber(text, kind === 'complex');
      return typeof value === 'string' ? this.#tokens.fail(value) : { kind: 'number', offset, text, value };
    }
    this.#tokens.unread(token);
    return undefined;
  }

  #variable({ offset, text }: Token): Operand {
    if (!this.#variables.includes(text)) this.#tokens.fail(`undefined variable ${JSON.stringify(text)}`);
    return { kind: 'variable', offset, name: text, names: [] };
  }

  #parenthesised(): Operand {
    this.#parens += 1;
    if (this.#parens > maxParens) this.#tokens.fail(`parentheses nest more than ${maxParens} deep`);
    const pipeline = this.pipeline('parenthesized pipeline', 'rightParen');
    this.#parens -= 1;
    return pipeline;
  }
}
