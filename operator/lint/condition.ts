import { compilePattern, type Pattern } from '../routing/pattern.ts';
import { type DropRule, type Rule } from '../routing/route-fields.ts';

/** One thing that a rule asks for. */
export interface Condition {
  /** `reason`, `labels.tier`, `minCount`. */
  readonly field: string;
  /** As written. */
  readonly wants: string;
  /** Path of the rule that asks for it, or who else does. */
  readonly by: string;
}

const mapFields = ['labels', 'annotations', 'namespaceLabels'] as const;

/** Lists what a rule asks for. */
export function conditionsOf(rule: Rule | DropRule, by: string): Condition[] {
  return Object.entries(rule).flatMap(([field, value]) => {
    if (field === 'receiver' || value === '' || value === 0) return [];
    if (mapFields.some((map) => map === field)) {
      const entries = Object.entries(value as Readonly<Record<string, string>>);
      return entries.map(([key, wants]) => ({ field: `${field}.${key}`, wants, by }));
    }
    // what is no condition (a throttle, say) is neither text nor number
    const isCondition = typeof value === 'string' || typeof value === 'number';
    return isCondition ? [{ field, wants: String(value), by }] : [];
  });
}

/** Whether an event that has met some conditions has met a wanted one too. False when that cannot be shown. */
export function isImplied(wanted: Condition, known: readonly Condition[]): boolean {
  return known.some((one) => one.field === wanted.field && impliesSame(one, wanted));
}

/** Finds two conditions that no event can meet together; undefined when none can be shown to clash. */
export function findClash(conditions: readonly Condition[]): readonly [Condition, Condition] | undefined {
  for (const [index, one] of conditions.entries()) {
    const other = conditions.slice(0, index).find((earlier) => isClash(earlier, one));
    if (other !== undefined) return [other, one];
  }
  return undefined;
}

function impliesSame(one: Condition, wanted: Condition): boolean {
  if (one.wants === wanted.wants) return true;
  if (one.field === 'minCount') return Number(one.wants) >= Number(wanted.wants);
  if (one.field === 'when') return false;
  return isMap(one.field) ? impliesEntry(one, wanted) : impliesPattern(one, wanted);
}

function impliesEntry(one: Condition, wanted: Condition): boolean {
  if (one.wants === '!' || wanted.wants === '!') return false;
  // `''` asks for the key alone; a negated pattern is met without the key, too
  if (wanted.wants === '') return !one.wants.startsWith('!');
  return one.wants !== '' && impliesPattern(one, wanted);
}

function isClash(one: Condition, other: Condition): boolean {
  if (one.field !== other.field || one.field === 'minCount' || one.field === 'when') return false;
  const absent = [one, other].find(({ wants }) => wants === '!');
  // an absent key meets a negated pattern
  if (absent !== undefined) return !(absent === one ? other : one).wants.startsWith('!');
  if (isRefuted(one, other) || isRefuted(other, one)) return true;
  // an object has several owners: two rules may each mean another one
  return one.field !== 'owner' && isDisjoint(one, other);
}

/** Whether a negated condition excludes all that a plain one lets through. */
function isRefuted(plain: Condition, negated: Condition): boolean {
  if (plain.wants === '' || plain.wants.startsWith('!') || !negated.wants.startsWith('!')) return false;
  return impliesPattern(plain, { ...negated, wants: negated.wants.slice(1) });
}

function isMap(field: string): boolean {
  return mapFields.some((map) => field.startsWith(`${map}.`));
}

function impliesPattern(one: Condition, wanted: Condition): boolean {
  if (one.wants === wanted.wants) return true;
  const test = testOf(wanted.wants);
  if (test === undefined) return false;
  const values = valuesOf(one);
  // an annotation may be absent under a negated pattern, but all the values that it may have are seen here
  if (values !== undefined) return values.every((value) => test(value));
  const [inner, outer] = [literalsOf(one.wants), literalsOf(wanted.wants)];
  if (inner === undefined || outer === undefined) return false;
  return inner.every((text) => outer.some((part) => text.includes(part)));
}

function isDisjoint(one: Condition, other: Condition): boolean {
  for (const [finite, tested] of [
    [one, other],
    [other, one],
  ] as const) {
    const values = valuesOf(finite);
    const test = testOf(tested.wants);
    if (values !== undefined && test !== undefined) return !values.some((value) => test(value));
  }
  return false;
}

const eventTypes = ['Normal', 'Warning'];

/** All the values that a field can have under a condition, where they can be listed. */
function valuesOf({ field, wants }: Condition): readonly string[] | undefined {
  if (field === 'type') {
    const test = testOf(wants);
    return test === undefined ? undefined : eventTypes.filter((type) => test(type));
  }
  const [, inner] = /^\^(?:\((?:\?:)?)?([^()]*?)\)?\$$/.exec(wants) ?? [];
  if (inner === undefined) return undefined;
  const isGrouped = wants.startsWith('^(');
  // `^a|b$` has two alternatives of one anchor each
  return isGrouped || !inner.includes('|') ? plainAlternatives(inner) : undefined;
}

/** The texts of which an unanchored pattern wants one somewhere. */
function literalsOf(wants: string): readonly string[] | undefined {
  return wants.startsWith('!') ? undefined : plainAlternatives(wants);
}

function plainAlternatives(text: string): readonly string[] | undefined {
  return /^[A-Za-z0-9 _/:,|-]+$/.test(text) ? text.split('|') : undefined;
}

const maxRemembered = 1_000;
const tests = new Map<string, Pattern['test'] | undefined>();

function testOf(wants: string): Pattern['test'] | undefined {
  if (tests.has(wants)) return tests.get(wants);
  const compiled = compilePattern(wants);
  const test = 'problem' in compiled ? undefined : compiled.matcher.test;
  if (tests.size >= maxRemembered) tests.clear();
  tests.set(wants, test);
  return test;
}
