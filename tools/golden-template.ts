// Renders the golden cases of templates with real Go and compares the results with the committed ones, or writes them.
//   node tools/golden-template.ts           shows what differs and fails if anything does
//   node tools/golden-template.ts --write   writes test/template/golden/expected
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';

const golden = join(import.meta.dirname, '../test/template/golden');
const events = JSON.parse(readFileSync(join(golden, 'events.json'), 'utf8')) as Record<string, unknown>;

/** Builds the Go program; gives its path. */
export function buildGenerator(): string {
  const binary = join(mkdtempSync(join(tmpdir(), 'golden-')), 'golden');
  const built = spawnSync('go', ['build', '-o', binary, '.'], {
    cwd: join(golden, 'generator'),
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`go build failed: ${built.stderr || String(built.error)}`);
  return binary;
}

interface Case {
  readonly template: string;
  readonly event: string;
}

/** Reads the cases of a file: each template is rendered with every event that has something to show. */
function readCases(file: string): Case[] {
  const templates = parse(readFileSync(join(golden, 'cases', file), 'utf8')) as string[];
  const names = file === 'fields.yaml' ? Object.keys(events) : ['full'];
  return templates.flatMap((template) => names.map((event) => ({ template, event })));
}

function renderAll(binary: string, cases: readonly Case[]): unknown[] {
  const input = [events, ...cases].map((line) => `${JSON.stringify(line)}\n`).join('');
  const options = { input, encoding: 'utf8', maxBuffer: 1e9, env: { ...process.env, TZ: 'UTC' } } as const;
  const run = spawnSync(binary, [], options);
  if (run.status !== 0) throw new Error(`the Go program failed: ${run.stderr}`);
  return run.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

function main(): void {
  const write = process.argv.includes('--write');
  const binary = buildGenerator();
  let total = 0;
  let different = 0;
  for (const file of readdirSync(join(golden, 'cases')).sort()) {
    const cases = readCases(file);
    const results = renderAll(binary, cases);
    const lines = cases.map((one, index) => JSON.stringify({ ...one, ...(results[index] as object) }));
    const text = `[\n${lines.join(',\n')}\n]\n`;
    const target = join(golden, 'expected', file.replace('.yaml', '.json'));
    total += cases.length;
    if (write) writeFileSync(target, text);
    else if (readFileSync(target, 'utf8') !== text) {
      different += 1;
      console.log(`${file}: Go gives other results than ${target}`);
    }
  }
  console.log(`${total} cases, ${different} files differ`);
  if (different > 0) process.exitCode = 1;
}

if (import.meta.main) main();
