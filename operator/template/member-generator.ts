import { pointedTo } from './code-scope.ts';
import { type ExpressionWriter } from './expression-writer.ts';
import { type Expression, quote } from './expression.ts';
import { type Operand } from './nodes.ts';
import { findMember } from './struct-member.ts';
import { findStringer } from './struct-stringer.ts';
import { typeName } from './value-type.ts';
import { type GoStructType } from '../schema/go-type.ts';

/** One name of a chain; only the last may have arguments. */
export interface MemberUse {
  readonly name: string;
  /** Code of the place that errors name. */
  readonly place: string;
  readonly operands?: readonly Operand[];
  readonly final?: Expression | undefined;
}

/** Writes the access of a field, method or map entry; with static types it is a chain of property reads. */
export function generateMember(writer: ExpressionWriter, base: Expression, use: MemberUse): Expression {
  if (use.operands !== undefined) return callMember(writer, base, use);
  const target = base.raw === true ? pointedTo(base.type) : undefined;
  if (target?.kind === 'struct' && !isStringMethod(target, use.name)) {
    return structMember(writer, base, { ...use, struct: target });
  }
  if (target?.kind === 'map' && base.type?.kind === 'map') {
    return { code: `r.entry(${writer.scope.constant(target.of)},${base.code},${quote(use.name)})` };
  }
  return dynamicMember(writer, base, use);
}

const isStringMethod = (struct: GoStructType, name: string): boolean =>
  name === 'String' && findStringer(struct) !== undefined;

function dynamicMember(
  { scope }: ExpressionWriter,
  base: Expression,
  { name, place }: MemberUse,
): Expression {
  return { code: `r.member(${scope.value(base)},${quote(name)},${place})` };
}

function structMember(
  writer: ExpressionWriter,
  base: Expression,
  use: MemberUse & { struct: GoStructType },
): Expression {
  const { scope } = writer;
  const { name, place, struct } = use;
  const member = findMember(struct, name);
  const type = typeName(base.type ?? struct);
  if (member === undefined) return scope.failure(unknownField(struct, name, type));
  const isRoot = base.code === '$';
  const message = `nil pointer evaluating ${type}.${name}; guard it with {{ if }} or {{ with }}`;
  const isSafe = isRoot || base.type?.kind !== 'pointer';
  const receiver = isSafe ? base.code : `r.there(${base.code},${quote(message)},${place})`;
  const code = readKeys(receiver, member.keys, isRoot);
  if (member.kind === 'field') return { code, type: member.type, raw: true };
  const { result } = member.method;
  // Go cannot take the address of a struct that a method gives: it is a value from here on.
  if (result.kind === 'struct') return dynamicMember(writer, base, use);
  const called = `r.invoke(${scope.constant(member)},${code},${scope.constant(base.type)})`;
  return { code: called, type: result, raw: true };
}

/** Reads one key after the other; only the root is sure to be there. */
const readKeys = (receiver: string, keys: readonly string[], isRoot: boolean): string =>
  keys.length === 0 ? receiver : `${receiver}${isRoot ? '.' : '?.'}${keys.join('?.')}`;

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
  const places: string[] = [];
  const receiver = scope.local();
  const final = use.final === undefined ? undefined : scope.local();
  const write = (): void => {
    for (const operand of use.operands ?? []) {
      const value = scope.value(writer.operand(operand));
      places.push(String(scope.mark(operand.offset)));
      values.push(operand.kind === 'number' ? `r.literal(${scope.constant(operand.value)},${value})` : value);
    }
  };
  // Of no value at all, the arguments are not looked at.
  if (base.raw === true) write();
  else scope.sometimes(write);
  const before = final === undefined || use.final === undefined ? '' : `${final}=${scope.value(use.final)},`;
  if (final !== undefined) {
    values.push(final);
    places.push(scope.placeCode);
  }
  const given = `{values:[${values.join(',')}],places:[${places.join(',')}],place:${use.place}}`;
  const call = `r.call(${receiver},${quote(use.name)},${given})`;
  const stopped = scope.local();
  const ask = `${stopped}=${use.place},r.isMethod(${receiver},${quote(use.name)},${use.place})`;
  const code = `(${before}${receiver}=${scope.value(base)},${ask}?(${stopped}=${scope.placeCode},${call}):undefined)`;
  scope.stopAt(stopped);
  return { code };
}
