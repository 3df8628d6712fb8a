import { printValue } from './formatter.ts';
import { type Budget } from './limits.ts';
import { findStringer } from './struct-stringer.ts';
import { indirect } from './value-type.ts';
import { GoPointer, GoScalar, GoStruct, type Value } from './value.ts';

/** What Go prints of a value: pointers are followed, but a type that prints itself through its pointer keeps it. */
export function printable(value: Value): Value {
  let target = value;
  if (value instanceof GoPointer) {
    target = value.target === undefined ? value : (indirect(value) ?? value);
  }
  if (!(target instanceof GoStruct) || !target.addressable || findStringer(target.type) === undefined)
    return target;
  return new GoPointer({ kind: 'pointer', to: target.type }, target);
}

/** Writes the value of an action. */
export function printForOutput(value: Value, budget: Budget): string {
  if (typeof value === 'string') return value;
  if (value instanceof GoScalar && value.type.name === undefined) return String(value.value);
  if (value === undefined || value === null) return '<no value>';
  return printValue(printable(value), budget);
}
