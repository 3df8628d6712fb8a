import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { lintRules } from '../../operator/lint/finding.ts';
import { loadTestFile } from '../../operator/rehearsal/loaded-test-file.ts';
import { runTests } from '../../operator/rehearsal/test-run.ts';

const root = resolve(__dirname, '../..');
let page: string;
beforeAll(async () => {
  page = await readFile(join(root, 'docs/testing-routes.md'), 'utf8');
});

describe('docs/testing-routes.md', () => {
  test('and the rules of findings agree both ways', () => {
    const rows = [...page.matchAll(/^\| `([A-Z]\w+)` +\| (.+?) +\|$/gm)].map(([, rule, meaning]) => [
      rule,
      meaning,
    ]);
    expect(Object.fromEntries(rows)).toEqual(lintRules);
  });

  test('shows a file of tests that passes', async () => {
    const [, yaml = ''] = /```yaml\n(# yaml-language-server.*?)```/s.exec(page) ?? [];
    const folder = await mkdtemp(join(tmpdir(), 'eventroute-page-'));
    try {
      const file = join(folder, 'page.test.yaml');
      await writeFile(file, yaml.replace('../oncall.yaml', join(root, 'examples/slack-oncall/oncall.yaml')));
      const results = await runTests(await loadTestFile(file));
      expect(results.map(({ failures }) => failures)).toEqual([[]]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
