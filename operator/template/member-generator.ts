import { pointedTo } from './code-scope.ts';
import { type ExpressionWriter } from './expression-generator.ts';
import { type Expression, quote } from './expression.ts';
import { type Operand } from './nodes.ts';
import { findMember, type StructMember } from './struct-member.ts';
import { findStringer } from './struct-stringer.ts';
import { typeName } from './value-type.ts';
import { type GoStructType } from '../schema/go-type.ts';

/** One name of a chain; only the last may have arguments. */
export interface MemberUse {
  readonly name: string;
  readonly place: number;
  readonly operands?: readonly Operand[];
  readonly final?: Expression | undefined;
}

/** Writes the access of a field, method or map entry; with static types it is a chain of property reads. */
export function generateMember(writer: ExpressionWriter, base: Expression, use: MemberUse): Expression {
  if (use.operands !== undefined) return callMember(writer, base, use);
  if (base.raw === true && base.type !== undefined) {
    const target = pointedTo(base.type);
    const isStringer =
      use.name === 'String' && target?.kind === 'struct' && findStringer(target) !== undefined;
    if (target?.kind === 'struct' && !isStringer)
      return structMember(writer, base, { ...use, struct: target });
    if (target?.kind === 'map' && base.type.kind === 'map') {
      return { code: `r.entry(${writer.scope.constant(target.of)},${base.code},${quote(use.name)})` };
    }
  }
  return dynamicMember(writer, base, use);
}

function dynamicMember(
  { scope }: ExpressionWriter,
  base: Expression,
  { name, place }: MemberUse,
): Expression {
  return { code: `r.member(${scope.value(base)},${quote(name)},${place})` };
}

function structMember(
  { scope }: ExpressionWriter,
  base: Expression,
  { name, place, struct }: MemberUse & { struct: GoStructType },
): Expression {
  const member = findMember(struct, name);
  const type = typeName(base.type ?? struct);
  if (member === undefined) return scope.failure(unknownField(struct, name, type), place);
  let code = base.code;
  if (base.type?.kind === 'pointer' && code !== '$') {
    const message = `nil pointer evaluating ${type}.${name}; guard it with {{ if }} or {{ with }}`;
    code = `r.there(${code},${quote(message)},${place})`;
  }
  const [first, ...rest] = member.keys;
  if (first !== undefined) code += (code === '$' ? '.' : '?.') + [first, ...rest].join('?.');
  if (member.kind === 'field') return { code, type: member.type, raw: true };
  // Go cannot take the address of a struct that a method gives: it is a value from here on.
  if (member.method.result.kind === 'struct') return { code: `r.member(${scope.value(base)},${quote(name)},${place})` };
  return methodCall(scope.constant(member), { code, struct: base, member }, scope.constant(base.type));
}

function methodCall(
  constant: string,
  { code, member }: { code: string; struct: Expression; member: Extract<StructMember, { kind: 'method' }> },
  type: string,
): Expression {
  return { code: `r.invoke(${constant},${code},${type})`, type: member.method.result, raw: true };
}

function unknownField(struct: GoStructType, name: string, type: string): string {
  const close = suggestion(struct, name);
  return `can't evaluate field ${name} in type ${type}${close === undefined ? '' : `; did you mean .${close}?`}`;
}

/** A field whose name differs only in case or by what surrounds it. */
function suggestion(struct: GoStructType, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return struct.fields.find(
    (field) => field.name.toLowerCase() === wanted || field.json.toLowerCase() === wanted,
  )?.name;
}

function callMember(writer: ExpressionWriter, base: Expression, use: MemberUse): Expression {
  const { scope } = writer;
  const values: string[] = [];
  const places: number[] = [];
  const receiver = scope.local();
  const final = use.final === undefined ? undefined : scope.local();
  for (const operand of use.operands ?? []) {
    const value = scope.value(writer.operand(operand));
    places.push(scope.mark(operand.offset));
    values.push(operand.kind === 'number' ? `r.literal(${scope.constant(operand.value)},${value})` : value);
  }
  const before = final === undefined || use.final === undefined ? '' : `${final}=${scope.value(use.final)},`;
  if (final !== undefined) {
    values.push(final);
    places.push(scope.place);
  }
  const given = `{values:[${values.join(',')}],places:[${places.join(',')}],place:${use.place}}`;
  const call = `r.call(${receiver},${quote(use.name)},${given})`;
  return { code: `(${before}${receiver}=${scope.value(base)},${call})` };
}
