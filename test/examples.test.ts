import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { listManifestFiles, readText } from '../operator/manifest/manifest-files.ts';
import { lintManifests } from '../operator/lint/lint.ts';
import { offline } from '../operator/lint/surroundings.ts';
import { readManifestSet } from '../operator/manifest/manifest-set.ts';
import { loadTestFile } from '../operator/rehearsal/loaded-test-file.ts';
import { runTests } from '../operator/rehearsal/test-run.ts';
import { eventroute } from './cli/command.ts';

const folder = join(resolve(__dirname, '..'), 'examples');

/** Every folder of examples but the generated ones. */
async function listExamples(): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory() && entry.name !== 'receivers').map(({ name }) => name);
}

const testsOf = async (name: string): Promise<string[]> =>
  (await readdir(join(folder, name), { recursive: true })).filter((file) => file.endsWith('.test.yaml'));

describe('the examples', () => {
  test('are tested by `eventroute test`, which passes', async () => {
    const ended = await eventroute(['test', 'examples']);
    expect(ended).toMatchObject({ code: 0, err: '' });
    for (const name of await listExamples()) expect(ended.out).toContain(`examples/${name}/`);
    expect(ended.out).toMatch(/(\d+) tests in \d+ files: \1 passed\n$/);
  }, 60_000);

  test('have tests that say who gets something, and who does not', async () => {
    for (const name of await listExamples()) {
      const files = await testsOf(name);
      expect([name, files.length]).not.toEqual([name, 0]);
      for (const file of files) {
        const loaded = await loadTestFile(join(folder, name, file));
        const { tests } = loaded.written;
        expect(tests.some((one) => (one.expect ?? []).length > 0)).toBe(true);
        expect(tests.some((one) => one.only === true || (one.never ?? []).length > 0)).toBe(true);
        expect((await runTests(loaded)).flatMap(({ failures }) => failures)).toEqual([]);
      }
    }
  }, 60_000);

  test('are valid, and hold nothing that is probably not meant', async () => {
    for (const name of await listExamples()) {
      const files = await listManifestFiles([join(folder, name)]);
      const texts = await Promise.all(files.map(async (file) => ({ file, text: await readText(file) })));
      const { findings } = await lintManifests(readManifestSet(texts, 'eventroute-system'), {
        outside: offline,
        rootNamespace: 'eventroute-system',
        localSinkNamespaces: [],
      });
      expect(findings.filter(({ severity }) => severity !== 'note')).toEqual([]);
    }
  }, 60_000);
});
