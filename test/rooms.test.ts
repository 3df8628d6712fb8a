import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const root = resolve(__dirname, '..');

interface Cruise {
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly {
      readonly from: string;
      readonly to: string;
      readonly rule: { readonly name: string };
    }[];
  };
}

/** Runs dependency-cruiser by the project's rules on the `operator/` of a folder. */
function cruise(folder: string, config: string): Promise<Cruise> {
  const program = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');
  const args = [program, 'operator', '--config', config, '--output-type', 'json'];
  return new Promise((done, fail) => {
    // it exits with the number of violations, which is no failure here
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      if (stdout === '') fail(new Error(stderr, { cause: error }));
      else done(JSON.parse(stdout) as Cruise);
    });
  });
}

test('no room imports what the table of docs/architecture.md does not allow', async () => {
  const { summary } = await cruise(root, '.dependency-cruiser.cjs');
  expect(summary.totalCruised).toBeGreaterThan(150);
  expect(summary.violations.map(({ from, to, rule }) => `${from} imports ${to} (${rule.name})`)).toEqual([]);
}, 120_000);

/** Modules of a made-up operator by path, each with what it imports. */
const forbidden: Readonly<Record<string, readonly string[]>> = {
  'schema/a.ts': ['../event/a.ts'],
  'event/a.ts': [],
  'delivery/a.ts': ['../status/a.ts'],
  'status/a.ts': [],
  'sinks/a.ts': ['../sink-kit/inner.ts'],
  'sink-kit/inner.ts': [],
  'routing/a.ts': ['./b.ts'],
  'routing/b.ts': ['./a.ts'],
  'control/a.ts': ['../source/a.ts', '../routing/a.ts'],
  'source/a.ts': ['winston', '@kubernetes/client-node'],
};

test('the rules find an import against the table, a side door, a circle and a package that another room owns', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'eventroute-rooms-'));
  try {
    for (const [path, imports] of Object.entries(forbidden)) {
      const file = join(folder, 'operator', path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, `${imports.map((name) => `import '${name}';\n`).join('')}export const a = 1;\n`);
    }
    for (const name of ['winston', '@kubernetes/client-node']) {
      await mkdir(join(folder, 'node_modules', name), { recursive: true });
      await writeFile(
        join(folder, 'node_modules', name, 'package.json'),
        JSON.stringify({ name, main: 'i.js' }),
      );
      await writeFile(join(folder, 'node_modules', name, 'i.js'), '');
    }
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    await writeFile(join(folder, 'tsconfig.json'), await readFile(join(root, 'tsconfig.json')));
    const { summary } = await cruise(folder, join(root, '.dependency-cruiser.cjs'));
    expect(new Set(summary.violations.map(({ from, rule }) => `${from} ${rule.name}`))).toEqual(
      new Set([
        'operator/schema/a.ts room-schema',
        'operator/delivery/a.ts room-delivery',
        'operator/sinks/a.ts sink-kit-has-one-door',
        'operator/routing/a.ts no-circular',
        'operator/control/a.ts room-control',
        'operator/source/a.ts only-telemetry-knows-winston',
        'operator/source/a.ts only-kube-knows--kubernetes-client-node',
      ]),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}, 60_000);

test('every folder of operator/ stands in the table', async () => {
  const entries = await readdir(join(root, 'operator'), { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory());
  const page = await readFile(join(root, 'docs/architecture.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([\w-]+)\/`/gm)].map(([, room]) => room);
  expect(folders.map(({ name }) => name).sort()).toEqual(rows.sort());
});
