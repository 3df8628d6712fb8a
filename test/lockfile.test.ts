import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(readFileSync(join(import.meta.dirname, '../package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, Locked>>;
};

/** Looks a package up as Node.js does: in the folder of the one that wants it, then in each one above. */
function isLocked(wantedBy: string, name: string): boolean {
  const folders = wantedBy
    .split('/node_modules/')
    .map((_, index, parts) => parts.slice(0, index + 1).join('/node_modules/'));
  return [`node_modules/${name}`, ...folders.map((folder) => `${folder}/node_modules/${name}`)].some(
    (path) => path in packages,
  );
}

// npm ci refuses a lock file that leaves out the binary of any platform, also of one that it does not install
it('locks the packages of every platform, so that npm ci works on each', () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !isLocked(path, name))
      .map((name) => `${path}: ${name}`),
  );

  expect(missing).toEqual([]);
});

it('locks every package with its checksum', () => {
  const unproven = Object.entries(packages).filter(
    ([path, { integrity }]) => path !== '' && integrity === undefined,
  );

  expect(unproven).toEqual([]);
});
