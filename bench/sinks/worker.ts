/**
 * `worker.ts CASE ours|plain ADDRESS`: sends a round of events whenever it is told to, by our sink through the delivery
 * pipeline or by the plain client, and tells what that took. One side in a process, so that memory is its own.
 */
import assert from 'node:assert/strict';

import { prepareReceiver } from '../../operator/control/prepare-receiver.ts';
import { createDelivery } from '../../operator/delivery/delivery.ts';
import { systemClock } from '../../operator/schema/clock.ts';
import { openSink } from '../../operator/sink-kit/index.ts';
import { cases, type SinkCase } from './cases.ts';
import { createSupply, type Supply } from './events.ts';

/** What a round took. */
export interface Round {
  readonly events: number;
  readonly seconds: number;
  readonly cpuMicroseconds: number;
  readonly rssBytes: number;
}

/** How long a round is at least, not counting the making of its events. */
const roundSeconds = 1;

/** Sends events; resolves when the system has them all. */
type Send = (supply: Supply) => Promise<void>;

const [name = '', side = '', address = ''] = process.argv.slice(2);
const subject = caseOf(name);

const receiver = 'shop/bench';
const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, warn: console.error, error: console.error };

function caseOf(wanted: string): SinkCase {
  const found = cases[wanted];
  assert(found !== undefined, `there is no case ${wanted}`);
  return found;
}

async function prepare({ sinkName, written, batch }: SinkCase) {
  const sink = { [sinkName]: written(address) };
  const delivery = { batch: { maxEvents: batch, maxBytes: '16Mi' } };
  const metadata = { namespace: 'shop', name: 'bench' };
  const object = { metadata, spec: { sink, delivery } } as unknown as Parameters<typeof prepareReceiver>[0];
  const preparation = await prepareReceiver(object, { secret: () => Promise.resolve(undefined) }, () => true);
  assert('prepared' in preparation, JSON.stringify(preparation));
  return preparation.prepared;
}

const prepared = await prepare(subject);
const { policy } = prepared;

/** What is taken in and not yet delivered: enough that each lane has a full batch under way and the next one is there. */
const backlog = subject.batch * (policy.concurrency + 1);
/** Events come in portions, as a watch brings them. */
const portion = Math.min(100, subject.batch);

async function openOurs(): Promise<Send> {
  let pending = 0;
  let onSettled = quiet;
  let fail: (error: Error) => void = quiet;
  const delivery = createDelivery({
    clock: systemClock,
    random: Math.random,
    log,
    observer: {
      settled(_, { kind }) {
        if (kind !== 'delivered') fail(new Error(`an event was ${kind}`));
        pending -= 1;
        onSettled();
      },
    },
  });
  const { sink: definition } = prepared.receiver;
  const { config, secrets } = prepared;
  const sink = await openSink(
    definition,
    { config: config as never, secrets },
    {
      signal: AbortSignal.timeout(10_000),
      warn: console.error,
    },
  );
  await sink.check?.(AbortSignal.timeout(10_000));
  delivery.ensure(receiver, policy).useSink(sink);
  const destinations = [{ receiver, routes: ['shop/route'] }];
  return (supply) => {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    pending = 0;
    fail = reject;
    onSettled = () => {
      if (pending === 0 && supply.left === 0) resolve(undefined);
      if (pending > backlog - portion) return;
      const occurrences = supply.take(portion);
      pending += occurrences.length;
      for (const occurrence of occurrences) delivery.accept(occurrence, destinations);
    };
    while (supply.left > 0 && pending <= backlog - portion) onSettled();
    return promise;
  };
}

async function openPlain({ plain, batch }: SinkCase): Promise<Send> {
  const lanes = policy.concurrency;
  const client = await plain({ address, lanes });
  return async (supply) => {
    const work = async (): Promise<void> => {
      while (supply.left > 0) await client.send(supply.take(batch));
    };
    await Promise.all(Array.from({ length: lanes }, work));
  };
}

/** Measures turns until they make a round; each has events of its own, since what was read of an event once is kept. */
async function measure(send: Send): Promise<Round> {
  let [events, seconds, cpuMicroseconds] = [0, 0, 0];
  while (seconds < roundSeconds) {
    const supply = createSupply(subject.events);
    global.gc?.();
    const cpuBefore = process.cpuUsage();
    const startedMs = performance.now();
    await send(supply);
    seconds += (performance.now() - startedMs) / 1_000;
    const { user, system } = process.cpuUsage(cpuBefore);
    cpuMicroseconds += user + system;
    events += subject.events;
  }
  return { events, seconds, cpuMicroseconds, rssBytes: process.memoryUsage.rss() };
}

const send = await (side === 'ours' ? openOurs() : openPlain(subject));
process.on('message', () => {
  void measure(send).then((round) => process.send?.(round));
});
process.once('disconnect', () => process.exit());
process.send?.('ready');
