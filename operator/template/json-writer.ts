import { type GoField } from '../schema/go-type.ts';
import { compareText, splitAtRawBytes } from './go-string.ts';
import { formatTime } from './time-layout.ts';
import { GoTime, utc } from './go-time.ts';
import { type Budget } from './limits.ts';
import { GoError } from './template-error.ts';
import { isTrue } from './value-type.ts';
import { GoMap, GoPointer, GoScalar, GoSlice, GoStruct, type Value } from './value.ts';
import { ownValue, wrap } from './wrap.ts';

/** How JSON is written. */
export interface JsonStyle {
  /** Write `<`, `>` and `&` as `\u003c` and so on, as Go does unless told otherwise. */
  readonly escapeHtml: boolean;
  /** Two spaces a level, one member a line. */
  readonly indent: boolean;
}

const needsEscape = /["\\\x00-\x1f<>&\u2028\u2029\ud800-\udfff]/;
const codeOf = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Writes a text as Go's encoding/json does. */
export function quoteJson(text: string, escapeHtml: boolean): string {
  if (!needsEscape.test(text)) return `"${text}"`;
  // JSON.stringify escapes control characters as Go does.
  const pieces = splitAtRawBytes(text).map((piece) => JSON.stringify(piece).slice(1, -1));
  const quoted = `"${pieces.join('\\ufffd')}"`;
  return quoted.replace(escapeHtml ? /[<>&\u2028\u2029]/g : /[\u2028\u2029]/g, codeOf);
}

function encodeTime(time: GoTime): string {
  if (time.name === 'time.Time') return `"${formatTime(time, '2006-01-02T15:04:05.999999999Z07:00')}"`;
  if (time.isZero) return 'null';
  const fraction = time.name === 'v1.MicroTime' ? '.000000' : '';
  return `"${formatTime(time.as({ zone: utc }), `2006-01-02T15:04:05${fraction}Z07:00`)}"`;
}

function encodeFloat(value: number): string {
  if (!Number.isFinite(value)) {
    const text = Number.isNaN(value) ? 'NaN' : value < 0 ? '-Inf' : '+Inf';
    throw new GoError(`json: unsupported value: ${text}`);
  }
  return Object.is(value, -0) ? '-0' : String(value);
}

/** What `omitempty` leaves out: all that is false to a template, but for structs and times. */
const isEmpty = (value: Value): boolean => !isTrue(value);

/** Encodes values as Go's encoding/json does. */
export function encodeJson(value: Value, budget: Budget, style: JsonStyle): string {
  return new JsonWriter(budget, style).write(value, 0);
}

class JsonWriter {
  readonly #budget: Budget;
  readonly #style: JsonStyle;
  #length = 0;

  constructor(budget: Budget, style: JsonStyle) {
    this.#budget = budget;
    this.#style = style;
  }

  write(value: Value, depth: number): string {
    switch (typeof value) {
      case 'string':
        return this.#count(quoteJson(value, this.#style.escapeHtml));
      case 'bigint':
      case 'boolean':
        return String(value);
      case 'number':
        return encodeFloat(value);
      default:
        return this.#object(value, depth);
    }
  }

  #count(text: string): string {
    this.#length += text.length;
    this.#budget.grow(this.#length, text.length);
    return text;
  }

  #object(value: Value, depth: number): string {
    this.#budget.depth(depth);
    this.#budget.spend(1);
    if (value instanceof GoScalar) return this.write(value.value, depth);
    if (value instanceof GoTime) return encodeTime(value);
    if (value instanceof GoPointer) return this.write(value.target, depth);
    if (value instanceof GoMap) return this.#map(value, depth);
    if (value instanceof GoSlice) return this.#slice(value, depth);
    if (value instanceof GoStruct) return this.#struct(value, depth);
    return 'null';
  }

  #struct(struct: GoStruct, depth: number): string {
    const { type, data } = struct;
    const method = type.methods?.find(({ name }) => name === type.jsonText);
    if (method === undefined) return this.#join('{}', this.#fields(struct, depth), depth);
    return this.write(String(method.call(data, () => new Uint8Array(), [])), depth);
  }

  #map(map: GoMap, depth: number): string {
    if (map.isNil) return 'null';
    const members = [...map.entries.keys()]
      .sort(compareText)
      .map((key) => this.#member(key, map.entries.get(key), depth));
    return this.#join('{}', members, depth);
  }

  #member(key: string, value: Value, depth: number): string {
    const colon = this.#style.indent ? ': ' : ':';
    return this.#count(quoteJson(key, this.#style.escapeHtml)) + colon + this.write(value, depth + 1);
  }

  #slice(slice: GoSlice, depth: number): string {
    if (slice.isNil) return 'null';
    if (slice.type.of.kind === 'uint8') {
      const bytes = Uint8Array.from(slice.items, (item) => Number(item instanceof GoScalar ? item.value : 0));
      return this.#count(`"${Buffer.from(bytes).toString('base64')}"`);
    }
    const items = slice.items.map((item) => this.write(item, depth + 1));
    return this.#join('[]', items, depth);
  }

  #fields(struct: GoStruct, depth: number, shadowed: ReadonlySet<string> = new Set()): string[] {
    const own = new Set([
      ...shadowed,
      ...struct.type.fields.filter((field) => field.inline !== true).map(({ json }) => json),
    ]);
    return struct.type.fields.flatMap((field) => {
      if (field.hidden === true) return [];
      if (field.inline === true && field.type.kind === 'struct') {
        return this.#fields(new GoStruct(field.type, struct.data, false), depth, own);
      }
      return shadowed.has(field.json) ? [] : this.#field(struct, field, depth);
    });
  }

  #field(struct: GoStruct, field: GoField, depth: number): string[] {
    const value = wrap(field.type, ownValue(struct.data, field.json));
    return field.omitEmpty === true && isEmpty(value) ? [] : [this.#member(field.json, value, depth)];
  }

  #join(brackets: string, members: readonly string[], depth: number): string {
    const [open, close] = brackets;
    if (members.length === 0) return brackets;
    if (!this.#style.indent) return `${open}${members.join(',')}${close}`;
    const inner = '  '.repeat(depth + 1);
    this.#count(inner.repeat(members.length));
    return `${open}\n${inner}${members.join(`,\n${inner}`)}\n${'  '.repeat(depth)}${close}`;
  }
}
