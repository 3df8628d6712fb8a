import { isPlainInteger } from './code-scope.ts';
import { type ExpressionWriter } from './expression-writer.ts';
import { type Expression, isText, quote } from './expression.ts';
import { parameterTypes, type GoFunction, type ParameterType } from './function-type.ts';
import { describeOperand, type Operand } from './nodes.ts';
import { sameType, typeName } from './value-type.ts';
import { goTypes } from './value.ts';
import { type GoType } from '../schema/go-type.ts';

/** A function's call: its arguments in the source, and the value that the pipeline brings. */
export interface Call {
  readonly name: string;
  /** Offset at which errors of the function itself point. */
  readonly place: number;
  readonly operands: readonly Operand[];
  readonly final: Expression | undefined;
}

/** Writes the call of a function; `and` and `or` stop early. */
export function callFunction(writer: ExpressionWriter, call: Call): Expression {
  const found = Object.hasOwn(writer.functions, call.name) ? writer.functions[call.name] : undefined;
  if (found === undefined) return writer.scope.failure(`"${call.name}" is not a defined function`);
  const complaint = wrongCount(found, call);
  if (complaint !== undefined) return writer.scope.failureAfter(call.final, complaint);
  if (call.name === 'and' || call.name === 'or') return shortCircuit(writer, call);
  const { first, comparison } = compareIntegers(writer, call);
  return comparison ?? ordinaryCall(writer, found, { ...call, first });
}

const comparisons: Readonly<Record<string, string>> = {
  eq: '===',
  ne: '!==',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
};

/**
 * Writes the comparison of an integer field with a whole number as the engine's own; otherwise gives the first operand
 * if it has been written for that.
 */
function compareIntegers(
  writer: ExpressionWriter,
  { name, operands, final }: Call,
): { first?: Expression; comparison?: Expression } {
  const operator = Object.hasOwn(comparisons, name) ? comparisons[name] : undefined;
  const [left, right] = operands;
  const limit = smallInteger(right);
  if (operator === undefined || limit === undefined) return {};
  if (left?.kind !== 'field' || operands.length !== 2 || final !== undefined) return {};
  const first = writer.operand(left);
  if (!isPlainInteger(first)) return { first };
  return { comparison: { code: `(r.int(${first.code})${operator}${limit})`, type: goTypes.bool } };
}

/** A literal that is an integer of 32 bits, in plain digits. */
function smallInteger(operand: Operand | undefined): bigint | undefined {
  if (operand?.kind !== 'number' || !/^-?\d+$/.test(operand.text)) return undefined;
  const { int } = operand.value;
  return int === undefined || BigInt.asIntN(32, int) !== int ? undefined : int;
}

function wrongCount(
  { parameters, variadic }: GoFunction,
  { name, operands, final }: Call,
): string | undefined {
  const got = operands.length + (final === undefined ? 0 : 1);
  const want = parameters.length;
  if (variadic !== undefined) {
    if (got >= want) return undefined;
    return `wrong number of args for ${name}: want at least ${want} got ${operands.length}`;
  }
  return got === want ? undefined : `wrong number of args for ${name}: want ${want} got ${got}`;
}

function shortCircuit(writer: ExpressionWriter, { name, operands, final }: Call): Expression {
  const { scope } = writer;
  const kept = keepFinal(writer, final, false);
  const [result, place] = [scope.local(), scope.local()];
  const write = (index: number): string => {
    const operand = operands[index];
    if (operand === undefined) return scope.value(kept.final ?? { code: result });
    const value = scope.value(writer.operand(operand));
    const evaluated = `${result}=${value},${place}=${scope.placeCode}`;
    if (index === operands.length - 1 && final === undefined) return `(${evaluated},${result})`;
    const rest = scope.sometimes(() => write(index + 1));
    return `(${evaluated},r.truth(${result})?${name === 'or' ? `${result}:${rest}` : `${rest}:${result}`})`;
  };
  const code = `(${kept.before}${write(0)})`;
  if (operands.length > 0) scope.stopAt(place);
  return { code };
}

/** The value that the pipeline brings is computed before the arguments. */
function keepFinal(
  { scope }: ExpressionWriter,
  final: Expression | undefined,
  alone: boolean,
): { before: string; final: Expression | undefined } {
  if (final === undefined || final.constant === true || alone) return { before: '', final };
  const local = scope.local();
  const kept = { ...final, code: local };
  return { before: `${local}=${final.code},`, final: kept };
}

