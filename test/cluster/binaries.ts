import { access, constants } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

import { withLock } from './build-lock.ts';
import { buildTool } from './go-build.ts';
import { type ToolName, tools } from './tool.ts';

/** The path of each program. */
export type Binaries<Name extends ToolName = ToolName> = Readonly<Record<Name, string>>;

/** Where programs are looked for, and who hears of it. */
export interface BinariesOptions<Name extends ToolName> {
  /** The programs that are needed; all when left out. */
  readonly names?: readonly Name[];
  readonly log: (line: string) => void;
  readonly env?: NodeJS.ProcessEnv;
  /** Builds one tool into a file. */
  readonly build?: typeof buildTool;
}

/**
 * Finds each program in KUBEBUILDER_ASSETS, the cache, or (kubectl, helm) on PATH, and builds what is missing from the
 * Go module proxy into the cache, once for all runs of this machine.
 */
export async function findBinaries<Name extends ToolName = ToolName>({
  names = Object.keys(tools) as Name[],
  log,
  env = process.env,
  build = buildTool,
}: BinariesOptions<Name>): Promise<Binaries<Name>> {
  const cache = cacheFolder(env);
  const found = new Map<ToolName, string>();
  const missing: ToolName[] = [];
  for (const name of names) {
    const path = await findOne(name, env, cache);
    if (path === undefined) missing.push(name);
    else found.set(name, path);
  }
  if (missing.length > 0) {
    const minutes = missing.reduce((sum, name) => sum + tools[name].minutes, 0);
    log(
      `Building ${missing.join(', ')} into ${cache}: about ${minutes} minutes with cold Go caches, this once`,
    );
    await withLock(
      join(cache, 'build.lock'),
      async () => {
        for (const name of missing) {
          const target = cachedPath(cache, name);
          // another run may have built it while this one waited for the lock
          if (!(await isExecutable(target))) await build(tools[name], target, { log, env });
          found.set(name, target);
        }
      },
      { onWait: () => log(`Waiting for another run that builds into ${cache}`) },
    );
  }
  return Object.fromEntries(found) as Binaries<Name>;
}

async function findOne(name: ToolName, env: NodeJS.ProcessEnv, cache: string): Promise<string | undefined> {
  const assets = env.KUBEBUILDER_ASSETS;
  const candidates = [
    ...(assets === undefined || assets === '' ? [] : [join(assets, name)]),
    cachedPath(cache, name),
    ...(tools[name].fromPath
      ? (env.PATH ?? '')
          .split(delimiter)
          .filter((folder) => folder !== '')
          .map((folder) => join(folder, name))
      : []),
  ];
  for (const candidate of candidates) {
    if (await isExecutable(candidate)) return candidate;
  }
  return undefined;
}

/** The folder for what tests build or fetch once for all runs of this machine. */
export function cacheFolder(env: NodeJS.ProcessEnv): string {
  const base = env.XDG_CACHE_HOME;
  return join(base === undefined || base === '' ? join(env.HOME ?? homedir(), '.cache') : base, 'eventroute');
}

function cachedPath(cache: string, name: ToolName): string {
  const { module, version } = tools[name];
  const folder = `${module.replaceAll('/', '_')}-${version}-${process.platform}-${process.arch}`;
  return join(cache, folder, name);
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
