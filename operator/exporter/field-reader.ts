import { nearMiss } from '../schema/validate.ts';
import { joinPath } from '../schema/problem.ts';
import { type Findings, type Place } from './finding.ts';
import { type ConfigNode, isNull, type MapEntry } from './node.ts';

/** Reads values as the fields of the exporter's configuration take them. What does not fit is an error. */
export interface FieldReader {
  /** A text; empty when nothing is written. */
  text(node: ConfigNode, path: string): string | undefined;
  /** A whole number; fractions are cut off, as the exporter does; undefined when nothing is written. */
  integer(node: ConfigNode, path: string): number | undefined;
  number(node: ConfigNode, path: string): number | undefined;
  boolean(node: ConfigNode, path: string): boolean | undefined;
  texts(node: ConfigNode, path: string): readonly string[] | undefined;
  textMap(node: ConfigNode, path: string): Readonly<Record<string, string>> | undefined;
  /** The entries of a map; none when nothing is written. */
  entries(node: ConfigNode, path: string): readonly MapEntry[] | undefined;
  /** The items of a list; none when nothing is written. Items that are null are errors. */
  items(node: ConfigNode, path: string): readonly ConfigNode[] | undefined;
}

/** Creates a reader that tells what is wrong to `findings`. */
export function createFieldReader(findings: Findings): FieldReader {
  return new TellingReader(findings);
}

/** Says that a key is not known, with the one that may be meant. */
export function unknownKey(key: string, known: readonly string[]): string {
  const near = nearMiss(key, known);
  const hint = near === undefined ? '' : `; did you mean \`${near}\`?`;
  return `is not known to the exporter, which ignores it without a word, and so it is here${hint}`;
}

class TellingReader implements FieldReader {
  readonly #findings: Findings;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  text(node: ConfigNode, path: string): string | undefined {
    if (node.kind !== 'scalar') {
      this.#fail(node, path, 'a text');
      return undefined;
    }
    const isReprinted = typeof node.value === 'number' && !node.isQuoted && node.text !== node.source;
    if (isReprinted) {
      const message = `is the number ${node.source}, which the exporter reads as ${node.text}, and so it is here: put it in quotes to keep it`;
      this.#findings.add('warning', { line: node.line, path }, message);
    }
    return node.text;
  }

  integer(node: ConfigNode, path: string): number | undefined {
    const value = this.number(node, path);
    if (value === undefined || Number.isInteger(value)) return value;
    const whole = Math.trunc(value);
    this.#findings.add(
      'warning',
      { line: node.line, path },
      `is cut to ${whole}, as in the exporter: write a whole number`,
    );
    return whole;
  }

  number(node: ConfigNode, path: string): number | undefined {
    if (isUnset(node)) return undefined;
    if (node.kind !== 'scalar') {
      this.#fail(node, path, 'a number');
      return undefined;
    }
    if (typeof node.value === 'number' && Math.abs(node.value) <= Number.MAX_SAFE_INTEGER) return node.value;
    const quoted =
      typeof node.value === 'string' && /^-?\d+(\.\d+)?$/.test(node.value) ? Number(node.value) : undefined;
    if (quoted === undefined) {
      this.#fail(node, path, 'a number');
      return undefined;
    }
    this.#tellQuoted(node, path);
    return quoted;
  }

  boolean(node: ConfigNode, path: string): boolean | undefined {
    if (isUnset(node)) return undefined;
    if (node.kind !== 'scalar') {
      this.#fail(node, path, 'true or false');
      return undefined;
    }
    if (typeof node.value === 'boolean') return node.value;
    const meant = /^(true|yes|on)$/i.test(node.text)
      ? true
      : /^(false|no|off)$/i.test(node.text)
        ? false
        : undefined;
    if (meant === undefined) {
      this.#fail(node, path, 'true or false');
      return undefined;
    }
    this.#findings.add(
      'warning',
      { line: node.line, path },
      `is refused by the exporter and taken as ${meant} here: write ${meant}, without quotes`,
    );
    return meant;
  }

  texts(node: ConfigNode, path: string): readonly string[] | undefined {
    if (isNull(node)) return undefined;
    const items = this.items(node, path);
    const texts = items?.map((item, index) => this.text(item, joinPath(path, index)));
    return texts?.filter((text) => text !== undefined);
  }

  textMap(node: ConfigNode, path: string): Readonly<Record<string, string>> | undefined {
    if (isNull(node)) return undefined;
    const pairs = this.entries(node, path)?.map(
      (entry) => [entry.key, this.text(entry.node, joinPath(path, entry.key))] as const,
    );
    return (
      pairs && Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined))
    );
  }

  entries(node: ConfigNode, path: string): readonly MapEntry[] | undefined {
    if (isNull(node)) return [];
    if (node.kind === 'map') return node.entries;
    this.#fail(node, path, 'a map');
    return undefined;
  }

  items(node: ConfigNode, path: string): readonly ConfigNode[] | undefined {
    if (isNull(node)) return [];
    if (node.kind !== 'list') {
      this.#fail(node, path, 'a list');
      return undefined;
    }
    return node.items.filter((item, index) => {
      if (!isNull(item)) return true;
      this.#findings.add(
        'error',
        { line: item.line, path: joinPath(path, index) },
        'is an empty item of a list, which the exporter refuses: fill it or take it out',
      );
      return false;
    });
  }

  #tellQuoted({ line }: ConfigNode, path: string): void {
    this.#findings.add(
      'warning',
      { line, path },
      'is a number in quotes, which the exporter refuses; it is taken as the number here: take the quotes off',
    );
  }

  #fail(node: ConfigNode, path: string, wanted: string): void {
    const place: Place = { line: node.line, path };
    this.#findings.add(
      'error',
      place,
      node.kind === 'broken' ? node.problem : `must be ${wanted}, not ${describe(node)}`,
    );
  }
}

/** Nothing is written, or a variable that is not set and was kept: for the exporter that is nothing, too. */
function isUnset(node: ConfigNode): boolean {
  return isNull(node) || (node.kind === 'scalar' && /^\$\{?[A-Za-z_]\w*\}?$/.test(node.text));
}

/** What was written can be a secret, so only its kind is told, unless it is a short word. */
function describe(node: Exclude<ConfigNode, { kind: 'broken' }>): string {
  if (node.kind !== 'scalar') return `a ${node.kind}`;
  if (node.value === null) return 'empty';
  return /^[\w|.-]{1,20}$/.test(node.text) ? `\`${node.text}\`` : 'this text';
}
