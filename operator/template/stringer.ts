import { formatDuration } from './go-duration.ts';
import { formatTimeText, monthNames, weekdayNames } from './time-layout.ts';
import { GoTime } from './go-time.ts';
import { findStringer, printStruct, type Printer } from './struct-stringer.ts';
import { GoPointer, GoScalar, GoStruct, type Value } from './value.ts';

/** Calls the String method of a value as fmt does; undefined when its type has none. */
export function stringOf(value: Value, print: Printer): string | undefined {
  if (value instanceof GoTime) return formatTimeText(value);
  if (value instanceof GoScalar) return scalarString(value);
  if (value instanceof GoPointer) return pointerString(value, print);
  return value instanceof GoStruct ? ownString(value) : undefined;
}

function scalarString({ type, value }: GoScalar): string | undefined {
  if (type.name === undefined || typeof value !== 'bigint') return undefined;
  if (type.name === 'time.Duration') return formatDuration(value);
  const number = Number(value);
  if (type.name === 'time.Month') return monthNames[number - 1] ?? `%!Month(${number})`;
  return type.name === 'time.Weekday' ? (weekdayNames[number] ?? `%!Weekday(${number})`) : undefined;
}

/** Calls a String method that the struct itself has. */
function ownString({ type, data }: GoStruct): string | undefined {
  const method = type.methods?.find(({ name }) => name === 'String');
  return method === undefined ? undefined : String(method.call(data, () => new Uint8Array(), []));
}

function pointerString({ type, target }: GoPointer, print: Printer): string | undefined {
  if (type.to.kind === 'time') return target instanceof GoTime ? formatTimeText(target) : '<nil>';
  if (type.to.kind !== 'struct') return undefined;
  if (target instanceof GoStruct && findStringer(type.to) === undefined) return ownString(target);
  if (findStringer(type.to) === undefined) return undefined;
  return target instanceof GoStruct ? printStruct(target, print) : 'nil';
}
