import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { type CommandResult, runCommand } from './command.ts';
import { type Tool } from './tool.ts';

/** Who hears of a build, and its environment. */
export interface BuildOptions {
  readonly log: (line: string) => void;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Builds a tool from the Go module proxy; the file appears at `target` whole or not at all, and the
 * caller sees to it that nobody else builds it meanwhile. It needs a Go toolchain on
 * PATH and leaves sources and objects in Go's own caches.
 */
export async function buildTool(tool: Tool, target: string, { log, env }: BuildOptions): Promise<void> {
  const version = await goVersion(env);
  const label = `${basename(target)} ${tool.version}`;
  const startedMs = Date.now();
  const elapsed = (): string => `${Math.round((Date.now() - startedMs) / 1_000)} s`;
  log(`Building ${label} with ${version}`);
  const heartbeat = setInterval(() => log(`Still building ${label}, ${elapsed()} so far`), 30_000);
  const folder = await makeBuildFolder(target);
  try {
    const go = goIn(folder, env);
    await writeFile(join(folder, 'go.mod'), await goMod(tool, go));
    const output = join(folder, 'output');
    await go(['build', '-trimpath', '-ldflags', linkerFlags(tool), '-o', output, tool.package]);
    await rename(output, target);
  } catch (thrown) {
    throw new Error(`could not build ${label}`, { cause: thrown });
  } finally {
    clearInterval(heartbeat);
    await rm(folder, { recursive: true, force: true });
  }
  log(`Built ${label} in ${elapsed()}`);
}

/** Makes a folder beside the target, so that the rename is atomic; what killed builds left is removed. */
async function makeBuildFolder(target: string): Promise<string> {
  const parent = dirname(target);
  const prefix = `${basename(target)}.build-`;
  await mkdir(parent, { recursive: true });
  const leftovers = (await readdir(parent)).filter((name) => name.startsWith(prefix));
  for (const name of leftovers) await rm(join(parent, name), { recursive: true, force: true });
  return mkdtemp(join(parent, prefix));
}

type Go = (args: readonly string[]) => Promise<string>;

function goIn(cwd: string, env: NodeJS.ProcessEnv): Go {
  return async (args) => {
    const result = await runCommand('go', args, {
      cwd,
      env: { ...env, CGO_ENABLED: '0', GOFLAGS: '-mod=mod', GOWORK: 'off' },
    });
    if (result.code !== 0) throw new Error(`go ${args.join(' ')} failed: ${lastLines(result)}`);
    return result.stdout;
  };
}

function lastLines({ stderr, stdout }: CommandResult): string {
  return `${stdout}${stderr}`.trim().split('\n').slice(-15).join('\n');
}

async function goVersion(env: NodeJS.ProcessEnv): Promise<string> {
  const missing =
    'the test cluster has to be built, and there is no Go toolchain on PATH: ' +
    'install Go 1.24 or newer (https://go.dev/dl/), or set KUBEBUILDER_ASSETS to a folder that holds ' +
    'etcd, kube-apiserver, kube-controller-manager, kubectl and helm';
  const result = await runCommand('go', ['version'], { env }).catch((thrown: unknown) => {
    throw new Error(missing, { cause: thrown });
  });
  if (result.code !== 0) throw new Error(`${missing}: ${lastLines(result)}`);
  return result.stdout.trim().split(' ')[2] ?? 'go';
}

/**
 * Writes the go.mod of a module whose only purpose is to build the tool. Kubernetes' own go.mod points to folders of
 * its repository (`k8s.io/x => ./staging/src/k8s.io/x`), which a module zip does not hold; each is also published, as
 * v0.Y.Z for Kubernetes v1.Y.Z.
 */
async function goMod(tool: Tool, go: Go): Promise<string> {
  await go(['mod', 'init', 'eventroute.dev/test/cluster']);
  const info: unknown = JSON.parse(await go(['mod', 'download', '-json', `${tool.module}@${tool.version}`]));
  const upstream = await readFile((info as { GoMod: string }).GoMod, 'utf8');
  const staging = [...upstream.matchAll(/^\s*(\S+) => \.\/staging\//gm)].map(([, path]) => path ?? '');
  return [
    'module eventroute.dev/test/cluster',
    `go ${/^go (\S+)/m.exec(upstream)?.[1] ?? '1.24.0'}`,
    `require ${tool.module} ${tool.version}`,
    ...staging.map((path) => `replace ${path} => ${path} ${tool.version.replace(/^v1\./, 'v0.')}`),
    '',
  ].join('\n');
}

function linkerFlags({ stamps }: Tool): string {
  return ['-s -w', ...Object.entries(stamps).map(([name, value]) => `-X ${name}=${value}`)].join(' ');
}
