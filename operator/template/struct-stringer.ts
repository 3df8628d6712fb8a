import { type GoField } from '../schema/go-type.ts';
import { structFields } from './struct-value.ts';
import { GoPointer, GoStruct, type Value } from './value.ts';

/** Writes a value as `%v` does, within the limits of the rendering. */
export type Printer = (value: Value) => string;

const shortName = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** Generated code writes a struct of its own package by its String method, and others by their fields alone. */
function printField(field: GoField, value: Value, print: Printer): string {
  if (value instanceof GoPointer && value.target instanceof GoStruct) {
    return printStruct(value.target, print);
  }
  if (value instanceof GoStruct && field.type.kind === 'struct' && field.type.stringer === true) {
    return printStruct(value, print).replace('&', '');
  }
  return print(value);
}

/** Writes a struct as the String method of generated Kubernetes code does. */
export function printStruct(struct: GoStruct, print: Printer): string {
  const parts: string[] = [];
  for (const { name, value } of structFields(struct)) {
    const field = struct.type.fields.find((candidate) => candidate.name === name);
    if (field !== undefined) parts.push(`${name}:${printField(field, value, print)},`);
  }
  return `&${shortName(struct.type.name)}{${parts.join('')}}`;
}
