/**
 * Sends events by our sinks, through the delivery pipeline, and by plain clients that render the same bodies, make the
 * same requests of the same batches by the same libraries, and do nothing else. The systems are stand-ins on loopback.
 * Rounds of both alternate, and medians count. The first ratio is the plain client's CPU time for an event divided by
 * ours; its limit is 0.7 for each sink that sends batches. The second is our events a second divided by the plain
 * client's, which whatever else the machine does can change.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { cases, type SinkCase } from './sinks/cases.ts';
import { startChild, type Child } from './sinks/child.ts';
import type { Addresses, Arrivals } from './sinks/stand-ins.ts';
import type { Round } from './sinks/worker.ts';

const limit = 0.7;
const warmUps = 3;
const rounds = 7;
const sides = ['ours', 'plain'] as const;
/** Headers of records and the division among partitions are not the same to the byte. */
const tolerance = 0.1;

/** One side of a comparison: its rounds, and what the system got in all of them. */
class Run {
  readonly rounds: Round[] = [];
  readonly #worker: Child;
  readonly #subject: SinkCase;
  readonly #address: string;
  #sent = 0;
  #turns = 0;
  arrived: Arrivals = { events: 0, requests: 0, bytes: 0 };

  constructor(worker: Child, subject: SinkCase, address: string) {
    this.#worker = worker;
    this.#subject = subject;
    this.#address = address;
  }

  async go(isWarmUp: boolean): Promise<void> {
    const round = await this.#worker.ask<Round>();
    const { events, requests, bytes } = await standIns.ask<Arrivals>();
    this.#sent += round.events;
    this.#turns += round.events / this.#subject.events;
    this.arrived = {
      events: this.arrived.events + events,
      requests: this.arrived.requests + requests,
      bytes: this.arrived.bytes + bytes,
    };
    if (!isWarmUp) this.rounds.push(round);
  }

  /** Ends it; gives how many requests and bytes a turn had. */
  async end(): Promise<Pick<Arrivals, 'requests' | 'bytes'>> {
    await this.#worker.close();
    const { requests, events } = this.arrived;
    let { bytes } = this.arrived;
    if (this.#subject.system === 'file') bytes = (await stat(this.#address)).size;
    else if (this.#subject.system === 'stdout') bytes = this.#worker.bytesPrinted;
    else assert.equal(events, this.#sent, 'all that was sent must arrive once');
    return { requests: requests / this.#turns, bytes: bytes / this.#turns };
  }

  /** The median of the rounds. */
  median(of: (round: Round) => number): number {
    const values = this.rounds.map(of).sort((a, b) => a - b);
    return values[Math.floor(values.length / 2)] ?? NaN;
  }
}

const folder = await mkdtemp(join(tmpdir(), 'eventroute-bench-'));
const standIns = startChild('stand-ins.ts');
const addresses = await standIns.answer<Addresses>();

function addressOf({ system }: SinkCase, side: string): string {
  if (system === 'kafka') return addresses.kafka;
  if (system === 'file') return join(folder, side);
  return `${addresses.http}${system === '/' ? '' : system}`;
}

async function compare(name: string, subject: SinkCase): Promise<readonly [Run, Run]> {
  const [ours, plain] = await Promise.all(
    sides.map(async (side) => {
      const address = addressOf(subject, side);
      const worker = startChild('worker.ts', [name, side, address]);
      await worker.answer();
      return new Run(worker, subject, address);
    }),
  );
  assert(ours !== undefined && plain !== undefined);
  // what opening asked the system
  await standIns.ask();
  for (let number = -warmUps; number < rounds; number += 1) {
    await ours.go(number < 0);
    await plain.go(number < 0);
  }
  const [our, their] = [await ours.end(), await plain.end()];
  for (const [what, mine] of Object.entries(our)) {
    const difference = Math.abs(mine - their[what as keyof typeof their]);
    assert(
      difference <= tolerance * mine,
      `${name}: ${what} are not the same: ${JSON.stringify({ our, their })}`,
    );
  }
  return [ours, plain];
}

function report(name: string, { isUnbatched = false }: SinkCase, [ours, plain]: readonly [Run, Run]): void {
  const cpuOf = (run: Run): number => run.median(({ cpuMicroseconds, events }) => cpuMicroseconds / events);
  const rateOf = (run: Run): number => run.median(({ seconds, events }) => events / seconds);
  const told = (run: Run): string =>
    `${rateOf(run).toFixed(0)} events/s, ${cpuOf(run).toFixed(1)} us CPU/event, ` +
    `${(run.median(({ rssBytes }) => rssBytes) / 1024 ** 2).toFixed(0)} MiB`;
  const ratio = cpuOf(plain) / cpuOf(ours);
  const judged = isUnbatched ? 'for information' : `at least ${limit}`;
  console.log(
    `${name}: ${told(ours)}; plain client ${told(plain)}; ` +
      `ratio ${ratio.toFixed(2)} by CPU (${judged}), ${(rateOf(ours) / rateOf(plain)).toFixed(2)} by events/s`,
  );
  if (!isUnbatched && !(ratio >= limit)) process.exitCode = 1;
}

const wanted = process.argv.slice(2);
try {
  for (const [name, subject] of Object.entries(cases)) {
    if (wanted.length === 0 || wanted.includes(name)) report(name, subject, await compare(name, subject));
  }
} finally {
  await standIns.close();
  await rm(folder, { recursive: true });
}
