import { ownValue, wrap } from './wrap.ts';
import { GoStruct, type Value } from './value.ts';

/** Reads the fields of a struct in Go's order; ours, which Go's struct has not, are left out. */
export function* structFields(struct: GoStruct): Generator<{ name: string; value: Value }> {
  for (const field of struct.type.fields) {
    if (field.hidden === true) continue;
    const raw = field.inline === true ? struct.data : ownValue(struct.data, field.json);
    const value = wrap(field.type, raw);
    const unaddressed = value instanceof GoStruct ? new GoStruct(value.type, value.data, false) : value;
    yield { name: field.name, value: unaddressed };
  }
}
