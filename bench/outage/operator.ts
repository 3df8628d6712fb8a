/**
 * `operator.ts PORT FOLDER`: the control with its pipelines and sinks, following a stream of a thousand events a second.
 * With a folder it keeps a spool there. It tells every second how it fares.
 */
import { createControl } from '../../operator/control/control.ts';
import { createSpooledHistory } from '../../operator/control/spooled-history.ts';
import { systemClock } from '../../operator/schema/clock.ts';
import { createSpool } from '../../operator/spool/spool.ts';
import { createMetrics } from '../../operator/telemetry/metrics.ts';
import { createStream } from './stream.ts';

/** How the operator fares. */
export interface Progress {
  readonly rssBytes: number;
  /** Occurrences so far, and those of them that the dead receiver has not ended with. */
  readonly count: number;
  readonly behind: number;
}

const eventsPerSecond = 1_000;
const stepMs = 10;

const [port = '', folder = ''] = process.argv.slice(2);
const stream = createStream();
const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: console.error };
const clock = systemClock;
const eventTtlMs = 3_600_000;
const { compare } = stream.history;
const spool = folder === '' ? undefined : createSpool({ folder, maxBytes: 1024 ** 3, compare, clock, log });
const control = createControl({
  history:
    spool === undefined
      ? stream.history
      : createSpooledHistory({ spool, source: stream.history, eventTtlMs, clock }),
  spool,
  eventTtlMs,
  world: {
    secret: () => Promise.resolve(undefined),
    namespaceLabels: () => Promise.resolve({}),
    writeStatus: () => Promise.resolve('written'),
    recordEvent: quiet,
  },
  clock,
  random: Math.random,
  log,
  metrics: createMetrics('bench'),
  rootNamespace: 'root',
  localSinkNamespaces: [],
  addressGuard: () => undefined,
});

const apiVersion = 'eventroute.dev/v1beta1';
const metadata = (name: string) => ({ namespace: 'root', name, uid: name, generation: 1 });
const delivery = { batch: { maxEvents: 500, maxWait: '10ms' }, retry: { maxAge: '168h', max: '1s' } };
for (const name of ['steady', 'dead']) {
  const webhook = { endpoint: `http://127.0.0.1:${port}/${name}`, encoding: 'JSONArray' };
  await control.applyReceiver({
    ...{ apiVersion, kind: 'EventReceiver', metadata: metadata(name) },
    spec: { sink: { webhook }, delivery },
  });
}
const match = [{ receiver: 'steady' }, { receiver: 'dead' }];
await control.applyRoute({ apiVersion, kind: 'EventRoute', metadata: metadata('all'), spec: { match } });
await control.activate();
control.follow('0');

const startedAt = performance.now();
setInterval(() => {
  const due = ((performance.now() - startedAt) / 1_000) * eventsPerSecond;
  while (stream.count < due) control.dispatch(stream.next());
}, stepMs);
setInterval(() => {
  const position = Number(control.receivers.get('root/dead')?.checkpoint()?.position ?? 0);
  const progress: Progress = {
    rssBytes: process.memoryUsage.rss(),
    count: stream.count,
    behind: stream.count - position,
  };
  process.send?.(progress);
}, 250);
