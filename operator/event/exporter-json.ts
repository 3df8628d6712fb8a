import { type ClusterEvent } from './cluster-event.ts';
import { type DeadLetter, deadLetterData } from './dead-letter.ts';
import { deDot } from './de-dot.ts';
import { goJson } from './go-json.ts';

/**
 * Writes the exporter's JSON of an event, byte for byte as its Go code does; `deDot` as in the exporter's sinks. Only a
 * dead letter has one key more, `deadLetter`, at its end.
 */
export function exporterJson(
  event: ClusterEvent,
  options: { deDot?: boolean; deadLetter?: DeadLetter | undefined } = {},
): string {
  const document = options.deDot === true ? deDot(event.data) : event.data;
  const { deadLetter } = options;
  return goJson(
    deadLetter === undefined ? document : { ...document, deadLetter: deadLetterData(deadLetter) },
  );
}
