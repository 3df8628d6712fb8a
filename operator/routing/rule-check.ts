import { type ClusterEvent } from '../event/cluster-event.ts';
import { type Expression } from './expression.ts';
import { type Pattern } from './pattern.ts';

/** One condition of a rule. */
export interface RuleCheck {
  readonly matches: (event: ClusterEvent) => boolean;
  /** Says why the event does not match, naming both what it has and what the rule wants. */
  readonly whyNot: (event: ClusterEvent) => string;
}

/** A text field of a rule, and where an event has it. */
export interface TextField {
  readonly field: string;
  readonly read: (event: ClusterEvent) => string;
  /** Events have few values of it, so answers are worth remembering. */
  readonly fewValues: boolean;
}

/** The text fields of a rule, cheapest first: what sits in the Event itself before what sits in the involved object. */
export const textFields: readonly TextField[] = [
  { field: 'type', read: (event) => event.type, fewValues: true },
  { field: 'reason', read: (event) => event.reason, fewValues: true },
  { field: 'namespace', read: (event) => event.namespace, fewValues: true },
  { field: 'kind', read: (event) => event.involvedObject.kind, fewValues: true },
  { field: 'apiVersion', read: (event) => event.involvedObject.apiVersion, fewValues: true },
  { field: 'component', read: (event) => event.component, fewValues: true },
  { field: 'reportingController', read: (event) => event.reportingController, fewValues: true },
  { field: 'action', read: (event) => event.action, fewValues: true },
  { field: 'host', read: (event) => event.host, fewValues: true },
  { field: 'name', read: (event) => event.involvedObject.name, fewValues: false },
  { field: 'message', read: (event) => event.message, fewValues: false },
];

type TextMap = Readonly<Record<string, string>>;

/** A map field of a rule, and where an event has it. */
export interface MapField {
  readonly field: 'labels' | 'annotations' | 'namespaceLabels';
  readonly noun: string;
  readonly of: string;
  readonly read: (event: ClusterEvent) => TextMap | undefined;
}

/** The map fields of a rule. */
export const mapFields: readonly MapField[] = [
  { field: 'labels', noun: 'label', of: 'object', read: (event) => event.involvedObject.labels },
  {
    field: 'annotations',
    noun: 'annotation',
    of: 'object',
    read: (event) => event.involvedObject.annotations,
  },
  {
    field: 'namespaceLabels',
    noun: 'namespace label',
    of: 'namespace',
    read: (event) => event.namespaceLabels,
  },
];

/** What a map must hold under a key: text that matches, any text (`present`), or nothing at all (`absent`). */
export interface MapEntry {
  readonly key: string;
  readonly wants: Pattern | 'present' | 'absent';
}

/** Checks a text field against a pattern. */
export function checkText({ field, read }: TextField, pattern: Pattern): RuleCheck {
  const { test } = pattern;
  return {
    matches: (event) => test(read(event)),
    whyNot: (event) => `${field} is ${show(read(event))}, ${wish(pattern)}`,
  };
}

/** Checks the count of an event. */
export function checkCount(minCount: number): RuleCheck {
  return {
    matches: (event) => event.count >= minCount,
    whyNot: (event) => `count is ${event.count}, the rule wants at least ${minCount}`,
  };
}

/** Checks labels or annotations; while they are not known, nothing matches, negated or not. */
export function checkMap(field: MapField, entries: readonly MapEntry[]): RuleCheck {
  return {
    matches: (event) => {
      const map = field.read(event);
      if (map === undefined) return false;
      for (const entry of entries) if (!holds(map, entry)) return false;
      return true;
    },
    whyNot: (event) => {
      const map = field.read(event);
      if (map === undefined) return describeUnknown(`the ${field.noun}s of the ${field.of}`, field.field);
      const failed = entries.find((entry) => !holds(map, entry));
      return failed === undefined ? '' : describeEntry(field.noun, failed, map);
    },
  };
}

function holds(map: TextMap, { key, wants }: MapEntry): boolean {
  const value = Object.hasOwn(map, key) ? map[key] : undefined;
  if (wants === 'present') return value !== undefined;
  if (wants === 'absent') return value === undefined;
  return value === undefined ? wants.negated : wants.test(value);
}

function describeEntry(noun: string, { key, wants }: MapEntry, map: TextMap): string {
  const value = Object.hasOwn(map, key) ? map[key] : undefined;
  const found = value === undefined ? 'missing' : show(value);
  if (wants === 'present') return `${noun} ${key} is missing, the rule wants it with any value`;
  if (wants === 'absent') return `${noun} ${key} is ${found}, the rule wants it absent`;
  return `${noun} ${key} is ${found}, ${wish(wants)}`;
}

function describeUnknown(what: string, field: string): string {
  return `${what} are not known, so no rule with ${field} matches`;
}

/** Checks `Kind/name` of the owners; one that matches is enough, and with a negation none may match. */
export function checkOwner(pattern: Pattern): RuleCheck {
  const judge = (event: ClusterEvent): boolean => {
    if (!knowsOwners(event)) return false;
    const { ownerReferences } = event.involvedObject;
    for (const { kind, name } of ownerReferences) {
      // Of a plain pattern the first true decides, of a negated one the first false.
      const verdict = pattern.test(`${kind}/${name}`);
      if (verdict !== pattern.negated) return verdict;
    }
    return pattern.negated;
  };
  return {
    matches: judge,
    whyNot: (event) => {
      if (!knowsOwners(event)) return describeUnknown('the owners of the object', 'owner');
      const owners = event.involvedObject.ownerReferences.map(({ kind, name }) => `${kind}/${name}`);
      return `owner is ${show(owners.join(', '))}, ${wish(pattern)}`;
    },
  };
}

// Owners come with the look-up that brings the labels; an empty list without labels says nothing.
function knowsOwners({ involvedObject }: ClusterEvent): boolean {
  return involvedObject.ownerReferences.length > 0 || involvedObject.labels !== undefined;
}

/** Checks a CEL expression. */
export function checkExpression(expression: Expression): RuleCheck {
  return {
    matches: (event) => expression.matches(event.data),
    whyNot: (event) => `when: ${expression.whyNot(event.data) ?? ''} (${clip(expression.written)})`,
  };
}

function wish(pattern: Pattern): string {
  return pattern.negated
    ? `which the rule excludes (${clip(pattern.written)})`
    : `the rule wants ${clip(pattern.written)}`;
}

function show(value: string): string {
  return value === '' ? 'empty' : clip(value);
}

const maxShownLength = 120;

function clip(text: string): string {
  return text.length > maxShownLength ? `${text.slice(0, maxShownLength)}…` : text;
}
