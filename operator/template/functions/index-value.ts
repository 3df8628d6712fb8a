import { encodeText } from '../go-string.ts';
import { GoError } from '../template-error.ts';
import { indirect, integerOf, typeNameOf } from '../value-type.ts';
import { GoMap, GoPointer, GoScalar, goTypes, GoSlice, type Value } from '../value.ts';
import { wrap } from '../wrap.ts';
import { type GoType } from '../../schema/go-type.ts';

/** Reads an integer index into something of a length. */
function indexOf(index: Value, length: number): number {
  if (index === undefined || index === null) throw new GoError('cannot index slice/array with nil');
  const at = integerOf(index);
  if (at === undefined) throw new GoError(`cannot index slice/array with type ${typeNameOf(index)}`);
  if (at < 0n || at > BigInt(length)) throw new GoError(`index out of range: ${at}`);
  return Number(at);
}

/** The zero value of a map's element type; an interface's is nil. */
const zeroOf = (type: GoType): Value => (type.kind === 'any' ? null : wrap(type, undefined));

function indexMap(map: GoMap, key: Value): Value {
  if (key === undefined || key === null) throw new GoError('value is nil; should be of type string');
  const text = typeof key === 'string' ? key : undefined;
  if (text === undefined) throw new GoError(`value has type ${typeNameOf(key)}; should be string`);
  return map.entries.has(text) ? map.entries.get(text) : zeroOf(map.type.of);
}

function indexOnce(item: Value, key: Value): Value {
  const target = indirect(item);
  if (item instanceof GoPointer && target === undefined) throw new GoError('index of nil pointer');
  if (target === null) throw new GoError('index of nil pointer');
  if (target instanceof GoMap) return indexMap(target, key);
  if (target instanceof GoSlice) {
    const at = indexOf(key, target.items.length);
    if (at === target.items.length) throw new GoError(`reflect: slice index out of range`);
    return target.items[at];
  }
  const text = target instanceof GoScalar ? target.value : target;
  if (typeof text !== 'string') throw new GoError(`can't index item of type ${typeNameOf(target)}`);
  const bytes = encodeText(text);
  const at = indexOf(key, bytes.length);
  const byte = bytes[at];
  if (byte === undefined) throw new GoError('reflect: string index out of range');
  return new GoScalar(goTypes.byte, BigInt(byte));
}

/** Go's `index`: reads through maps, slices and texts, one key after the other. */
export function indexValue(item: Value, keys: readonly Value[]): Value {
  if (item === undefined || item === null) throw new GoError('index of untyped nil');
  let value: Value = item;
  for (const key of keys) value = indexOnce(value, key);
  return value;
}
