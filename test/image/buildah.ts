import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { type CommandResult, runCommand } from '../cluster/command.ts';

/** The base image that the Dockerfile names. */
export const baseImage = 'docker.io/library/node:26-slim';

const root = join(import.meta.dirname, '../..');
const packages = ['buildah', 'debootstrap', 'crun'];

/** Builds and runs images without a container engine, in a storage of its own. */
export interface Buildah {
  /** Runs buildah; throws with what it printed when it fails. */
  run(args: readonly string[]): Promise<string>;
  /** The command line of such a run, for processes that go on for a while. */
  commandLine(args: readonly string[]): string[];
}

/**
 * Prepares buildah, and the base image unless it is there: pulled where EVENTROUTE_TEST_PULL is set, else a stand-in of
 * Debian and this machine's node, so that the test needs no image registry. Storage is kept in the cache folder.
 */
export async function prepareBuildah(log: (line: string) => void): Promise<Buildah> {
  if (process.getuid?.() !== 0) {
    throw new Error('the image test runs containers without an engine, which needs root: run it with sudo');
  }
  await installMissing(log);
  const storage = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'eventroute', 'images');
  const commandLine = (args: readonly string[]): string[] => [
    'buildah',
    `--root=${storage}`,
    `--runroot=${join(storage, 'run')}`,
    '--storage-driver=vfs',
    ...args,
  ];
  const run = async (args: readonly string[]): Promise<string> => {
    const [command = '', ...rest] = commandLine(args);
    return (await succeed(command, rest)).stdout.trim();
  };
  const buildah = { run, commandLine };
  await mkdir(storage, { recursive: true });
  // what an interrupted run left; nobody else uses this storage
  await run(['rm', '--all']);
  await run(['rmi', '--prune']);
  const known = await run(['images', '--quiet', '--filter', `reference=${baseImage}`]);
  if (known === '') await provideBase(buildah, log);
  return buildah;
}

async function provideBase(buildah: Buildah, log: (line: string) => void): Promise<void> {
  if (process.env.EVENTROUTE_TEST_PULL !== undefined) {
    log(`Pulling ${baseImage}`);
    await buildah.run(['pull', baseImage]);
    return;
  }
  log(`Making a stand-in for ${baseImage}, about a minute, this once`);
  const rootfs = await mkdtemp(join(tmpdir(), 'eventroute-rootfs-'));
  try {
    // node needs libatomic1 and libstdc++6 of its system
    const include = '--include=ca-certificates,libatomic1,libstdc++6';
    await succeed('debootstrap', ['--variant=minbase', include, 'bookworm', rootfs]);
    await cp(process.execPath, join(rootfs, 'usr/local/bin/node'));
    await cp(await findNpm(), join(rootfs, 'usr/local/lib/node_modules/npm'), { recursive: true });
    await succeed('ln', ['-s', '../lib/node_modules/npm/bin/npm-cli.js', join(rootfs, 'usr/local/bin/npm')]);
    const container = await buildah.run(['from', 'scratch']);
    try {
      await buildah.run(['copy', '--quiet', container, rootfs, '/']);
      const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
      await buildah.run(['config', '--env', `PATH=${path}`, '--cmd', 'node', container]);
      await buildah.run(['commit', '--quiet', container, baseImage]);
    } finally {
      await buildah.run(['rm', container]);
    }
  } finally {
    await rm(rootfs, { recursive: true, force: true });
  }
}

/** Finds the folder of this machine's npm. */
async function findNpm(): Promise<string> {
  const cli = process.env.npm_execpath ?? (await succeed('which', ['npm'])).stdout.trim();
  return dirname(dirname(await realpath(cli)));
}

/**
 * Builds the Dockerfile as it is. Certificates that npm needs on this machine are mounted for its RUN steps alone, so
 * that the image keeps nothing of them.
 */
export async function buildImage(buildah: Buildah, tag: string, context = root): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'eventroute-npmrc-'));
  try {
    const certificates = process.env.NODE_EXTRA_CA_CERTS;
    const mounts: string[] = [];
    if (certificates !== undefined) {
      await writeFile(join(folder, 'npmrc'), 'cafile=/run/certificates.pem\n');
      mounts.push(`--volume=${certificates}:/run/certificates.pem:ro`);
      mounts.push(`--volume=${join(folder, 'npmrc')}:/root/.npmrc:ro`);
    }
    const build = ['bud', '--isolation=chroot', '--pull-never', '--layers=false'];
    await buildah.run([...build, ...mounts, `--tag=${tag}`, context]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function installMissing(log: (line: string) => void): Promise<void> {
  const missing: string[] = [];
  for (const name of packages) {
    const found = await runCommand('which', [name]);
    if (found.code !== 0) missing.push(name);
  }
  if (missing.length === 0) return;
  log(`Installing ${missing.join(', ')} with apt-get`);
  await succeed('apt-get', ['update']);
  await succeed('apt-get', ['install', '--yes', '--no-install-recommends', ...missing]);
}

async function succeed(command: string, args: readonly string[]): Promise<CommandResult> {
  const result = await runCommand(command, args);
  if (result.code === 0) return result;
  throw new Error(`${command} ${args.join(' ')} failed:\n${result.stdout}${result.stderr}`);
}
