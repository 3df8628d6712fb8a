import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';

import { root } from './command.ts';

interface KrewManifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly version: string;
    readonly shortDescription: string;
    readonly description: string;
    readonly platforms: readonly {
      readonly uri: string;
      readonly sha256: string;
      readonly bin: string;
      readonly files: readonly { readonly from: string; readonly to: string }[];
      readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
    }[];
  };
}

const read = async (path: string): Promise<KrewManifest> =>
  parse(await readFile(path, 'utf8')) as KrewManifest;
const packageJson = async () =>
  JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    version: string;
    bin: Record<string, string>;
  };

describe('deploy/krew/eventroute.yaml', () => {
  const path = join(root, 'deploy/krew/eventroute.yaml');

  it('is of the version of package.json, and named as the plugin is', async () => {
    const { version, bin } = await packageJson();
    const manifest = await read(path);

    expect(manifest).toMatchObject({
      apiVersion: 'krew.googlecontainertools.github.com/v1alpha2',
      kind: 'Plugin',
      metadata: { name: 'eventroute' },
      spec: { version: `v${version}` },
    });
    for (const { uri } of manifest.spec.platforms) expect(uri).toContain(version);
    expect(Object.keys(bin)).toContain(`kubectl-${manifest.metadata.name}`);
    expect(Object.keys(bin)).toContain(`kubectl_complete-${manifest.metadata.name}`);
  });

  it("keeps to the limits of Krew's index", async () => {
    const { spec } = await read(path);

    expect(spec.shortDescription.length).toBeLessThanOrEqual(50);
    expect(spec.shortDescription).not.toMatch(/\.$|kubectl/i);
    for (const line of spec.description.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    for (const { sha256, uri, selector } of spec.platforms) {
      expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(uri).toMatch(/^https:\/\/.+\.(?:tar\.gz|zip)$/);
      expect(['linux', 'darwin']).toContain(selector.matchLabels['os']);
    }
  });
});

describe('npm run package:plugin', () => {
  it('makes an archive that its manifest describes, byte for byte the same each time', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'eventroute-krew-'));
    try {
      const dist = join(folder, 'dist');
      await mkdir(join(dist, 'chunks'), { recursive: true });
      await writeFile(join(dist, 'eventroute.js'), '#!/bin/sh\necho here\n', { mode: 0o755 });
      await writeFile(join(dist, 'chunks/a.js'), 'a');
      const uri = 'https://example.org/plugin.tar.gz';
      const pack = (output: string): void =>
        void execFileSync(
          process.execPath,
          ['tools/package-plugin.ts', '--uri', uri, '--dist', dist, '--output', join(folder, output)],
          { cwd: root },
        );

      pack('one');
      pack('two');

      const { version } = await packageJson();
      const name = `kubectl-eventroute-${version}.tar.gz`;
      const [one, two] = await Promise.all(
        ['one', 'two'].map((output) => readFile(join(folder, output, name))),
      );
      expect(one!.equals(two!)).toBe(true);
      const { spec } = await read(join(folder, 'one/eventroute.yaml'));
      for (const { sha256, uri: from, bin, files } of spec.platforms) {
        expect(sha256).toBe(createHash('sha256').update(one!).digest('hex'));
        expect(from).toBe(uri);
        execFileSync('tar', ['-xzf', join(folder, 'one', name), '-C', folder]);
        const unpacked = join(folder, files[0]!.from.replace('/*', ''));
        expect(execFileSync(join(unpacked, bin)).toString()).toBe('here\n');
        expect(await readFile(join(unpacked, 'chunks/a.js'), 'utf8')).toBe('a');
        expect(await readFile(join(unpacked, 'LICENSE'), 'utf8')).toContain('Apache License');
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  }, 60_000);
});
