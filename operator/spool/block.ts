import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

import { type ClusterEventOptions, createClusterEvent, takeApart } from '../event/core-event.ts';
import { createOccurrence, type Occurrence } from '../event/occurrence.ts';

/** An occurrence with the time at which the operator heard of it. */
export interface Kept {
  readonly occurrence: Occurrence;
  readonly arrivedAt: Date;
}

/** An occurrence in JSON, short names because there are many: time of arrival, Event, what was looked up. */
interface Row {
  readonly at: number;
  readonly core: Record<string, unknown>;
  readonly options: ClusterEventOptions;
}

/** Writes occurrences, in their order. Events are alike, so some of them together become a tenth of their size. */
export function encodeBlock(kept: readonly Kept[]): Uint8Array {
  const rows = kept.map(({ occurrence, arrivedAt }): Row => {
    const { core, options } = takeApart(occurrence.event);
    return { at: arrivedAt.getTime(), core, options };
  });
  return zstdCompressSync(JSON.stringify(rows));
}

/** Reads what encodeBlock wrote. */
export function decodeBlock(body: Uint8Array): readonly Kept[] {
  const rows = JSON.parse(zstdDecompressSync(body).toString()) as readonly Row[];
  return rows.map(({ at, core, options }) => ({
    occurrence: createOccurrence(createClusterEvent(core, options)),
    arrivedAt: new Date(at),
  }));
}
