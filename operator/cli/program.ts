import { Command } from 'commander';

import { version } from '../telemetry/version.ts';
import { addCompletionCommand } from './completion.ts';
import { addConvertCommand } from './convert.ts';
import { addDeadLettersCommand } from './deadletters.ts';
import { addExplainCommand } from './explain.ts';
import { type ProgramName } from './invocation.ts';
import { addLocalCommand } from './local.ts';
import { addReplayCommand } from './replay.ts';
import { addRunCommand } from './run.ts';
import { addSendTestCommand } from './send-test.ts';
import { addStatusCommand } from './status.ts';
import { addTestCommand } from './test.ts';
import { addTreeCommand } from './tree.ts';
import { addValidateCommand } from './validate.ts';

/** Creates the command line with all its commands; help texts call it by the name that the caller typed. */
export function createProgram(name: ProgramName = 'eventroute'): Command {
  const program = new Command(name)
    .description(
      "routes a Kubernetes cluster's Events to receivers, and shows on the objects whether they arrive",
    )
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => process.stdout.write(asTyped(text, program)),
      outputError: (text, write) => write(text.replace(/^error: /, 'eventroute: ')),
    });
  // sub-commands inherit exitOverride only when they are made by the program
  addRunCommand(program);
  addLocalCommand(program);
  addConvertCommand(program);
  addValidateCommand(program);
  addExplainCommand(program);
  addTestCommand(program);
  addStatusCommand(program);
  addTreeCommand(program);
  addReplayCommand(program);
  addDeadLettersCommand(program);
  addSendTestCommand(program);
  addCompletionCommand(program);
  return program;
}

/** Writes the examples of help texts as whoever reads them has to type them. */
function asTyped(text: string, program: Command): string {
  const commands = program.commands.map((command) => command.name()).join('|');
  return text.replaceAll(
    new RegExp(`\\b(?:kubectl )?eventroute (?=(?:${commands})\\b)`, 'g'),
    `${program.name()} `,
  );
}
