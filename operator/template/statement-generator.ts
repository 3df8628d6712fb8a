import { type GoMapType } from '../schema/go-type.ts';
import { type CodeScope } from './code-scope.ts';
import { ExpressionGenerator } from './expression-generator.ts';
import { type Expression, isText } from './expression.ts';
import { type FunctionTable } from './function-type.ts';
import { type Node } from './nodes.ts';

/** An entry of the list from which eta writes the function: fixed text, code to run, or code whose value is output. */
export type Entry = string | { readonly t: 'e' | 'r'; readonly val: string };

type Block = Extract<Node, { kind: 'if' | 'with' | 'range' }>;

const run = (val: string): Entry => ({ t: 'e', val });

/** Fixed text inside eta's single quotes. */
const escapeText = (text: string): string =>
  text
    .replace(/[\\']/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');

/** Names of the functions that `define` makes, by the names of the templates. */
export type TemplateNames = ReadonlyMap<string, string>;

interface StatementOptions {
  readonly functions: FunctionTable;
  readonly templates: TemplateNames;
  readonly dot: Expression;
  readonly assigned: ReadonlySet<string>;
}

/** Writes the statements of one template. */
export class StatementGenerator {
  readonly entries: Entry[] = [];
  readonly #scope: CodeScope;
  readonly #expressions: ExpressionGenerator;
  readonly #templates: TemplateNames;

  constructor(scope: CodeScope, { templates, ...rest }: StatementOptions) {
    this.#scope = scope;
    this.#templates = templates;
    this.#expressions = new ExpressionGenerator(scope, rest);
  }

  block(nodes: readonly Node[]): void {
    this.entries.push(run(`r.block(${nodes.length + 1},__eta.res.length);`));
    for (const node of nodes) this.#statement(node);
  }

  #statement(node: Node): void {
    switch (node.kind) {
      case 'text':
        this.entries.push(escapeText(node.text));
        return;
      case 'action': {
        this.#action(node);
        return;
      }
      case 'if': {
        this.#expressions.inScope(() => this.#if(node));
        return;
      }
      case 'with': {
        this.#expressions.inScope(() => this.#with(node));
        return;
      }
      case 'range': {
        this.#expressions.inScope(() => this.#range(node));
        return;
      }
      case 'template': {
        this.#template(node);
        return;
      }
      default:
        this.entries.push(run(`${node.kind};`));
    }
  }

  #action({ offset, pipeline }: Extract<Node, { kind: 'action' }>): void {
    const value = this.#expressions.pipeline(pipeline);
    this.#scope.at(offset);
    if (pipeline.declares.length > 0) this.entries.push(run(`${value.code};`));
    else this.entries.push({ t: 'r', val: this.#scope.shown(value) });
  }

  #branch(nodes: readonly Node[]): void {
    this.#scope.sometimes(() => this.#expressions.inScope(() => this.block(nodes)));
  }

  #otherwise({ otherwise }: Block): void {
    if (otherwise === undefined) return;
    this.entries.push(run('else{'));
    this.#branch(otherwise);
    this.entries.push(run('}'));
  }

  #if(node: Block): void {
    const value = this.#expressions.pipeline(node.pipeline);
    this.entries.push(run(`if(${this.#scope.truth(value)}){`));
    this.#branch(node.body);
    this.entries.push(run('}'));
    this.#otherwise(node);
  }

  #with(node: Block): void {
    const value = this.#expressions.pipeline(node.pipeline);
    const local = this.#scope.local();
    const dot: Expression = { ...value, code: local };
    this.entries.push(run(`${local}=${value.code};if(${this.#scope.truth(dot)}){`));
    this.#expressions.withDot(dot, () => this.#branch(node.body));
    this.entries.push(run('}'));
    this.#otherwise(node);
  }

  #range(node: Block): void {
    const { pipeline } = node;
    this.#scope.at(node.offset);
    const value = this.#expressions.pipelineValue(pipeline);
    const place = this.#scope.placeCode;
    const variables = pipeline.declares.map(
      (name) =>
        (pipeline.assigns ? this.#expressions.assignable(name) : this.#expressions.declare(name)) ??
        this.#scope.failure(`undefined variable: ${name}`).code,
    );
    const { type, raw } = value;
    if (raw === true && type?.kind === 'map') this.#rangeOverMap(node, { ...value, type }, variables);
    else this.#rangeOverValue(node, { value, variables, place });
    this.#otherwise(node);
  }

  #rangeOverValue(
    node: Block,
    { value, variables, place }: { value: Expression; variables: readonly string[]; place: string },
  ): void {
    const [turns, index, element] = [this.#scope.local(), this.#scope.local(), this.#scope.local()];
    const pair = this.#scope.local();
    // until the first turn, the variables hold all of it
    const whole = variables.map((name) => `${name}=`).join('') + this.#scope.value(value);
    this.entries.push(
      run(`${turns}=r.turns(${whole},${variables.length},${place});`),
      // taken apart by hand: the engine's destructuring asks an iterator for each of the two
      run(`if(!${turns}.isEmpty){for(${pair} of ${turns}.pairs){${index}=${pair}[0];${element}=${pair}[1];`),
      run(assignTurn(variables, index, element)),
    );
    this.#expressions.withDot({ code: element }, () => this.#branch(node.body));
    this.entries.push(run('}}'));
  }

  /** A map that is still plain data is looped over as it is. */
  #rangeOverMap(node: Block, value: Expression & { type: GoMapType }, variables: readonly string[]): void {
    const [map, keys] = [this.#scope.local(), this.#scope.local()];
    const [key, element] = [this.#scope.local(), this.#scope.local()];
    const { type } = value;
    const isOfTexts = isText({ code: '', type: type.of });
    const whole = variables.map((name) => `${name}=`).join('') + this.#scope.value({ ...value, code: map });
    const read = this.#scope.value({ code: `${map}[${key}]`, type: type.of, raw: true });
    this.entries.push(
      run(`if(${map}=${value.code},${keys}=r.keysOf(${map}),${keys}.length!==0||(${whole},false)){`),
      run(`for(${key} of ${keys}){${element}=${read};${assignTurn(variables, key, element)}`),
    );
    const { declares } = node.pipeline;
    const texts = isOfTexts ? declares : declares.slice(0, -1);
    this.#expressions.withDot(isOfTexts ? { code: element, type: type.of } : { code: element }, () =>
      this.#expressions.withTexts(texts, () => this.#branch(node.body)),
    );
    this.entries.push(run('}}'));
  }

  #template({ offset, name, pipeline }: Extract<Node, { kind: 'template' }>): void {
    const place = this.#scope.at(offset);
    const target = this.#templates.get(name);
    if (target === undefined) {
      const failed = this.#scope.failure(`template ${JSON.stringify(name)} not defined`);
      this.entries.push(run(`${failed.code};`));
      return;
    }
    const value =
      pipeline === undefined ? 'undefined' : this.#scope.value(this.#expressions.pipeline(pipeline));
    this.entries.push(run(`r.enter(${place});${target}(${value});r.leave();`));
  }
}

function assignTurn(variables: readonly string[], index: string, element: string): string {
  const [first, second] = variables;
  if (first === undefined) return '';
  return second === undefined ? `${first}=${element};` : `${first}=${index};${second}=${element};`;
}
