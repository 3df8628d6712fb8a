import type { Counter, Gauge } from 'prom-client';

/** The counts of one receiver at the moment of a scrape. */
export interface ReceiverSample {
  readonly namespace: string;
  readonly name: string;
  readonly sink: string;
  readonly received: number;
  readonly delivered: number;
  readonly failed: number;
  readonly deadLettered: number;
  readonly droppedByReason: Readonly<Record<string, number>>;
  readonly pending: number;
  /** Those of them that throttles hold back. */
  readonly held: number;
  /** Attempts that it gets at the same time. */
  readonly concurrency: number;
  readonly ready: boolean;
}

/** The counts of one route at the moment of a scrape. */
export interface RouteSample {
  readonly namespace: string;
  readonly name: string;
  readonly matched: number;
  readonly dropped: number;
  readonly ready: boolean;
}

/** How the spool fares at the moment of a scrape. */
export interface SpoolSample {
  readonly isWorking: boolean;
  readonly bytes: number;
  readonly evicted: number;
}

/** Where the counts of a scrape come from. */
export interface MetricSources {
  receivers(): readonly ReceiverSample[];
  routes(): readonly RouteSample[];
  /** Undefined without `--data-dir`. */
  spool?(): SpoolSample | undefined;
}

const receiverLabels = ['receiver_namespace', 'receiver', 'sink'] as const;
const routeLabels = ['route_namespace', 'route'] as const;

/** Makes a counter or a gauge whose name begins with `eventroute_`. */
export interface Instruments {
  readonly counter: (name: string, help: string, labelNames: readonly string[]) => Counter;
  readonly gauge: (name: string, help: string, labelNames: readonly string[]) => Gauge;
}

/** Metrics that are read from the tallies at each scrape, so that an object that is gone leaves no series behind. */
export function collectedMetrics({ counter, gauge }: Instruments): {
  connect(sources: MetricSources): void;
  collect(): void;
} {
  const received = counter('receiver_received_total', 'Occurrences routed to the receiver.', receiverLabels);
  const delivered = counter(
    'receiver_delivered_total',
    'Occurrences that the sink acknowledged.',
    receiverLabels,
  );
  const failed = counter(
    'receiver_failed_total',
    'Failed attempts, counted once for each event in them.',
    receiverLabels,
  );
  const deadLettered = counter(
    'receiver_dead_lettered_total',
    'Occurrences given up that the dead-letter receiver delivered.',
    receiverLabels,
  );
  const dropped = counter('receiver_dropped_total', 'Occurrences given up, by reason.', [
    ...receiverLabels,
    'reason',
  ]);
  const pending = gauge(
    'receiver_pending',
    'Occurrences that wait for their delivery or are in it.',
    receiverLabels,
  );
  const held = gauge(
    'receiver_held',
    'Those of the pending occurrences that wait for the end of a throttle, and not for the receiver.',
    receiverLabels,
  );
  const concurrency = gauge(
    'receiver_concurrency',
    'Attempts that the receiver gets at the same time: fewer than its policy allows while its system is slow or fails.',
    receiverLabels,
  );
  const unaccounted = gauge(
    'unaccounted_events',
    'received - delivered - deadLettered - dropped - pending; always 0.',
    receiverLabels,
  );
  const receiverReady = gauge('receiver_ready', '1 while the receiver is ready.', receiverLabels);
  const matched = counter(
    'route_matched_total',
    'Occurrences that the route sent to a receiver.',
    routeLabels,
  );
  const routeDropped = counter(
    'route_dropped_total',
    'Occurrences that a drop rule of the route ended.',
    routeLabels,
  );
  const routeReady = gauge('route_ready', '1 while the route is ready.', routeLabels);
  const all = [
    received,
    delivered,
    failed,
    deadLettered,
    dropped,
    pending,
    held,
    concurrency,
    unaccounted,
    receiverReady,
    matched,
    routeDropped,
    routeReady,
  ];
  const collectSpool = spoolMetrics({ counter, gauge });
  let sources: MetricSources | undefined;

  const collectReceiver = (sample: ReceiverSample): void => {
    const labels = { receiver_namespace: sample.namespace, receiver: sample.name, sink: sample.sink };
    received.inc(labels, sample.received);
    delivered.inc(labels, sample.delivered);
    failed.inc(labels, sample.failed);
    deadLettered.inc(labels, sample.deadLettered);
    pending.set(labels, sample.pending);
    held.set(labels, sample.held);
    concurrency.set(labels, sample.concurrency);
    receiverReady.set(labels, sample.ready ? 1 : 0);
    let ended = sample.delivered + sample.deadLettered;
    for (const [reason, count] of Object.entries(sample.droppedByReason)) {
      dropped.inc({ ...labels, reason }, count);
      ended += count;
    }
    unaccounted.set(labels, sample.received - ended - sample.pending);
  };
  const collectRoute = (sample: RouteSample): void => {
    const labels = { route_namespace: sample.namespace, route: sample.name };
    matched.inc(labels, sample.matched);
    routeDropped.inc(labels, sample.dropped);
    routeReady.set(labels, sample.ready ? 1 : 0);
  };

  return {
    connect(connected) {
      sources = connected;
    },
    collect() {
      for (const metric of all) metric.reset();
      sources?.receivers().forEach(collectReceiver);
      sources?.routes().forEach(collectRoute);
      collectSpool(sources?.spool?.());
    },
  };
}

/** Metrics of the spool; without one there are no series of them. */
function spoolMetrics({ counter, gauge }: Instruments): (sample: SpoolSample | undefined) => void {
  const working = gauge('spool_working', '1 while the spool takes occurrences, 0 while it has failed.', []);
  const bytes = gauge('spool_bytes', 'What the occurrences in the spool take.', []);
  const evicted = counter(
    'spool_evicted_total',
    'Occurrences that left the spool before every receiver had ended with them, because it was full.',
    [],
  );
  return (sample) => {
    for (const metric of [working, bytes, evicted]) metric.reset();
    if (sample === undefined) {
      for (const metric of [working, bytes, evicted]) metric.remove();
      return;
    }
    working.set(sample.isWorking ? 1 : 0);
    bytes.set(sample.bytes);
    evicted.inc(sample.evicted);
  };
}
