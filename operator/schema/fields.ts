import { Type, type TSchema, type TUnsafe } from '@sinclair/typebox';

/**
 * What a field is beyond its JSON type. A role tells how the written value becomes the value that code works with:
 * - `secret`: `x` in plain text, or `xSecretRef: {name, key}`; resolves to the text
 * - `secretMap`: `{name}`; resolves to all keys of the Secret
 * - `secretTls`: `{name}`; resolves to `ca.crt`, `tls.crt`, `tls.key` of the Secret
 * - `template`: a Go template; resolves to the compiled template
 * - `layout`: any value whose strings are Go templates; resolves to the compiled layout
 * - `duration`: `10s`; resolves to milliseconds
 * - `quantity`: `5Mi`; resolves to bytes
 */
export type FieldRole =
  'secret' | 'secretMap' | 'secretTls' | 'template' | 'layout' | 'duration' | 'quantity';

/** The schema keyword under which a field's role is kept; it never reaches a CRD. */
export const roleKeyword = 'x-eventroute-role';

/** What every field of the API says about itself. The description becomes `kubectl explain` and the reference tables. */
export interface FieldOptions {
  /** Sentences that say what the field does, its unit and its limits. */
  readonly description: string;
  readonly default?: unknown;
  /** A value for the generated examples and tables. */
  readonly examples?: readonly unknown[];
  /** Other spellings that a configuration file of the exporter may use for this field. */
  readonly aliases?: readonly string[];
}

/** Declares a field with a role; `Resolved` is the type of its value after resolution. */
export function field<Resolved>(
  role: FieldRole,
  schema: FieldOptions & Record<string, unknown>,
): TUnsafe<Resolved> {
  return Type.Unsafe<Resolved>({ ...schema, [roleKeyword]: role });
}

/** The role of a schema, if it has one. */
export function roleOf(schema: TSchema): FieldRole | undefined {
  return schema[roleKeyword] as FieldRole | undefined;
}

/** Declares a plain text field. */
export function Text(options: FieldOptions & Record<string, unknown>): TUnsafe<string> {
  return Type.Unsafe<string>({ type: 'string', ...options });
}

/** Declares a text field that takes one of some values. */
export function OneOf<const V extends readonly string[]>(
  values: V,
  options: FieldOptions,
): TUnsafe<V[number]> {
  return Type.Unsafe<V[number]>({ type: 'string', enum: [...values], ...options });
}

/** Declares a credential: written in plain text as `x`, or by reference as `xSecretRef`; both at once are refused. */
export function Secret(options: FieldOptions): TUnsafe<string> {
  return field<string>('secret', { type: 'string', minLength: 1, ...options });
}

/** Declares a duration such as `10s`; code gets milliseconds. */
export function Duration(options: FieldOptions): TUnsafe<number> {
  return field<number>('duration', { type: 'string', ...options });
}

/** Declares a byte size such as `5Mi`; code gets bytes. */
export function Quantity(options: FieldOptions): TUnsafe<number> {
  return field<number>('quantity', { type: 'string', ...options });
}
