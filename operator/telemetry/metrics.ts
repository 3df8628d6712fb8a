import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type OpenMetricsContentType,
} from 'prom-client';

import { collectedMetrics, type MetricSources } from './collected-metrics.ts';

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

/** In the older text format a counter's family is named with `_total`, and nothing marks the end. */
function toPrometheusText(openMetrics: string): string {
  return openMetrics
    .replaceAll(/^# HELP (\S+) (.*)\n# TYPE \1 counter$/gm, '# HELP $1_total $2\n# TYPE $1_total counter')
    .replace(/# EOF\n$/, '');
}
