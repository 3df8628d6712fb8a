import { fn, type FunctionContext, type FunctionTable } from '../function-type.ts';
import { kindOf, typeNameOf } from '../value-type.ts';
import { type Value } from '../value.ts';
import { deepEqual } from './deep.ts';

/** Sprig's functions about Go types. */
export const reflections: FunctionTable = {
  typeOf: fn('any: string', (value: Value) => typeNameOf(value)),
  typeIs: fn('string any: bool', (name: string, value: Value) => name === typeNameOf(value)),
  typeIsLike: fn('string any: bool', (name: string, value: Value) =>
    [name, `*${name}`].includes(typeNameOf(value)),
  ),
  kindOf: fn('any: string', (value: Value) => kindOf(value)),
  kindIs: fn('string any: bool', (name: string, value: Value) => name === kindOf(value)),
  deepEqual: fn('any any: bool', (left: Value, right: Value, { budget }: FunctionContext) =>
    deepEqual(left, right, budget),
  ),
};
