import { type DeadLetter, deadLetterData } from './dead-letter.ts';
import { deDot } from './de-dot.ts';
import { type Occurrence } from './occurrence.ts';

/** An occurrence with where it goes: what a template can know. */
export interface RoutedOccurrence extends Occurrence {
  /** `namespace/name` of the receiver. */
  readonly receiver: string;
  /** `namespace/name` of each route that sent it here. */
  readonly routes: readonly string[];
  /** How many occurrences of its Event the receiver never got before this one. */
  readonly missedOccurrences?: number;
  /** How many events of its group the throttle of a rule folded into it. */
  readonly foldedOccurrences?: number;
  /** Why another receiver gave it up; undefined for an event that a route sent here. */
  readonly deadLetter?: DeadLetter;
}

/**
 * Gives templates their data: the exporter's document, and beside it what only Eventroute knows (`occurrence`,
 * `missedOccurrences`, `foldedOccurrences`, `idempotencyKey`, `effectiveTime`, `routes`, `receiver`, and `deadLetter` on dead letters).
 */
export function templateData(
  routed: RoutedOccurrence,
  options: { deDot?: boolean } = {},
): Readonly<Record<string, unknown>> {
  const { data } = routed.event;
  return {
    ...(options.deDot === true ? deDot(data) : data),
    occurrence: routed.number,
    missedOccurrences: routed.missedOccurrences ?? 0,
    foldedOccurrences: routed.foldedOccurrences ?? 0,
    idempotencyKey: routed.key,
    effectiveTime: routed.time.toISOString(),
    routes: routed.routes,
    receiver: routed.receiver,
    ...(routed.deadLetter !== undefined && { deadLetter: deadLetterData(routed.deadLetter) }),
  };
}
