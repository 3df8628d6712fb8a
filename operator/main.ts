#!/usr/bin/env node
import { Command, CommanderError } from 'commander';

import { addConvertCommand } from './cli/convert.ts';
import { exitCodes, UsageError } from './cli/exit.ts';
import { addExplainCommand } from './cli/explain.ts';
import { addLocalCommand } from './cli/local.ts';
import { addRunCommand } from './cli/run.ts';
import { addTestCommand } from './cli/test.ts';
import { addValidateCommand } from './cli/validate.ts';
import { version } from './telemetry/version.ts';

const oldestNode = 22;
if (Number.parseInt(process.versions.node, 10) < oldestNode) {
  process.stderr.write(
    `eventroute: needs Node.js ${oldestNode} or newer; this is ${process.versions.node} at ${process.execPath}\n`,
  );
  process.exit(exitCodes.failure);
}

const program = new Command('eventroute')
  .description(
    "routes a Kubernetes cluster's Events to receivers, and shows on the objects whether they arrive",
  )
  .version(version)
  .exitOverride()
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'eventroute: ')) });

// sub-commands inherit exitOverride only when they are made by the program
addRunCommand(program);
addLocalCommand(program);
addConvertCommand(program);
addValidateCommand(program);
addExplainCommand(program);
addTestCommand(program);

try {
  await program.parseAsync();
} catch (thrown) {
  process.exitCode = exitCodeOf(thrown);
  if (!(thrown instanceof CommanderError)) process.stderr.write(`eventroute: ${messageOf(thrown)}\n`);
}
// a connection that somebody keeps open must not keep the process
process.exit();

function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  return thrown instanceof UsageError ? exitCodes.usage : exitCodes.failure;
}

function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
