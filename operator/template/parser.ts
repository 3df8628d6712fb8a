import { createTokenReader, type TokenReader } from './token-reader.ts';
import { isBlank, type Node, type ParsedTemplate, type Pipeline } from './nodes.ts';
import { OperandParser } from './operand-parser.ts';
import { type Token } from './token.ts';
import { unquote } from './go-quote.ts';

type Ending = { readonly kind: 'end' | 'else'; readonly offset: number };
type Statement = Node | Ending;

/** Parses a template's source by Go's grammar; throws TemplateError of stage `parse`. */
export function parseTemplate(source: string, knowsFunction: (name: string) => boolean): ParsedTemplate {
  const tokens = createTokenReader(source);
  return new TemplateParser(tokens, knowsFunction).parse();
}

const isEnding = (statement: Statement): statement is Ending =>
  statement.kind === 'end' || statement.kind === 'else';

class TemplateParser {
  readonly #tokens: TokenReader;
  readonly #operands: OperandParser;
  readonly #definitions = new Map<string, readonly Node[]>();
  #rangeDepth = 0;

  constructor(tokens: TokenReader, knowsFunction: (name: string) => boolean) {
    this.#tokens = tokens;
    this.#operands = new OperandParser(tokens, knowsFunction);
  }

  parse(): ParsedTemplate {
    const body: Node[] = [];
    while (this.#tokens.peek().kind !== 'eof') {
      if (this.#definition()) continue;
      const statement = this.#statement();
      if (isEnding(statement)) this.#tokens.fail(`unexpected {{${statement.kind}}}`);
      else body.push(statement);
    }
    return { body, definitions: this.#definitions, assigned: this.#operands.assigned };
  }

  #definition(): boolean {
    if (this.#tokens.peek().kind !== 'leftDelim') return false;
    const open = this.#tokens.next();
    const keyword = this.#tokens.nextNonSpace();
    if (keyword.kind !== 'define') {
      this.#tokens.unread(open, keyword);
      return false;
    }
    const context = 'define clause';
    const name = this.#name(this.#tokens.nextNonSpace(), context);
    this.#tokens.expect('rightDelim', context);
    this.#define(name, context);
    return true;
  }

  /** Reads the body of a `define` or `block`: variables and loops outside it are unknown inside. */
  #define(name: string, context: string): void {
    const rangeDepth = this.#rangeDepth;
    this.#rangeDepth = 0;
    const [body, ending] = this.#operands.inFreshScope(() => this.#list());
    if (ending.kind !== 'end') this.#tokens.fail(`unexpected {{${ending.kind}}} in ${context}`);
    this.#rangeDepth = rangeDepth;
    const earlier = this.#definitions.get(name);
    if (earlier === undefined || isBlank(earlier)) this.#definitions.set(name, body);
    else if (!isBlank(body)) this.#tokens.fail(`multiple definition of template ${JSON.stringify(name)}`);
  }

  #list(): readonly [Node[], Ending] {
    const nodes: Node[] = [];
    while (this.#tokens.peekNonSpace().kind !== 'eof') {
      const statement = this.#statement();
      if (isEnding(statement)) return [nodes, statement];
      nodes.push(statement);
    }
    return this.#tokens.fail('unexpected EOF; an {{end}} is missing');
  }

  #statement(): Statement {
    const token = this.#tokens.nextNonSpace();
    if (token.kind === 'text') return { kind: 'text', offset: token.offset, text: token.text };
    if (token.kind !== 'leftDelim') return this.#tokens.unexpected(token, 'input');
    return this.#tokens.inAction(token, () => this.#action());
  }

  #action(): Statement {
    const token = this.#tokens.nextNonSpace();
    switch (token.kind) {
      case 'block':
        return this.#block();
      case 'break':
      case 'continue':
        return this.#jump(token, token.kind);
      case 'else':
        return this.#else();
      case 'end':
        return { kind: 'end', offset: this.#tokens.expect('rightDelim', 'end').offset };
      case 'if':
      case 'range':
      case 'with':
        return this.#control(token.kind);
      case 'template':
        return this.#template();
      default:
        this.#tokens.unread(token);
        return {
          kind: 'action',
          offset: token.offset,
          pipeline: this.#operands.pipeline('command', 'rightDelim'),
        };
    }
  }

  #jump(token: Token, kind: 'break' | 'continue'): Statement {
    const next = this.#tokens.nextNonSpace();
    if (next.kind !== 'rightDelim') this.#tokens.unexpected(next, `{{${kind}}}`);
    if (this.#rangeDepth === 0) this.#tokens.fail(`{{${kind}}} outside {{range}}`);
    return { kind, offset: token.offset };
  }

  #else(): Ending {
    const next = this.#tokens.peekNonSpace();
    // `{{else if` and `{{else with` are read on by the statement that this branch belongs to.
    if (next.kind !== 'if' && next.kind !== 'with') this.#tokens.expect('rightDelim', 'else');
    return { kind: 'else', offset: next.offset };
  }

  #control(kind: 'if' | 'range' | 'with'): Node {
    return this.#operands.inScope(() => {
      const pipeline = this.#operands.pipeline(kind, 'rightDelim');
      if (kind === 'range') this.#rangeDepth += 1;
      const [body, ending] = this.#list();
      if (kind === 'range') this.#rangeDepth -= 1;
      const otherwise = ending.kind === 'else' ? this.#otherwise(kind) : undefined;
      return { kind, offset: pipeline.offset, pipeline, body, otherwise };
    });
  }

  #otherwise(kind: 'if' | 'range' | 'with'): readonly Node[] {
    if (kind !== 'range' && this.#tokens.peek().kind === kind) {
      this.#tokens.next();
      return [this.#control(kind)];
    }
    const [body, ending] = this.#list();
    if (ending.kind !== 'end') this.#tokens.fail(`expected end; found {{${ending.kind}}}`);
    return body;
  }

  #name(token: Token, context: string): string {
    if (token.kind !== 'string' && token.kind !== 'rawString') return this.#tokens.unexpected(token, context);
    return unquote(token.text) ?? this.#tokens.fail('invalid syntax');
  }

  #block(): Node {
    const context = 'block clause';
    const token = this.#tokens.nextNonSpace();
    const name = this.#name(token, context);
    const pipeline = this.#operands.pipeline(context, 'rightDelim');
    this.#define(name, context);
    return { kind: 'template', offset: token.offset, name, pipeline };
  }

  #template(): Node {
    const context = 'template clause';
    const token = this.#tokens.nextNonSpace();
    const name = this.#name(token, context);
    const next = this.#tokens.nextNonSpace();
    let pipeline: Pipeline | undefined;
    if (next.kind !== 'rightDelim') {
      this.#tokens.unread(next);
      pipeline = this.#operands.pipeline(context, 'rightDelim');
    }
    return { kind: 'template', offset: token.offset, name, pipeline };
  }
}
