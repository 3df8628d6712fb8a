// Prints what delivery costs for each event, in CPU time, through a sink that takes everything at once. The bound is a plain
// loop in the same run that encodes and sends the same batches, so that figures of different machines can be compared.
import { createPipeline } from '../operator/delivery/pipeline.ts';
import { resolvePolicy } from '../operator/delivery/policy.ts';
import { type ClusterEvent } from '../operator/event/cluster-event.ts';
import { type Occurrence } from '../operator/event/occurrence.ts';
import { systemClock } from '../operator/schema/clock.ts';
import { type Outgoing, type Sink, type SinkEvent } from '../operator/sink-kit/index.ts';

const events = 200_000;
const objects = 20_000;
const chunk = 5_000;

const occurrences: readonly Occurrence[] = Array.from({ length: objects }, (_, index) => ({
  event: {
    uid: `event-${index}`,
    involvedObject: { uid: `object-${index}`, kind: 'Pod', namespace: 'shop', name: `pod-${index}` },
  } as unknown as ClusterEvent,
  key: `event-${index}-1`,
  number: 1,
  time: new Date(),
  position: String(index),
}));
const routes = ['shop/route'];

function nullSink(): Sink<string> & { taken: number } {
  return {
    endpoint: 'nowhere',
    taken: 0,
    encode: (event) => ({ payload: event.key, bytes: 1_000 }),
    send(batch) {
      this.taken += batch.length;
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
}

async function measure(run: () => Promise<number>): Promise<number> {
  const before = process.cpuUsage();
  const taken = await run();
  const { user, system } = process.cpuUsage(before);
  if (taken !== events) throw new Error(`the sink took ${taken} of ${events} events`);
  return (user + system) / events;
}

/** What cannot be saved: encode, make the batch, send it. */
async function plainLoop(batchSize: number): Promise<number> {
  const sink = nullSink();
  const signal = new AbortController().signal;
  let batch: Outgoing<string>[] = [];
  for (let index = 0; index < events; index += 1) {
    const occurrence = occurrences[index % objects] as Occurrence;
    const event: SinkEvent = { ...occurrence, receiver: 'shop/null', routes };
    batch.push({ event, payload: sink.encode(event).payload });
    if (batch.length < batchSize) continue;
    await sink.send(batch, signal);
    batch = [];
  }
  if (batch.length > 0) await sink.send(batch, signal);
  return sink.taken;
}

async function pipeline(batchSize: number): Promise<number> {
  const sink = nullSink();
  const quiet = (): void => undefined;
  const subject = createPipeline({
    receiver: 'shop/null',
    policy: resolvePolicy({ batch: { maxEvents: batchSize, maxBytes: '64Mi', maxWait: '10ms' } }),
    clock: systemClock,
    random: Math.random,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    observer: { settled: quiet, attempted: quiet },
  });
  subject.useSink(sink);
  for (let start = 0; start < events; start += chunk) {
    for (let index = start; index < start + chunk; index += 1) {
      subject.accept(occurrences[index % objects] as Occurrence, routes);
    }
    while (subject.tally().pending > 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await subject.stop({ graceMs: 1_000, reason: 'ShuttingDown' });
  return sink.taken;
}

for (const batchSize of [1, 500]) {
  await measure(() => plainLoop(batchSize));
  await measure(() => pipeline(batchSize));
  const bound = await measure(() => plainLoop(batchSize));
  const cost = await measure(() => pipeline(batchSize));
  console.log(
    `delivery, batch ${batchSize}: ${cost.toFixed(2)} us CPU/event (plain loop ${bound.toFixed(2)} us, ${(cost / bound).toFixed(1)}x)`,
  );
}
