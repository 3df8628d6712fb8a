import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { exitCodes } from '../../operator/cli/exit.ts';
import { createProgram } from '../../operator/cli/program.ts';
import { root } from './command.ts';

const program = createProgram();
const page = (): Promise<string> => readFile(join(root, 'docs/commands.md'), 'utf8');

/** The help of a command with what was added after it. */
function helpOf(command: (typeof program.commands)[number]): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

describe('docs/commands.md', () => {
  it('lists exactly the commands of the program', async () => {
    const listed = [...(await page()).matchAll(/^\| `([a-z-]+)` +\|/gm)].map(([, name]) => name);

    expect(listed.sort()).toEqual(program.commands.map((command) => command.name()).sort());
  });

  it('names no flag that no command has', async () => {
    const known = new Set(program.commands.flatMap(({ options }) => options.map(({ long }) => long)));
    const named = [...(await page()).matchAll(/(?<![\w-])--[a-z][a-z-]*/g)].map(([flag]) => flag);

    expect(named.filter((flag) => !known.has(flag) && !['--help', '--global'].includes(flag))).toEqual([]);
  });

  it('tells every exit code', async () => {
    const text = (await page()).replaceAll(/\s+/g, ' ');

    for (const code of Object.values(exitCodes)) expect(text).toMatch(new RegExp(`\\b${code}\\b`));
  });
});

describe('--help', () => {
  test.each(program.commands.map((command) => [command.name(), command] as const))(
    'of %s holds an example of itself',
    (name, command) => {
      expect(helpOf(command)).toMatch(new RegExp(`Examples?:\\n[^]*\\beventroute ${name}\\b`));
    },
  );
});
