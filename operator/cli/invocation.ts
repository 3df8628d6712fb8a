import { basename } from 'node:path';

/** What a user types before the name of a command. */
export type ProgramName = 'eventroute' | 'kubectl eventroute';

/** How the process was called. */
export interface Invocation {
  readonly program: ProgramName;
  /** What follows the program's name. */
  readonly args: readonly string[];
  /** The words of a command line whose last one a shell wants completed; kubectl or a shell asks for it. */
  readonly completing?: readonly string[];
}

/** The argument by which the shells' scripts ask, as programs that are made with Go's cobra have it. */
export const completeArgument = '__complete';

/**
 * Reads how the process was called from `process.argv`: kubectl runs plugins by their file names, `kubectl-eventroute`
 * for the command and `kubectl_complete-eventroute` for what can stand at the end of it.
 */
export function readInvocation([, path = '', ...args]: readonly string[]): Invocation {
  const file = basename(path).replace(/\.(?:js|cmd|exe)$/, '');
  const program = file.startsWith('kubectl') ? 'kubectl eventroute' : 'eventroute';
  if (file.startsWith('kubectl_complete-')) return { program, args, completing: args };
  if (args[0] === completeArgument) return { program, args, completing: args.slice(1) };
  return { program, args };
}