function ordinaryCall(
  writer: ExpressionWriter,
  found: GoFunction,
  call: Call & { readonly first: Expression | undefined },
): Expression {
  const { name, place, operands, final, first } = call;
  const { scope } = writer;
  const { parameters, variadic } = found;
  const typeAt = (index: number): ParameterType => parameters[index] ?? variadic ?? 'any';
  const simple = operands.every((operand, index) => isFitting(operand, typeAt(index)));
  const kept = keepFinal(writer, final, simple);
  const codes = operands.map((operand, index) =>
    index === 0 && first !== undefined
      ? coerced(writer, first, typeAt(0))
      : argument(writer, operand, typeAt(index)),
  );
  if (kept.final !== undefined) codes.push(coerced(writer, kept.final, typeAt(operands.length)));
  const fixed = codes.slice(0, parameters.length);
  if (variadic !== undefined) fixed.push(`[${codes.slice(parameters.length).join(',')}]`);
  const mark = `r.mark(${scope.call(name, place)})`;
  return {
    code: `(${kept.before}${scope.constant(found.call)}(${[...fixed, mark].join(',')}))`,
    type: found.result,
  };
}

/** What surely fits a parameter as it is. */
function fitsAsIs(expression: Expression, to: ParameterType): boolean {
  if (to === 'value') return true;
  const { type } = expression;
  if (type === undefined) return false;
  if (isText(expression)) return to === 'string' || to === 'any';
  if (to !== 'any') return false;
  return type.kind === 'bool' || (expression.raw !== true && type.kind !== 'struct');
}

/** Code that makes an expression fit a parameter. */
function coerced({ scope }: ExpressionWriter, expression: Expression, to: ParameterType): string {
  const value = scope.value(expression);
  if (fitsAsIs(expression, to)) return value;
  const wrong = misfit(expression, to);
  if (wrong !== undefined) {
    const message = `wrong type for value; expected ${typeName(parameterTypes[to])}; got ${typeName(wrong)}`;
    return scope.failureAfter({ code: value }, message).code;
  }
  if (to === 'string') return `r.string(${value},${scope.placeCode})`;
  return `r.coerce(${value},"${to}",${scope.placeCode})`;
}

/** The type of an expression, if it surely does not fit. */
function misfit({ type }: Expression, to: ParameterType): GoType | undefined {
  if (type === undefined || to === 'any' || type.kind === 'any' || type.kind === 'pointer') return undefined;
  return sameType(type, parameterTypes[to]) ? undefined : type;
}

const integers: ReadonlySet<ParameterType> = new Set<ParameterType>(['int', 'int64', 'duration']);
const nillable: ReadonlySet<ParameterType> = new Set<ParameterType>([
  'any',
  'value',
  'map',
  'textMap',
  'list',
  'textList',
  'bytes',
]);

type Literal = Extract<Operand, { kind: 'bool' | 'string' | 'number' }>;

const isLiteral = (operand: Operand): operand is Literal =>
  operand.kind === 'bool' || operand.kind === 'string' || operand.kind === 'number';

/** Code of an argument; literals take the type that the parameter asks for. */
function argument(writer: ExpressionWriter, operand: Operand, to: ParameterType): string {
  if (operand.kind === 'nil') return nilArgument(writer, operand.offset, to);
  if (!isLiteral(operand) || to === 'any' || to === 'value') {
    return coerced(writer, writer.operand(operand), to);
  }
  const { scope } = writer;
  scope.at(operand.offset);
  if (operand.kind === 'string') scope.noteText(operand.value);
  return literal(operand, to) ?? scope.failure(literalComplaint(operand, to)).code;
}

function nilArgument({ scope }: ExpressionWriter, offset: number, to: ParameterType): string {
  scope.at(offset);
  if (!nillable.has(to)) return scope.failure(`cannot assign nil to ${typeName(parameterTypes[to])}`).code;
  return to === 'any' ? 'null' : `r.coerce(undefined,"${to}",${scope.placeCode})`;
}

/** A literal that fits: its evaluation cannot fail, so its order does not matter. */
function isFitting(operand: Operand, to: ParameterType): boolean {
  if (!isLiteral(operand)) return false;
  const isAny = to === 'any' || to === 'value';
  return isAny
    ? operand.kind !== 'number' || operand.value.int !== undefined
    : literal(operand, to) !== undefined;
}

function literal(operand: Literal, to: ParameterType): string | undefined {
  if (operand.kind === 'string') return to === 'string' ? quote(operand.value) : undefined;
  if (operand.kind === 'bool') return to === 'bool' ? String(operand.value) : undefined;
  const { int, float } = operand.value;
  if (integers.has(to)) return int === undefined ? undefined : `${int}n`;
  return to === 'float64' ? floatCode(float) : undefined;
}

function floatCode(float: number | undefined): string | undefined {
  if (float === undefined || !Number.isFinite(float)) return undefined;
  return `(${Object.is(float, -0) ? '-0' : float})`;
}

function literalComplaint(operand: Operand, to: ParameterType): string {
  const written = describeOperand(operand);
  if (integers.has(to)) return `expected integer; found ${written}`;
  if (to === 'float64') return `expected float; found ${written}`;
  if (to === 'string' || to === 'bool') return `expected ${to}; found ${written}`;
  return `can't handle ${written} for arg of type ${typeName(parameterTypes[to])}`;
}
