/**
 * `npm run test:chaos [-- --seed N --minutes M --volume --keep FILE]`: a real API server, operators as processes, and
 * everything that can go wrong between them, at random but by a seed; then what three sinks got is compared with what the
 * API server held. With `--volume` the operator that works alone has a `--data-dir`; `--keep` writes all that was seen
 * into a file.
 */
import { randomInt } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import cleanUp from '../e2e/clean-up.ts';
import prepare from '../e2e/prepare.ts';
import { measureLatency } from './latency.ts';
import { checksOf, checkTable, faultTable, type Outcome } from './report.ts';
import { eventReason } from './producer.ts';
import { createSaboteur, type Saboteur } from './saboteur.ts';
import { createSchedule, type Lane, receivers, type Schedule } from './schedule.ts';
import { type Blindness, judge, type Observations } from './verdict.ts';
import { createWatcher, type Watcher } from './watcher.ts';
import { chaosNamespace, type ChaosWorld, pathOf, rate, startChaosWorld, waitUntilReady } from './world.ts';

/** These buffers hold more than comes during the longest fault; `small` has to catch up. */
const roomy = ['hook', 'search'] as const;
const lookEveryMs = 500;
const settleTimeoutMs = 90_000;

/** Whoever names a folder wants to try the build that is there. */
const isBuilt = process.env.EVENTROUTE_E2E_DIST === undefined;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const startedMs = Date.now();
const stamp = (): string => `${((Date.now() - startedMs) / 1_000).toFixed(1).padStart(6)} s`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    minutes: { type: 'string' },
    volume: { type: 'boolean', default: false },
    keep: { type: 'string' },
  },
});
const seed = numberOf('seed', values.seed ?? String(randomInt(1_000_000)));
const minutes = numberOf('minutes', values.minutes ?? '10');
const schedule = createSchedule({ seed, minutes });
const planned = schedule.lanes.reduce((sum, { faults }) => sum + faults.length, 0);
say(
  `Seed ${seed}, ${minutes} minutes: ${planned} faults in ${Math.round(schedule.loadMs / 1_000)} s of load`,
);

function numberOf(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= 0) return value;
  say(`--${flag} must be a number, not ${text}`);
  process.exit(2);
}

async function runLane({ faults }: Lane, saboteur: Saboteur, loadFromMs: number): Promise<void> {
  for (const fault of faults) {
    await sleep(Math.max(0, loadFromMs + fault.atMs - Date.now()));
    const { fault: name, forMs, target } = fault;
    say(`${stamp()}  ${name} ${target}${forMs > 0 ? ` for ${forMs} ms` : ''}`.trimEnd());
    await saboteur.commit(fault);
  }
}

async function runLoad(world: ChaosWorld, saboteur: Saboteur, { lanes, loadMs, pairFromMs }: Schedule) {
  const loadFromMs = Date.now();
  world.producer.start();
  const leading = lanes.filter(({ name }) => name === 'leader');
  const alone = lanes.filter(({ name }) => name === 'operator' || name === 'API server');
  const others = lanes.filter((lane) => !leading.includes(lane) && !alone.includes(lane));
  const run = (of: readonly Lane[]): Promise<unknown> =>
    Promise.all(of.map((lane) => runLane(lane, saboteur, loadFromMs)));
  const operators = async (): Promise<void> => {
    await run(alone);
    await sleep(Math.max(0, loadFromMs + pairFromMs - Date.now()));
    say(`${stamp()}  a leader and a replica that stands by take over from the one that worked alone`);
    await saboteur.startPair();
    await run(leading);
  };
  await Promise.all([operators(), run(others)]);
  await sleep(Math.max(0, loadFromMs + loadMs - Date.now()));
  await world.producer.stop();
}

function observe(world: ChaosWorld, watcher: Watcher): Observations {
  const { truth, receipts } = world;
  const blindnesses = watcher.blindnesses(roomy);
  return { truth, receipts, receivers, roomy, blindnesses, leaderships: watcher.leaderships };
}

/** Waits until nothing is missing any more, for a while at most. */
async function settle(world: ChaosWorld): Promise<number> {
  const fromMs = Date.now();
  for (;;) {
    const taken = new Set(world.receipts.map(({ receiver, key }) => `${receiver} ${key}`));
    const isWhole = [...world.truth.events.values()].every((occurrences) => {
      const { uid, number } = occurrences.at(-1)!;
      return receivers.every((receiver) => taken.has(`${receiver} ${uid}-${number}`));
    });
    if (isWhole || Date.now() - fromMs > settleTimeoutMs) return Date.now() - fromMs;
    await sleep(500);
  }
}

