/** A value of an exporter's file, with the line it stands on. */
export type ConfigNode = ScalarNode | ListNode | MapNode | BrokenNode;

/** A single value. */
export interface ScalarNode {
  readonly kind: 'scalar';
  readonly line: number;
  /** What the exporter's YAML makes of it. */
  readonly value: null | boolean | number | string;
  /** What it gives in a field of text: numbers are reprinted, null is empty. */
  readonly text: string;
  /** As written, without quotes. */
  readonly source: string;
  readonly isQuoted: boolean;
}

/** A list. */
export interface ListNode {
  readonly kind: 'list';
  readonly line: number;
  readonly items: readonly ConfigNode[];
}

/** A map; of equal keys only the last is there. */
export interface MapNode {
  readonly kind: 'map';
  readonly line: number;
  readonly entries: readonly MapEntry[];
}

/** A key of a map with its value. */
export interface MapEntry {
  readonly key: string;
  readonly line: number;
  readonly node: ConfigNode;
}

/** Something that YAML reads, and nobody means: templates without quotes. */
export interface BrokenNode {
  readonly kind: 'broken';
  readonly line: number;
  readonly problem: string;
}

/** Tells whether nothing was written: no value, `null` or `~`. */
export function isNull(node: ConfigNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}
