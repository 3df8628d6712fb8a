import { access, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Command } from 'commander';

import { formatFinding } from '../exporter/finding.ts';
import { joinManifests, type MadeFile, reportName, writeFiles } from '../exporter/manifest-files.ts';
import { exitCodes, UsageError } from './exit.ts';
import { loadExporterConfig, readContent } from './exporter-config.ts';

interface ConvertFlags {
  readonly namespace: string;
  readonly output?: string;
  readonly strict: boolean;
  readonly force: boolean;
}

/** Adds `eventroute convert`: an exporter's file becomes manifests and a report. */
export function addConvertCommand(program: Command): void {
  program
    .command('convert')
    .description(
      "turn kubernetes-event-exporter's configuration into EventReceivers, Secrets and an EventRoute, and tell what changes",
    )
    .argument('<file>', "the exporter's configuration; - for standard input")
    .option(
      '-n, --namespace <namespace>',
      "the namespace of the objects, which has to be the operator's root namespace",
      'eventroute-system',
    )
    .option(
      '-o, --output <dir>',
      `write the manifests and ${reportName} into this folder, instead of to stdout and stderr`,
    )
    .option('--strict', 'write nothing when the exporter would ignore something in the file', false)
    .option('--force', 'write over files that are there', false)
    .addHelpText('after', '\nExits with 1 when a part of the file cannot be used; the others are converted.')
    .addHelpText(
      'after',
      '\nExample:\n  $ kubectl -n monitoring get configmap event-exporter-cfg -o jsonpath="{.data.config\\.yaml}" |\n' +
        '      eventroute convert - -n eventroute-system -o migrated',
    )
    .action((file: string, flags: ConvertFlags) => convert(file, flags));
}

async function convert(path: string, { namespace, output, strict, force }: ConvertFlags): Promise<void> {
  const { conversion, file } = await loadExporterConfig(path, { namespace, strict, purpose: 'manifests' });
  const files = writeFiles(conversion, { file, namespace, readFile: readContent });
  if (output === undefined) {
    process.stdout.write(joinManifests(files));
    process.stderr.write(files.find(({ name }) => name === reportName)?.text ?? '');
  } else {
    await writeAll(output, files, force);
  }
  const errors = conversion.findings.filter(({ severity }) => severity === 'error');
  if (errors.length === 0) return;
  process.exitCode = exitCodes.failure;
  for (const error of errors) process.stderr.write(`eventroute: ${formatFinding(error, file)}\n`);
}

const [privateMode, publicMode] = [0o600, 0o644];

async function writeAll(folder: string, files: readonly MadeFile[], force: boolean): Promise<void> {
  await mkdir(folder, { recursive: true });
  const paths = files.map(({ name }) => join(folder, name));
  const found = await Promise.all(paths.map(exists));
  const taken = paths.filter((_, index) => found[index]);
  if (taken.length > 0 && !force) {
    throw new UsageError(`${taken.join(', ')} would be written over; choose another folder, or add --force`);
  }
  for (const { name, text, isSecret } of files) {
    await writeFile(join(folder, name), text, { mode: isSecret ? privateMode : publicMode });
  }
  process.stdout.write(`Wrote ${paths.join(', ')}\n`);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
