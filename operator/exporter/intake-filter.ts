import { isRecord } from '../event/json-value.ts';
import { type Occurrence } from '../event/occurrence.ts';
import { createFirstSight } from './first-sight.ts';
import { type ProcessOptions } from './process-options.ts';

/** What decides which occurrences a file of the exporter's takes in, before any route. */
export interface IntakeFilterOptions {
  readonly options: Pick<ProcessOptions, 'maxEventAgeSeconds' | 'reportUpdates'>;
  /** The time by which ages are judged, in milliseconds; undefined when the age does not matter here. */
  readonly now?: (() => number) | undefined;
  /** When the process began to watch, in milliseconds: the exporter knows all Events that were there already. */
  readonly startedMs?: number | undefined;
}

/** Creates the filter: false for an occurrence that is too old, or a repeat that the file does not ask for. */
export function createIntakeFilter({
  options,
  now,
  startedMs = -Infinity,
}: IntakeFilterOptions): (occurrence: Occurrence) => boolean {
  const isFirst = createFirstSight();
  const isRepeat = (occurrence: Occurrence): boolean =>
    !isFirst(occurrence) || (occurrence.number > 1 && createdMs(occurrence) < startedMs);
  return (occurrence) => {
    // what was too old is not forgotten: a repeat of it is a repeat
    if (options.reportUpdates !== true && isRepeat(occurrence)) return false;
    return now === undefined || now() - occurrence.time.getTime() <= options.maxEventAgeSeconds * 1_000;
  };
}

function createdMs({ event }: Occurrence): number {
  const { metadata } = event.data;
  const created = isRecord(metadata) ? metadata.creationTimestamp : undefined;
  return typeof created === 'string' ? Date.parse(created) : Infinity;
}
