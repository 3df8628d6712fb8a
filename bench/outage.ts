/**
 * Measures an outage: a thousand events a second go to two receivers, one of which is dead for a minute, or for as many as
 * EVENTROUTE_BENCH_MINUTES says. Printed, without a volume and with one: the resident memory, what the other receiver's
 * latency is against the time before the outage, and how fast the dead one catches up, against the live rate.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { build } from 'esbuild';

import { type Progress } from './outage/operator.ts';
import { type Report } from './outage/receiver.ts';

const minutes = Number(process.env['EVENTROUTE_BENCH_MINUTES'] ?? '1');
const calmMs = 15_000;
/** As long as the calm time in which nothing is counted: code is compiled, memory grows. */
const warmUpMs = 10_000;
const dockerfile = readFileSync('Dockerfile', 'utf8');
const entrypoint = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? '[]') as string[];
const execArgv = entrypoint.filter((word) => word.startsWith('--'));
const imageEnv = dockerfile.matchAll(/(?<=^ENV .*)(MALLOC_\w+)=(\S+)/gm);
const env = {
  ...process.env,
  ...Object.fromEntries(Array.from(imageEnv, ([, name, value]) => [name, value])),
};

// bundled, as the image runs it: what strips the types takes memory of its own; where packages are found, and no build empties it
const program = resolve('node_modules/.cache/eventroute/bench-outage.mjs');
await build({
  entryPoints: [join(import.meta.dirname, 'outage/operator.ts')],
  outfile: program,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
});

console.log(`1,000 events/s; one of two receivers is dead for ${minutes} min`);
console.log(
  '                 most RSS   p99 calm   p99 outage   ratio   caught up   at the live rate x   spool',
);
await measure('without a volume', '');
const folder = mkdtempSync(join(tmpdir(), 'eventroute-bench-'));
try {
  await measure('with --data-dir', folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(title: string, dataDir: string): Promise<void> {
  const receiver = fork(join(import.meta.dirname, 'outage/receiver.ts'));
  const [port] = (await once(receiver, 'message')) as [number];
  const operator = fork(program, [String(port), dataDir], { execArgv, env });
  let most = 0;
  let progress: Progress | undefined;
  operator.on('message', (told: Progress) => {
    progress = told;
    most = Math.max(most, told.rssBytes);
  });
  try {
    await ask(receiver, 'live');
    await sleep(warmUpMs);
    await ask(receiver, 'report');
    await sleep(calmMs);
    const calm = p99((await ask(receiver, 'report')).agesMs);

    await ask(receiver, 'die');
    await sleep(minutes * 60_000);
    const outage = p99((await ask(receiver, 'report')).agesMs);
    const spoolMb = dataDir === '' ? '' : `${mb(statSync(join(dataDir, 'spool.sqlite')).size)} MB`;

    const missed = progress?.behind ?? 0;
    const recoveredAt = performance.now();
    await ask(receiver, 'live');
    while ((progress?.behind ?? 0) > 2_000) await sleep(50);
    const seconds = (performance.now() - recoveredAt) / 1_000;
    console.log(
      `${title.padEnd(16)} ${mb(most).padStart(5)} MB ${ms(calm)} ${ms(outage).padStart(12)} ${(outage / calm).toFixed(2).padStart(7)}` +
        `  in ${seconds.toFixed(1).padStart(5)} s ${(missed / seconds / 1_000).toFixed(0).padStart(20)} ${spoolMb.padStart(7)}`,
    );
  } finally {
    operator.kill('SIGKILL');
    receiver.kill('SIGKILL');
  }
}

async function ask(receiver: ChildProcess, order: string): Promise<Report> {
  const answer = once(receiver, 'message');
  receiver.send(order);
  return ((await answer) as [Report])[0];
}

function p99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.99)] ?? Number.NaN;
}

function mb(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(0);
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`.padStart(10);
}
