import { joinPath } from '../schema/problem.ts';
import { createFieldReader, type FieldReader, unknownKey } from './field-reader.ts';
import { type Findings } from './finding.ts';
import { readLayout } from './layout.ts';
import { type ConfigNode, isNull } from './node.ts';
import { findKey, type KeyKind, type KeyTable } from './sink-keys.ts';

/** A value without further meaning. */
export type PlainValue = string | number | boolean | readonly string[] | Readonly<Record<string, string>>;

/** What a key of a block is set to: a value, a document of templates, the path of a file whose content is meant, a block. */
export type BlockValue =
  | { readonly kind: 'plain'; readonly value: PlainValue }
  | { readonly kind: 'layout'; readonly layout: unknown }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'block'; readonly block: Block };

/** The block of a sink, or a block inside of it: what is set in it, by the exporter's keys. */
export interface Block {
  readonly values: ReadonlyMap<string, BlockValue>;
  /** Where it was written, in the file. */
  readonly path: string;
  readonly line: number;
  /** The line of each key. */
  readonly lines: ReadonlyMap<string, number>;
}

/** Reads the block of a sink by the table of its keys. What is empty is left away, as for the exporter. */
export function readBlock(
  node: ConfigNode,
  {
    path,
    keys,
    line = node.line,
  }: { readonly path: string; readonly keys: KeyTable; readonly line?: number },
  findings: Findings,
): Block {
  const reader = createFieldReader(findings);
  const values = new Map<string, BlockValue>();
  const lines = new Map<string, number>();
  const known = Object.keys(keys);
  for (const entry of reader.entries(node, path) ?? []) {
    const at = joinPath(path, entry.key);
    const place = { line: entry.line, path: at };
    const key = findKey(entry.key, known);
    const kind = key === undefined ? undefined : keys[key];
    if (key === undefined || kind === undefined) {
      findings.add('warning', place, unknownKey(entry.key, known));
      continue;
    }
    if (key !== entry.key) {
      findings.add(
        'warning',
        place,
        `is ignored by the exporter, which calls it \`${key}\`; it is taken for that here: rename it`,
      );
    }
    lines.set(key, entry.line);
    const value = readValue(entry.node, { path: at, kind, line: entry.line }, { reader, findings });
    if (value !== undefined) values.set(key, value);
  }
  return { values, path, line, lines };
}

interface ValueTools {
  readonly reader: FieldReader;
  readonly findings: Findings;
}

function readValue(
  node: ConfigNode,
  { path, kind, line }: { readonly path: string; readonly kind: KeyKind | KeyTable; readonly line: number },
  { reader, findings }: ValueTools,
): BlockValue | undefined {
  if (isNull(node)) return undefined;
  if (typeof kind === 'object') {
    return { kind: 'block', block: readBlock(node, { path, keys: kind, line }, findings) };
  }
  return readKind[kind](node, path, { reader, findings });
}

const readKind: Readonly<
  Record<KeyKind, (node: ConfigNode, path: string, tools: ValueTools) => BlockValue | undefined>
> = {
  // Go does not tell an empty value from none
  text: (node, path, { reader }) => plain(reader.text(node, path) || undefined),
  integer: (node, path, { reader }) => plain(reader.integer(node, path) || undefined),
  boolean: (node, path, { reader }) => plain(reader.boolean(node, path)),
  texts: (node, path, { reader }) => plain(reader.texts(node, path)),
  textMap: (node, path, { reader }) => plain(reader.textMap(node, path)),
  layout: (node, path, { findings }) => {
    const layout = readLayout(node, path, findings);
    return layout === undefined ? undefined : { kind: 'layout', layout };
  },
  file: (node, path, { reader }) => {
    const file = reader.text(node, path);
    return file ? { kind: 'file', file } : undefined;
  },
};

function plain(value: PlainValue | undefined): BlockValue | undefined {
  return value === undefined ? undefined : { kind: 'plain', value };
}
