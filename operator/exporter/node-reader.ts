import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
} from 'yaml';

import { withPlaceholders } from './environment.ts';
import { type Findings } from './finding.ts';
import { unmaskColons } from './masked-colon.ts';
import { type ConfigNode, type MapEntry, type MapNode, type ScalarNode } from './node.ts';
import { readDoubleQuoted, readPlain } from './scalar.ts';

/** What nodes are read with. */
export interface NodeReaderOptions {
  readonly text: string;
  readonly lineAt: (offset: number) => number;
  readonly findings: Findings;
  /** Makes the error that ends the reading. */
  readonly refuse: (offset: number, message: string) => Error;
}

/** Reads the nodes of a parsed document. */
export interface NodeReader {
  /** `offset` is where the node would stand if there is none. */
  read(node: unknown, offset: number): ConfigNode;
}

/** Creates the reader of one document: aliases and merge keys are followed, the last of equal keys counts. */
export function createNodeReader(options: NodeReaderOptions): NodeReader {
  return new DocumentReader(options);
}

/** Aliases let a small file stand for a large one. */
const maxNodes = 200_000;
const maxDepth = 100;

class DocumentReader implements NodeReader {
  readonly #options: NodeReaderOptions;
  readonly #anchors = new Map<string, Node>();
  #nodes = 0;
  #depth = 0;

  constructor(options: NodeReaderOptions) {
    this.#options = options;
  }

  read(node: unknown, offset: number): ConfigNode {
    this.#nodes += 1;
    if (this.#nodes > maxNodes || this.#depth > maxDepth) {
      throw this.#options.refuse(offset, 'is too large or too deep, or aliases in it lead to themselves');
    }
    this.#depth += 1;
    try {
      return this.#readNode(node, offset);
    } finally {
      this.#depth -= 1;
    }
  }

  #readNode(node: unknown, offset: number): ConfigNode {
    const line = this.#options.lineAt(startOf(node) ?? offset);
    if (isAlias(node)) return this.#follow(node.source, startOf(node) ?? offset);
    this.#noteAnchor(node);
    if (isMap(node)) return this.#readMap(node, line);
    if (isSeq(node)) {
      const items = node.items.map((item) => this.read(item, startOf(item) ?? startOf(node) ?? offset));
      return { kind: 'list', line, items };
    }
    return isScalar(node) ? this.#readScalar(node, line) : nothing(line);
  }

  #noteAnchor(node: unknown): void {
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined) {
      this.#anchors.set(node.anchor, node);
    }
  }

  #follow(name: string, offset: number): ConfigNode {
    const { findings, lineAt } = this.#options;
    const target = this.#anchors.get(name);
    if (target !== undefined) return this.read(target, offset);
    const line = lineAt(offset);
    const message =
      `reads *${name} as an alias to an anchor that is not there, so the field is empty, as in the exporter (a rule without ` +
      `its field matches more): if a pattern is meant, put it in quotes and write it as one, such as ".*${name.replaceAll('*', '')}.*"`;
    findings.add('warning', { line, path: '' }, message);
    return nothing(line);
  }

  #readScalar(node: Scalar, line: number): ConfigNode {
    const written = node.srcToken !== undefined && 'source' in node.srcToken ? node.srcToken.source : '';
    switch (node.type) {
      case 'QUOTE_DOUBLE':
      case 'QUOTE_SINGLE':
        return this.#readQuoted(node, written, line);
      case 'BLOCK_FOLDED':
      case 'BLOCK_LITERAL':
        return textNode(withPlaceholders(String(node.value)), line);
      default: {
        const source = unmaskColons(node.source ?? '');
        if (node.tag === 'tag:yaml.org,2002:str') return textNode(withPlaceholders(source), line);
        return {
          kind: 'scalar',
          line,
          isQuoted: false,
          source: withPlaceholders(source),
          ...readPlain(source),
        };
      }
    }
  }

  #readQuoted({ type, value }: Scalar, written: string, line: number): ScalarNode {
    const quote = type === 'QUOTE_DOUBLE' ? '"' : "'";
    const isClosed = written.length > 1 && written.endsWith(quote);
    if (!isClosed) {
      const message =
        'opens a quote that is never closed: this value and all after it are lost, as in the exporter';
      this.#options.findings.add('warning', { line, path: '' }, message);
      return nothing(line);
    }
    const text = type === 'QUOTE_DOUBLE' ? readDoubleQuoted(written) : withPlaceholders(String(value));
    return textNode(text, line);
  }

  #readMap(map: YAMLMap, line: number): ConfigNode {
    const { text } = this.#options;
    const start = startOf(map) ?? 0;
    if (map.flow === true && text.startsWith('{{', start)) {
      const problem =
        'begins with {{ and has no quotes, so it is no template but a YAML map: put the whole value in quotes, as in ' +
        '"{{ .Message }}"';
      return { kind: 'broken', line, problem };
    }
    return this.#collect(map, line);
  }

  #collect(map: YAMLMap, line: number): MapNode {
    const { findings, lineAt } = this.#options;
    const merged = new Map<string, MapEntry>();
    const own = new Map<string, MapEntry>();
    for (const pair of map.items) {
      const at = startOf(pair.key) ?? startOf(map) ?? 0;
      const key = this.#readKey(pair, at);
      if (key === '<<' && isScalar(pair.key) && pair.key.type === 'PLAIN') {
        for (const entry of mergedEntries(this.read(pair.value, at))) merged.set(entry.key, entry);
        continue;
      }
      const entry = { key, line: lineAt(at), node: this.read(pair.value, at) };
      const before = own.get(key);
      if (before !== undefined) {
        const message = `is set a second time (first in line ${before.line}), and the last one counts, as in the exporter: keep one`;
        findings.add('warning', { line: entry.line, path: key }, message);
      }
      own.set(key, entry);
    }
    return { kind: 'map', line, entries: [...new Map([...merged, ...own]).values()] };
  }

  #readKey(pair: Pair, at: number): string {
    const { refuse } = this.#options;
    const token = isPair(pair)
      ? (pair as { srcToken?: { start: readonly { type: string }[] } }).srcToken
      : undefined;
    if (token?.start.some(({ type }) => type === 'explicit-key-ind') === true) {
      throw refuse(at, 'writes a key with `?`, which the exporter refuses: write `key: value`');
    }
    const key = this.read(pair.key, at);
    if (key.kind === 'scalar') return key.text;
    throw refuse(at, 'has a key that is no text: write `key: value`, and values with {{ in quotes');
  }
}

function textNode(text: string, line: number): ScalarNode {
  return { kind: 'scalar', line, value: text, text, source: text, isQuoted: true };
}

function nothing(line: number): ScalarNode {
  return { kind: 'scalar', line, value: null, text: '', source: '', isQuoted: false };
}

function startOf(node: unknown): number | undefined {
  if (!isAlias(node) && !isMap(node) && !isSeq(node) && !isScalar(node)) return undefined;
  return node.range?.[0];
}

function mergedEntries(node: ConfigNode): readonly MapEntry[] {
  if (node.kind === 'map') return node.entries;
  return node.kind === 'list' ? node.items.toReversed().flatMap(mergedEntries) : [];
}
