import { type GoType } from '../schema/go-type.ts';
import { structFields } from './struct-value.ts';
import { GoError } from './template-error.ts';
import { GoTime } from './go-time.ts';
import { integerOf, kindOf, sameType, typeNameOf, typeOf } from './value-type.ts';
import { GoMap, GoPointer, GoScalar, GoSlice, GoStruct, type Value } from './value.ts';
import { compareText } from './go-string.ts';

type BasicKind = 'bool' | 'int' | 'uint' | 'float' | 'string';
type Basic = { readonly kind: BasicKind; readonly value: string | boolean | bigint | number } | undefined;

/** What Go compares of a value: its kind without its name. */
function basicOf(value: Value): Basic {
  switch (typeof value) {
    case 'string':
      return { kind: 'string', value };
    case 'boolean':
      return { kind: 'bool', value };
    case 'bigint':
      return { kind: 'int', value };
    case 'number':
      return { kind: 'float', value };
    default:
      return value instanceof GoScalar ? namedBasic(value) : undefined;
  }
}

function namedBasic({ type, value }: GoScalar): Basic {
  if (type.kind === 'uint8' || type.kind === 'uint64') return { kind: 'uint', value };
  return basicOf(value);
}

const isInteger = (basic: Basic): boolean => basic?.kind === 'int' || basic?.kind === 'uint';

const isNil = (value: Value): boolean => {
  if (value === undefined || value === null) return true;
  if (value instanceof GoPointer) return value.target === undefined;
  return (value instanceof GoMap || value instanceof GoSlice) && value.isNil;
};

const incompatible = (left: Value, right: Value): GoError =>
  new GoError(`incompatible types for comparison: ${typeNameOf(left)} and ${typeNameOf(right)}`);

/** Go compares no maps, no slices, and no structs that hold any. */
const isComparable = (type: GoType): boolean =>
  type.kind === 'struct'
    ? type.fields.every((field) => isComparable(field.type))
    : type.kind !== 'map' && type.kind !== 'slice';

function equalObjects(left: Value, right: Value): boolean {
  if (!isAbsent(left) && !isAbsent(right) && kindOf(left) !== kindOf(right)) {
    throw new GoError(`non-comparable types ${typeNameOf(left)} and ${typeNameOf(right)}`);
  }
  if (isNil(left) || isNil(right)) return isNil(left) === isNil(right);
  const type = typeOf(right);
  if (type === undefined || !isComparable(type)) {
    throw new GoError(`non-comparable type ${typeNameOf(right)}`);
  }
  return isSame(left, right);
}

/** Tells whether two pointers point to one thing; what is no struct is known by its value alone. */
function isOneTarget(left: Value, right: Value): boolean {
  return left instanceof GoStruct && right instanceof GoStruct
    ? left.data === right.data
    : isSame(left, right);
}

/** Go's `==` of two values of one comparable type. */
function isSame(left: Value, right: Value): boolean {
  if (left instanceof GoStruct && right instanceof GoStruct) return hasSameFields(left, right);
  if (left instanceof GoTime && right instanceof GoTime) return isSameTime(left, right);
  if (left instanceof GoPointer && right instanceof GoPointer) {
    return sameType(left.type, right.type) && isOneTarget(left.target, right.target);
  }
  return left instanceof GoScalar && right instanceof GoScalar ? left.value === right.value : left === right;
}

function hasSameFields(left: GoStruct, right: GoStruct): boolean {
  const others = [...structFields(right)];
  const fields = [...structFields(left)];
  return left.type === right.type && fields.every(({ value }, index) => isSame(value, others[index]?.value));
}

const isSameTime = (left: GoTime, right: GoTime): boolean =>
  left.name === right.name && left.seconds === right.seconds && left.nanos === right.nanos;

const isAbsent = (value: Value): boolean => value === undefined || value === null;

function equalOne(left: Value, right: Value): boolean {
  const [first, second] = [basicOf(left), basicOf(right)];
  if (first === undefined && second === undefined) return equalObjects(left, right);
  if (first !== undefined && second !== undefined && areComparable(first, second)) {
    return first.value === second.value;
  }
  if (isAbsent(left) || isAbsent(right)) return false;
  throw incompatible(left, right);
}

const areComparable = (left: NonNullable<Basic>, right: NonNullable<Basic>): boolean =>
  left.kind === right.kind || (isInteger(left) && isInteger(right));

/** Tells whether the first value equals any of the others, by Go's rules of comparison. */
export function isEqual(left: Value, others: readonly Value[]): boolean {
  if (typeof left === 'string' && others.length === 1 && typeof others[0] === 'string')
    return left === others[0];
  if (others.length === 0) throw new GoError('missing argument for comparison');
  return others.some((other) => equalOne(left, other));
}

/** Tells whether a value sorts before another; only numbers of one sort and texts have an order. */
export function isLess(left: Value, right: Value): boolean {
  const [integer, other] = [integerOf(left), integerOf(right)];
  if (integer !== undefined && other !== undefined) return integer < other;
  const [first, second] = [basicOf(left), basicOf(right)];
  if (first === undefined || second === undefined) throw new GoError('invalid type for comparison');
  if (first.kind !== second.kind && !(isInteger(first) && isInteger(second))) throw incompatible(left, right);
  if (first.kind === 'bool') throw new GoError('invalid type for comparison');
  if (first.kind === 'string') return compareText(String(first.value), String(second.value)) < 0;
  return first.value < second.value;
}
