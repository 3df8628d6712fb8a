import { coerce } from './coercion.ts';
import { type FunctionContext, type ParameterType } from './function-type.ts';
import { printForOutput } from './output.ts';
import { Budget, type TemplateLimits } from './limits.ts';
import { readMember } from './member-access.ts';
import { GoError } from './template-error.ts';
import { NumberLiteral, type CallArgument } from './time-method.ts';
import { type NumberValue } from './nodes.ts';
import { type MethodMember } from './struct-member.ts';
import { encodeJson } from './json-writer.ts';
import { integerOf, indirect, isTrue, typeNameOf } from './value-type.ts';
import { GoMap, GoScalar, GoSlice, type Value } from './value.ts';
import { compareText } from './go-string.ts';
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
  readonly random: () => number;
  readonly now: () => Date;
  readonly data: Readonly<Record<string, unknown>>;
  at = 0;
  /** The last JSON of `toTyped`. */
  typed: string | undefined;
  /** What goes with a member that has no arguments. */
  readonly #alone: { readonly budget: Budget };
  #bytes = 0;
  #depth = 0;

  constructor(data: Readonly<Record<string, unknown>>, { limits, random, now }: RenderingOptions) {
    this.data = data;
    this.budget = new Budget(limits);
    this.#alone = { budget: this.budget };
    this.random = random;
    this.now = now;
  }

  noteTyped(json: string): void {
    this.typed = json;
  }

  /** Marks a place; the last argument of every function call. */
  mark(place: number): this {
    this.at = place;
    return this;
  }

  /** Counts a block's statements and the bytes of its fixed text. */
  block(steps: number, bytes: number): void {
    this.budget.spend(steps);
    this.#bytes += bytes;
    this.budget.text(this.#bytes);
  }

  /** Counts a text that goes to the output. */
  out(text: string): string {
    this.#bytes += text.length;
    this.budget.text(this.#bytes);
    return text;
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

  coerce(value: Value, to: ParameterType, place: number): Value {
    this.at = place;
    return coerce(value, to);
  }

  member(receiver: Value, name: string, place: number): Value {
    this.at = place;
    return readMember(receiver, name, this.#alone);
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

  *#count(count: bigint, like: Value): Generator<readonly [Value, Value]> {
    const type = like instanceof GoScalar ? like.type : undefined;
    for (let index = 0n; index < count; index += 1n) {
      yield [undefined, type === undefined ? index : new GoScalar(type, index)];
    }
  }

  *#items(slice: GoSlice): Generator<readonly [Value, Value]> {
    for (const [index, item] of slice.items.entries()) yield [BigInt(index), item];
  }

  *#members(map: GoMap): Generator<readonly [Value, Value]> {
    const keys = [...map.entries.keys()].sort(compareText);
    this.budget.spend(keys.length);
    const pairs = keys.map((key) => [key, map.entries.get(key)] as const);
    yield* pairs;
  }
}
