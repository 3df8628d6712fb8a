import { fn, type FunctionContext, type FunctionTable } from '../function-type.ts';
import { GoError } from '../template-error.ts';
import { isTrue } from '../value-type.ts';
import { type Value } from '../value.ts';
import { deepCopy } from './deep.ts';

/** Sprig's empty: the opposite of Go's truth. */
export const isEmpty = (value: Value): boolean => !isTrue(value);

function copy(value: Value, { budget }: FunctionContext): Value {
  if (value === null || value === undefined)
    throw new GoError('reflect: call of reflect.Value.Type on zero Value');
  return deepCopy(value, budget);
}

/** Sprig's functions about values that may be missing. */
export const defaults: FunctionTable = {
  default: fn('any any...: any', (fallback: Value, given: Value[]) =>
    given.length === 0 || isEmpty(given[0]) ? fallback : given[0],
  ),
  empty: fn('any: bool', (value: Value) => isEmpty(value)),
  coalesce: fn('any...: any', (values: Value[]) => values.find((value) => !isEmpty(value)) ?? null),
  all: fn('any...: bool', (values: Value[]) => !values.some(isEmpty)),
  any: fn('any...: bool', (values: Value[]) => values.some((value) => !isEmpty(value))),
  ternary: fn('any any bool: any', (yes: Value, no: Value, condition: boolean) => (condition ? yes : no)),
  deepCopy: fn('any: any', copy),
  mustDeepCopy: fn('any: any', copy),
};
