import { callFunction } from './call-generator.ts';
import { type CodeScope } from './code-scope.ts';
import { type ExpressionWriter } from './expression-writer.ts';
import { type Expression, quote } from './expression.ts';
import { type FunctionTable } from './function-type.ts';
import { generateMember } from './member-generator.ts';
import { describeOperand, type Command, type Operand, type Pipeline } from './nodes.ts';
import { goTypes } from './value.ts';

/** Writes the code of pipelines, in Go's order of evaluation. */
export class ExpressionGenerator implements ExpressionWriter {
  readonly scope: CodeScope;
  readonly functions: FunctionTable;
  dot: Expression;
  readonly #assigned: ReadonlySet<string>;
  #variables: { readonly name: string; expression: Expression }[];

  constructor(
    scope: CodeScope,
    {
      functions,
      dot,
      assigned,
    }: { functions: FunctionTable; dot: Expression; assigned: ReadonlySet<string> },
  ) {
    this.scope = scope;
    this.functions = functions;
    this.dot = dot;
    this.#assigned = assigned;
    this.#variables = [{ name: '$', expression: dot }];
  }

  /** Variables declared by `write` end with it. */
  inScope<T>(write: () => T): T {
    const before = this.#variables.length;
    const result = write();
    this.#variables.length = before;
    return result;
  }

  /** Dot is something else in `write`. */
  withDot(dot: Expression, write: () => void): void {
    const outer = this.dot;
    this.dot = dot;
    write();
    this.dot = outer;
  }

  /** Makes a variable; gives the code to assign to. */
  declare(name: string): string {
    const code = this.scope.local();
    this.#variables.push({ name, expression: { code } });
    return code;
  }

  /** While `write` runs, the latest variables of these names surely hold texts, unless something is assigned to them. */
  withTexts(names: readonly string[], write: () => void): void {
    const latest = names
      .filter((name) => !this.#assigned.has(name))
      .map((name) => this.#variables.findLast((variable) => variable.name === name));
    const known = latest.filter((variable) => variable !== undefined);
    for (const variable of known) variable.expression = { ...variable.expression, type: goTypes.text };
    write();
    for (const variable of known) variable.expression = { code: variable.expression.code };
  }

  /** Finds the code of a variable to assign to; undefined when it was never declared. */
  assignable(name: string): string | undefined {
    const found = this.#variables.findLast((variable) => variable.name === name);
    if (found === undefined) return undefined;
    if (found.expression.raw === true) {
      // `$` stops being the root once it is assigned to.
      const code = this.scope.local();
      found.expression = { code };
    }
    return found.expression.code;
  }

  pipeline(pipeline: Pipeline): Expression {
    const value = this.pipelineValue(pipeline);
    if (pipeline.declares.length === 0) return value;
    let code = this.scope.value(value);
    for (const name of pipeline.declares) {
      const target = pipeline.assigns ? this.assignable(name) : this.declare(name);
      if (target === undefined) return this.scope.failureAfter({ code }, `undefined variable: ${name}`);
      code = `(${target}=${code})`;
    }
    return { code, type: value.raw === true ? undefined : value.type };
  }

  /** The value of a pipeline before its variables get it. */
  pipelineValue(pipeline: Pipeline): Expression {
    this.scope.at(pipeline.offset);
    let value: Expression | undefined;
    for (const command of pipeline.commands) {
      value = this.#command(command, value);
      // A nil interface is no value at all from here on.
      if (value.type === undefined) value = { code: `(${value.code}??undefined)` };
    }
    return value ?? { code: 'undefined' };
  }

  #command(command: Command, final: Expression | undefined): Expression {
    const [first] = command.operands;
    if (first === undefined) return { code: 'undefined' };
    switch (first.kind) {
      case 'field':
      case 'chain':
      case 'variable':
        return this.#chain(first, command.operands, final);
      case 'function':
        return this.#call(first.name, command, final);
      case 'pipeline':
        return this.#noArguments(command, final) ?? this.pipeline(first);
      default:
        return this.#constant(first, command, final);
    }
  }

  #call(name: string, { offset, operands }: Command, final: Expression | undefined): Expression {
    this.scope.at(operands[0]?.offset ?? offset);
    return callFunction(this, { name, place: offset, operands: operands.slice(1), final });
  }

  #constant(first: Operand, command: Command, final: Expression | undefined): Expression {
    this.scope.at(first.offset);
    const wrong = this.#noArguments(command, final);
    if (wrong !== undefined) return wrong;
    return first.kind === 'nil' ? this.scope.failure('nil is not a command') : this.operand(first);
  }

  #noArguments(command: Command, final: Expression | undefined): Expression | undefined {
    const [first] = command.operands;
    if (first === undefined || (command.operands.length === 1 && final === undefined)) return undefined;
    return this.scope.failureAfter(final, `can't give argument to non-function ${describeOperand(first)}`);
  }

  #chain(
    first: Extract<Operand, { kind: 'field' | 'chain' | 'variable' }>,
    operands: readonly Operand[],
    final: Expression | undefined,
  ): Expression {
    this.scope.at(first.offset);
    const base = this.#base(first);
    if (first.names.length === 0) {
      return this.#noArguments({ offset: first.offset, operands }, final) ?? base;
    }
    let value = base;
    for (const [index, name] of first.names.entries()) {
      const isLast = index === first.names.length - 1;
      const given = isLast && (operands.length > 1 || final !== undefined);
      const place = this.scope.placeCode;
      value = generateMember(
        this,
        value,
        given ? { name, place, operands: operands.slice(1), final } : { name, place },
      );
    }
    return value;
  }

  #base(first: Extract<Operand, { kind: 'field' | 'chain' | 'variable' }>): Expression {
    if (first.kind === 'field') return this.dot;
    if (first.kind === 'variable') {
      const found = this.#variables.findLast((variable) => variable.name === first.name);
      return found?.expression ?? this.scope.failure(`undefined variable: ${first.name}`);
    }
    if (first.of.kind === 'nil') return this.scope.failure('indirection through explicit nil');
    return this.operand(first.of);
  }

  operand(operand: Operand): Expression {
    this.scope.at(operand.offset);
    switch (operand.kind) {
      case 'bool':
        return { code: String(operand.value), type: goTypes.bool, constant: true };
      case 'string':
        this.scope.noteText(operand.value);
        return { code: quote(operand.value), type: goTypes.text, constant: true };
      case 'number':
        return this.#number(operand);
      case 'nil':
        return { code: 'null', constant: true };
      case 'dot':
        return this.dot;
      case 'pipeline':
        return this.pipeline(operand);
      case 'function':
        return callFunction(this, {
          name: operand.name,
          place: operand.offset,
          operands: [],
          final: undefined,
        });
      default:
        return this.#chain(operand, [operand], undefined);
    }
  }

  #number({ text, value }: Extract<Operand, { kind: 'number' }>): Expression {
    const isRune = text.startsWith("'");
    const isHex = /^0[xX]./.test(text) && !/[pP]/.test(text);
    if (value.float !== undefined && !isRune && !isHex && /[.eEpP]/.test(text)) {
      return { code: this.scope.constant(value.float), type: goTypes.float64, constant: true };
    }
    if (value.int === undefined) return this.scope.failure(`${text} overflows int`);
    return { code: `${value.int}n`, type: goTypes.int, constant: true };
  }
}
