/**
 * A Go type, as far as templates (field access, printing, comparison) and Go's JSON encoding have to know it.
 * Values of these types stay plain JSON data as the API server sends them: a struct is an object with JSON names,
 * a time is its RFC 3339 text, a nil pointer, map or slice is an absent key.
 */
export type GoType =
  | { readonly kind: 'string'; readonly name?: string }
  | { readonly kind: 'bool' }
  | { readonly kind: 'int' | 'int32' | 'int64' | 'float64' }
  | {
      readonly kind: 'struct';
      readonly name: string;
      readonly fields: readonly GoField[];
      readonly methods?: readonly GoMethod[];
    }
  | { readonly kind: 'pointer'; readonly to: GoType }
  | { readonly kind: 'slice'; readonly of: GoType }
  | { readonly kind: 'map'; readonly of: GoType }
  | { readonly kind: 'time'; readonly name: 'v1.Time' | 'v1.MicroTime' | 'time.Time' }
  | { readonly kind: 'any' };

/** A field of a Go struct. */
export interface GoField {
  /** The name in Go, which templates use: `InvolvedObject`. */
  readonly name: string;
  /** The name in JSON: `involvedObject`. */
  readonly json: string;
  readonly type: GoType;
  /** Go leaves the key out of JSON when the value is empty. */
  readonly omitEmpty?: boolean;
  /** An embedded struct: its fields and methods are promoted, and with `inline` its JSON keys too. */
  readonly embedded?: boolean;
}

/** A method that templates may call; `call` gets the receiver's plain data and the evaluated arguments. */
export interface GoMethod {
  readonly name: string;
  readonly arguments: readonly GoType[];
  readonly result: GoType;
  readonly call: (receiver: never, ...values: never[]) => unknown;
}
