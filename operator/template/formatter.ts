import { type Budget } from './limits.ts';
import { stringOf } from './stringer.ts';
import {
  formatFloatVerb,
  formatInteger,
  formatRune,
  formatText,
  formatUnicode,
  pad,
  plainFlags,
  type FormatFlags,
} from './text-format.ts';
import { structFields } from './struct-value.ts';
import { GoTime } from './go-time.ts';
import { structOfTime } from './time-struct.ts';
import { typeName, typeNameOf } from './value-type.ts';
import { GoMap, GoPointer, GoScalar, GoSlice, GoStruct, type Value } from './value.ts';
import { compareText, decodeBytes } from './go-string.ts';

const methodVerbs = new Set(['v', 's', 'x', 'X', 'q']);

/** Writes values as Go's fmt package does for one verb. */
export class Formatter {
  readonly #budget: Budget;
  readonly #verb: string;
  readonly #flags: FormatFlags;
  #text = '';
  #erroring = false;

  constructor(budget: Budget, verb: string, flags: FormatFlags) {
    this.#budget = budget;
    this.#verb = verb;
    this.#flags = flags;
  }

  /** Writes one argument of printf. */
  format(value: Value): string {
    this.#argument(value);
    return this.#text;
  }

  #write(text: string): void {
    this.#budget.grow(this.#text.length + text.length, text.length);
    this.#text += text;
  }

  #argument(value: Value): void {
    const verb = this.#verb;
    if (verb === 'T') {
      this.#write(pad(typeNameOf(value), this.#flags));
      return;
    }
    if (value === undefined || value === null) {
      if (verb === 'v') this.#write(pad('<nil>', this.#flags));
      else this.#badVerb(value);
      return;
    }
    this.#value(value, 0);
  }

  #badVerb(value: Value): void {
    this.#erroring = true;
    this.#write(`%!${this.#verb}(`);
    if (value === undefined || value === null) this.#write('<nil>');
    else {
      this.#write(`${typeNameOf(value)}=`);
      this.#write(new Formatter(this.#budget, 'v', this.#flags).#without(value));
    }
    this.#write(')');
    this.#erroring = false;
  }

  /** Formats inside a complaint, where Go calls no methods. */
  #without(value: Value): string {
    this.#erroring = true;
    this.#value(value, 0);
    return this.#text;
  }

  #method(value: Value): boolean {
    if (this.#erroring || this.#flags.sharpV || !methodVerbs.has(this.#verb)) return false;
    const text = stringOf(value, (inner) => printValue(inner, this.#budget));
    if (text === undefined) return false;
    this.#write(formatText(text, this.#verb, this.#flags) ?? '');
    return true;
  }

  #value(value: Value, depth: number): void {
    this.#budget.depth(depth);
    this.#budget.spend(1);
    if (this.#method(value)) return;
    switch (typeof value) {
      case 'string': {
        this.#orBad(formatText(value, this.#verb, this.#flags), value);
        return;
      }
      case 'boolean': {
        this.#orBad(/^[tv]$/.test(this.#verb) ? pad(String(value), this.#flags) : undefined, value);
        return;
      }
      case 'bigint': {
        this.#orBad(this.#integer(value, false), value);
        return;
      }
      case 'number': {
        this.#orBad(this.#float(value), value);
        return;
      }
      default:
        this.#object(value, depth);
    }
  }

  #orBad(text: string | undefined, value: Value): void {
    if (text === undefined) this.#badVerb(value);
    else this.#write(text);
  }

  #integer(value: bigint, unsigned: boolean): string | undefined {
    const flags = this.#flags;
    if (this.#verb === 'v') {
      if (flags.sharpV && unsigned) return formatInteger(value, 'x', { ...flags, sharp: true });
      return formatInteger(value, 'd', flags);
    }
    if (/^[dboOxX]$/.test(this.#verb)) return formatInteger(value, this.#verb, flags);
    if (/^[cq]$/.test(this.#verb)) return formatRune(value, this.#verb, flags);
    return this.#verb === 'U' ? formatUnicode(value, flags) : undefined;
  }

  #float(value: number): string | undefined {
    return /^[vbeEfFgGxX]$/.test(this.#verb) ? formatFloatVerb(value, this.#verb, this.#flags) : undefined;
  }

  #object(value: Value, depth: number): void {
    if (value instanceof GoScalar) this.#scalar(value);
    else if (value instanceof GoMap) this.#map(value, depth);
    else if (value instanceof GoSlice) this.#slice(value, depth);
    else if (value instanceof GoPointer) this.#pointer(value, depth);
    else if (value instanceof GoStruct) this.#struct(value, depth);
    else if (value instanceof GoTime) this.#time(value, depth);
    else this.#write(this.#flags.sharpV ? 'interface {}(nil)' : '<nil>');
  }

  /** A time without its methods. */
  #time(time: GoTime, depth: number): void {
    if (this.#flags.sharpV) this.#write(stringOf(time, (inner) => printValue(inner, this.#budget)) ?? '');
    else this.#struct(structOfTime(time), depth);
  }

  #scalar(scalar: GoScalar): void {
    const { value } = scalar;
    if (typeof value === 'bigint')
      this.#orBad(this.#integer(value, scalar.type.kind.startsWith('uint')), scalar);
    else if (typeof value === 'string') this.#orBad(formatText(value, this.#verb, this.#flags), scalar);
    else this.#value(value, 0);
  }

  #map(map: GoMap, depth: number): void {
    if (this.#flags.sharpV) {
      this.#write(typeName(map.type));
      if (map.isNil) {
        this.#write('(nil)');
        return;
      }
    }
    this.#write(this.#flags.sharpV ? '{' : 'map[');
    for (const [index, key] of [...map.entries.keys()].sort(compareText).entries()) {
      if (index > 0) this.#write(this.#flags.sharpV ? ', ' : ' ');
      this.#value(key, depth + 1);
      this.#write(':');
      this.#value(map.entries.get(key), depth + 1);
    }
    this.#write(this.#flags.sharpV ? '}' : ']');
  }

  #slice(slice: GoSlice, depth: number): void {
    if (slice.type.of.kind === 'uint8' && /^[sqxX]$/.test(this.#verb)) {
      this.#bytes(slice);
      return;
    }
    if (this.#flags.sharpV) {
      this.#write(typeName(slice.type));
      if (slice.isNil) {
        this.#write('(nil)');
        return;
      }
    }
    this.#write(this.#flags.sharpV ? '{' : '[');
    for (const [index, item] of slice.items.entries()) {
      if (index > 0) this.#write(this.#flags.sharpV ? ', ' : ' ');
      this.#value(item, depth + 1);
    }
    this.#write(this.#flags.sharpV ? '}' : ']');
  }

  #bytes(slice: GoSlice): void {
    const bytes = Uint8Array.from(slice.items, (item) => Number(item instanceof GoScalar ? item.value : 0));
    this.#write(formatText(decodeBytes(bytes), this.#verb, this.#flags) ?? '');
  }

  #pointer(pointer: GoPointer, depth: number): void {
    const { target } = pointer;
    const composite = target instanceof GoStruct || target instanceof GoMap || target instanceof GoSlice;
    if (depth === 0 && composite) {
      this.#write('&');
      this.#value(target, depth + 1);
      return;
    }
    if (target === undefined) {
      if (this.#flags.sharpV) {
        this.#write(`(${typeName(pointer.type)})(nil)`);
        return;
      }
      if (this.#verb === 'v') this.#write(pad('<nil>', this.#flags));
      else this.#orBad(/^[bdoxX]$/.test(this.#verb) ? this.#integer(0n, true) : undefined, pointer);
      return;
    }
    // Go prints an address here, which says nothing and changes from run to run.
    this.#write('0xc000000000');
  }

  #struct(struct: GoStruct, depth: number): void {
    if (this.#flags.sharpV) this.#write(typeName(struct.type));
    this.#write('{');
    let first = true;
    for (const { name, value } of structFields(struct)) {
      if (!first) this.#write(this.#flags.sharpV ? ', ' : ' ');
      first = false;
      if (this.#flags.plusV || this.#flags.sharpV) this.#write(`${name}:`);
      this.#value(value, depth + 1);
    }
    this.#write('}');
  }
}

/** Writes a value as `%v` does. */
export function printValue(value: Value, budget: Budget): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      return new Formatter(budget, 'v', plainFlags).format(value);
  }
}
