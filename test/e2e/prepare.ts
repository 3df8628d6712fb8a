import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { findBinaries } from '../cluster/binaries.ts';
import { runCommand } from '../cluster/command.ts';

/** Builds what all test files need, once: the programs of the cluster, and dist/. */
export default async function prepare(): Promise<void> {
  await findBinaries({ log: (line) => process.stdout.write(`${line}\n`) });
  const root = join(import.meta.dirname, '../..');
  const { code, stdout, stderr } = await runCommand(process.execPath, ['tools/build.ts'], { cwd: root });
  if (code !== 0) throw new Error(`npm run build failed:\n${stdout}${stderr}`);
  // away from the tree, since it has to run without node_modules
  const copy = await mkdtemp(join(tmpdir(), 'eventroute-dist-'));
  await cp(join(root, 'dist'), copy, { recursive: true });
  process.env.EVENTROUTE_E2E_DIST = copy;
}
