import { describeProblems, joinPath, type Problem } from '../schema/problem.ts';
import { compareText } from './go-string.ts';
import { encodeJson, quoteJson } from './json-writer.ts';
import { Budget, defaultLimits } from './limits.ts';
import { compileTemplate, type CompiledTemplate, type TemplateOptions } from './template.ts';
import { TemplateError } from './template-error.ts';
import { wrapJson } from './wrap.ts';

/** A layout that is ready to be rendered. */
export interface CompiledLayout {
  /** Renders plain data of the root type to JSON text: keys sorted and `<>&` escaped, as Go writes it. */
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

  constructor(problems: readonly Problem[], cause?: unknown) {
    super(describeProblems(problems), cause === undefined ? undefined : { cause });
    this.name = 'LayoutError';
    this.problems = problems;
  }
}

/** A piece of a layout: what it is for some data, and how JSON writes it. */
interface Part {
  value(data: unknown): unknown;
  json(data: unknown): string;
}

type Member = readonly [key: (data: unknown) => string, part: Part];

/** Layouts nest at most this deep. */
const maxDepth = 64;

/** Writes a plain value as Go's encoding/json does. */
const writeJson = (value: unknown): string =>
  encodeJson(wrapJson(value), new Budget(defaultLimits), { escapeHtml: true, indent: false });

const constantPart = (value: unknown): Part => {
  const text = writeJson(value);
  return { value: () => value, json: () => text };
};

/** Compiles any value whose texts and keys are templates; throws LayoutError with all that is wrong. */
export function compileLayout(layout: unknown, options: LayoutOptions): CompiledLayout {
  const compiler = new LayoutCompiler(options);
  const part = compiler.part(layout, options.path, 0);
  if (compiler.problems.length > 0) throw new LayoutError(compiler.problems);
  return { renderValue: (data) => part.value(data), render: (data) => part.json(data) };
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
      return constantPart(null);
    }
    if (typeof value === 'string') return this.#text(value, path);
    if (Array.isArray(value)) return this.#list(value, path, depth);
    if (typeof value === 'object' && value !== null) return this.#map(value, path, depth);
    return constantPart(value ?? null);
  }

  #list(items: readonly unknown[], path: string, depth: number): Part {
    const parts = items.map((item, index) => this.part(item, joinPath(path, index), depth + 1));
    return {
      value: (data) => parts.map((part) => part.value(data)),
      json: (data) => `[${parts.map((part) => part.json(data)).join(',')}]`,
    };
  }

  #map(value: object, path: string, depth: number): Part {
    const constant: (readonly [string, Part])[] = [];
    const members = Object.entries(value).map(([key, member]): Member => {
      const at = joinPath(path, key);
      const part = this.part(member, at, depth + 1);
      const template = this.#compile(key, at);
      if (template?.constant !== false) constant.push([key, part]);
      return [(data) => (template === undefined ? key : this.#render(template, data, at)), part];
    });
    const toValue = (data: unknown): unknown =>
      Object.fromEntries(members.map(([key, part]) => [key(data), part.value(data)]));
    if (constant.length < members.length)
      return { value: toValue, json: (data) => sortedJson(members, data) };
    return { value: toValue, json: constantKeys(constant) };
  }

  #text(source: string, path: string): Part {
    const template = this.#compile(source, path);
    if (template === undefined || template.constant) return constantPart(source);
    const value = (data: unknown): unknown => this.#try(path, () => template.renderValue(data));
    const json = (data: unknown): string => {
      const result = value(data);
      return typeof result === 'string' ? quoteJson(result, true) : writeJson(result);
    };
    return { value, json };
  }

  #render(template: CompiledTemplate, data: unknown, path: string): string {
    return this.#try(path, () => template.render(data));
  }

  #try<T>(path: string, render: () => T): T {
    try {
      return render();
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      throw new LayoutError([{ path, message: error.message }], error);
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

/** Writes a map whose keys are known: they are sorted and quoted once. */
function constantKeys(members: readonly (readonly [string, Part])[]): (data: unknown) => string {
  const sorted = members
    .toSorted(([left], [right]) => compareText(left, right))
    .map(([key, part], index) => [`${index === 0 ? '{' : ','}${quoteJson(key, true)}:`, part] as const);
  return (data) => {
    let text = '';
    for (const [before, part] of sorted) text += before + part.json(data);
    return text === '' ? '{}' : `${text}}`;
  };
}

/** Writes a map whose keys are templates; of equal keys, the last counts. */
function sortedJson(members: readonly Member[], data: unknown): string {
  const written = new Map(members.map(([key, part]) => [key(data), part.json(data)]));
  const sorted = [...written].toSorted(([left], [right]) => compareText(left, right));
  return `{${sorted.map(([key, json]) => `${quoteJson(key, true)}:${json}`).join(',')}}`;
}
