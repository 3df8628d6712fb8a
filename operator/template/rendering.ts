import { coerce } from './coercion.ts';
import { type FunctionContext, type ParameterType } from './function-type.ts';
import { printForOutput } from './output.ts';
import { Budget, type TemplateLimits } from './limits.ts';
import { isMethod, readMember } from './member-access.ts';
import { GoError } from './template-error.ts';
import { NumberLiteral, type CallArgument } from './time-method.ts';
import { type NumberValue } from './nodes.ts';
import { type MethodMember } from './struct-member.ts';
import { encodeJson } from './json-writer.ts';
import { integerOf, indirect, isTrue, typeNameOf } from './value-type.ts';
import { GoMap, GoScalar, GoSlice, type Value } from './value.ts';
import { compareText, sortedTexts } from './go-string.ts';
import { objectOf, ownValue, textOf, wrap } from './wrap.ts';
import { type GoType } from '../schema/go-type.ts';

/** What the caller of a template may set for all its renderings. */
export interface RenderingOptions {
  readonly limits: TemplateLimits;
  readonly random: () => number;
  readonly now: () => Date;
}

/** The turns of a `range`: how many, and index and element of each. */
export interface Turns {
  readonly isEmpty: boolean;
  readonly pairs: Iterable<readonly [Value, Value]>;
}

const noTurns: Turns = { isEmpty: true, pairs: [] };

/**
 * One rendering: what generated code may reach, and nothing else. `at` is the number of the place that is being
 * worked on, so that an error of a function can be put there.
 */
export class Rendering implements FunctionContext {
  readonly budget: Budget;
  readonly data: Readonly<Record<string, unknown>>;
  at = 0;
  /** The last JSON of `toTyped`. */
  typed: string | undefined;
  readonly #options: RenderingOptions;
  #depth = 0;

  constructor(data: Readonly<Record<string, unknown>>, options: RenderingOptions) {
    this.data = data;
    this.budget = new Budget(options.limits);
    this.#options = options;
  }

  get random(): () => number {
    return this.#options.random;
  }

  get now(): () => Date {
    return this.#options.now;
  }

  noteTyped(json: string): void {
    this.typed = json;
  }

  /** Marks a place; the last argument of every function call. */
  mark(place: number): this {
    this.at = place;
    return this;
  }

  /** Counts a block's statements, and refuses an output that has become too long. */
  block(steps: number, length: number): void {
    this.budget.spend(steps);
    if (length > this.budget.limits.maxBytes) this.budget.grow(length, 0);
  }

  /** Refuses a finished text whose characters take more bytes than was counted on the way. */
  checked(text: string): string {
    if (text.length * 3 > this.budget.limits.maxBytes) this.budget.grow(Buffer.byteLength(text), 0);
    return text;
  }

  /** Writes an integer that is still plain data. */
  integer(raw: unknown): string {
    return Number.isSafeInteger(raw) ? String(raw) : '0';
  }

  /** An integer that is still plain data, as a number to compare. */
  int(raw: unknown): number {
    return Number.isSafeInteger(raw) ? (raw as number) : 0;
  }

  print(value: Value): string {
    return printForOutput(value, this.budget);
  }

  truth(value: Value): boolean {
    return isTrue(value);
  }

  text(raw: unknown): string {
    return textOf(raw);
  }

  wrap(type: GoType, raw: unknown): Value {
    return wrap(type, raw);
  }

  /** An argument that must be text, which it mostly is. */
  string(value: Value, place: number): Value {
    return typeof value === 'string' ? value : this.coerce(value, 'string', place);
  }

  coerce(value: Value, to: ParameterType, place: number): Value {
    this.at = place;
    return coerce(value, to);
  }

  member(receiver: Value, name: string, place: number): Value {
    this.at = place;
    return readMember(receiver, name, { budget: this.budget });
  }

  /** Tells whether a name with arguments is a method, and fails if it is something else. */
  isMethod(receiver: Value, name: string, place: number): boolean {
    this.at = place;
    return isMethod(receiver, name, this.budget);
  }

  /** Calls a method with arguments; each has a place of its own for what is wrong with it. */
  call(
    receiver: Value,
    name: string,
    given: { values: CallArgument[]; places: number[]; place: number },
  ): Value {
    this.at = given.place;
    const onArgument = (index: number): void => {
      this.at = given.places[index] ?? given.place;
    };
    return readMember(receiver, name, { budget: this.budget, call: { values: given.values, onArgument } });
  }

  /** Reads an entry of a map that is still plain data; an absent one is no value. */
  entry(type: GoType, raw: unknown, key: string): Value {
    const value = ownValue(raw, key);
    return value === undefined ? undefined : wrap(type, value);
  }

  /** Calls a method of a struct that is still plain data. */
  invoke({ method }: MethodMember, raw: unknown, type: GoType): unknown {
    const encode = (): Uint8Array =>
      Buffer.from(encodeJson(wrap(type, raw), this.budget, { escapeHtml: true, indent: false }), 'utf8');
    return method.call(objectOf(raw), encode, []);
  }

  literal(number: NumberValue, plain: Value): NumberLiteral {
    return new NumberLiteral(number, plain);
  }

  /** A pointer that must not be nil. */
  there(raw: unknown, message: string, place: number): unknown {
    if (raw === undefined || raw === null) this.fail(message, place);
    return raw;
  }

  fail(message: string, place: number): never {
    this.at = place;
    throw new GoError(message);
  }

  enter(place: number): void {
    this.at = place;
    this.#depth += 1;
    this.budget.depth(this.#depth);
  }

  leave(): void {
    this.#depth -= 1;
  }

  turns(value: Value, variables: number, place: number): Turns {
    const target = indirect(value);
    if (target === undefined || target === null) return this.#noTurns(value, place);
    const count = integerOf(target);
    if (count !== undefined) {
      if (variables > 1) this.fail(`can't use ${count} to iterate over more than one variable`, place);
      return count > 0n ? { isEmpty: false, pairs: this.#count(count, target) } : noTurns;
    }
    if (target instanceof GoSlice) return { isEmpty: target.items.length === 0, pairs: this.#items(target) };
    if (target instanceof GoMap) return { isEmpty: target.entries.size === 0, pairs: this.#members(target) };
    return this.fail(`range can't iterate over ${this.print(value)}`, place);
  }

  #noTurns(value: Value, place: number): Turns {
    if (value === undefined || value === null) return noTurns;
    return this.fail(`range can't iterate over a nil ${typeNameOf(value)}`, place);
  }

  /** The keys of a map that is still plain data, in Go's order. */
  keysOf(raw: unknown): readonly string[] {
    const keys = sortedTexts(Object.keys(objectOf(raw)));
    this.budget.spend(keys.length);
    return keys;
  }

  *#count(count: bigint, like: Value): Generator<readonly [Value, Value]> {
    const type = like instanceof GoScalar ? like.type : undefined;
    for (let index = 0n; index < count; index += 1n) {
      yield [undefined, type === undefined ? index : new GoScalar(type, index)];
    }
  }

  #items({ items }: GoSlice): (readonly [Value, Value])[] {
    this.budget.spend(items.length);
    return items.map((item, index) => [BigInt(index), item] as const);
  }

  #members({ entries }: GoMap): (readonly [Value, Value])[] {
    this.budget.spend(entries.size);
    return [...entries].sort(([left], [right]) => compareText(left, right));
  }
}
