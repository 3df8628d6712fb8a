import type { Argument, Command, Option } from 'commander';

/** A word that may stand at the end of a command line. */
export interface Candidate {
  readonly word: string;
  readonly meaning: string;
}

/** What may stand there. */
export interface Candidates {
  readonly words: readonly Candidate[];
  /** Whether a path may stand there too. */
  readonly isPath: boolean;
  /** The name of a receiver may stand there; the cluster knows them. */
  readonly isReceiver?: boolean;
}

/** What cobra's scripts, and so kubectl, expect after the words: whether the shell goes on with file names. */
const directives = { orPaths: 0, nothingElse: 4 } as const;

const nothing: Candidates = { words: [], isPath: false };

/** Writes candidates as shells and kubectl ask for them: one a line with its meaning after a tab, a directive at last. */
export function formatCandidates({ words, isPath }: Candidates): string {
  const lines = words.map(({ word, meaning }) => `${word}\t${meaning}`);
  return [...lines, `:${isPath ? directives.orPaths : directives.nothingElse}`, ''].join('\n');
}

/** Lists what may stand in place of the last of some words; they follow the program's name. */
export function listCandidates(program: Command, words: readonly string[]): Candidates {
  const last = words.at(-1) ?? '';
  const position = walk(program, words.slice(0, -1));
  if (position.awaiting !== undefined) return valuesOf(position.awaiting, last);
  const [, flag, value] = /^(--[^=]+)=(.*)$/.exec(last) ?? [];
  if (flag !== undefined && !position.isAfterFlags) {
    return prefixed(`${flag}=`, valuesOf(findOption(position.command, flag), value ?? ''));
  }
  if (last.startsWith('-') && !position.isAfterFlags)
    return { ...nothing, words: flagsOf(position.command, last) };
  // commander makes its help command without a parent
  const { command } = position;
  return operandsOf(position, last, visibleCommands(command.name() === 'help' ? program : command));
}

/** Where a command line stands before its last word. */
interface Position {
  readonly command: Command;
  /** How many operands the command has so far. */
  readonly operands: number;
  /** The option whose value comes next. */
  readonly awaiting?: Option;
  /** A `--` came: all that follows are operands. */
  readonly isAfterFlags: boolean;
}

function walk(program: Command, words: readonly string[]): Position {
  let position: Position = { command: program, operands: 0, isAfterFlags: false };
  for (const word of words) position = step(position, word);
  return position;
}

function step({ command, operands, awaiting, isAfterFlags }: Position, word: string): Position {
  const stay = { command, operands, isAfterFlags };
  if (awaiting !== undefined) return stay;
  if (isAfterFlags) return { ...stay, operands: operands + 1 };
  if (word === '--') return { ...stay, isAfterFlags: true };
  if (word.startsWith('-') && word !== '-') {
    const option = findOption(command, word);
    return option?.required ? { ...stay, awaiting: option } : stay;
  }
  const child = operands === 0 ? visibleCommands(command).find((one) => one.name() === word) : undefined;
  return child === undefined ? { ...stay, operands: operands + 1 } : { ...stay, command: child };
}

function findOption(command: Command, flag: string): Option | undefined {
  return command.options.find(({ short, long }) => short === flag || long === flag);
}

/** Commands and options as `--help` shows them, so that neither can know what the other does not. */
function visibleCommands(command: Command): readonly Command[] {
  return command.createHelp().visibleCommands(command);
}

function flagsOf(command: Command, typed: string): Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ short, long, description }) =>
      [long, short].filter((flag) => flag !== undefined).map((word) => ({ word, meaning: description })),
    )
    .filter(({ word }) => word.startsWith(typed));
}

function operandsOf(
  { command, operands }: Position,
  typed: string,
  choosable: readonly Command[],
): Candidates {
  if (choosable.length > 0 && operands === 0) {
    return {
      isPath: false,
      words: choosable
        .map((child) => ({ word: child.name(), meaning: child.description() }))
        .filter(({ word }) => word.startsWith(typed)),
    };
  }
  const { registeredArguments: known } = command;
  const argument = known[operands] ?? (known.at(-1)?.variadic ? known.at(-1) : undefined);
  return valuesOf(argument, typed);
}

/** What a value is called tells whether it is a path: `<file>`, `[path...]`. */
const pathNames = /\b(?:file|path|dir|event)\b/;

function valuesOf(taker: Option | Argument | undefined, typed: string): Candidates {
  if (taker === undefined) return nothing;
  const name = 'flags' in taker ? taker.flags.slice(taker.flags.search(/[<[]/)) : taker.name();
  const words = (taker.argChoices ?? [])
    .filter((choice) => choice.startsWith(typed))
    .map((word) => ({ word, meaning: '' }));
  return { words, isPath: pathNames.test(name), ...(name === 'receiver' && { isReceiver: true }) };
}

function prefixed(prefix: string, { words, isPath }: Candidates): Candidates {
  return { isPath, words: words.map(({ word, meaning }) => ({ word: `${prefix}${word}`, meaning })) };
}
