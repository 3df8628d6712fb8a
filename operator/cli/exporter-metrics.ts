import { type Metrics } from '../telemetry/metrics.ts';

const names = {
  events_sent: 'Events that the watch showed, as kubernetes-event-exporter counts them.',
  events_discarded: 'Events that were too old.',
  watch_errors: 'Failed lists and watches.',
  send_event_errors: 'Attempts to deliver that failed.',
  kube_api_read_cache_hits: 'Look-ups of involved objects that the cache answered.',
  kube_api_read_cache_misses: 'Look-ups of involved objects that the API server answered.',
} as const;
type Name = keyof typeof names;

/** Adds the metrics of kubernetes-event-exporter under its names, with its prefix, so that dashboards and alerts go on. */
export function withExporterMetrics(metrics: Metrics, prefix: string): Metrics {
  const counts = new Map<Name, number>();
  const count = (name: Name): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
  const lines = (openMetrics: boolean): string =>
    (Object.keys(names) as Name[])
      .map((name) => {
        const metric = prefix + name;
        // in OpenMetrics a counter has to end with _total, which the exporter's do not
        const type = openMetrics ? 'unknown' : 'counter';
        return `# HELP ${metric} ${names[name]}\n# TYPE ${metric} ${type}\n${metric} ${counts.get(name) ?? 0}\n`;
      })
      .join('');
  return {
    ...metrics,
    eventReceived() {
      count('events_sent');
      metrics.eventReceived();
    },
    eventDiscarded(reason) {
      // the exporter says nothing of what was there before it started
      if (reason === 'TooOld') count('events_discarded');
      metrics.eventDiscarded(reason);
    },
    watchFailed(resource, reason) {
      count('watch_errors');
      metrics.watchFailed(resource, reason);
    },
    attempted(sink, result, durationMs) {
      if (result === 'failed') count('send_event_errors');
      metrics.attempted(sink, result, durationMs);
    },
    objectLookedUp(result) {
      if (result === 'hit') count('kube_api_read_cache_hits');
      else if (result === 'found' || result === 'notFound') count('kube_api_read_cache_misses');
      metrics.objectLookedUp(result);
    },
    async render(openMetrics) {
      const text = await metrics.render(openMetrics);
      const end = '# EOF\n';
      return text.endsWith(end)
        ? `${text.slice(0, -end.length)}${lines(openMetrics)}${end}`
        : `${text}${lines(openMetrics)}`;
    },
  };
}
