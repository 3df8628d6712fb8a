import { type Place } from '../manifest/source-text.ts';
import { reasons } from '../schema/reasons.ts';

/** How much a finding weighs: an error keeps the operator from using the object, a warning is probably not meant. */
export type Severity = 'error' | 'warning' | 'note';

/** What only files can have wrong; the rest goes by the reasons of conditions, so that both say the same. */
const ownRules = {
  InvalidYaml: 'The file is not valid YAML or JSON.',
  InvalidManifest: 'An object has no kind, no usable name, or an apiVersion that is not known.',
  DuplicateObject: 'Two objects have the same kind, namespace and name.',
  LikelyMistake:
    'Valid and probably not meant: an entry of `match` with only a receiver beside others, a pattern that can never match, and the like.',
  UnreachableRule: 'What stands before or around a rule leaves no Event for it.',
  DuplicateRule: 'A rule says the same as another one of its node.',
  DeadLetterCycle: 'A receiver would get its own dead letters back.',
  UnusedReceiver: 'No route of these files names the receiver.',
  NotChecked: 'Something that is not in these files would be needed to check this.',
  PassedOver: 'The document is no manifest.',
} as const;

const operatorRules = {
  InvalidSpec: reasons.InvalidSpec,
  InvalidPattern: reasons.InvalidPattern,
  InvalidExpression: reasons.InvalidExpression,
  InvalidTemplate: reasons.InvalidTemplate,
  InvalidConfig: reasons.InvalidConfig,
  SinkNotAllowed: reasons.SinkNotAllowed,
  ReceiverNotFound: reasons.ReceiverNotFound,
  RefNotPermitted: reasons.RefNotPermitted,
  SecretNotFound: reasons.SecretNotFound,
  SecretKeyNotFound: reasons.SecretKeyNotFound,
} as const;

/** Every rule that a finding can go by, with what it means. */
export const lintRules = { ...ownRules, ...operatorRules } as const;

/** The rule that a finding goes by. */
export type LintRule = keyof typeof lintRules;

/** Something about a field of an object that whoever wrote it should know. */
export interface Remark {
  readonly rule: LintRule;
  readonly severity: Severity;
  /** Where in the object: `spec.match[0].reason`; `''` is the object itself. */
  readonly path: string;
  readonly message: string;
}

/** A remark with its place in a file. */
export interface Finding {
  readonly rule: LintRule;
  readonly severity: Severity;
  readonly place: Place;
  /** `EventRoute payments/rollouts`; absent for what is no object yet. */
  readonly object?: string;
  readonly path?: string;
  readonly message: string;
}

/** Tells whether a word is one of the rules. */
export function isLintRule(word: string): word is LintRule {
  return Object.hasOwn(lintRules, word);
}

/** Counts findings by their weight. */
export function countFindings(findings: readonly Finding[]): Readonly<Record<Severity, number>> {
  const counts = { error: 0, warning: 0, note: 0 };
  for (const { severity } of findings) counts[severity] += 1;
  return counts;
}

/** Sorts findings by file and line, as they are read. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((one, other) => {
    if (one.place.file !== other.place.file) return one.place.file < other.place.file ? -1 : 1;
    return one.place.line - other.place.line || one.place.column - other.place.column;
  });
}

/** Writes what a finding says, with its object and path, in one line. */
export function describeFinding({ object, path, message }: Finding): string {
  const where = path === undefined || path === '' ? '' : `${path} `;
  return object === undefined ? `${where}${message}` : `${object}: ${where}${message}`;
}
