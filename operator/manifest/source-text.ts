import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseAllDocuments, type Document } from 'yaml';

import { splitPath } from './field-path.ts';

/** Where something is written. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A value of a file with the place of each of its fields. */
export interface SourceValue {
  readonly value: unknown;
  readonly place: Place;
  /** Finds a field by its path; of one that is missing, the nearest thing around it. */
  readonly locate: (path: string) => Place;
}

/** A part of a file that could not be read. */
export interface SourceProblem {
  readonly place: Place;
  readonly message: string;
}

/** What a file holds. */
export interface SourceText {
  readonly values: readonly SourceValue[];
  readonly problems: readonly SourceProblem[];
}

/** Reads YAML or JSON documents; the items of a List count as documents of their own. */
export function readSource(text: string, file: string): SourceText {
  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const values: SourceValue[] = [];
  const problems: SourceProblem[] = [];
  for (const document of parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })) {
    const [error] = document.errors;
    if (error !== undefined) {
      problems.push({
        place: placeAt(error.pos[0]),
        message: `is not valid YAML: ${sentence(error.message)}`,
      });
      continue;
    }
    try {
      values.push(...valuesOf(document, placeAt));
    } catch (cause) {
      // aliases that lead nowhere, or that would blow a small file up
      const told = cause instanceof Error ? cause.message : String(cause);
      problems.push({
        place: placeAt(offsetOf(document, [])),
        message: `is not valid YAML: ${sentence(told)}`,
      });
    }
  }
  return { values, problems };
}

function sentence(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/[:.]$/, '');
}

function valuesOf(document: Document, placeAt: (offset: number) => Place): SourceValue[] {
  const whole: unknown = document.toJS();
  if (whole === null || whole === undefined) return [];
  const at =
    (prefix: readonly (string | number)[]): SourceValue['locate'] =>
    (path) =>
      placeAt(offsetOf(document, [...prefix, ...splitPath(path)]));
  if (!isList(whole)) return [{ value: whole, place: placeAt(offsetOf(document, [])), locate: at([]) }];
  return whole.items.map((value, index) => {
    const prefix = ['items', index];
    return { value, place: placeAt(offsetOf(document, prefix)), locate: at(prefix) };
  });
}

function isList(value: unknown): value is { readonly items: readonly unknown[] } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const { kind, items } = value as { kind?: unknown; items?: unknown };
  return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items);
}

function offsetOf(document: Document, keys: readonly (string | number)[]): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const key of keys) {
    const step = stepInto(isAlias(node) ? node.resolve(document) : node, key);
    if (step === undefined) return offset;
    offset = step.offset ?? offset;
    node = step.node;
  }
  return offset;
}

/** A field is where its key is, an entry of a list where it begins. */
function stepInto(
  node: unknown,
  key: string | number,
): { readonly node: unknown; readonly offset: number | undefined } | undefined {
  if (isSeq(node)) {
    const item = typeof key === 'number' ? node.items[key] : undefined;
    return item === undefined ? undefined : { node: item, offset: startOf(item) };
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((each) => isScalar(each.key) && String(each.key.value) === String(key));
  return pair === undefined ? undefined : { node: pair.value, offset: startOf(pair.key) };
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
