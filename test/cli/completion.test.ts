import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { formatCandidates, listCandidates } from '../../operator/cli/candidates.ts';
import { readInvocation } from '../../operator/cli/invocation.ts';
import { completeWords } from '../../operator/cli/complete.ts';
import { createProgram } from '../../operator/cli/program.ts';
import { startApiServer } from './api-server.ts';
import { cluster, listOf, listPath } from './cluster-objects.ts';
import { root } from './command.ts';

const program = createProgram();
const complete = (...words: readonly string[]): string[] =>
  listCandidates(program, words).words.map(({ word }) => word);

describe('completion', () => {
  it('offers exactly the commands that the program has', () => {
    const known = program.commands.map((command) => command.name());

    expect(complete('').sort()).toEqual([...known, 'help'].sort());
    expect(known.length).toBeGreaterThan(8);
  });

  test.each(program.commands.map((command) => [command.name(), command] as const))(
    'offers exactly the flags of %s',
    (name, command) => {
      const flags = command.options.flatMap(({ short, long }) => [short, long]).filter(Boolean);

      expect(complete(name, '-').sort()).toEqual([...flags, '-h', '--help'].sort());
    },
  );

  test.each([
    ['the start of a command', ['st'], ['status']],
    ['the start of a flag', ['status', '--all'], ['--all-namespaces']],
    ['the choices of an operand', ['completion', ''], ['bash', 'zsh', 'fish']],
    ['the choices of a flag', ['explain', '-o', 't'], ['text']],
    ['the choices of a flag after =', ['explain', '--output=j'], ['--output=json']],
    ['the commands that help is for', ['help', 'tr'], ['tree']],
    ['nothing for a value that only the user knows', ['status', '-n', ''], []],
    ['no command after a command', ['status', 'st'], []],
    ['no flag after --', ['status', '--', '-'], []],
    ['flags again after the value of one', ['status', '-n', 'shop', '--wi'], ['--wide']],
  ])('offers %s', (_, words, expected) => {
    expect(complete(...words)).toEqual(expected);
  });

  test.each([
    ['of a flag that takes one', ['explain', '-f', ''], true],
    ['of an operand that is one', ['convert', ''], true],
    ['of each of many operands', ['test', 'one.yaml', ''], true],
    ['of nothing else', ['status', ''], false],
  ])('leaves paths to the shell: %s', (_, words, isPath) => {
    expect(listCandidates(program, words).isPath).toBe(isPath);
  });

  it('offers the receivers of the cluster, and none where it cannot be asked', async () => {
    await using server = await startApiServer({
      [listPath('eventreceivers', 'shop')]: listOf([cluster.oncall, cluster.spare]),
      [listPath('eventreceivers', 'eventroute-system')]: listOf([cluster.archive]),
    });
    const flags = ['--kubeconfig', server.kubeconfig];
    const offered = (...words: readonly string[]) => completeWords(program, words);

    expect(await offered('send-test', ...flags, '')).toBe('oncall\tConnectionRefused\nspare\tReady\n:4\n');
    expect(await offered('deadletters', 'retry', ...flags, 'on')).toBe('oncall\tConnectionRefused\n:4\n');
    expect(await offered('replay', ...flags, '-n', 'eventroute-system', '')).toBe('archive\tReady\n:4\n');
    expect(await offered('replay', ...flags, 'eventroute-system/a')).toBe(
      'eventroute-system/archive\tReady\n:4\n',
    );
    expect(await offered('replay', ...flags, '-n', 'nowhere', '')).toBe(':4\n');
    expect(await offered('replay', '--kubeconfig', '/nowhere', '')).toBe(':4\n');
    expect(await offered('status', ...flags, '')).toBe(':4\n');
  });

  it("is written as kubectl and cobra's scripts read it", () => {
    expect(formatCandidates(listCandidates(program, ['completion', 'z']))).toBe('zsh\t\n:4\n');
    expect(formatCandidates(listCandidates(program, ['convert', '']))).toBe(':0\n');
  });

  test.each([
    [['node', '/usr/bin/eventroute', 'status'], { program: 'eventroute', args: ['status'] }],
    [['node', '/x/kubectl-eventroute', 'tree'], { program: 'kubectl eventroute', args: ['tree'] }],
    [['node', '/x/dist/eventroute.js', '__complete', '--version'], { completing: ['--version'] }],
    [['node', '/x/kubectl_complete-eventroute', 'st'], { program: 'kubectl eventroute', completing: ['st'] }],
  ])('is asked for by the name of the file or the first argument: %j', (argv, expected) => {
    expect(readInvocation(argv)).toMatchObject(expected);
  });

  it('works in bash', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'eventroute-completion-'));
    try {
      const program = join(folder, 'eventroute');
      const main = join(root, 'operator/main.ts');
      await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
      await chmod(program, 0o755);
      const script = `PATH='${folder}':$PATH; source <(eventroute completion bash)
COMP_WORDS=(eventroute status --wa) COMP_CWORD=2; _eventroute_complete; echo "\${COMPREPLY[*]}"
COMP_WORDS=(eventroute com) COMP_CWORD=1; _eventroute_complete; echo "\${COMPREPLY[*]}"
COMP_WORDS=(eventroute validate -f package.j) COMP_CWORD=3; _eventroute_complete; echo "\${COMPREPLY[*]}"`;

      const printed = await new Promise<string>((done, fail) => {
        execFile('bash', ['-c', script], { cwd: root }, (error, stdout, stderr) => {
          if (error !== null || stderr !== '') fail(new Error(stderr, { cause: error }));
          else done(stdout);
        });
      });

      expect(printed).toBe('--watch\ncompletion\npackage.json\n');
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 120_000);
});
