import { type GoType } from '../schema/go-type.ts';

/**
 * A piece of generated code that has a value.
 * - `raw`: plain JSON data of the static `type`, which may be absent
 * - otherwise a Value; if `type` is known, it is surely of that type
 */
export interface Expression {
  readonly code: string;
  readonly type?: GoType | undefined;
  readonly raw?: boolean;
  /** Its evaluation can neither fail nor be seen, so its order does not matter. */
  readonly constant?: boolean;
}

/** Writes a text as a JavaScript literal. */
export const quote = (text: string): string =>
  JSON.stringify(text).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');

/** Tells whether an expression is surely a JavaScript string. */
export const isText = ({ type }: Expression): boolean => type?.kind === 'string' && type.name === undefined;
