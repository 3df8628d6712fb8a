import { keyText, type CustomResource, type ObjectKey } from '../api/resource.ts';
import { createDelivery } from '../delivery/delivery.ts';
import { type Occurrence } from '../event/occurrence.ts';
import { type Clock, type Timer } from '../schema/clock.ts';
import { type SinkContext } from '../sink-kit/index.ts';
import { type Spool } from '../spool/spool.ts';
import { type ReceiverStatus } from '../status/receiver-status.ts';
import { type RouteStatus } from '../status/route-status.ts';
import { type Log } from '../telemetry/log.ts';
import { type Metrics } from '../telemetry/metrics.ts';
import { createDeadLetterBook } from './dead-letter-book.ts';
import { createDebounce } from './debounce.ts';
import { observeDeliveries } from './delivery-observer.ts';
import { createFollowing } from './following.ts';
import { createGaps } from './gap.ts';
import { type History } from './history.ts';
import { createJudgement } from './judgement.ts';
import { type ReceiverSurroundings } from './managed-receiver.ts';
import { metricSources } from './metric-sources.ts';
import { createReceivers, type Receivers } from './receivers.ts';
import { createRequests } from './requests.ts';
import { type FindEvent } from './retry-errand.ts';
import { createRouteTallies } from './route-tally.ts';
import { createRoutes, type Routes } from './routes.ts';
import { createStartOf } from './starting-point.ts';
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
  /** The past of the source, for receivers that are behind; undefined when it cannot be told again. */
  readonly history?: History | undefined;
  /** Keeps what receivers wait for in a file; `history` reads it too. */
  readonly spool?: Spool | undefined;
  /** How long the source keeps its past. @default 1 h, as an API server does */
  readonly eventTtlMs?: number | undefined;
  /** Reads an Event again; without it, and without a history, no requests are taken. */
  readonly findEvent?: FindEvent | undefined;
  /** Whether this replica is the one that delivers, at this very moment. @default always */
  readonly isLeading?: (() => boolean) | undefined;
  /** Put into test events. @default '' */
  readonly clusterName?: string;
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
  /** The source has begun: what is after this position comes by `dispatch`. */
  follow(position: string): void;
  /** Routes an occurrence and hands it to its receivers. */
  dispatch(occurrence: Occurrence): void;
  /** Delivers what it can within the grace period, drops the rest as ShuttingDown, writes the last statuses. */
  stop(options: { readonly graceMs: number; readonly writesStatuses?: boolean }): Promise<void>;
}

const tickMs = 1_000;
/** How long after a change the statuses are written: changes come in crowds. */
const settleMs = 50;
/** How long the start of deliveries waits for receivers that are slow to open. */
const openingMs = 5_000;

const always = (): boolean => true;

