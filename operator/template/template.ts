import { Eta } from 'eta';
import { type GoType } from '../schema/go-type.ts';
import { CodeScope, type Flaw } from './code-scope.ts';
import { finishText } from './go-string.ts';
import { defaultLimits, type TemplateLimits } from './limits.ts';
import { generateProgram } from './program.ts';
import { Rendering, type RenderingOptions } from './rendering.ts';
import { type Entry } from './statement-generator.ts';
import { GoError, LimitError, placeOf, TemplateError } from './template-error.ts';
import { objectOf } from './wrap.ts';

/** A template that is ready to be rendered. */
export interface CompiledTemplate {
  readonly source: string;
  /** It is text without any action: what it renders is the source. */
  readonly constant: boolean;
  /** What would fail if it were ever reached, such as an unknown field inside an `if`. */
  readonly flaws: readonly Flaw[];
  /** Renders plain data of the root type; throws TemplateError of stage `execute`. */
  render(data: unknown): string;
  /** Renders to text, or to the value of `toTyped` where that is all there is. */
  renderValue(data: unknown): unknown;
}

/** How a template is compiled. */
export interface TemplateOptions {
  /** The Go type of the data: what `.` is. */
  readonly root: GoType;
  readonly limits?: Partial<TemplateLimits>;
  /** Gives numbers from 0 to below 1, for the random functions. @default Math.random */
  readonly random?: () => number;
  /** @default the system's clock */
  readonly now?: () => Date;
}

/** Source beyond this length is refused, in UTF-16 units. */
const maxSourceLength = 262_144;

type Code = (input: { r: Rendering; k: readonly unknown[] }, options: undefined) => string;

/** Compiles a Go template; throws TemplateError of stage `parse`, or `compile` when it could never work. */
export function compileTemplate(source: string, options: TemplateOptions): CompiledTemplate {
  const text = source.toWellFormed();
  if (text.length > maxSourceLength) {
    const detail = `template is longer than ${maxSourceLength} characters`;
    throw new TemplateError(detail, { stage: 'parse', line: 1, column: 0 });
  }
  if (!text.includes('{{'))
    return { source, constant: true, flaws: [], render: () => text, renderValue: () => text };
  const rendering: RenderingOptions = {
    limits: { ...defaultLimits, ...options.limits },
    random: options.random ?? Math.random,
    now: options.now ?? (() => new Date()),
  };
  return new GoTemplate(text, options.root, rendering);
}

class GoTemplate implements CompiledTemplate {
  readonly source: string;
  readonly constant: boolean = false;
  readonly flaws: readonly Flaw[];
  readonly #code: Code;
  readonly #eta: Eta;
  readonly #offsets: readonly number[];
  readonly #calls: ReadonlyMap<number, string>;
  readonly #constants: readonly unknown[];
  readonly #cutsBytes: boolean;
  readonly #options: RenderingOptions;

  constructor(source: string, root: GoType, options: RenderingOptions) {
    this.source = source;
    this.#options = options;
    const scope = new CodeScope(source);
    const entries = generateProgram(source, root, scope);
    this.flaws = scope.flaws;
    this.#offsets = scope.offsets;
    this.#calls = scope.calls;
    this.#eta = etaFor(entries);
    this.#constants = scope.constants;
    this.#cutsBytes = scope.cutsBytes;
    this.#code = (this.#eta.compile('') as unknown as Code).bind(this.#eta);
  }

  render(data: unknown): string {
    return this.#run(new Rendering(objectOf(data), this.#options));
  }

  renderValue(data: unknown): unknown {
    const rendering = new Rendering(objectOf(data), this.#options);
    const text = this.#run(rendering);
    return text.trim() === rendering.typed ? (JSON.parse(text) as unknown) : text;
  }

  #run(rendering: Rendering): string {
    try {
      const text = this.#code({ r: rendering, k: this.#constants }, undefined);
      return rendering.checked(this.#cutsBytes ? finishText(text) : text);
    } catch (error) {
      throw this.#explain(error, rendering.at);
    }
  }

  #explain(error: unknown, at: number): unknown {
    const where = placeOf(this.source, this.#offsets[at] ?? 0);
    if (error instanceof GoError) {
      const name = error instanceof LimitError ? undefined : this.#calls.get(at);
      const detail = name === undefined ? error.message : `error calling ${name}: ${error.message}`;
      return new TemplateError(detail, { stage: 'execute', ...where });
    }
    if (error instanceof RangeError) {
      // A deep recursion that our own limits did not see, or a text that is too long for the engine.
      const detail = 'template needs more memory or nesting than there is';
      return new TemplateError(detail, { stage: 'execute', ...where, cause: error });
    }
    return error;
  }
}

/** Where the code that we make begins in the function that eta writes, and what eta puts behind it. */
const firstCode = 'const r=it.r,';
const lastCode = '\nif (__eta.layout)';

/** Leaves out what eta's own layouts, blocks and includes need: no template of ours can name them. */
function withoutPreamble(code: string): string {
  const from = code.indexOf(firstCode);
  const to = code.lastIndexOf(lastCode);
  return `let __eta={res:""};${code.slice(from, to < 0 ? undefined : to)}\nreturn __eta.res;`;
}

/** Eta writes and compiles the function; its own lexer never sees the template. */
function etaFor(entries: Entry[]): Eta {
  const plugin = {
    processTemplate: () => '',
    processAST: () => entries as never,
    processFnString: withoutPreamble,
  };
  return new Eta({ autoEscape: false, autoTrim: false, plugins: [plugin] });
}
