// Fuzzes the template engine. Differential: random templates are rendered by real Go and by us. Hostile: templates that
// try to get out are rendered by us alone; nothing but a TemplateError may come of them.
//   node tools/fuzz-template.ts [--count 2000] [--hostile 20000] [--seconds 60] [--seed 1]
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { goEvent } from '../operator/event/go-event.ts';
import { CodeScope } from '../operator/template/code-scope.ts';
import { generateProgram } from '../operator/template/program.ts';
import { TemplateError } from '../operator/template/template-error.ts';
import { compileTemplate } from '../operator/template/template.ts';
import { createGrammar, hostileTemplate } from './template-grammar.ts';
import { buildGenerator } from './golden-template.ts';

const batch = 2_000;
const maxShown = 15;

interface Result {
  readonly output?: string;
  readonly stage?: string;
  readonly line?: number;
  readonly column?: number;
  readonly message?: string;
}

const golden = join(import.meta.dirname, '../test/template/golden');
const events = JSON.parse(readFileSync(join(golden, 'events.json'), 'utf8')) as Record<string, unknown>;
/** Go prints pointers to numbers inside structs as addresses, which say nothing. */
function withoutPointers(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (key, member: unknown) =>
      /^(deletionGracePeriodSeconds|controller|blockOwnerDeletion)$/.test(key) ? undefined : member,
    ),
  );
}
for (const [name, event] of Object.entries(events)) events[name] = withoutPointers(event);
const names = Object.keys(events);

function option(name: string, fallback: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
}

function renderOurs(template: string, event: string, limits = {}): Result {
  try {
    return { output: compileTemplate(template, { root: goEvent, limits }).render(events[event]) };
  } catch (error) {
    if (!(error instanceof TemplateError))
      throw new Error(`not a TemplateError for ${template}`, { cause: error });
    const { line, column, detail } = error;
    const stage = error.stage === 'parse' ? 'parse' : 'execute';
    if (stage === 'parse') return { stage, line, message: detail };
    // What can never work is found before it runs, even where Go would stumble over something else first.
    return error.stage === 'compile' ? { stage, message: detail } : { stage, line, column, message: detail };
  }
}

type Case = { readonly template: string; readonly event: string };

/** Renders cases with Go; where Go itself runs out of memory or time, the one case is found and left out. */
function renderGo(binary: string, cases: readonly Case[]): Result[] {
  const input = [events, ...cases].map((line) => `${JSON.stringify(line)}\n`).join('');
  const options = {
    input,
    encoding: 'utf8',
    maxBuffer: 5e8,
    timeout: 20_000,
    env: { TZ: 'UTC', GOGC: '50' },
  } as const;
  const run = spawnSync('bash', ['-c', `ulimit -v 4000000; exec ${binary}`], options);
  if (run.status === 0) {
    return run.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Result);
  }
  if (cases.length === 1) {
    console.log(`Go itself gives up: ${cases[0]?.template.slice(0, 300) ?? ''}`);
    return [{ stage: 'skipped' }];
  }
  const half = Math.ceil(cases.length / 2);
  return [...renderGo(binary, cases.slice(0, half)), ...renderGo(binary, cases.slice(half))];
}

function differs(go: Result, ours: Result): boolean {
  if (go.output !== undefined || ours.output !== undefined) return go.output !== ours.output;
  if (go.stage === 'execute' && ours.stage === 'execute' && ours.line === undefined) return false;
  return go.stage !== ours.stage || go.line !== ours.line || go.column !== ours.column;
}

/** What cannot be compared: Go gave up, or our limits ended it. */
const isOutside = (go: Result, ours: Result): boolean =>
  go.stage === 'skipped' || ours.message?.includes('(limit max') === true;

function differential(count: number, seed: number, deadline: number): number {
  const binary = buildGenerator();
  const grammar = createGrammar(seed);
  let done = 0;
  let rendered = 0;
  let different = 0;
  while (done < count && Date.now() < deadline) {
    const cases = Array.from({ length: Math.min(batch, count - done) }, (_, index) => ({
      template: grammar.template(),
      event: names[index % names.length] ?? 'full',
    }));
    const results = renderGo(binary, cases);
    for (const [index, { template, event }] of cases.entries()) {
      const go = results[index] ?? {};
      const ours = renderOurs(template, event);
      if (go.output !== undefined) rendered += 1;
      if (isOutside(go, ours) || !differs(go, ours)) continue;
      different += 1;
      if (different > maxShown) continue;
      console.log(
        `${event} ${JSON.stringify(template)}\n  go   ${JSON.stringify(go)}\n  ours ${JSON.stringify(ours)}`,
      );
    }
    done += cases.length;
  }
  console.log(
    `differential: ${done} templates (${rendered} rendered, the others failed alike), ${different} differences`,
  );
  return different;
}