/** Creates the control of all routes and receivers; it stands by until `activate`. */
export function createControl(options: ControlOptions): Control {
  const { world, clock, log, metrics, rootNamespace, history, spool, eventTtlMs = 3_600_000 } = options;
  const isLeading = options.isLeading ?? always;
  const tallies = createRouteTallies(clock);
  const records = {
    gaps: createGaps(),
    deadLetters: createDeadLetterBook({ find: (receiver) => receivers.get(receiver)?.object }),
  };
  const delivery = createDelivery({
    clock,
    random: options.random,
    log,
    observer: observeDeliveries({ tallies, metrics, find: (key) => receivers.get(key), ...records }),
    canReplay: history !== undefined,
  });
  const receivers = createReceivers(delivery, surroundings(options), () => soon.trigger());
  const routes = createRoutes({ world, receivers, rootNamespace });
  const reporter = createStatusReporter({
    receivers,
    routes,
    tallies,
    ...records,
    requests: { of: (receiver) => requests?.of(receiver) ?? [] },
    world,
    clock,
    log,
    counterPeriodMs: options.counterPeriodMs ?? 10_000,
  });
  metrics.connect(metricSources({ receivers, routes, delivery, tallies, spool, reporter }));

  /** Receivers that a standby has heard of. */
  const waiting = new Map<string, CustomResource<ReceiverStatus>>();
  let state: 'standby' | 'starting' | 'active' | 'stopped' = 'standby';
  const stopping = new AbortController();
  let ticker: Timer;
  const following = createFollowing({
    ...{ receivers, routes, tallies, delivery, history, spool, eventTtlMs, world, clock, log, ...records },
    onUndeliverable: (reason) => metrics.eventDiscarded(reason),
    signal: stopping.signal,
  });
  const report = (): void => {
    // a failed write is logged and tried again; nobody waits for a slow one
    if (state !== 'active' || !isLeading()) return;
    reporter.report().catch((error: unknown) => log.error('Failed to report statuses', { error }));
  };
  const requests =
    history &&
    options.findEvent &&
    createRequests({
      ...{ receivers, delivery, history, eventTtlMs, clock, log, ...records },
      findEvent: options.findEvent,
      clusterName: options.clusterName ?? '',
      destinationsOf: (occurrence) => following.destinationsOf(occurrence),
      onAnswer: report,
    });
  const judgement = createJudgement({ routes, receivers, clock, log });
  const soon = createDebounce(clock, settleMs, async () => {
    await judgement.renew();
    report();
  });
  const tick = (): void => {
    ticker = clock.setTimeout(tick, tickMs);
    receivers.refresh();
    following.tick();
    requests?.step();
    if (judgement.isDue) soon.trigger();
    report();
  };

  return {
    receivers,
    routes,
    statuses: reporter,
    async applyReceiver(object) {
      if (state === 'standby') waiting.set(keyText(object.metadata), object);
      else if (state !== 'stopped') await receivers.apply(object);
      if (state === 'active') requests?.step(keyText(object.metadata));
    },
    removeReceiver(key) {
      waiting.delete(keyText(key));
      reporter.forget('EventReceiver', keyText(key));
      receivers.remove(key);
      requests?.forget(keyText(key));
      for (const record of Object.values(records)) record.forget(keyText(key));
      return Promise.resolve();
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
      if (state !== 'standby') return;
      state = 'starting';
      following.open();
      const opened = Promise.all(
        [...waiting.values()].map((object) =>
          receivers.apply(object).catch((error: unknown) => {
            log.warn('Failed to open a receiver; it is tried again', {
              receiver: keyText(object.metadata),
              error,
            });
          }),
        ),
      );
      waiting.clear();
      await atMost(openingMs, opened, clock);
      await judgement.complete(stopping.signal);
      // it may have been stopped meanwhile
      if (stopping.signal.aborted) return;
      state = 'active';
      tick();
    },
    follow(position) {
      following.begin(position);
      requests?.begin();
      // a crash from now on must find where to go on
      report();
    },
    dispatch: (occurrence) => following.dispatch(occurrence),
    async stop({ graceMs, writesStatuses = true }) {
      const wasActive = state === 'active';
      state = 'stopped';
      stopping.abort();
      clock.clearTimeout(ticker);
      soon.cancel();
      receivers.close();
      requests?.stop();
      await following.idle();
      await delivery.stop({ graceMs });
      following.close();
      if (wasActive && writesStatuses) await reporter.flush();
    },
  };
}

function surroundings(options: ControlOptions): ReceiverSurroundings {
  const { world, clock, log, addressGuard, rootNamespace, localSinkNamespaces } = options;
  return {
    ...{ world, clock, log, addressGuard, isLeading: options.isLeading ?? always },
    allowsLocalSinks: (namespace) => namespace === rootNamespace || localSinkNamespaces.includes(namespace),
    startOf: createStartOf(options.history, options.spool),
  };
}

/** Waits for something, at most for a while; it goes on all the same. */
async function atMost(longestMs: number, awaited: Promise<unknown>, clock: Clock): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = clock.setTimeout(() => resolve(undefined), longestMs);
  await Promise.race([awaited, late]);
  clock.clearTimeout(timer);
}
