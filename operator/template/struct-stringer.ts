import { type GoStructType } from '../schema/go-type.ts';
import { compareText } from './go-string.ts';
import { structFields } from './struct-value.ts';
import { typeName } from './value-type.ts';
import { GoMap, GoPointer, GoSlice, GoStruct, type Value } from './value.ts';

/** Writes a value as `%v` does, within the limits of the rendering. */
export type Printer = (value: Value) => string;

const shortName = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

/** Finds the struct whose generated String method a struct has: its own, or that of one it embeds. */
export function findStringer(type: GoStructType): GoStructType | undefined {
  if (type.stringer !== undefined) return type;
  for (const field of type.fields) {
    const inner =
      field.embedded === true && field.type.kind === 'struct' ? findStringer(field.type) : undefined;
    if (inner !== undefined) return inner;
  }
  return undefined;
}

const packageOf = (name: string): string => (name.includes('Meta') ? 'meta' : 'core');

/** Generated code writes structs of its own package by their String method, and others by their fields alone. */
function printMember(outer: GoStructType, value: Value, print: Printer): string {
  if (value instanceof GoPointer) return printPointer(value, print);
  if (value instanceof GoMap) return printMap(value, print);
  if (value instanceof GoSlice && value.type.of.kind !== 'string') return printSlice(value, print);
  if (!(value instanceof GoStruct)) return print(value);
  const { name } = value.type;
  if (packageOf(outer.name) === packageOf(name)) return printStruct(value, print).replace('&', '');
  // The generated code takes the first `&` out, even where it belongs to a value.
  return print(value).replace(shortName(name), name).replace('&', '');
}

function printPointer({ target, type }: GoPointer, print: Printer): string {
  if (target instanceof GoStruct) return printStruct(target, print);
  if (type.to.kind === 'time') return target === undefined ? '<nil>' : print(target);
  return target === undefined ? 'nil' : `*${print(target)}`;
}

function printMap(map: GoMap, print: Printer): string {
  const keys = [...map.entries.keys()].sort(compareText);
  const members = keys.map((key) => `${key}: ${print(map.entries.get(key))},`);
  return `${typeName(map.type)}{${members.join('')}}`;
}

function printSlice({ items, type }: GoSlice, print: Printer): string {
  const members = items.map((item) =>
    item instanceof GoStruct ? printStruct(item, print).replace('&', '') : '',
  );
  const element = type.of.kind === 'struct' ? shortName(type.of.name) : 'ManagedFieldsEntry';
  return `[]${element}{${members.map((member) => `${member},`).join('')}}`;
}

/** Writes a struct as the String method of generated Kubernetes code does. */
export function printStruct(struct: GoStruct, print: Printer): string {
  const type = findStringer(struct.type) ?? struct.type;
  // What it embeds shares its data: the keys of an embedded struct with a String method stand among its own.
  const values = new Map(
    Array.from(structFields(new GoStruct(type, struct.data, false)), ({ name, value }) => [name, value]),
  );
  const members = (type.stringer ?? []).map(
    (name) => `${name}:${printMember(type, values.get(name), print)},`,
  );
  return `&${shortName(type.name)}{${members.join('')}}`;
}
