import { Option, type Command } from 'commander';

import { countFindings } from '../lint/finding.ts';
import { lintManifests } from '../lint/lint.ts';
import { type ReportFormat, reportFormats, writeReport } from '../lint/report.ts';
import { version } from '../telemetry/version.ts';
import { exitCodes, UsageError } from './exit.ts';
import {
  addClusterOptions,
  addManifestOptions,
  type ClusterFlags,
  lintOptionsOf,
  type ManifestFlags,
  openCluster,
  readManifestFlags,
} from './manifest-flags.ts';
import { createPaint } from './paint.ts';

interface ValidateFlags extends ManifestFlags, ClusterFlags {
  readonly filename: readonly string[];
  readonly output: ReportFormat;
  readonly strict: boolean;
}

/** Adds `eventroute validate`: says with file and line what is wrong with manifests, before a cluster sees them. */
export function addValidateCommand(program: Command): void {
  const command = program
    .command('validate')
    .description('judge EventRoutes and EventReceivers in files as the operator would, with file and line')
    .requiredOption('-f, --filename <path...>', 'files or folders; - for standard input')
    .addOption(
      new Option(
        '-o, --output <format>',
        'text for people, github for annotations, json and sarif for programs',
      )
        .choices(reportFormats)
        .default('text'),
    )
    .option('--strict', 'fail on warnings too', false);
  addManifestOptions(command);
  addClusterOptions(
    command,
    'look for what the files do not hold (receivers, Secrets, namespaces) in the cluster',
  )
    .addHelpText(
      'after',
      '\nExit codes: 0 nothing keeps the operator from using the objects, 1 something does, 2 wrong flags.',
    )
    .addHelpText(
      'after',
      '\nExamples:\n  $ eventroute validate -f examples/multi-team\n  $ kustomize build . | eventroute validate -f - -o github --strict',
    )
    .action((flags: ValidateFlags) => validate(flags));
}

async function validate(flags: ValidateFlags): Promise<void> {
  const cluster = flags.cluster ? await openCluster(flags) : undefined;
  const set = await readManifestFlags(flags.filename, flags, cluster);
  const objects = set.routes.length + set.receivers.length;
  if (objects === 0 && set.problems.every(({ kind }) => kind === 'passedOver')) {
    throw new UsageError(`${flags.filename.join(', ')} holds no EventRoute and no EventReceiver`);
  }
  const { findings } = await lintManifests(set, lintOptionsOf(flags, cluster));
  const judged = { findings, files: set.files.length, objects };
  process.stdout.on('error', () => undefined);
  process.stdout.write(
    `${writeReport(flags.output, judged, { version, paint: createPaint(process.stdout) })}\n`,
  );
  for (const gap of cluster?.gaps ?? []) process.stderr.write(`${gap}\n`);
  const { error, warning } = countFindings(findings);
  if (error > 0 || (flags.strict && warning > 0)) process.exitCode = exitCodes.failure;
}
