import { type GoType } from '../schema/go-type.ts';
import { GoTime } from './go-time.ts';
import { GoMap, GoPointer, GoScalar, goTypes, GoSlice, GoStruct, type Value } from './value.ts';

/** Writes a Go type as Go's reflection does: `map[string]interface {}`. */
export function typeName(type: GoType): string {
  switch (type.kind) {
    case 'struct':
    case 'time':
      return type.name;
    case 'pointer':
      return `*${typeName(type.to)}`;
    case 'slice':
      return `[]${typeName(type.of)}`;
    case 'map':
      return `map[string]${typeName(type.of)}`;
    case 'any':
      return 'interface {}';
    default:
      return type.name ?? type.kind;
  }
}

const primitive: Readonly<Record<string, GoType>> = {
  string: goTypes.text,
  boolean: goTypes.bool,
  bigint: goTypes.int,
  number: goTypes.float64,
};

const timeTypes = {
  'time.Time': { kind: 'time', name: 'time.Time' },
  'v1.Time': { kind: 'time', name: 'v1.Time' },
  'v1.MicroTime': { kind: 'time', name: 'v1.MicroTime' },
} as const;

/** Tells the dynamic type of a value; undefined for nil. */
export function typeOf(value: Value): GoType | undefined {
  if (value === undefined || value === null) return undefined;
  if (value instanceof GoTime) return timeTypes[value.name];
  if (typeof value === 'object') return value.type;
  return primitive[typeof value];
}

/** Writes the dynamic type of a value as `%T` does. */
export function typeNameOf(value: Value): string {
  const type = typeOf(value);
  return type === undefined ? '<nil>' : typeName(type);
}

const kindNames: Readonly<Partial<Record<GoType['kind'], string>>> = {
  pointer: 'ptr',
  time: 'struct',
  any: 'interface',
};

/** Writes the kind of a value as Go's reflection does: `ptr`, `struct`, `int32`; `invalid` for nil. */
export function kindOf(value: Value): string {
  const type = typeOf(value);
  return type === undefined ? 'invalid' : (kindNames[type.kind] ?? type.kind);
}

/** Tells whether two types are one. */
export function sameType(left: GoType, right: GoType): boolean {
  return left === right || (left.kind === right.kind && typeName(left) === typeName(right));
}

/** Reads an integer of any size; undefined for everything else. */
export function integerOf(value: Value): bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (value instanceof GoScalar && typeof value.value === 'bigint') return value.value;
  return undefined;
}

/** Follows pointers; nil pointers give undefined. */
export function indirect(value: Value): Value {
  let result = value;
  while (result instanceof GoPointer) result = result.target;
  return result;
}

/** Go's truth: everything but zero numbers, empty text, maps and slices, nil and false. */
export function isTrue(value: Value): boolean {
  switch (typeof value) {
    case 'string':
      return value !== '';
    case 'boolean':
      return value;
    case 'bigint':
      return value !== 0n;
    case 'number':
      return value !== 0;
    default:
      return isTrueObject(value);
  }
}

function isTrueObject(value: Value): boolean {
  if (value === undefined || value === null) return false;
  if (value instanceof GoScalar) return isTrue(value.value);
  if (value instanceof GoMap) return value.entries.size > 0;
  if (value instanceof GoSlice) return value.items.length > 0;
  if (value instanceof GoPointer) return value.target !== undefined;
  return true;
}

/** What an interface holds: a struct loses its address when it is passed on. */
export function unaddressed(value: Value): Value {
  if (!(value instanceof GoStruct) || !value.addressable) return value;
  return new GoStruct(value.type, value.data, false);
}
