/**
 * How much a finding matters, worst first:
 * - `error`: a part of the file cannot be used
 * - `warning`: something that the exporter ignores or alters without a word; stops the start under `--strict`
 * - `difference`: Eventroute behaves otherwise than the exporter here
 * - `advice`: valid, and probably not meant or not needed
 * - `decision`: what something became
 */
export type Severity = 'error' | 'warning' | 'difference' | 'advice' | 'decision';

/** Something worth telling about an exporter's file. */
export interface Finding {
  readonly severity: Severity;
  /** The line in the file, from 1; undefined when it is about the file as a whole. */
  readonly line?: number;
  /** Where, as the user wrote it: `receivers[0].slack.token`; empty for the file as a whole. */
  readonly path: string;
  /** What it is and what to do: lower-case start, no period, never a secret. */
  readonly message: string;
}

/** Where a finding is about. */
export interface Place {
  readonly line?: number;
  readonly path: string;
}

/** Collects findings in the order in which they turn up. */
export interface Findings {
  readonly all: readonly Finding[];
  add(severity: Severity, place: Place, message: string): void;
  addAll(findings: readonly Finding[]): void;
  has(...severities: readonly Severity[]): boolean;
}

/** A file of a million mistakes is told by its first ones. */
const maxFindings = 1_000;

/** Creates an empty collection. */
export function createFindings(): Findings {
  return new FindingList();
}

class FindingList implements Findings {
  readonly #list: Finding[] = [];

  get all(): readonly Finding[] {
    return this.#list;
  }

  add(severity: Severity, { line, path }: Place, message: string): void {
    this.addAll([{ severity, path, message, ...(line !== undefined && { line }) }]);
  }

  addAll(findings: readonly Finding[]): void {
    for (const finding of findings) {
      // an error decides what is done, so it is never among those left out
      if (this.#list.length < maxFindings || finding.severity === 'error') this.#list.push(finding);
    }
  }

  has(...wanted: readonly Severity[]): boolean {
    return this.#list.some(({ severity }) => wanted.includes(severity));
  }
}

/** Writes a finding as compilers do: `exporter.yaml:12: receivers[0].slack has ...`. */
export function formatFinding({ line, path, message }: Finding, file: string): string {
  const where = line === undefined ? file : `${file}:${line}`;
  return `${where}: ${path === '' ? '' : `${path} `}${message}`;
}

/** An exporter's file that cannot be used at all; the message tells every reason with its line. */
export class ExporterConfigError extends Error {
  override readonly name = 'ExporterConfigError';
  readonly findings: readonly Finding[];

  constructor(findings: readonly Finding[], file: string) {
    super(findings.map((finding) => formatFinding(finding, file)).join('\n'));
    this.findings = findings;
  }
}
