/** `npm run generate`: writes every generated file; with `--check`, tells which are stale and exits 1. */
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { makeGeneratedFiles } from './generated-files.ts';
import { schemasFolder } from './json-schemas.ts';
import { receiverPagesFolder } from './receiver-pages.ts';

/** Folders that hold nothing but generated files: what is no longer made is removed from them. */
const wholly = [
  'crds',
  'charts/eventroute/crds',
  'examples/receivers',
  'docs/reference',
  receiverPagesFolder,
  schemasFolder,
];

const check = process.argv.includes('--check');
const files = await makeGeneratedFiles();
const stale: string[] = [];

for (const { path, text } of files) {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) continue;
  stale.push(path);
  if (check) continue;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

for (const folder of wholly) {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    if (files.some((file) => file.path === path)) continue;
    stale.push(path);
    if (!check) await rm(path);
  }
}

if (check && stale.length > 0) {
  console.error(`Stale, run npm run generate:\n${stale.map((path) => `  ${path}`).join('\n')}`);
  process.exitCode = 1;
} else {
  console.log(stale.length === 0 ? `${files.length} generated files are fresh` : `Wrote ${stale.join(', ')}`);
}
