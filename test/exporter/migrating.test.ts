import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { processCounterparts } from '../../operator/exporter/process-counterparts.ts';
import { processKeys } from '../../operator/exporter/process-options.ts';
import { routeKeys } from '../../operator/exporter/route.ts';
import { ruleKeys } from '../../operator/exporter/rule.ts';
import { sinkCounterparts } from '../../operator/exporter/sink-counterparts.ts';

const page = readFile(join(resolve(__dirname, '../..'), 'docs/migrating.md'), 'utf8');

/** The rows of the table below a heading. */
async function table(heading: string): Promise<Record<string, string>> {
  const [, section = ''] = (await page).split(`\n### ${heading}\n`);
  const [own = ''] = section.split('\n#');
  const rows = [...own.matchAll(/^\| `([^|]+?)` +\| (.+?) +\|$/gm)].map(([, key, becomes]) => [key, becomes]);
  return Object.fromEntries(rows) as Record<string, string>;
}

describe('docs/migrating.md', () => {
  test('tells what becomes of every key at the top', async () => {
    expect(await table('At the top')).toEqual(processCounterparts);
    expect(Object.keys(processCounterparts).sort()).toEqual([...processKeys].sort());
  });

  test('tells what becomes of every key of routes and rules', async () => {
    expect(Object.keys(await table('Routes and rules')).sort()).toEqual([...routeKeys, ...ruleKeys].sort());
  });

  test('tells what becomes of every key of every sink', async () => {
    const counterparts = (await sinkCounterparts()).map(({ key, becomes }) => [key, becomes] as const);
    expect(await table('Receivers')).toEqual(Object.fromEntries(counterparts));
  });
});
