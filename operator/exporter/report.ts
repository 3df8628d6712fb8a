import { type Conversion } from './conversion.ts';
import { type Finding, type Severity } from './finding.ts';
import { operatorFlags } from './process-counterparts.ts';
import { type MadeReceiver } from './receiver.ts';

/** What a report names. */
export interface ReportOptions {
  readonly file: string;
  readonly namespace: string;
}

interface Section {
  readonly severity: Severity;
  readonly title: string;
  readonly lead: string;
}

const sections: readonly Section[] = [
  {
    severity: 'error',
    title: 'What could not be converted',
    lead: 'These parts are left out. Mend them in the file and convert again.',
  },
  {
    severity: 'warning',
    title: 'What the exporter ignores or alters without a word',
    lead: 'Check each of these; `--strict` refuses a file that has any.',
  },
  {
    severity: 'difference',
    title: 'What is different from now on',
    lead: 'For these lines; the list below holds for every file.',
  },
  { severity: 'advice', title: 'Worth a look', lead: 'Valid, and probably not meant or not needed.' },
  {
    severity: 'decision',
    title: 'Decisions',
    lead: 'What was chosen so that as little as possible changes.',
  },
];

const alwaysDifferent = [
  'What a receiver refuses or does not take in time is tried again for an hour, then dropped and counted (`spec.delivery`). The exporter gives an event up at the first failure.',
  'An event reaches a receiver once, however many rules name it. The exporter sends once for each rule.',
  'An occurrence of an Event is counted by `count` or `series.count`, also by `minCount`. The exporter knows `count` alone.',
  'A pattern such as `*test*`, which is no regular expression, is read as a shell glob. In the exporter its rule never matches.',
  'A pattern that begins with `!` would negate here, so it is written with a backslash before it.',
  'Templates cannot read the environment, files or the network: `env`, `expandenv` and `getHostByName` are refused.',
  'Numbers, booleans and null in a layout stay what they are. The exporter sends null for each of them.',
  'Every repeat of an Event is an occurrence of its own, with the same key in every copy of it (`repeats: All`). The exporter leaves repeats out unless `reportUpdates` is true.',
];

/** Writes the report of a conversion in Markdown: every decision and every difference, with its line. */
export function writeReport(conversion: Conversion, { file, namespace }: ReportOptions): string {
  const { receivers, findings, options } = conversion;
  const told = sections.flatMap((section) => sectionOf(section, findings));
  return [
    `# From ${text(file)} to Eventroute`,
    '',
    summary(conversion, namespace),
    '',
    '## Receivers',
    '',
    ...(receivers.length === 0 ? ['None.'] : receiverTable(receivers)),
    '',
    '## Flags of the operator',
    '',
    'What the file says about the process, as flags of `eventroute run`. Leave `--max-event-age` out unless old events must not be delivered: with it, what happens while the operator is away is lost, as with the exporter.',
    '',
    ...operatorFlags(options).map((flag) => `- ${code(flag)}`),
    '',
    ...told,
    '## What is different in any case',
    '',
    ...alwaysDifferent.map((line) => `- ${line}`),
    '',
  ].join('\n');
}

function summary({ receivers, findings }: Conversion, namespace: string): string {
  const count = (severity: Severity): number =>
    findings.filter((finding) => finding.severity === severity).length;
  const secrets = receivers.reduce((sum, receiver) => sum + receiver.secrets.length, 0);
  return (
    `${receivers.length} EventReceivers, 1 EventRoute and ${secrets} Secrets for namespace ${code(namespace)}, which has to be ` +
    "the operator's root namespace: only its routes see the whole cluster, and only its receivers may write to the operator's " +
    'own machine or use its cloud identity. ' +
    `${count('error')} errors, ${count('warning')} warnings, ${count('difference')} differences.`
  );
}

function receiverTable(receivers: readonly MadeReceiver[]): string[] {
  const rows = receivers.map(({ written, line, object, sink, secrets }) => {
    const keys = secrets.flatMap(({ name, values }) =>
      [...values.keys()].map((key) => code(`${name}: ${key}`)),
    );
    return `| ${text(written)} | ${line} | ${code(object.metadata.name)} | ${sink} | ${keys.join(', ')} |`;
  });
  return ['| in the file | line | EventReceiver | sink | Secret: keys |', '|---|---|---|---|---|', ...rows];
}

function sectionOf({ severity, title, lead }: Section, findings: readonly Finding[]): string[] {
  const own = findings.filter((finding) => finding.severity === severity);
  if (own.length === 0) return [];
  return [`## ${title}`, '', lead, '', ...own.map(writeFinding), ''];
}

function writeFinding({ line, path, message }: Finding): string {
  const where = [line === undefined ? '' : `line ${line}`, path === '' ? '' : code(path)]
    .filter(Boolean)
    .join(', ');
  return `- ${where === '' ? '' : `${where}: `}${text(message)}`;
}

/** Names and patterns of users stand in a page that somebody may render. */
function text(written: string): string {
  return written.replaceAll(/\s+/g, ' ').replaceAll(/[\\*_<>|[\]#]/g, String.raw`\$&`);
}

function code(written: string): string {
  const plain = written.replaceAll(/\s+/g, ' ');
  const ticks = '`'.repeat(Math.max(0, ...[...plain.matchAll(/`+/g)].map(([run]) => run.length)) + 1);
  const space = plain.startsWith('`') || plain.endsWith('`') ? ' ' : '';
  return `${ticks}${space}${plain.replaceAll('|', String.raw`\|`)}${space}${ticks}`;
}
