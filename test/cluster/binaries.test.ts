import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { findBinaries } from './binaries.ts';
import { type Tool } from './tool.ts';

describe('binaries of the test cluster', () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  beforeEach(async () => {
    lines.length = 0;
    folder = await mkdtemp(join(tmpdir(), 'eventroute-binaries-'));
    env = { XDG_CACHE_HOME: join(folder, 'cache'), PATH: join(folder, 'path') };
  });
  afterEach(() => rm(folder, { recursive: true }));

  const program = async (path: string): Promise<void> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, '#!/bin/sh\n');
    await chmod(path, 0o755);
  };
  const built: string[] = [];
  const build = async (tool: Tool, target: string): Promise<void> => {
    built.push(tool.package);
    await program(target);
  };
  beforeEach(() => void (built.length = 0));

  it('are taken from KUBEBUILDER_ASSETS without a build when all are there', async () => {
    const assets = join(folder, 'assets');
    const names = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kubectl', 'helm'];
    for (const name of names) await program(join(assets, name));

    const binaries = await findBinaries({ log, env: { ...env, KUBEBUILDER_ASSETS: assets }, build });

    expect(binaries).toEqual(Object.fromEntries(names.map((name) => [name, join(assets, name)])));
    expect(built).toEqual([]);
    expect(lines).toEqual([]);
  });

  it('are built once into the cache when they are nowhere, and it says how long that takes', async () => {
    const first = await findBinaries({ log, env, build });
    const second = await findBinaries({ log, env, build });

    expect(built).toEqual([
      'go.etcd.io/etcd/server/v3',
      'k8s.io/kubernetes/cmd/kube-apiserver',
      'k8s.io/kubernetes/cmd/kube-controller-manager',
      'k8s.io/kubernetes/cmd/kubectl',
      'helm.sh/helm/v3/cmd/helm',
    ]);
    expect(second).toEqual(first);
    expect(Object.values(first).every((path) => path.startsWith(join(folder, 'cache', 'eventroute')))).toBe(
      true,
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^Building etcd, .*helm into .*about 14 minutes/);
  });

  it('take kubectl and helm from PATH, but never an API server', async () => {
    for (const name of ['kubectl', 'helm', 'etcd', 'kube-apiserver'])
      await program(join(folder, 'path', name));

    const binaries = await findBinaries({ log, env, build });

    expect(binaries.kubectl).toBe(join(folder, 'path', 'kubectl'));
    expect(binaries.helm).toBe(join(folder, 'path', 'helm'));
    expect(built).toHaveLength(3);
  });

  it('prefer the kubectl of the cache to one of unknown age on PATH', async () => {
    const { kubectl } = await findBinaries({ log, env, build });
    await program(join(folder, 'path', 'kubectl'));

    const binaries = await findBinaries({ log, env, build });

    expect(binaries.kubectl).toBe(kubectl);
  });

  it('need a Go toolchain, and a plain sentence says so where none is', async () => {
    await expect(findBinaries({ log, env })).rejects.toThrow(
      /no Go toolchain on PATH: install Go 1\.24 or newer .* or set KUBEBUILDER_ASSETS/,
    );
  });
});
