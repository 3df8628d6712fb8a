import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { cachedFolder, run } from './cache.ts';

/** Builds a Go program out of its go.mod and main.go; gives the path of the binary. */
export async function goProgram(
  name: string,
  source: { readonly goMod: string; readonly main: string; readonly package?: string },
): Promise<string> {
  const env = { CGO_ENABLED: '0', GOFLAGS: '-mod=mod', GOWORK: 'off' };
  const folder = await cachedFolder(name, async (cwd) => {
    await writeFile(join(cwd, 'go.mod'), source.goMod);
    await writeFile(join(cwd, 'main.go'), source.main);
    await run('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', 'program', source.package ?? '.'], {
      cwd,
      env,
    });
  });
  return join(folder, 'program');
}

/** Installs packages of PyPI into a virtual environment of their own; gives its folder. */
export async function pythonEnvironment(name: string, requirements: readonly string[]): Promise<string> {
  return cachedFolder(name, async (folder) => {
    await run('python3', ['-m', 'venv', folder]);
    await run(join(folder, 'bin/pip'), ['install', '-q', '--disable-pip-version-check', ...requirements]);
  });
}

/** Fetches one artifact (`group:artifact:version:packaging`) from Maven Central; gives the folder that it is in. */
export async function mavenArtifact(name: string, artifact: string): Promise<string> {
  return cachedFolder(name, (cwd) =>
    run('mvn', ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${cwd}`], {
      cwd,
    }).then(() => undefined),
  );
}

/** Fetches dependencies (`group:artifact:version`) and theirs from Maven Central; gives the folder of the jars. */
export async function mavenDependencies(name: string, dependencies: readonly string[]): Promise<string> {
  const folder = await cachedFolder(name, async (cwd) => {
    await mkdir(join(cwd, 'libs'));
    await writeFile(join(cwd, 'pom.xml'), pom(dependencies));
    const args = [
      '-q',
      '-B',
      'dependency:copy-dependencies',
      '-DoutputDirectory=libs',
      '-DincludeScope=runtime',
    ];
    await run('mvn', args, { cwd });
  });
  return join(folder, 'libs');
}

/** Fetches packages of this Debian and unpacks them, without installing them; gives the folder they are unpacked in. */
export async function debianPackages(name: string, packages: readonly string[]): Promise<string> {
  return cachedFolder(name, async (folder) => {
    const cwd = join(folder, 'debs');
    await mkdir(cwd);
    const download = () => run('apt-get', ['download', ...packages], { cwd });
    // an image has no package lists until it is asked to fetch them
    await download().catch(async () => {
      await run('apt-get', ['update', '-q']);
      await download();
    });
    for (const archive of await readdir(cwd)) await run('dpkg-deb', ['-x', join(cwd, archive), folder]);
  });
}

function pom(dependencies: readonly string[]): string {
  const list = dependencies.map((dependency) => {
    const [group, artifact, version] = dependency.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>dev.eventroute</groupId><artifactId>peers</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${list.join('')}</dependencies></project>
`;
}
