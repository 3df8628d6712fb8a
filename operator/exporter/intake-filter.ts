import { type Occurrence } from '../event/occurrence.ts';
import { createFirstSight } from './first-sight.ts';
import { type ProcessOptions } from './process-options.ts';

/** What decides which occurrences a file of the exporter's takes in, before any route. */
export interface IntakeFilterOptions {
  readonly options: Pick<ProcessOptions, 'maxEventAgeSeconds' | 'reportUpdates'>;
  /** The time by which ages are judged, in milliseconds; undefined when the age does not matter here. */
  readonly now?: (() => number) | undefined;
}

/** Creates the filter: false for an occurrence that is too old, or a repeat that the file does not ask for. */
export function createIntakeFilter({
  options,
  now,
}: IntakeFilterOptions): (occurrence: Occurrence) => boolean {
  const isFirst = createFirstSight();
  return (occurrence) => {
    // what was too old is not forgotten: a repeat of it is a repeat
    if (!isFirst(occurrence) && options.reportUpdates !== true) return false;
    return now === undefined || now() - occurrence.time.getTime() <= options.maxEventAgeSeconds * 1_000;
  };
}
