import { access, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { cacheFolder } from '../../cluster/binaries.ts';
import { withLock } from '../../cluster/build-lock.ts';
import { runCommand } from '../../cluster/command.ts';

/**
 * Gives a folder of the cache that `fill` has filled, once for all runs of this machine; its name has the version of what
 * is in it. A folder that was not filled to the end is filled anew.
 */
export async function cachedFolder(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const peers = join(cacheFolder(process.env), 'peers');
  const folder = join(peers, name);
  const mark = join(folder, '.complete');
  if (await exists(mark)) return folder;
  await withLock(join(peers, `${name}.lock`), async () => {
    if (await exists(mark)) return;
    const startedMs = Date.now();
    process.stdout.write(`Fetching ${name}, this once\n`);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await fill(folder);
    await writeFile(mark, '');
    process.stdout.write(`Fetched ${name} in ${Math.round((Date.now() - startedMs) / 1_000)} s\n`);
  });
  return folder;
}

/** Runs a command to its end and gives what it printed; throws with its last words when it fails. */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly input?: string } = {},
): Promise<string> {
  const { env, ...rest } = options;
  const result = await runCommand(command, args, { ...rest, env: { ...process.env, ...env } });
  if (result.code === 0) return result.stdout;
  const words = `${result.stdout}${result.stderr}`.trim().split('\n').slice(-15).join('\n');
  throw new Error(`${command} ${args.join(' ')} failed: ${words}`);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
