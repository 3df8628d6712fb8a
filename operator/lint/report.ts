import { printable } from '../routing/drawing.ts';
import { countFindings, describeFinding, type Finding, type Severity } from './finding.ts';
import { sarifLog } from './sarif.ts';

/** What was judged, besides the findings. */
export interface Judged {
  readonly findings: readonly Finding[];
  readonly files: number;
  readonly objects: number;
}

/** How a report is written. */
export interface ReportOptions {
  readonly version: string;
  /** Marks words for a terminal. */
  readonly paint: (text: string, meaning: 'good' | 'bad' | 'doubtful' | 'faint' | 'strong') => string;
}

type Writer = (judged: Judged, options: ReportOptions) => string;

const writers = {
  text: writeText,
  json: writeJson,
  github: writeGithub,
  sarif: ({ findings }, { version }) => JSON.stringify(sarifLog(findings, version), null, 2),
} as const satisfies Record<string, Writer>;

/** The forms that a report can have. */
export const reportFormats = Object.keys(writers) as readonly (keyof typeof writers)[];

/** The form of a report. */
export type ReportFormat = keyof typeof writers;

/** Writes findings for people (`text`), for programs (`json`, `sarif`) or as annotations of a workflow (`github`). */
export function writeReport(format: ReportFormat, judged: Judged, options: ReportOptions): string {
  return writers[format](judged, options);
}

const meanings = { error: 'bad', warning: 'doubtful', note: 'faint' } as const;

function writeText(judged: Judged, { paint }: ReportOptions): string {
  const lines = judged.findings.map((finding) => {
    const { file, line, column } = finding.place;
    const where = paint(`${file}:${line}:${column}:`, 'strong');
    const weight = paint(`${finding.severity}:`, meanings[finding.severity]);
    return `${where} ${weight} ${printable(describeFinding(finding))} ${paint(`[${finding.rule}]`, 'faint')}`;
  });
  return [...lines, summarize(judged, paint)].join('\n');
}

function summarize({ findings, files, objects }: Judged, paint: ReportOptions['paint']): string {
  const counts = countFindings(findings);
  const seen = `${amount(objects, 'object')} in ${amount(files, 'file')}`;
  const parts = (['error', 'warning', 'note'] as const)
    .filter((severity) => counts[severity] > 0)
    .map((severity) => paint(amount(counts[severity], severity), meanings[severity]));
  return parts.length === 0
    ? `${seen}: ${paint('nothing is wrong', 'good')}`
    : `${seen}: ${parts.join(', ')}`;
}

function amount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function writeJson({ findings, files, objects }: Judged): string {
  return JSON.stringify({ files, objects, ...countFindings(findings), findings }, null, 2);
}

const commands: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', note: 'notice' };

/** https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands */
function writeGithub(judged: Judged, { paint }: ReportOptions): string {
  const lines = judged.findings.map((finding) => {
    const { file, line, column } = finding.place;
    const properties = { file, line: String(line), col: String(column), title: finding.rule };
    const written = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(value)}`);
    return `::${commands[finding.severity]} ${written.join(',')}::${escapeData(describeFinding(finding))}`;
  });
  return [...lines, summarize(judged, paint)].join('\n');
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
