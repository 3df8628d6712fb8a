import { Formatter } from './formatter.ts';
import { type Budget } from './limits.ts';
import { type FormatFlags, plainFlags } from './text-format.ts';
import { integerOf, typeNameOf } from './value-type.ts';
import { type Value } from './value.ts';

/** Widths and precisions beyond this are refused, as by Go. */
const tooLarge = 1_000_000;

type Flags = { -readonly [Name in keyof FormatFlags]: FormatFlags[Name] };

const setters = new Map<string, (flags: Flags) => void>([
  ['#', (flags) => (flags.sharp = true)],
  ['0', (flags) => (flags.zero = true)],
  ['+', (flags) => (flags.plus = true)],
  ['-', (flags) => (flags.minus = true)],
  [' ', (flags) => (flags.space = true)],
]);

/** Writes values by a format as Go's fmt.Sprintf does; mistakes show in the text and are no errors. */
export function sprintf(format: string, values: readonly Value[], budget: Budget): string {
  return new Sprintf(format, values, budget).write();
}

class Sprintf {
  readonly #format: string;
  readonly #values: readonly Value[];
  readonly #budget: Budget;
  #at = 0;
  #text = '';
  #argument = 0;
  #reordered = false;
  #goodIndex = true;
  #afterIndex = false;

  constructor(format: string, values: readonly Value[], budget: Budget) {
    this.#format = format;
    this.#values = values;
    this.#budget = budget;
  }

  write(): string {
    while (this.#at < this.#format.length) {
      const percent = this.#format.indexOf('%', this.#at);
      const end = percent < 0 ? this.#format.length : percent;
      this.#add(this.#format.slice(this.#at, end));
      this.#at = end + 1;
      if (percent >= 0) this.#verb();
    }
    if (!this.#reordered && this.#argument < this.#values.length) this.#extra();
    return this.#text;
  }

  #add(text: string): void {
    this.#text += text;
    this.#budget.grow(this.#text.length, text.length);
  }

  #verb(): void {
    this.#goodIndex = true;
    this.#afterIndex = false;
    const flags: Flags = { ...plainFlags };
    for (let set = this.#setter(); set !== undefined; set = this.#setter()) {
      set(flags);
      this.#at += 1;
    }
    this.#index();
    this.#width(flags);
    this.#precision(flags);
    this.#lateIndex();
    if (this.#at >= this.#format.length) {
      this.#add('%!(NOVERB)');
      return;
    }
    const verb = String.fromCodePoint(this.#format.codePointAt(this.#at) ?? 0);
    this.#at += verb.length;
    this.#one(verb, flags);
  }

  /** An argument index may also stand right before the verb. */
  #lateIndex(): void {
    if (!this.#afterIndex) this.#index();
  }

  #setter(): ((flags: Flags) => void) | undefined {
    return setters.get(this.#format.charAt(this.#at));
  }

  #width(flags: Flags): void {
    if (this.#format.charAt(this.#at) === '*') {
      this.#at += 1;
      const width = this.#star();
      if (width === undefined) this.#add('%!(BADWIDTH)');
      else if (width < 0) {
        flags.minus = true;
        flags.width = -width;
      } else flags.width = width;
      this.#afterIndex = false;
      return;
    }
    const width = this.#number();
    if (width === undefined) return;
    flags.width = width > tooLarge ? undefined : width;
    if (this.#afterIndex) this.#goodIndex = false;
  }

  #precision(flags: Flags): void {
    if (this.#format.charAt(this.#at) !== '.') return;
    this.#at += 1;
    if (this.#afterIndex) this.#goodIndex = false;
    this.#index();
    if (this.#format.charAt(this.#at) === '*') {
      this.#at += 1;
      const precision = this.#star();
      if (precision === undefined || precision < 0) this.#add('%!(BADPREC)');
      else flags.precision = precision;
      this.#afterIndex = false;
      return;
    }
    const precision = this.#number() ?? 0;
    flags.precision = precision > tooLarge ? 0 : precision;
  }

  #number(): number | undefined {
    const digits = /[0-9]*/y;
    digits.lastIndex = this.#at;
    const text = digits.exec(this.#format)?.[0] ?? '';
    if (text === '') return undefined;
    if (Number(text) > tooLarge) {
      // Go gives up on the number where it becomes too large; what follows is taken for the verb.
      this.#at += text.length;
      return undefined;
    }
    this.#at += text.length;
    return Number(text);
  }

  #star(): number | undefined {
    const value = this.#argument < this.#values.length ? integerOf(this.#values[this.#argument]) : undefined;
    if (this.#argument < this.#values.length) this.#argument += 1;
    if (value === undefined || value > BigInt(tooLarge) || value < BigInt(-tooLarge)) return undefined;
    return Number(value);
  }

  /** Reads an explicit argument index such as `[2]`. */
  #index(): void {
    if (this.#format.charAt(this.#at) !== '[') return;
    this.#reordered = true;
    const close = this.#format.indexOf(']', this.#at);
    if (close < 0) {
      this.#goodIndex = false;
      this.#at += 1;
      return;
    }
    const inner = this.#format.slice(this.#at + 1, close);
    this.#at = close + 1;
    const index = /^[0-9]+$/.test(inner) ? Number(inner) : 0;
    if (index < 1 || index > this.#values.length) this.#goodIndex = false;
    else {
      this.#argument = index - 1;
      this.#afterIndex = true;
    }
  }

  #one(verb: string, flags: Flags): void {
    if (verb === '%') {
      this.#add('%');
      return;
    }
    if (!this.#goodIndex) {
      this.#add(`%!${verb}(BADINDEX)`);
      return;
    }
    if (this.#argument >= this.#values.length) {
      this.#add(`%!${verb}(MISSING)`);
      return;
    }
    const value = this.#values[this.#argument];
    this.#argument += 1;
    if (verb === 'w') {
      this.#add(new Formatter(this.#budget, verb, flags).format(value));
      return;
    }
    if (verb === 'v') {
      if (flags.sharp) Object.assign(flags, { sharp: false, sharpV: true });
      if (flags.plus) Object.assign(flags, { plus: false, plusV: true });
    }
    this.#budget.text((flags.width ?? 0) + (flags.precision ?? 0));
    this.#add(new Formatter(this.#budget, verb, flags).format(value));
  }

  #extra(): void {
    const extra = this.#values.slice(this.#argument).map((value) => {
      if (value === undefined || value === null) return '<nil>';
      return `${typeNameOf(value)}=${new Formatter(this.#budget, 'v', plainFlags).format(value)}`;
    });
    this.#add(`%!(EXTRA ${extra.join(', ')})`);
  }
}
