import {
  type GoMapType,
  type GoPointerType,
  type GoScalarType,
  type GoSliceType,
  type GoStructType,
  type GoType,
} from '../schema/go-type.ts';
import { type GoTime } from './go-time.ts';

/**
 * A value while a template runs. Text is string, bool is boolean, int is bigint, float64 is number; every other Go type
 * has a class. `null` is a nil interface, `undefined` is no value at all (an absent key).
 */
export type Value =
  | undefined
  | null
  | string
  | boolean
  | bigint
  | number
  | GoScalar
  | GoStruct
  | GoPointer
  | GoMap
  | GoSlice
  | GoTime;

/** A value of a named type, or of a size of integer other than int. */
export class GoScalar {
  readonly type: GoScalarType;
  readonly value: string | boolean | bigint | number;

  constructor(type: GoScalarType, value: string | boolean | bigint | number) {
    this.type = type;
    this.value = value;
  }
}

/** A struct over plain data. */
export class GoStruct {
  readonly type: GoStructType;
  readonly data: Readonly<Record<string, unknown>>;
  /** Go can take its address: it was reached through a pointer, and prints through pointer methods. */
  readonly addressable: boolean;

  constructor(type: GoStructType, data: Readonly<Record<string, unknown>>, addressable: boolean) {
    this.type = type;
    this.data = data;
    this.addressable = addressable;
  }
}

/** A typed pointer; nil has no target. */
export class GoPointer {
  readonly type: GoPointerType;
  readonly target: Value;

  constructor(type: GoPointerType, target: Value) {
    this.type = type;
    this.target = target;
  }
}

/** A map with text keys. Sprig's `set` and `merge` change it in place, as in Go. */
export class GoMap {
  readonly type: GoMapType;
  readonly entries: Map<string, Value>;
  readonly isNil: boolean;

  constructor(type: GoMapType, entries: Map<string, Value>, isNil = false) {
    this.type = type;
    this.entries = entries;
    this.isNil = isNil;
  }
}

/** A slice. */
export class GoSlice {
  readonly type: GoSliceType;
  readonly items: Value[];
  readonly isNil: boolean;

  constructor(type: GoSliceType, items: Value[], isNil = false) {
    this.type = type;
    this.items = items;
    this.isNil = isNil;
  }
}

const any = { kind: 'any' } as const;
const text = { kind: 'string' } as const;
const byte = { kind: 'uint8' } as const;
/** The Go types that functions make and ask for. */
export const goTypes = {
  any,
  text,
  byte,
  bool: { kind: 'bool' },
  int: { kind: 'int' },
  int32: { kind: 'int32' },
  int64: { kind: 'int64' },
  float64: { kind: 'float64' },
  duration: { kind: 'int64', name: 'time.Duration' },
  month: { kind: 'int', name: 'time.Month' },
  weekday: { kind: 'int', name: 'time.Weekday' },
  time: { kind: 'time', name: 'time.Time' },
  anyMap: { kind: 'map', of: any },
  textMap: { kind: 'map', of: text },
  anySlice: { kind: 'slice', of: any },
  textSlice: { kind: 'slice', of: text },
  intSlice: { kind: 'slice', of: { kind: 'int' } },
  bytes: { kind: 'slice', of: byte },
  sliceOfSlices: { kind: 'slice', of: { kind: 'slice', of: any } },
} as const satisfies Record<string, GoType>;

/** Makes a `[]interface {}`. */
export const anySlice = (items: Value[]): GoSlice => new GoSlice(goTypes.anySlice, items);
/** Makes a `[]string`. */
export const textSlice = (items: string[]): GoSlice => new GoSlice(goTypes.textSlice, items);
/** Makes a `map[string]interface {}`. */
export const anyMap = (entries: Iterable<readonly [string, Value]>): GoMap =>
  new GoMap(goTypes.anyMap, new Map(entries));
/** Makes an `int64`. */
export const int64 = (value: bigint): GoScalar => new GoScalar(goTypes.int64, value);
