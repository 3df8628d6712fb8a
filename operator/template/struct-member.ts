import { type GoField, type GoMethod, type GoStructType, type GoType } from '../schema/go-type.ts';

/** What a name of a struct stands for: keys to read one after the other, and the type found there. */
export interface FieldMember {
  readonly kind: 'field';
  readonly keys: readonly string[];
  readonly type: GoType;
}

/** A method, and the keys that lead to the embedded struct it belongs to. */
export interface MethodMember {
  readonly kind: 'method';
  readonly keys: readonly string[];
  readonly method: GoMethod;
}

export type StructMember = FieldMember | MethodMember;

interface Level {
  readonly struct: GoStructType;
  readonly keys: readonly string[];
}

const cache = new WeakMap<GoStructType, Map<string, StructMember | undefined>>();

const keysTo = (keys: readonly string[], field: GoField): readonly string[] =>
  field.inline === true ? keys : [...keys, field.json];

/** Finds what a name of a struct stands for by Go's rules of promotion; JSON names count where Go has none. */
export function findMember(struct: GoStructType, name: string): StructMember | undefined {
  let known = cache.get(struct);
  if (known === undefined) cache.set(struct, (known = new Map<string, StructMember | undefined>()));
  if (!known.has(name)) {
    // Hostile templates must not grow the cache without end: names that are unknown are not kept.
    const member =
      search(struct, (field) => field.name === name && field.unexported !== true, name) ??
      search(struct, (field) => field.json === name && field.unexported !== true);
    if (member === undefined) return undefined;
    known.set(name, member);
  }
  return known.get(name);
}

function search(
  struct: GoStructType,
  isIt: (field: GoField) => boolean,
  methodName?: string,
): StructMember | undefined {
  let levels: Level[] = [{ struct, keys: [] }];
  while (levels.length > 0) {
    for (const level of levels) {
      const found = searchLevel(level, isIt, methodName);
      if (found !== undefined) return found;
    }
    levels = levels.flatMap(({ struct: outer, keys }) =>
      outer.fields.flatMap((field) =>
        field.embedded === true && field.type.kind === 'struct'
          ? [{ struct: field.type, keys: keysTo(keys, field) }]
          : [],
      ),
    );
  }
  return undefined;
}

function searchLevel(
  { struct, keys }: Level,
  isIt: (field: GoField) => boolean,
  methodName: string | undefined,
): StructMember | undefined {
  const method = struct.methods?.find(({ name }) => name === methodName);
  if (method !== undefined) return { kind: 'method', keys, method };
  const field = struct.fields.find(isIt);
  return field === undefined ? undefined : { kind: 'field', keys: keysTo(keys, field), type: field.type };
}
