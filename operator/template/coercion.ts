import { parameterTypes, type ParameterType } from './function-type.ts';
import { GoTime } from './go-time.ts';
import { GoError } from './template-error.ts';
import { sameType, typeName, typeNameOf, unaddressed } from './value-type.ts';
import { GoMap, GoPointer, GoScalar, goTypes, GoSlice, type Value } from './value.ts';

type Check = (value: Value) => Value;

const scalarOf =
  (name: 'int64' | 'duration'): Check =>
  (value) =>
    value instanceof GoScalar && sameType(value.type, parameterTypes[name]) ? value.value : undefined;

const mapOf =
  (name: 'map' | 'textMap'): Check =>
  (value) => {
    if (value === undefined) return new GoMap(parameterTypes[name], new Map(), true);
    return value instanceof GoMap && sameType(value.type, parameterTypes[name]) ? value : undefined;
  };

const sliceOf =
  (name: 'list' | 'textList' | 'bytes'): Check =>
  (value) => {
    if (value === undefined) return new GoSlice(parameterTypes[name], [], true);
    return value instanceof GoSlice && sameType(value.type, parameterTypes[name]) ? value : undefined;
  };

/** For each type of parameter: the argument as the function wants it, or undefined when it may not be passed. */
const checks: Readonly<Record<Exclude<ParameterType, 'any' | 'value'>, Check>> = {
  string: (value) => (typeof value === 'string' ? value : undefined),
  bool: (value) => (typeof value === 'boolean' ? value : undefined),
  int: (value) => (typeof value === 'bigint' ? value : undefined),
  float64: (value) => (typeof value === 'number' ? value : undefined),
  int64: scalarOf('int64'),
  duration: scalarOf('duration'),
  time: (value) => (value instanceof GoTime && value.name === 'time.Time' ? value : undefined),
  map: mapOf('map'),
  textMap: mapOf('textMap'),
  list: sliceOf('list'),
  textList: sliceOf('textList'),
  bytes: sliceOf('bytes'),
};

/** Makes an argument what a parameter asks for, by Go's rules of assignment: named types do not fit unnamed ones. */
export function coerce(value: Value, to: ParameterType): Value {
  if (to === 'value') return value;
  if (to === 'any') return value === undefined ? null : unaddressed(value);
  const fitting = checks[to](value);
  if (fitting !== undefined) return fitting;
  const expected = typeName(parameterTypes[to]);
  if (value === undefined) throw new GoError(`invalid value; expected ${expected}`);
  if (value instanceof GoPointer) return coercePointer(value, to);
  const got = value === null ? typeName(goTypes.any) : typeNameOf(value);
  throw new GoError(`wrong type for value; expected ${expected}; got ${got}`);
}

/** Go follows one pointer to make an argument fit. */
function coercePointer(pointer: GoPointer, to: Exclude<ParameterType, 'any' | 'value'>): Value {
  const expected = typeName(parameterTypes[to]);
  if (!sameType(pointer.type.to, parameterTypes[to])) {
    throw new GoError(`wrong type for value; expected ${expected}; got ${typeName(pointer.type)}`);
  }
  const fitting = pointer.target === undefined ? undefined : checks[to](pointer.target);
  if (fitting === undefined) throw new GoError(`dereference of nil pointer of type ${expected}`);
  return fitting;
}
