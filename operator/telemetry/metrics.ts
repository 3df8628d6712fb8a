import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type OpenMetricsContentType,
} from 'prom-client';

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

/** Where the counts of a scrape come from. */
export interface MetricSources {
  receivers(): readonly ReceiverSample[];
  routes(): readonly RouteSample[];
}

/** A metric as its reference page tells of it. */
export interface MetricDescription {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

/** Every metric of the operator. */
export interface Metrics {
  /** Occurrences that the API server showed. */
  eventReceived(): void;
  /** Occurrences that were not routed, by reason. */
  eventDiscarded(reason: string): void;
  /** A look-up of an involved object ended. */
  objectLookedUp(result: string): void;
  /** A list or watch of a resource failed and is tried again. */
  watchFailed(resource: string, reason: string): void;
  /** An attempt to deliver a batch ended, after `durationMs`. */
  attempted(sink: string, result: 'ok' | 'failed', durationMs: number): void;
  setLeader(leading: boolean): void;
  /** From now on, takes the counts of receivers and routes from here at each scrape. */
  connect(sources: MetricSources): void;
  /** Writes all metrics, as OpenMetrics or in Prometheus' older text format. */
  render(openMetrics: boolean): Promise<string>;
  /** Says which metrics there are. */
  describe(): MetricDescription[];
}

const receiverLabels = ['receiver_namespace', 'receiver', 'sink'] as const;
const routeLabels = ['route_namespace', 'route'] as const;

/** Creates the operator's metrics in a registry of their own. */
export function createMetrics(version: string): Metrics {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  const registers: Registry<OpenMetricsContentType>[] = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = (name: string, help: string, labelNames: readonly string[] = []): Counter =>
    new Counter({ name: `eventroute_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: readonly string[] = []): Gauge =>
    new Gauge({ name: `eventroute_${name}`, help, labelNames, registers });

  gauge('build_info', 'Always 1; the labels tell what runs.', ['version', 'node_version']).set(
    { version, node_version: process.versions.node },
    1,
  );
  const received = counter('events_received_total', 'Occurrences of Events that the API server showed.');
  const discarded = counter('events_discarded_total', 'Occurrences that were not routed, by reason.', [
    'reason',
  ]);
  const lookups = counter('object_lookups_total', 'Look-ups of involved objects, by result.', ['result']);
  const watchErrors = counter('watch_errors_total', 'Failed lists and watches, by resource and reason.', [
    'resource',
    'reason',
  ]);
  const leader = gauge('leader', '1 while this replica watches and delivers, 0 while it stands by.');
  const duration = new Histogram({
    name: 'eventroute_delivery_duration_seconds',
    help: 'How long attempts to deliver a batch took, by sink and result.',
    labelNames: ['sink', 'result'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const collected = collectedMetrics({ counter, gauge });

  return {
    eventReceived: () => received.inc(),
    eventDiscarded: (reason) => discarded.inc({ reason }),
    objectLookedUp: (result) => lookups.inc({ result }),
    watchFailed: (resource, reason) => watchErrors.inc({ resource, reason }),
    attempted: (sink, result, durationMs) => duration.observe({ sink, result }, durationMs / 1_000),
    setLeader: (leading) => leader.set(leading ? 1 : 0),
    connect: (sources) => collected.connect(sources),
    async render(openMetrics) {
      collected.collect();
      const text = await registry.metrics();
      return openMetrics ? text : toPrometheusText(text);
    },
    describe: () => registry.getMetricsAsArray().map(describeMetric),
  };
}

/** prom-client keeps more of a metric than its types tell. */
function describeMetric(metric: object): MetricDescription {
  const { name, type, help, labelNames } = metric as Omit<MetricDescription, 'labels'> & {
    readonly labelNames: readonly string[];
  };
  return { name, type, help, labels: labelNames };
}

interface Instruments {
  readonly counter: (name: string, help: string, labelNames: readonly string[]) => Counter;
  readonly gauge: (name: string, help: string, labelNames: readonly string[]) => Gauge;
}

/** Metrics that are read from the tallies at each scrape, so that an object that is gone leaves no series behind. */
function collectedMetrics({ counter, gauge }: Instruments): {
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
    unaccounted,
    receiverReady,
    matched,
    routeDropped,
    routeReady,
  ];
  let sources: MetricSources | undefined;

  const collectReceiver = (sample: ReceiverSample): void => {
    const labels = { receiver_namespace: sample.namespace, receiver: sample.name, sink: sample.sink };
    received.inc(labels, sample.received);
    delivered.inc(labels, sample.delivered);
    failed.inc(labels, sample.failed);
    deadLettered.inc(labels, sample.deadLettered);
    pending.set(labels, sample.pending);
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
    },
  };
}

/** In the older text format a counter's family is named with `_total`, and nothing marks the end. */
function toPrometheusText(openMetrics: string): string {
  return openMetrics
    .replaceAll(/^# HELP (\S+) (.*)\n# TYPE \1 counter$/gm, '# HELP $1_total $2\n# TYPE $1_total counter')
    .replace(/# EOF\n$/, '');
}
