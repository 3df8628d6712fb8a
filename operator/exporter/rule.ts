import { RE2JS } from 're2js';

import { compilePattern } from '../routing/pattern.ts';
import { type Rule } from '../routing/route-fields.ts';
import { joinPath } from '../schema/problem.ts';
import { createFieldReader, type FieldReader, unknownKey } from './field-reader.ts';
import { type Findings } from './finding.ts';
import { type ConfigNode, isNull, type MapEntry } from './node.ts';

/** The fields of a rule of the exporter's that hold a pattern. */
const textFields = [
  'message',
  'apiVersion',
  'kind',
  'namespace',
  'reason',
  'type',
  'component',
  'host',
] as const;
const mapFields = ['labels', 'annotations'] as const;

/** The keys of a rule in the exporter's file. */
export const ruleKeys = [...textFields, ...mapFields, 'minCount', 'receiver'] as const;

/** What rules are read with. */
export interface RuleContext {
  readonly findings: Findings;
  /** The exporter looks no objects up, so that no rule with labels or annotations ever matches. */
  readonly omitsLookup: boolean;
  /** Gives the EventReceiver that a receiver's name became; undefined, and told, when there is none. */
  readonly receiver: (
    name: string,
    place: { readonly line: number; readonly path: string },
  ) => string | undefined;
}

const maxCount = 2_147_483_647;
/** A condition that never holds: what the exporter makes of a rule that it cannot evaluate. */
const never = 'false';

type Draft = { -readonly [Key in keyof Rule]?: Rule[Key] };

/** Reads a rule of the exporter's as one of ours that matches the same events. */
export function readRule(
  node: ConfigNode,
  { path, list }: { readonly path: string; readonly list: 'drop' | 'match' },
  context: RuleContext,
): Rule {
  const reader = createFieldReader(context.findings);
  const reading = new RuleReading(reader, context);
  for (const entry of reader.entries(node, path) ?? []) reading.take(entry, joinPath(path, entry.key), list);
  return reading.rule;
}

class RuleReading {
  readonly rule: Draft = {};
  readonly #read: FieldReader;
  readonly #context: RuleContext;

  constructor(read: FieldReader, context: RuleContext) {
    this.#read = read;
    this.#context = context;
  }

  take(entry: MapEntry, path: string, list: 'drop' | 'match'): void {
    const { key, node } = entry;
    if (isOneOf(textFields, key)) this.#takeText(key, node, path);
    else if (isOneOf(mapFields, key)) this.#takeMap(key, node, path);
    else if (key === 'minCount') this.#takeCount(node, path);
    else if (key === 'receiver') this.#takeReceiver(entry, path, list);
    else this.#context.findings.add('warning', { line: entry.line, path }, unknownKey(key, ruleKeys));
  }

  #takeText(key: (typeof textFields)[number], node: ConfigNode, path: string): void {
    const text = this.#read.text(node, path);
    if (text === undefined || text === '') return;
    const pattern = this.#pattern(text, { line: node.line, path });
    if (pattern === undefined) this.rule.when = never;
    else this.rule[key] = pattern;
  }

  #takeMap(key: (typeof mapFields)[number], node: ConfigNode, path: string): void {
    const entries = this.#read.entries(node, path) ?? [];
    if (isNull(node) || entries.length === 0) return;
    const { omitsLookup, findings } = this.#context;
    if (omitsLookup) {
      const message = `never match in the exporter with omitLookup: true, since it does not know the ${key}; the rule is kept as one that never matches (when: "false"): take omitLookup or ${key} out`;
      findings.add('warning', { line: node.line, path }, message);
      this.rule.when = never;
      return;
    }
    const patterns: Record<string, string> = {};
    for (const { key: name, line, node: value } of entries) {
      const at = joinPath(path, name);
      const text = this.#read.text(value, at);
      const pattern = text === undefined || text === '' ? text : this.#pattern(text, { line, path: at });
      if (pattern === undefined) this.rule.when = never;
      else patterns[name] = pattern;
    }
    if (Object.keys(patterns).length > 0) this.rule[key] = patterns;
  }

  #takeCount(node: ConfigNode, path: string): void {
    const count = this.#read.integer(node, path);
    if (count === undefined || count <= 0) return;
    if (count <= maxCount) this.rule.minCount = count;
    else this.#context.findings.add('error', { line: node.line, path }, `must be at most ${maxCount}`);
  }

  #takeReceiver({ line, node }: MapEntry, path: string, list: 'drop' | 'match'): void {
    const name = this.#read.text(node, path);
    if (name === undefined || name === '') return;
    const { findings, receiver } = this.#context;
    if (list === 'drop') {
      findings.add(
        'warning',
        { line, path },
        'is ignored by the exporter, and so it is here: what a drop rule matches goes nowhere; take it out',
      );
      return;
    }
    const made = receiver(name, { line, path });
    if (made !== undefined) this.rule.receiver = made;
  }

  /** Gives the pattern of ours that matches the same texts; undefined when the exporter's matches none. */
  #pattern(text: string, place: { readonly line: number; readonly path: string }): string | undefined {
    const { findings } = this.#context;
    const pattern = text.startsWith('!') ? `\\${text}` : text;
    const compiled = compilePattern(pattern);
    if ('problem' in compiled && isRe2(text)) {
      findings.add('error', place, compiled.problem);
      return undefined;
    }
    if ('problem' in compiled) {
      const message = `${compiled.problem}; the exporter swallows that and lets the rule never match: it is kept as one that never matches (when: "false"), mend the pattern`;
      findings.add('warning', place, message);
      return undefined;
    }
    if (compiled.note !== undefined) {
      const message = `${compiled.note}; in the exporter the rule never matches, without a word: write the pattern that you mean`;
      findings.add('warning', place, message);
    }
    return pattern;
  }
}

/** Tells whether Go's regexp takes a pattern, whatever we think of its size. */
function isRe2(text: string): boolean {
  try {
    RE2JS.compile(text);
    return true;
  } catch {
    return false;
  }
}

function isOneOf<const V extends readonly string[]>(values: V, text: string): text is V[number] {
  return values.includes(text);
}
