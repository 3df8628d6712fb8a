import { type GoType } from '../schema/go-type.ts';
import { type Budget } from './limits.ts';
import { goTypes, type Value } from './value.ts';

/** Go types of parameters, by the names that signatures use. `value` takes whatever is there, as built-ins do. */
export const parameterTypes = {
  string: goTypes.text,
  int: goTypes.int,
  int64: goTypes.int64,
  float64: goTypes.float64,
  bool: goTypes.bool,
  any: goTypes.any,
  value: goTypes.any,
  map: goTypes.anyMap,
  textMap: goTypes.textMap,
  list: goTypes.anySlice,
  textList: goTypes.textSlice,
  bytes: goTypes.bytes,
  time: goTypes.time,
  duration: goTypes.duration,
} as const satisfies Record<string, GoType>;

/** A parameter's type by its short name. */
export type ParameterType = keyof typeof parameterTypes;

/** What a function may use besides its arguments. */
export interface FunctionContext {
  readonly budget: Budget;
  /** Gives a number from 0 up to but without 1. */
  readonly random: () => number;
  readonly now: () => Date;
  /** Notes JSON that is to be put into a layout as it is. */
  noteTyped(json: string): void;
}

/** The JavaScript of a function: its arguments, those of the variadic part as one array, and the context. */
export type FunctionBody = (...values: never[]) => Value;

/** A function that templates may call. */
export interface GoFunction {
  readonly parameters: readonly ParameterType[];
  readonly variadic: ParameterType | undefined;
  /** The static type of the result; undefined when it is known only once the function has run. */
  readonly result: GoType | undefined;
  readonly call: FunctionBody;
}

/** Functions by name. */
export type FunctionTable = Readonly<Record<string, GoFunction>>;

/** Results whose JavaScript type is sure, so that they need no check when they are passed on. */
const promisedResults: ReadonlySet<string> = new Set(['string', 'int', 'bool', 'float64']);
const resultTypes: Readonly<Record<string, GoType>> = { ...parameterTypes };

/**
 * Declares a function by its Go signature: `int string: string`, `any...: value`. Arguments come as
 * string, bigint (int, int64, duration), number, boolean, GoMap, GoSlice, GoTime or, for `any` and `value`, as they are.
 * A result of `string`, `int`, `bool` or `float64` is promised to be of that JavaScript type.
 */
export function fn(signature: string, call: FunctionBody): GoFunction {
  const [takes = '', gives = ''] = signature.split(':').map((part) => part.trim());
  const words = takes === '' ? [] : takes.split(' ');
  const variadic = words.at(-1)?.endsWith('...') === true ? words.pop()?.slice(0, -3) : undefined;
  return {
    parameters: words as ParameterType[],
    variadic: variadic as ParameterType | undefined,
    result: promisedResults.has(gives) ? resultTypes[gives] : undefined,
    call,
  };
}