/** Compares the API server's own list with the truth that the verdict goes by. */
async function compareList({ api, truth }: ChaosWorld): Promise<string[]> {
  interface Item {
    readonly metadata: { readonly uid: string; readonly resourceVersion: string };
    readonly reason: string;
    readonly count?: number;
    readonly series?: { readonly count?: number };
  }
  const { body } = await api.insist('GET', `/api/v1/namespaces/${chaosNamespace}/events`);
  // the operator tells of the EventRoute of this namespace here, too
  const items = (body as { items: readonly Item[] }).items.filter(({ reason }) => reason === eventReason);
  const objections = items.flatMap(({ metadata, count, series }) => {
    const last = truth.events.get(metadata.uid)?.at(-1);
    const number = Math.max(count ?? 0, series?.count ?? 0, 1);
    const isEqual = last?.number === number && last.position === Number(metadata.resourceVersion);
    return isEqual ? [] : [`the API server has ${metadata.uid}-${number}, written was ${last?.number}`];
  });
  return items.length === truth.events.size
    ? objections
    : [...objections, `the API server has ${items.length} Events, written were ${truth.events.size}`];
}

async function compareStatuses({ api }: ChaosWorld): Promise<string[]> {
  const { body } = await api.insist('GET', pathOf('eventreceivers'));
  interface Item {
    readonly metadata: { readonly name: string };
    readonly status?: Readonly<Record<string, unknown>>;
  }
  return (body as { items: readonly Item[] }).items.flatMap(({ metadata, status = {} }) =>
    ['dropped', 'gaps', 'deadLettered']
      .filter((count) => status[count] !== 0)
      .map((count) => `${metadata.name} has status.${count} ${JSON.stringify(status[count])}`),
  );
}

function objectToOperators({ operators }: ChaosWorld, blindnesses: readonly Blindness[]): string[] {
  const unseen = blindnesses.filter(({ toMs }) => toMs === Infinity);
  const told = unseen.map(
    ({ why, receiver = 'all' }) => `${why}, and nobody read Events again for ${receiver}`,
  );
  const objections = operators.runs.flatMap(({ name, endedByItself, lines }) => [
    ...(endedByItself ? [`${name} ended by itself: ${JSON.stringify(lines.slice(-3))}`] : []),
    ...lines.filter(({ level }) => level === 'error').map((line) => `${name}: ${JSON.stringify(line)}`),
  ]);
  return [...told, ...objections];
}

async function main(): Promise<boolean> {
  if (isBuilt) await prepare();
  await using world = await startChaosWorld({ seed, now: Date.now, hasVolume: values.volume });
  const watcher = createWatcher(world.operators, world.api);
  const saboteur = createSaboteur(world, watcher);
  say(`${stamp()}  the API server, the chart and three sinks are there`);
  await saboteur.startAlone();
  await waitUntilReady(world.api);
  const latency = await measureLatency(world);
  say(
    `${stamp()}  from an Event's creation to its receipt, with nothing else going on: p50 ${latency.p50Ms} ms, ` +
      `p99 ${latency.p99Ms} ms, longest ${latency.longestMs} ms (${latency.count} Events)`,
  );
  const over = new AbortController();
  const looking = (async () => {
    while (!over.signal.aborted) {
      await watcher.look();
      await saboteur.restartEnded();
      await sleep(lookEveryMs);
    }
  })();
  await runLoad(world, saboteur, schedule);
  say(`${stamp()}  the load ended; waiting for what is on its way`);
  const settledMs = await settle(world);
  say(`${stamp()}  waited ${(settledMs / 1_000).toFixed(1)} s`);
  over.abort();
  await looking;
  const observed = observe(world, watcher);
  for (const run of world.operators.runs) await run.end('SIGTERM');
  world.operators.readLogs();

  const verdict = judge(observed);
  const outcome: Outcome = {
    ...{ verdict, watcher, saboteur },
    statusObjections: await compareStatuses(world),
    listObjections: await compareList(world),
    operatorObjections: objectToOperators(world, observed.blindnesses),
    takeovers: {
      seen: watcher.leaderships.length - 1,
      wanted: schedule.lanes.find(({ name }) => name === 'leader')?.faults.length ?? 0,
    },
  };
  const checks = checksOf(outcome);
  const { truth, receipts, producer, operators } = world;
  say(`\nSeed ${seed}; what was done:\n${faultTable(saboteur.done)}\n`);
  say(
    `${truth.events.size} Events with ${truth.size} occurrences were written, ${producer.rate().toFixed(0)} a second while ` +
      `the API server was there (${rate} were wanted). The sinks took ${receipts.length}, of which ${verdict.duplicates} ` +
      `were copies; ${verdict.folded} repeats came within a later one. ${operators.runs.length} operators ran.\n`,
  );
  say(checkTable(checks));
  if (values.keep !== undefined) {
    const { runs } = operators;
    const kept = { ...observed, truth: [...truth.events.values()].flat() };
    await writeFile(values.keep, JSON.stringify({ ...kept, runs: runs.map(({ link: _, ...run }) => run) }));
  }
  return checks.every(({ count }) => count === 0);
}

try {
  const isPassed = await main();
  process.exitCode = isPassed ? 0 : 1;
} finally {
  if (isBuilt) await cleanUp();
}
