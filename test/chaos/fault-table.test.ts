import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { faults } from './schedule.ts';

const docs = join(import.meta.dirname, '../../docs');
const text = readFileSync(join(docs, 'delivery.md'), 'utf8');
const section = text.split(/^## /m).find((part) => part.startsWith('What survives what')) ?? '';
const [head = [], , ...rows] = section
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
const proofs = rows.map((row) => ({ fault: row[0] ?? '', proof: row[head.indexOf('proven by')] ?? '' }));
/** `[name](path) "title"`: a test of another file. */
const named = proofs.flatMap(({ proof }) =>
  [...proof.matchAll(/\]\(([^)]+)\) "([^"]+)"/g)].map(([, path = '', title = '']) => ({ path, title })),
);
const done = proofs.flatMap(({ proof }) => [...proof.matchAll(/`([^`]+)`/g)].map(([, fault = '']) => fault));

describe('the table of faults in docs/delivery.md', () => {
  it('names a proof in each line', () => {
    expect(proofs.length).toBeGreaterThan(10);
    for (const { fault, proof } of proofs) expect([fault, proof]).not.toContain('');
  });

  it.each(named)('names a test that exists: $title', ({ path, title }) => {
    const file = join(docs, path);

    expect(existsSync(file)).toBe(true);
    expect(readFileSync(file, 'utf8')).toContain(`'${title}'`);
  });

  it('names the faults that test:chaos does, all of them and no others', () => {
    expect([...new Set(done)].sort()).toEqual(Object.keys(faults).sort());
  });
});
