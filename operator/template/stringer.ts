import { formatDuration } from './go-duration.ts';
import { formatTimeText, monthNames, weekdayNames } from './time-layout.ts';
import { GoTime } from './go-time.ts';
import { printStruct, type Printer } from './struct-stringer.ts';
import { GoPointer, GoScalar, GoStruct, type Value } from './value.ts';

/** Calls the String method of a value as fmt does; undefined when its type has none. */
export function stringOf(value: Value, print: Printer): string | undefined {
  if (value instanceof GoTime) return formatTimeText(value);
  if (value instanceof GoScalar) return scalarString(value);
  if (value instanceof GoPointer) return pointerString(value, print);
  return undefined;
}

function scalarString({ type, value }: GoScalar): string | undefined {
  if (type.name === undefined || typeof value !== 'bigint') return undefined;
  if (type.name === 'time.Duration') return formatDuration(value);
  const number = Number(value);
  if (type.name === 'time.Month') return monthNames[number - 1] ?? `%!Month(${number})`;
  return type.name === 'time.Weekday' ? (weekdayNames[number] ?? `%!Weekday(${number})`) : undefined;
}

function pointerString({ type, target }: GoPointer, print: Printer): string | undefined {
  if (type.to.kind === 'time') return target instanceof GoTime ? formatTimeText(target) : '<nil>';
  if (type.to.kind !== 'struct' || type.to.stringer !== true) return undefined;
  return target instanceof GoStruct ? printStruct(target, print) : 'nil';
}
