import { type ClusterEvent } from '../event/cluster-event.ts';
import { isRecord } from '../event/json-value.ts';
import { joinPath, type Problem } from '../schema/problem.ts';
import { compileExpression } from './expression.ts';
import { compilePattern, type Pattern } from './pattern.ts';
import {
  checkCount,
  checkExpression,
  checkMap,
  checkOwner,
  checkText,
  type MapEntry,
  type MapField,
  mapFields,
  type RuleCheck,
  textFields,
} from './rule-check.ts';

/** What has to be looked up, beyond the Event itself, before rules can judge it. */
export interface Needs {
  /** Labels, annotations, owners or `deleted` of the involved object. */
  readonly object: boolean;
  readonly namespaceLabels: boolean;
}

/** A rule that is ready to judge events; all its conditions must hold. */
export interface CompiledRule {
  /** Where the user wrote it: `spec.routes[0].match[1]`. */
  readonly path: string;
  readonly needs: Needs;
  /** Pattern of `reportingController`, by which a rule may ask for the operator's own Events. */
  readonly controller: Pattern | undefined;
  readonly matches: (event: ClusterEvent) => boolean;
  /** Gives the first reason why the rule says no, in the order in which it judges; undefined when it matches. */
  readonly whyNot: (event: ClusterEvent) => string | undefined;
}

/** What compiling the rules of a route collects and shares. */
export interface RuleCompilation {
  readonly problems: Problem[];
  readonly notes: Problem[];
  /** What all patterns of the route cost so far; a hostile route must not hold up the others. */
  readonly spent: { characters: number; instructions: number };
}

const maxPatternCharacters = 128 * 1_024;
const maxPatternInstructions = 200_000;

/** Compiles a rule as written; every problem of it is collected, and what is broken matches nothing in the meantime. */
export function compileRule(
  written: Readonly<Record<string, unknown>>,
  path: string,
  compilation: RuleCompilation,
): CompiledRule {
  const patterns = new Map<string, Pattern>();
  const checks: RuleCheck[] = [];
  for (const field of textFields) {
    const at = { path: joinPath(path, field.field), fewValues: field.fewValues };
    const pattern = compileText(written[field.field], at, compilation);
    if (pattern === undefined) continue;
    patterns.set(field.field, pattern);
    checks.push(checkText(field, pattern));
  }
  if (isPositive(written['minCount'])) checks.unshift(checkCount(written['minCount']));
  for (const field of mapFields) {
    const entries = compileEntries(written[field.field], [field, joinPath(path, field.field)], compilation);
    if (entries.length > 0) checks.push(checkMap(field, entries));
  }
  const owner = compileText(
    written['owner'],
    { path: joinPath(path, 'owner'), fewValues: false },
    compilation,
  );
  if (owner !== undefined) checks.push(checkOwner(owner));
  const when = compileWhen(written['when'], joinPath(path, 'when'), compilation);
  if (when !== undefined) checks.push(checkExpression(when));
  return {
    path,
    needs: {
      object:
        ['labels', 'annotations', 'owner'].some((field) => isSet(written[field])) ||
        when?.needsObject === true,
      namespaceLabels: isSet(written['namespaceLabels']),
    },
    controller: patterns.get('reportingController'),
    ...judgeBy(checks),
  };
}

/** Adds up what several parts need. */
export function joinNeeds(parts: Iterable<Needs>): Needs {
  let [object, namespaceLabels] = [false, false];
  for (const needs of parts) {
    object ||= needs.object;
    namespaceLabels ||= needs.namespaceLabels;
  }
  return { object, namespaceLabels };
}

function judgeBy(checks: readonly RuleCheck[]): Pick<CompiledRule, 'matches' | 'whyNot'> {
  return {
    matches: (event) => {
      for (const check of checks) if (!check.matches(event)) return false;
      return true;
    },
    whyNot: (event) => checks.find((check) => !check.matches(event))?.whyNot(event),
  };
}

function compileText(
  written: unknown,
  at: { readonly path: string; readonly fewValues: boolean },
  { problems, notes, spent }: RuleCompilation,
): Pattern | undefined {
  if (typeof written !== 'string' || written === '') return undefined;
  if (written === '!') {
    problems.push({
      path: at.path,
      message: 'has nothing after the !; write what must not match',
      reason: 'InvalidPattern',
    });
    return undefined;
  }
  if (spent.characters > maxPatternCharacters || spent.instructions > maxPatternInstructions) {
    const message = 'is one pattern too many: those of this route are too large together, so split the route';
    // Said once: every further pattern has the same trouble.
    if (!problems.some((problem) => problem.message === message)) {
      problems.push({ path: at.path, message, reason: 'InvalidPattern' });
    }
    return undefined;
  }
  const compiled = compilePattern(written, { fewValues: at.fewValues });
  spent.characters += written.length;
  if ('problem' in compiled) {
    problems.push({ path: at.path, message: compiled.problem, reason: 'InvalidPattern' });
    return undefined;
  }
  spent.instructions += compiled.matcher.size;
  if (compiled.note !== undefined) notes.push({ path: at.path, message: compiled.note });
  return compiled.matcher;
}

function compileEntries(
  written: unknown,
  [field, path]: readonly [MapField, string],
  compilation: RuleCompilation,
): MapEntry[] {
  if (!isRecord(written)) return [];
  const entries: MapEntry[] = [];
  const fewValues = field.field !== 'annotations';
  for (const [key, value] of Object.entries(written)) {
    if (value === '') entries.push({ key, wants: 'present' });
    else if (value === '!') entries.push({ key, wants: 'absent' });
    else {
      const wants = compileText(value, { path: joinPath(path, key), fewValues }, compilation);
      if (wants !== undefined) entries.push({ key, wants });
    }
  }
  return entries;
}

function compileWhen(written: unknown, path: string, { problems }: RuleCompilation) {
  if (typeof written !== 'string' || written.trim() === '') return undefined;
  const compiled = compileExpression(written);
  if ('expression' in compiled) return compiled.expression;
  problems.push({ path, message: compiled.problem, reason: 'InvalidExpression' });
  return undefined;
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && value > 0;
}

function isSet(value: unknown): boolean {
  return isRecord(value) ? Object.keys(value).length > 0 : typeof value === 'string' && value !== '';
}
