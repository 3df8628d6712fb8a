#!/usr/bin/env node
import { CommanderError } from 'commander';

import { completeWords } from './cli/complete.ts';
import { exitCodes, UsageError } from './cli/exit.ts';
import { readInvocation } from './cli/invocation.ts';
import { createProgram } from './cli/program.ts';

const oldestNode = 22;
if (Number.parseInt(process.versions.node, 10) < oldestNode) {
  process.stderr.write(
    `eventroute: needs Node.js ${oldestNode} or newer; this is ${process.versions.node} at ${process.execPath}\n`,
  );
  process.exit(exitCodes.failure);
}

const { program: name, args, completing } = readInvocation(process.argv);
const program = createProgram(name);

try {
  if (completing === undefined) await program.parseAsync(args, { from: 'user' });
  else process.stdout.write(await completeWords(program, completing));
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
