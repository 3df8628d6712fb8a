import { type ClusterEvent } from './cluster-event.ts';
import { deDot } from './de-dot.ts';
import { goJson } from './go-json.ts';

/** Writes the exporter's JSON of an event, byte for byte as its Go code does; `deDot` as in the exporter's sinks. */
export function exporterJson(event: ClusterEvent, options: { deDot?: boolean } = {}): string {
  return goJson(options.deDot === true ? deDot(event.data) : event.data);
}
