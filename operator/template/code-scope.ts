import { type GoType } from '../schema/go-type.ts';
import { type Expression, isText, quote } from './expression.ts';
import { TemplateError, placeOf, type TemplatePlace } from './template-error.ts';

/** Something that would fail whenever it runs. */
export interface Flaw extends TemplatePlace {
  readonly detail: string;
}

/** Functions whose text may hold bytes that are no characters. */
const byteCutters = new Set([
  ...['trunc', 'substr', 'abbrev', 'abbrevboth', 'wrap', 'wrapWith', 'initials', 'nospace'],
  ...['b64dec', 'b32dec', 'decryptAES', 'urlParse', 'toString', 'printf', 'fromJson', 'mustFromJson'],
]);

/** Names, constants and places of the code of one template, and what is known to be wrong with it. */
export class CodeScope {
  readonly #source: string;
  readonly constants: unknown[] = [];
  readonly offsets: number[] = [];
  readonly flaws: Flaw[] = [];
  /** Names of the functions that are called at some places. */
  readonly calls = new Map<number, string>();
  /** Something in it may give half a character, so that the output has to be looked through. */
  cutsBytes = false;
  readonly #constantIds = new Map<unknown, string>();
  #names = 0;
  #locals: string[] = [];
  #conditions = 0;
  /** The place that Go would name if evaluation failed here. */
  #place = 0;
  #placeVariable: string | undefined;

  constructor(source: string) {
    this.#source = source;
    this.at(0);
  }

  /** Numbers the place of a function's call. */
  call(name: string, offset: number): number {
    const place = this.mark(offset);
    this.calls.set(place, name);
    this.cutsBytes ||= byteCutters.has(name);
    return place;
  }

  /** Looks at a text of the source for bytes that are no characters. */
  noteText(text: string): void {
    this.cutsBytes ||= !text.isWellFormed();
  }

  /** Moves to a node, as Go's evaluation does. */
  at(offset: number): number {
    this.#placeVariable = undefined;
    this.#place = this.mark(offset);
    return this.#place;
  }

  /** Numbers a place without moving there. */
  mark(offset: number): number {
    return this.offsets.push(offset) - 1;
  }

  get place(): number {
    return this.#place;
  }

  /** Code that tells the place: where `and` and `or` stop is known only when they run. */
  get placeCode(): string {
    return this.#placeVariable ?? String(this.#place);
  }

  /** The place is in a variable until evaluation goes on. */
  stopAt(variable: string): void {
    this.#placeVariable = variable;
  }

  /** Makes a local variable of the function that is being written. */
  local(): string {
    this.#names += 1;
    const name = `v${this.#names}`;
    this.#locals.push(name);
    return name;
  }

  /** Collects the locals that `write` makes; gives their declaration. */
  collectLocals(write: () => void): string {
    const outer = this.#locals;
    this.#locals = [];
    write();
    const declaration = this.#locals.length === 0 ? '' : `let ${this.#locals.join(',')};`;
    this.#locals = outer;
    return declaration;
  }

  /** Gives the code of a value that is known when the template is compiled. */
  constant(value: unknown): string {
    const known = this.#constantIds.get(value);
    if (known !== undefined) return known;
    const code = `k[${this.constants.push(value) - 1}]`;
    this.#constantIds.set(value, code);
    return code;
  }

  /** What `write` writes runs only sometimes. */
  sometimes<T>(write: () => T): T {
    this.#conditions += 1;
    const result = write();
    this.#conditions -= 1;
    return result;
  }

  /** Code that fails where evaluation stands; if it surely runs, the template is wrong as a whole. */
  failure(detail: string, place = this.#place): Expression {
    const where = placeOf(this.#source, this.offsets[place] ?? 0);
    if (this.#conditions === 0) throw new TemplateError(detail, { stage: 'compile', ...where });
    this.flaws.push({ ...where, detail });
    return { code: `r.fail(${quote(detail)},${place})` };
  }

  /** As `failure`, after an expression that Go evaluates first and that may fail of itself. */
  failureAfter(before: Expression | undefined, detail: string): Expression {
    const failed = this.failure(detail);
    return before === undefined ? failed : { code: `(${before.code},${failed.code})` };
  }

  /** Code of an expression as a Value. */
  value({ code, type, raw }: Expression): string {
    if (raw !== true || type === undefined) return code;
    if (isText({ code, type })) return `r.text(${code})`;
    return `r.wrap(${this.constant(type)},${code})`;
  }

  /** Code that tells the truth of an expression. */
  truth(expression: Expression): string {
    const { code, type, raw } = expression;
    if (isText(expression)) return `${this.value(expression)}!==""`;
    if (type?.kind === 'bool') return `${code}===true`;
    if (raw === true && type?.kind === 'pointer') return `(${code}??null)!==null`;
    return `r.truth(${this.value(expression)})`;
  }

  /** Code that writes an expression as the output shows it. */
  shown(expression: Expression): string {
    if (isText(expression)) return this.value(expression);
    if (isPlainInteger(expression)) return `r.integer(${expression.code})`;
    return `r.print(${this.value(expression)})`;
  }
}

/** Tells whether an expression is an integer that is still plain data. */
export const isPlainInteger = ({ type, raw }: Expression): boolean =>
  raw === true && (type?.kind === 'int32' || type?.kind === 'int64') && type.name === undefined;

/** A type followed through one pointer. */
export const pointedTo = (type: GoType | undefined): GoType | undefined =>
  type?.kind === 'pointer' ? type.to : type;
