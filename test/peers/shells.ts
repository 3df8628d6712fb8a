import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { run } from './kit/cache.ts';
import { debianPackages } from './kit/packages.ts';

/** A shell in which `eventroute` is on PATH. */
export interface Shell extends AsyncDisposable {
  /** Keeps a completion script where the shell looks for one by itself. */
  install(script: string): Promise<void>;
  /** What the lines are once TAB was pressed at the end of each; the first candidate, where there are several. */
  complete(lines: readonly string[]): Promise<string[]>;
}

const root = resolve(__dirname, '../..');

/** The version is Debian's. */
const packages = {
  zsh: ['zsh', 'zsh-common'],
  fish: ['fish', 'fish-common', 'libpcre2-32-0'],
} as const;

/** Runs our program from its sources. */
export function eventroute(args: readonly string[]): Promise<string> {
  return run(process.execPath, [join(root, 'operator/main.ts'), ...args]);
}

async function createHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'eventroute-shell-'));
  const program = join(home, 'bin/eventroute');
  await mkdir(join(home, 'bin'));
  await writeFile(
    program,
    `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'operator/main.ts')}' "$@"\n`,
  );
  await chmod(program, 0o755);
  return home;
}

/** Fetches zsh and gives it a home. */
export async function openZsh(): Promise<Shell> {
  const folder = await debianPackages('zsh', packages.zsh);
  const home = await createHome();
  const functions = join(home, 'functions');
  await mkdir(functions);
  const written = join(home, 'written');
  return {
    install: (script) => writeFile(join(functions, '_eventroute'), script),
    async complete(lines) {
      const quoted = lines.map((line) => `'${line}'`).join(' ');
      // only a line that is being edited can be completed, so all are as soon as there is one
      const zshrc = `
fpath=(${functions} ${folder}/usr/share/zsh/functions/**/*(/N))
module_path=(${await librariesIn(folder)}/zsh/*(/N))
autoload -Uz compinit; compinit -u -D
press-tab() {
  for line in ${quoted}; do
    BUFFER=$line CURSOR=$#line
    zle complete-word
    print -r -- "\${BUFFER% }" >>${written}
  done
  exit
}
zle -N zle-line-init press-tab
`;
      await writeFile(join(home, '.zshrc'), zshrc);
      const env = { PATH: `${home}/bin:${process.env['PATH']}`, ZDOTDIR: home, HOME: home };
      await run('script', ['-qec', `'${folder}/bin/zsh' -i`, '/dev/null'], { cwd: root, env });
      return (await readFile(written, 'utf8')).trimEnd().split('\n');
    },
    [Symbol.asyncDispose]: () => rm(home, { recursive: true }),
  };
}

/** Fetches fish and gives it a home. */
export async function openFish(): Promise<Shell> {
  const folder = await debianPackages('fish', packages.fish);
  // unpacked elsewhere, fish looks for its settings beside its functions
  await symlink('../etc', join(folder, 'usr/etc')).catch(() => undefined);
  const home = await createHome();
  const completions = join(home, '.config/fish/completions');
  await mkdir(completions, { recursive: true });
  const env = {
    PATH: `${home}/bin:${process.env['PATH']}`,
    HOME: home,
    LD_LIBRARY_PATH: await librariesIn(folder),
  };
  return {
    install: (script) => writeFile(join(completions, 'eventroute.fish'), script),
    async complete(lines) {
      const completed = [];
      for (const line of lines) {
        const script = 'complete --escape -C $argv[1]';
        const printed = await run(join(folder, 'usr/bin/fish'), ['-c', script, line], { cwd: root, env });
        const [candidate = ''] = printed.split(/[\t\n]/);
        const start = line.slice(0, line.lastIndexOf(' ') + 1);
        completed.push(candidate === '' ? line : `${start}${candidate}`);
      }
      return completed;
    },
    [Symbol.asyncDispose]: () => rm(home, { recursive: true }),
  };
}

/** Debian keeps libraries in a folder of the machine's architecture. */
async function librariesIn(folder: string): Promise<string> {
  const libraries = join(folder, 'usr/lib');
  const names = await readdir(libraries);
  return join(libraries, names.find((name) => name.includes('-linux-')) ?? '');
}
