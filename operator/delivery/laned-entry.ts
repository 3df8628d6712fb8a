import { type NewEntry } from './entry.ts';
import { type LanedEntry, noLane } from './lanes.ts';

/** Creates the entry of an event that was never tried. It is made in one piece, since it is made for every event. */
export function createLanedEntry(
  { event, objectKey, acceptedAt, before, onEnd, admission = 'fresh' }: NewEntry,
  { number, older, aside }: Pick<LanedEntry, 'number' | 'older' | 'aside'>,
): LanedEntry {
  return {
    event,
    objectKey,
    acceptedAt,
    readyAt: acceptedAt,
    before,
    onEnd,
    failures: 0,
    attempts: 0,
    firstTriedAt: undefined,
    lastTriedAt: undefined,
    admission,
    outgoing: undefined,
    bytes: 0,
    encodedBy: undefined,
    number,
    turn: number,
    dueAt: 0,
    taken: false,
    aside,
    lane: noLane,
    older,
    newer: undefined,
  };
}
