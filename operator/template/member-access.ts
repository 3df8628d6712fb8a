import { findMember, type StructMember } from './struct-member.ts';
import { GoError } from './template-error.ts';
import { callTimeMethod, hasTimeMethod, type CallArgument, type MethodCall } from './time-method.ts';
import { encodeJson } from './json-writer.ts';
import { GoTime } from './go-time.ts';
import { printValue } from './formatter.ts';
import { findStringer, printStruct } from './struct-stringer.ts';
import { type Budget } from './limits.ts';
import { typeName, typeNameOf, unaddressed } from './value-type.ts';
import { GoMap, GoPointer, GoScalar, GoStruct, type Value } from './value.ts';
import { objectOf, ownValue, wrap } from './wrap.ts';

/** What a call of a member brings along; undefined when the name stands alone. */
export type MemberArguments = MethodCall | undefined;

/** How a member is used. */
export interface MemberUse {
  readonly budget: Budget;
  readonly call?: MemberArguments;
}

/** Reads a field, a method's result or a map's entry by its name, by Go's rules. */
export function readMember(receiver: Value, name: string, more: MemberUse): Value {
  if (receiver === undefined) return undefined;
  if (receiver === null) throw new GoError(`nil pointer evaluating interface {}.${name}`);
  if (receiver instanceof GoPointer && name === 'String' && isNilStringer(receiver)) return 'nil';
  const target = receiver instanceof GoPointer ? pointerTarget(receiver, name) : receiver;
  if (target instanceof GoStruct) return readStruct(target, name, more);
  if (target instanceof GoMap) return readMap(target, name, more.call);
  const called = callMethod(target, name, more.call);
  if (called !== undefined) return called.result;
  throw new GoError(`can't evaluate field ${name} in type ${typeNameOf(receiver)}`);
}

/** Generated String methods answer for nil too. */
const isNilStringer = ({ target, type }: GoPointer): boolean =>
  target === undefined && type.to.kind === 'struct' && findStringer(type.to) !== undefined;

function callMethod(target: Value, name: string, call: MemberArguments): { result: Value } | undefined {
  if (target instanceof GoTime || target instanceof GoScalar) return callTimeMethod(target, name, call);
  return undefined;
}

function pointerTarget(pointer: GoPointer, name: string): Value {
  if (pointer.target !== undefined) return pointer.target;
  const { to } = pointer.type;
  const lacks = to.kind !== 'struct' || findMember(to, name) === undefined;
  const type = typeName(pointer.type);
  if (lacks && to.kind !== 'time') throw new GoError(`can't evaluate field ${name} in type ${type}`);
  throw new GoError(`nil pointer evaluating ${type}.${name}; guard it with {{ if }} or {{ with }}`);
}

function readMap(map: GoMap, name: string, call: MemberArguments): Value {
  if (call !== undefined) throw new GoError(`${name} is not a method but has arguments`);
  return map.entries.get(name);
}

function readStruct(struct: GoStruct, name: string, more: MemberUse): Value {
  const member = findMember(struct.type, name);
  if (member === undefined && name === 'String' && hasStringMethod(struct)) {
    return printStruct(struct, (value) => printValue(value, more.budget));
  }
  if (member === undefined || isOutOfReach(struct, member)) {
    throw new GoError(`can't evaluate field ${name} in type ${typeNameOf(struct)}`);
  }
  const raw = member.keys.reduce<unknown>(ownValue, struct.data);
  if (member.kind === 'method') return callStructMethod(struct, member, { raw, ...more });
  if (more.call !== undefined) throw new GoError(`${name} has arguments but cannot be invoked as function`);
  const value = wrap(member.type, raw);
  return struct.addressable ? value : unaddressed(value);
}

const hasStringMethod = ({ type, addressable }: GoStruct): boolean =>
  addressable && findStringer(type) !== undefined;

/** Methods of the pointer are out of reach where Go cannot take the address. */
const isOutOfReach = ({ addressable }: GoStruct, member: StructMember): boolean =>
  member.kind === 'method' && !addressable && member.method.onValue !== true;

function callStructMethod(
  struct: GoStruct,
  { method }: Extract<StructMember, { kind: 'method' }>,
  { raw, budget, call }: { raw: unknown } & MemberUse,
): Value {
  const given = call?.values ?? [];
  const wanted = method.takes ?? 0;
  if (given.length !== wanted) {
    throw new GoError(`wrong number of args for ${method.name}: want ${wanted} got ${given.length}`);
  }
  const encode = (): Uint8Array =>
    Buffer.from(encodeJson(struct, budget, { escapeHtml: true, indent: false }), 'utf8');
  const result = method.call(
    objectOf(raw),
    encode,
    given.map((value) => structArgument(value, struct)),
  );
  const value = wrap(method.result, result);
  return value instanceof GoStruct ? new GoStruct(value.type, value.data, false) : value;
}

/** The plain data of an argument that must be a struct of the receiver's type, or a pointer to one. */
function structArgument(value: CallArgument, { type }: GoStruct): unknown {
  const target = value instanceof GoPointer ? value.target : value;
  if (target instanceof GoStruct && target.type === type) return target.data;
  throw new GoError(`wrong type for value; expected *${type.name}`);
}

/**
 * Tells whether a name that is given arguments is a method; throws if it is anything else. Of no value at all, nothing
 * is asked, and its arguments are not looked at.
 */
export function isMethod(receiver: Value, name: string, budget: Budget): boolean {
  if (receiver === undefined) return false;
  const target = receiver instanceof GoPointer ? receiver.target : receiver;
  const isTime = target instanceof GoTime || target instanceof GoScalar;
  if (isTime && hasTimeMethod(target, name)) return true;
  if (target instanceof GoStruct && findMember(target.type, name)?.kind === 'method') return true;
  // Whatever is wrong, reading it says so.
  readMember(receiver, name, { budget, call: { values: [], onArgument: () => undefined } });
  return true;
}