const allowed =
  /^(?:r|k|it|let|const|function|if|else|for|of|break|continue|undefined|null|true|false|dot|[vt]\d+|\$|n)$/;
const members = new Set([
  'data',
  'fail',
  'text',
  'wrap',
  'truth',
  'print',
  'there',
  'invoke',
  'member',
  'entry',
  'call',
]);
for (const name of [
  'literal',
  'coerce',
  'mark',
  'block',
  'out',
  'turns',
  'isEmpty',
  'pairs',
  'enter',
  'leave',
])
  members.add(name);
for (const name of [
  'values',
  'places',
  'place',
  'r',
  'k',
  'res',
  'length',
  'integer',
  '__eta',
  'string',
  'hasKeys',
  'mapTurns',
  'isMethod',
])
  members.add(name);

function collectFieldNames(type: unknown): void {
  if (typeof type !== 'object' || type === null) return;
  const { fields, to, of } = type as {
    fields?: { json: string; type: unknown }[];
    to?: unknown;
    of?: unknown;
  };
  for (const field of fields ?? []) {
    members.add(field.json);
    collectFieldNames(field.type);
  }
  collectFieldNames(to);
  collectFieldNames(of);
}
collectFieldNames(goEvent);

/** Finds a word of generated code that the generator has no business to write. */
function foreignToken(template: string): string | undefined {
  let code: string;
  try {
    const entries = generateProgram(template, goEvent, new CodeScope(template));
    code = entries.map((entry) => (typeof entry === 'string' ? '' : entry.val)).join('\n');
  } catch {
    return undefined;
  }
  const bare = code
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/\b\d+n?\b/g, '0')
    .replace(/\bof\b/g, '');
  for (const [, dotted, word = ''] of bare.matchAll(/(\.)?([A-Za-z_$][\w$]*)/g)) {
    const known = dotted === undefined ? allowed.test(word) || members.has(word) : members.has(word);
    if (!known) return word;
  }
  return undefined;
}

/** The names that a template would change if it got out. */
const world = (): string =>
  JSON.stringify(
    [Object.prototype, Function.prototype, Array.prototype, globalThis].map((one) =>
      Object.getOwnPropertyNames(one),
    ),
  );

/** What came of a hostile template that should not have; undefined when all is well. */
function escapeOf(template: string, output: string, maxBytes: number): string | undefined {
  const token = foreignToken(template);
  if (token !== undefined) return `foreign token ${token}`;
  if (output.length > maxBytes) return 'output beyond its limit';
  const isLeak = /\[native code\]|\[object |function \w*\(/.test(output) && !template.includes('[');
  return isLeak ? `leak ${output.slice(0, 200)}` : undefined;
}

function hostile(count: number, seed: number, deadline: number): number {
  const before = world();
  const data = JSON.stringify(events);
  const random = createGrammar(seed).random;
  const limits = { maxSteps: 5_000, maxBytes: 20_000, maxDepth: 30 };
  let escapes = 0;
  let slowestMs = 0;
  let done = 0;
  for (; done < count && (done % 1_000 !== 0 || Date.now() < deadline); done += 1) {
    const template = hostileTemplate(random);
    const started = performance.now();
    const { output = '' } = renderOurs(template, 'full', limits);
    slowestMs = Math.max(slowestMs, performance.now() - started);
    const escape = escapeOf(template, output, limits.maxBytes);
    if (escape === undefined) continue;
    escapes += 1;
    console.log(`escape: ${JSON.stringify(template)} ${escape}`);
  }
  if (before !== world()) escapes += 1;
  if (JSON.stringify(events) !== data) escapes += 1;
  console.log(`hostile: ${done} templates, ${escapes} escapes, slowest ${slowestMs.toFixed(0)} ms`);
  return escapes;
}

function main(): void {
  const seed = option('seed', Date.now() % 1_000_000);
  const deadline = Date.now() + option('seconds', 600) * 1_000;
  console.log(`seed ${seed}`);
  const failures =
    differential(option('count', 2_000), seed, deadline) + hostile(option('hostile', 20_000), seed, deadline);
  if (failures > 0) process.exitCode = 1;
}

main();
