import { type Findings, type Severity } from './finding.ts';
import { type Block, type BlockValue, type PlainValue } from './sink-block.ts';

/** A block that is being changed into what our sink of the same name takes. */
export interface BlockEdit {
  /** Fields of our sink beside those that the block becomes. */
  readonly extras: Record<string, unknown>;
  readonly result: Block;
  has(key: string): boolean;
  /** The text of a key; empty when there is none. */
  text(key: string): string;
  list(key: string): readonly string[];
  inner(key: string): Block | undefined;
  layout(key: string): Readonly<Record<string, unknown>> | undefined;
  set(key: string, value: PlainValue): void;
  setInner(key: string, block: Block, values: ReadonlyMap<string, BlockValue>): void;
  remove(key: string): void;
  /** Tells something about a key, or about the block as a whole when the key is empty. */
  tell(severity: Severity, key: string, message: string): void;
}

/** Begins to change a block. */
export function editBlock(block: Block, findings: Findings): BlockEdit {
  return new ChangedBlock(block, findings);
}

class ChangedBlock implements BlockEdit {
  readonly extras: Record<string, unknown> = {};
  readonly #block: Block;
  readonly #findings: Findings;
  readonly #values: Map<string, BlockValue>;

  constructor(block: Block, findings: Findings) {
    this.#block = block;
    this.#findings = findings;
    this.#values = new Map(block.values);
  }

  get result(): Block {
    return { ...this.#block, values: this.#values };
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  text(key: string): string {
    const value = this.#plain(key);
    return typeof value === 'string' ? value : '';
  }

  list(key: string): readonly string[] {
    const value = this.#plain(key);
    return Array.isArray(value) ? (value as readonly string[]) : [];
  }

  inner(key: string): Block | undefined {
    const value = this.#values.get(key);
    return value?.kind === 'block' ? value.block : undefined;
  }

  layout(key: string): Readonly<Record<string, unknown>> | undefined {
    const value = this.#values.get(key);
    return value?.kind === 'layout' ? (value.layout as Readonly<Record<string, unknown>>) : undefined;
  }

  #plain(key: string): PlainValue | undefined {
    const value = this.#values.get(key);
    return value?.kind === 'plain' ? value.value : undefined;
  }

  set(key: string, value: PlainValue): void {
    this.#values.set(key, { kind: 'plain', value });
  }

  setInner(key: string, block: Block, values: ReadonlyMap<string, BlockValue>): void {
    this.#values.set(key, { kind: 'block', block: { ...block, values } });
  }

  remove(key: string): void {
    this.#values.delete(key);
  }

  tell(severity: Severity, key: string, message: string): void {
    const line = this.#block.lines.get(key) ?? this.#block.line;
    const path = key === '' ? this.#block.path : `${this.#block.path}.${key}`;
    this.#findings.add(severity, { line, path }, message);
  }
}
