import { keyText, type CustomResource, type ObjectKey } from '../api/resource.ts';
import { createDelivery } from '../delivery/delivery.ts';
import { type DeliveryObserver } from '../delivery/observer.ts';
import { type Occurrence } from '../event/occurrence.ts';
import { type Clock, type Timer } from '../schema/clock.ts';
import { type SinkContext } from '../sink-kit/index.ts';
import { type ReceiverStatus } from '../status/receiver-status.ts';
import { type RouteStatus } from '../status/route-status.ts';
import { type Log } from '../telemetry/log.ts';
import { type Metrics } from '../telemetry/metrics.ts';
import { createDebounce } from './debounce.ts';
import { createDispatch } from './dispatch.ts';
import { metricSources } from './metric-sources.ts';
import { createReceivers, type Receivers } from './receivers.ts';
import { createRouteTallies } from './route-tally.ts';
import { createRoutes, type Routes } from './routes.ts';
import { createStatusReporter, type StatusReporter } from './status-reporter.ts';
import { type World } from './world.ts';

export interface ControlOptions {
  readonly world: World;
  readonly clock: Clock;
  /** Gives numbers from 0 to below 1, for jitter. */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  /** The namespace whose routes see the whole cluster and whose receivers may use the operator's own machine. */
  readonly rootNamespace: string;
  /** Further namespaces whose receivers may use the operator's own machine. */
  readonly localSinkNamespaces: readonly string[];
  /** The addresses that sinks of a namespace may reach; undefined when all. */
  readonly addressGuard: (namespace: string) => SinkContext['isAddressAllowed'];
  /** @default 10000 */
  readonly counterPeriodMs?: number;
}

/** EventRoutes and EventReceivers in memory: what routes occurrences, delivers them and tells how that goes. */
export interface Control {
  readonly receivers: Pick<Receivers, 'get' | 'all'>;
  readonly routes: Pick<Routes, 'get' | 'all' | 'tree'>;
  readonly statuses: Pick<StatusReporter, 'receiverStatus' | 'routeStatus'>;
  applyReceiver(object: CustomResource<ReceiverStatus>): Promise<void>;
  removeReceiver(key: ObjectKey): Promise<void>;
  applyRoute(object: CustomResource<RouteStatus>): Promise<void>;
  removeRoute(key: ObjectKey): Promise<void>;
  /** Begins to open sinks and to write statuses: until then (a standby replica) only routes are compiled. */
  activate(): Promise<void>;
  /** Routes an occurrence and hands it to its receivers. */
  dispatch(occurrence: Occurrence): void;
  /** Delivers what it can within the grace period, drops the rest as ShuttingDown, writes the last statuses. */
  stop(options: { readonly graceMs: number }): Promise<void>;
}

const tickMs = 1_000;
/** How long after a change the statuses are written: changes come in crowds. */
const settleMs = 50;

/** Creates the control of all routes and receivers; it stands by until `activate`. */
export function createControl(options: ControlOptions): Control {
  const { world, clock, log, metrics, rootNamespace } = options;
  const tallies = createRouteTallies(clock);
  const observer: DeliveryObserver = {
    settled: (event, outcome) => tallies.settled(event.routes, outcome.kind === 'delivered'),
    attempted: (attempt) => {
      const sink = receivers.get(attempt.receiver)?.running?.prepared.receiver.sinkName ?? 'unknown';
      metrics.attempted(sink, attempt.ok ? 'ok' : 'failed', attempt.durationMs);
      for (const event of attempt.failedEvents) tallies.failed(event.routes);
    },
  };
  const delivery = createDelivery({ clock, random: options.random, log, observer });
  const around = {
    world,
    clock,
    log,
    allowsLocalSinks: (namespace: string) =>
      namespace === rootNamespace || options.localSinkNamespaces.includes(namespace),
    addressGuard: options.addressGuard,
  };
  const receivers = createReceivers(delivery, around, () => soon.trigger());
  const routes = createRoutes({ world, receivers, rootNamespace });
  const reporter = createStatusReporter({
    receivers,
    routes,
    tallies,
    world,
    clock,
    log,
    counterPeriodMs: options.counterPeriodMs ?? 10_000,
  });
  metrics.connect(metricSources({ receivers, routes, tallies, reporter }));

  /** Receivers that a standby has heard of. */
  const waiting = new Map<string, CustomResource<ReceiverStatus>>();
  let state: 'standby' | 'active' | 'stopped' = 'standby';
  let ticker: Timer;
  const report = async (): Promise<void> => {
    if (state === 'active') await reporter.report();
  };
  const soon = createDebounce(clock, settleMs, async () => {
    await routes.resolveAll();
    await report();
  });
  const tick = async (): Promise<void> => {
    await receivers.refresh();
    await report();
  };
  const scheduleTick = (): void => {
    ticker = clock.setTimeout(() => {
      tick()
        .catch((error: unknown) => log.error('Failed to look after the receivers', { error }))
        .finally(() => {
          if (state === 'active') scheduleTick();
        });
    }, tickMs);
  };

  return {
    receivers,
    routes,
    statuses: reporter,
    async applyReceiver(object) {
      if (state === 'active') await receivers.apply(object);
      else waiting.set(keyText(object.metadata), object);
    },
    async removeReceiver(key) {
      waiting.delete(keyText(key));
      reporter.forget('EventReceiver', keyText(key));
      await receivers.remove(key);
    },
    async applyRoute(object) {
      await routes.apply(object);
      soon.trigger();
    },
    removeRoute(key) {
      routes.remove(key);
      tallies.forget(keyText(key));
      reporter.forget('EventRoute', keyText(key));
      return Promise.resolve();
    },
    async activate() {
      state = 'active';
      const results = await Promise.allSettled(
        [...waiting.values()].map((object) => receivers.apply(object)),
      );
      for (const { reason } of results.filter((result) => result.status === 'rejected')) {
        log.warn('Failed to open a receiver; it is tried again', { error: reason });
      }
      waiting.clear();
      await routes.resolveAll();
      await report();
      scheduleTick();
    },
    dispatch: createDispatch({
      routes,
      tallies,
      delivery,
      onUndeliverable: () => metrics.eventDiscarded('ReceiverNotFound'),
    }),
    async stop({ graceMs }) {
      const wasActive = state === 'active';
      state = 'stopped';
      clock.clearTimeout(ticker);
      soon.cancel();
      receivers.close();
      await delivery.stop({ graceMs });
      if (wasActive) await reporter.flush();
    },
  };
}
