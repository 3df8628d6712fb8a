import { joinPath, type Problem, describeProblems } from '../schema/problem.ts';
import { typedMarker, readTyped } from './typed-result.ts';
import { compileTemplate, type CompiledTemplate, type TemplateOptions } from './template.ts';
import { TemplateError } from './template-error.ts';

/** A layout that is ready to be rendered. */
export interface CompiledLayout {
  /** Renders plain data of the root type to JSON text. */
  render(data: unknown): string;
  /** Renders to plain values. */
  renderValue(data: unknown): unknown;
}

/** How a layout is compiled. */
export interface LayoutOptions extends TemplateOptions {
  /** Where the layout stands in what the user wrote: `spec.sink.webhook.layout`. */
  readonly path: string;
}

/** Says which texts of a layout are wrong; each problem has the path of its text. */
export class LayoutError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(describeProblems(problems));
    this.name = 'LayoutError';
    this.problems = problems;
  }
}

type Part = (data: unknown) => unknown;

/** Layouts nest at most this deep. */
const maxDepth = 64;

/** Compiles any value whose texts and keys are templates; throws LayoutError with all that is wrong. */
export function compileLayout(layout: unknown, options: LayoutOptions): CompiledLayout {
  const compiler = new LayoutCompiler(options);
  const part = compiler.part(layout, options.path, 0);
  if (compiler.problems.length > 0) throw new LayoutError(compiler.problems);
  return {
    renderValue: part,
    render: (data) => JSON.stringify(part(data)),
  };
}

class LayoutCompiler {
  readonly problems: Problem[] = [];
  readonly #options: LayoutOptions;

  constructor(options: LayoutOptions) {
    this.#options = options;
  }

  part(value: unknown, path: string, depth: number): Part {
    if (depth > maxDepth) {
      this.problems.push({ path, message: `layout nests more than ${maxDepth} deep; flatten it` });
      return () => null;
    }
    if (typeof value === 'string') return this.#text(value, path);
    if (Array.isArray(value)) return this.#list(value, path, depth);
    if (typeof value === 'object' && value !== null) return this.#map(value, path, depth);
    const scalar = value === undefined ? null : value;
    return () => scalar;
  }

  #list(items: readonly unknown[], path: string, depth: number): Part {
    const parts = items.map((item, index) => this.part(item, joinPath(path, index), depth + 1));
    return (data) => parts.map((part) => part(data));
  }

  #map(value: object, path: string, depth: number): Part {
    const parts = Object.entries(value).map(([key, member]) => {
      const at = joinPath(path, key);
      return [this.#compile(key, at), this.part(member, at, depth + 1)] as const;
    });
    return (data) => {
      const entries = parts.map(([key, part]) => [key?.render(data) ?? '', part(data)] as const);
      return Object.fromEntries(entries);
    };
  }

  #text(source: string, path: string): Part {
    const template = this.#compile(source, path);
    if (template === undefined) return () => null;
    if (template.constant) return () => source;
    return (data) => {
      const text = this.#render(template, data, path);
      return text.includes(typedMarker) ? readTyped(text) : text;
    };
  }

  #render(template: CompiledTemplate, data: unknown, path: string): string {
    try {
      return template.render(data);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw new LayoutError([{ path, message: error.message }]);
    }
  }

  #compile(source: string, path: string): CompiledTemplate | undefined {
    try {
      return compileTemplate(source, this.#options);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.problems.push({ path, message: error.message });
      return undefined;
    }
  }
}
