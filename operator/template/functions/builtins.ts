import { isEqual, isLess } from '../comparison.ts';
import { sprint } from '../sprint.ts';
import { fn, type FunctionContext, type FunctionTable } from '../function-type.ts';
import { printable } from '../output.ts';
import { sprintf } from '../printf.ts';
import { GoError } from '../template-error.ts';
import { byteLength } from '../go-string.ts';
import { indirect, isTrue, typeNameOf } from '../value-type.ts';
import { GoMap, GoPointer, GoScalar, GoSlice, type Value } from '../value.ts';
import { escapeHtml, escapeJs, escapeQuery } from './escape.ts';
import { indexValue } from './index-value.ts';

function lengthOf(value: Value): bigint {
  if (value instanceof GoPointer && indirect(value) === undefined) throw new GoError('len of nil pointer');
  const item = indirect(value);
  if (typeof item === 'string') return BigInt(byteLength(item));
  if (item instanceof GoScalar && typeof item.value === 'string') return BigInt(byteLength(item.value));
  if (item instanceof GoMap) return BigInt(item.entries.size);
  if (item instanceof GoSlice) return BigInt(item.items.length);
  throw new GoError(`len of type ${typeNameOf(item)}`);
}

const lessOrEqual = (left: Value, right: Value): boolean => isLess(left, right) || isEqual(left, [right]);

/** Go's evalArgs: what `html`, `js` and `urlquery` make of their arguments first. */
const joined = (values: readonly Value[], { budget }: FunctionContext): string =>
  sprint(
    values.map((value) => (value === null || value === undefined ? '<no value>' : printable(value))),
    budget,
  );

const counted = (text: string, { budget }: FunctionContext): string => {
  budget.text(text.length);
  return text;
};

const notReached = (): Value => undefined;

/** The functions that Go's text/template has of itself. */
export const builtins: FunctionTable = {
  // The generator writes these two out, since they stop early.
  and: fn('value value...: value', notReached),
  or: fn('value value...: value', notReached),
  not: fn('value: bool', (value: Value) => !isTrue(value)),
  len: fn('value: int', (value: Value) => lengthOf(value)),
  index: fn('value value...: value', (item: Value, keys: Value[]) => indexValue(item, keys)),
  call: fn('value value...: value', (callee: Value) => {
    if (callee === undefined || callee === null) throw new GoError('call of nil');
    throw new GoError(`non-function of type ${typeNameOf(callee)}; call the function by its name`);
  }),
  print: fn('any...: string', (values: Value[], context: FunctionContext) => sprint(values, context.budget)),
  println: fn('any...: string', (values: Value[], context: FunctionContext) => {
    const lines = values.map((value) => sprint([value], context.budget));
    return counted(`${lines.join(' ')}\n`, context);
  }),
  printf: fn('string any...: string', (format: string, values: Value[], context: FunctionContext) =>
    sprintf(format, values, context.budget),
  ),
  html: fn('any...: string', (values: Value[], context: FunctionContext) =>
    counted(escapeHtml(joined(values, context)), context),
  ),
  js: fn('any...: string', (values: Value[], context: FunctionContext) =>
    counted(escapeJs(joined(values, context)), context),
  ),
  urlquery: fn('any...: string', (values: Value[], context: FunctionContext) =>
    counted(escapeQuery(joined(values, context)), context),
  ),
  eq: fn('value value...: bool', (left: Value, others: Value[]) => isEqual(left, others)),
  ne: fn('value value: bool', (left: Value, right: Value) => !isEqual(left, [right])),
  lt: fn('value value: bool', (left: Value, right: Value) => isLess(left, right)),
  le: fn('value value: bool', lessOrEqual),
  gt: fn('value value: bool', (left: Value, right: Value) => !lessOrEqual(left, right)),
  ge: fn('value value: bool', (left: Value, right: Value) => !isLess(left, right)),
};
