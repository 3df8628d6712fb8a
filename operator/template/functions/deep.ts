import { type Budget } from '../limits.ts';
import { GoTime } from '../go-time.ts';
import { sameType, typeOf } from '../value-type.ts';
import { GoMap, GoPointer, GoScalar, GoSlice, GoStruct, type Value } from '../value.ts';
import { structFields } from '../struct-value.ts';

const isAbsent = (value: Value): boolean => value === undefined || value === null;

/** Go's reflect.DeepEqual. */
export function deepEqual(left: Value, right: Value, ...[budget, depth = 0]: [Budget, number?]): boolean {
  budget.spend(1);
  budget.depth(depth);
  if (isAbsent(left) || isAbsent(right)) return isAbsent(left) && isAbsent(right);
  const [type, other] = [typeOf(left), typeOf(right)];
  if (type === undefined || other === undefined || !sameType(type, other)) return false;
  if (typeof left !== 'object') return left === right;
  return equalObjects(left, right, (first, second) => deepEqual(first, second, budget, depth + 1));
}

type Equal = (left: Value, right: Value) => boolean;

function equalObjects(left: Value, right: Value, equal: Equal): boolean {
  if (left instanceof GoMap && right instanceof GoMap) return equalMaps(left, right, equal);
  if (left instanceof GoSlice && right instanceof GoSlice) return equalSlices(left, right, equal);
  if (left instanceof GoStruct && right instanceof GoStruct) return equalStructs(left, right, equal);
  if (left instanceof GoPointer && right instanceof GoPointer) {
    return left.target === right.target || equal(left.target, right.target);
  }
  return equalPlain(left, right);
}

function equalPlain(left: Value, right: Value): boolean {
  if (left instanceof GoTime && right instanceof GoTime) return equalTimes(left, right);
  return left instanceof GoScalar && right instanceof GoScalar && left.value === right.value;
}

const equalTimes = (left: GoTime, right: GoTime): boolean =>
  left.seconds === right.seconds && left.nanos === right.nanos && left.zone.name === right.zone.name;

function equalStructs(left: GoStruct, right: GoStruct, equal: Equal): boolean {
  const others = [...structFields(right)];
  return [...structFields(left)].every(({ value }, index) => equal(value, others[index]?.value));
}

function equalMaps(left: GoMap, right: GoMap, equal: Equal): boolean {
  if (left.isNil !== right.isNil || left.entries.size !== right.entries.size) return false;
  if (left.entries === right.entries) return true;
  return [...left.entries].every(
    ([key, value]) => right.entries.has(key) && equal(value, right.entries.get(key)),
  );
}

function equalSlices(left: GoSlice, right: GoSlice, equal: Equal): boolean {
  if (left.isNil !== right.isNil || left.items.length !== right.items.length) return false;
  if (left.items === right.items) return true;
  return left.items.every((item, index) => equal(item, right.items[index]));
}

/** Copies maps and slices all the way down. */
export function deepCopy(value: Value, budget: Budget, depth = 0): Value {
  budget.depth(depth);
  if (value instanceof GoMap) {
    budget.spend(value.entries.size + 1);
    const entries = [...value.entries].map(
      ([key, item]) => [key, copyItem(item, budget, depth + 1)] as const,
    );
    return new GoMap(value.type, new Map(entries), value.isNil);
  }
  if (value instanceof GoPointer) return copyPointer(value);
  if (!(value instanceof GoSlice)) return value;
  budget.spend(value.items.length + 1);
  const items = value.items.map((item) => copyItem(item, budget, depth + 1));
  return new GoSlice(value.type, items, value.isNil);
}

/** A nil pointer inside of a list or map is no pointer any more in Go's copy. */
function copyItem(item: Value, budget: Budget, depth: number): Value {
  return item instanceof GoPointer && item.target === undefined ? null : deepCopy(item, budget, depth);
}

/** Go's copies lose the fields that only their own package may see, as those of a semantic version. */
function copyPointer(pointer: GoPointer): Value {
  const { target, type } = pointer;
  if (!(target instanceof GoStruct) || !target.type.fields.some((field) => field.unexported === true))
    return pointer;
  const zeros = target.type.fields.map(
    ({ json, type: { kind } }) => [json, kind === 'string' ? '' : 0n] as const,
  );
  return new GoPointer(type, new GoStruct(target.type, Object.fromEntries(zeros), true));
}
