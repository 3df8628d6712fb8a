import { type History, type SourceHistory } from './control/history.ts';
import { createSpooledHistory } from './control/spooled-history.ts';
import { systemClock } from './schema/clock.ts';
import { type ReplayableSource } from './source/source.ts';
import { type Spool } from './spool/spool.ts';
import { type Log } from './telemetry/log.ts';

/** Where the past is kept. */
export interface SpoolFolder {
  readonly folder: string;
  /** What the file in it may take. */
  readonly maxBytes: number;
}

/** What receivers that are behind catch up from. */
export interface Past {
  readonly history: History;
  /** Keeps what receivers wait for; undefined without a folder. */
  readonly spool: Spool | undefined;
}

/** Makes the past: that of the source alone, or with a spool before it. */
export async function createPast(
  source: () => Pick<ReplayableSource, 'replay' | 'compare'>,
  options: {
    readonly dataDir: SpoolFolder | undefined;
    /** How long the API server keeps an Event. */
    readonly eventTtlMs: number;
    readonly log: Log;
  },
): Promise<Past> {
  const { dataDir, eventTtlMs, log } = options;
  const compare = (one: string, other: string): number => source().compare(one, other);
  const own: SourceHistory = { replay: (retelling) => source().replay(retelling), compare };
  if (dataDir === undefined) return { history: own, spool: undefined };
  // SQLite takes memory, so it is loaded for those who use it
  const { createSpool } = await import('./spool/spool.ts');
  const spool = createSpool({ ...dataDir, compare, clock: systemClock, log });
  return { history: createSpooledHistory({ spool, source: own, eventTtlMs, clock: systemClock }), spool };
}
