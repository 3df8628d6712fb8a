import { type GoType } from '../schema/go-type.ts';
import { parseApiTime } from './go-time.ts';
import { GoMap, GoPointer, GoScalar, goTypes, GoSlice, GoStruct, type Value } from './value.ts';

type PlainObject = Readonly<Record<string, unknown>>;

/** Plain data as an object; whatever is none is an empty one. */
export const objectOf = (raw: unknown): PlainObject =>
  typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? (raw as PlainObject) : {};

/** Plain data as text; whatever is none is empty. */
export const textOf = (raw: unknown): string => (typeof raw === 'string' ? raw : '');

const integerOf = (raw: unknown): bigint => {
  if (typeof raw === 'bigint') return raw;
  return typeof raw === 'number' && Number.isSafeInteger(raw) ? BigInt(raw) : 0n;
};

/** JSON data without a Go type becomes what Go's decoder makes of it: maps, slices and floats. */
export function wrapJson(raw: unknown): Value {
  if (raw === null || raw === undefined) return null;
  if (typeof raw !== 'object') return typeof raw === 'bigint' ? Number(raw) : (raw as Value);
  if (Array.isArray(raw)) return new GoSlice(goTypes.anySlice, raw.map(wrapJson));
  const entries = Object.entries(raw).map(([key, value]) => [key, wrapJson(value)] as const);
  return new GoMap(goTypes.anyMap, new Map(entries));
}

function wrapScalar(type: Extract<GoType, { name?: string }>, raw: unknown): Value {
  switch (type.kind) {
    case 'string':
      return type.name === undefined ? textOf(raw) : new GoScalar(type, textOf(raw));
    case 'bool':
      return raw === true;
    case 'float64':
      return typeof raw === 'number' ? raw : 0;
    case 'int':
      return type.name === undefined ? integerOf(raw) : new GoScalar(type, integerOf(raw));
    default:
      return new GoScalar(type as GoScalar['type'], integerOf(raw));
  }
}

/** Gives plain data of a Go type its value; data of another shape is the type's zero value. */
export function wrap(type: GoType, raw: unknown): Value {
  switch (type.kind) {
    case 'any':
      return wrapJson(raw);
    case 'struct':
      return new GoStruct(type, objectOf(raw), true);
    case 'time':
      return parseApiTime(raw, type.name);
    case 'pointer':
      return new GoPointer(type, raw === undefined || raw === null ? undefined : wrap(type.to, raw));
    case 'slice':
      return wrapSlice(type, raw);
    case 'map':
      return new GoMap(
        type,
        new Map(Object.entries(objectOf(raw)).map(([key, value]) => [key, wrap(type.of, value)])),
        raw === undefined || raw === null,
      );
    default:
      return wrapScalar(type, raw);
  }
}

function wrapSlice(type: Extract<GoType, { kind: 'slice' }>, raw: unknown): Value {
  const items = raw instanceof Uint8Array ? Array.from(raw) : Array.isArray(raw) ? raw : [];
  return new GoSlice(
    type,
    items.map((item) => wrap(type.of, item)),
    raw === undefined || raw === null,
  );
}

/** Reads a key of plain data that is the data's own. */
export const ownValue = (data: unknown, key: string): unknown => {
  const object = objectOf(data);
  return Object.hasOwn(object, key) ? object[key] : undefined;
};
