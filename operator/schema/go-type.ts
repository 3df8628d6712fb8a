/**
 * A Go type, as far as templates (field access, printing, comparison) and Go's JSON encoding have to know it.
 * Values of these types stay plain JSON data as the API server sends them: a struct is an object with JSON names,
 * a time is its RFC 3339 text, a nil pointer, map or slice is an absent key.
 */
export type GoType =
  GoScalarType | GoStructType | GoPointerType | GoSliceType | GoMapType | GoTimeType | GoAnyType;

/** Text, a truth value or a number; `name` is the type's own name when it has one: `types.UID`, `time.Duration`. */
export interface GoScalarType {
  readonly kind: 'string' | 'bool' | 'int' | 'int32' | 'int64' | 'uint8' | 'uint64' | 'float64';
  readonly name?: string;
}

/** A Go struct. */
export interface GoStructType {
  readonly kind: 'struct';
  /** As Go prints it: `v1.EventSource`. */
  readonly name: string;
  readonly fields: readonly GoField[];
  readonly methods?: readonly GoMethod[];
  /**
   * A pointer to it prints these fields, in this order, as generated Kubernetes code does:
   * `&EventSource{Component:kubelet,Host:,}`.
   */
  readonly stringer?: readonly string[];
  /** The method whose text stands for it in Go's JSON. */
  readonly jsonText?: string;
}

/** A pointer; nil is an absent key. */
export interface GoPointerType {
  readonly kind: 'pointer';
  readonly to: GoType;
}

/** A slice; nil is an absent key. */
export interface GoSliceType {
  readonly kind: 'slice';
  readonly of: GoType;
}

/** A map whose keys are text; nil is an absent key. */
export interface GoMapType {
  readonly kind: 'map';
  readonly of: GoType;
}

/** A time; zero is an absent key. */
export interface GoTimeType {
  readonly kind: 'time';
  readonly name: 'v1.Time' | 'v1.MicroTime' | 'time.Time';
}

/** An empty interface. */
export interface GoAnyType {
  readonly kind: 'any';
}

/** A field of a Go struct. */
export interface GoField {
  /** The name in Go, which templates use: `InvolvedObject`. */
  readonly name: string;
  /** The name in JSON: `involvedObject`. */
  readonly json: string;
  readonly type: GoType;
  /** Go leaves the key out of JSON when the value is empty. */
  readonly omitEmpty?: boolean;
  /** An embedded struct: its fields and methods are promoted. */
  readonly embedded?: boolean;
  /** An embedded struct whose keys stand among those of the outer one in JSON. */
  readonly inline?: boolean;
  /** Ours, not Go's: templates may read it, but it is neither printed nor encoded with its struct. */
  readonly hidden?: boolean;
  /** Go's fmt prints it, but nothing outside its package may read it. */
  readonly unexported?: boolean;
}

/** Turns a receiver into Go's JSON; given to methods that need it. */
export type GoEncoder = () => Uint8Array;

/** A method that templates may call; it gets the receiver's plain data, those of struct arguments, and gives plain data. */
export interface GoMethod {
  readonly name: string;
  /** Works on a struct whose address Go cannot take, too. */
  readonly onValue?: boolean;
  /** How many arguments it takes, each a struct like the receiver. @default 0 */
  readonly takes?: number;
  readonly result: GoType;
  readonly call: (
    receiver: Readonly<Record<string, unknown>>,
    encode: GoEncoder,
    values: readonly unknown[],
  ) => unknown;
}
