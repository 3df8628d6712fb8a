import { type Clock } from '../schema/clock.ts';
import { type Kept } from '../spool/block.ts';
import { type Reading } from '../spool/segments.ts';
import { type Spool } from '../spool/spool.ts';
import { type History, type Hole, type Retelling, type SourceHistory } from './history.ts';

/** What remembers the past. */
interface Memories {
  readonly spool: Pick<Spool, 'read' | 'holds'>;
  readonly source: SourceHistory;
  /** How long the source keeps its past. */
  readonly eventTtlMs: number;
  readonly clock: Pick<Clock, 'date'>;
}

/** A past out of two memories: what the spool kept, occurrence by occurrence; where it has nothing, the source's own. */
export function createSpooledHistory(memories: Memories): History {
  const { spool, source } = memories;
  return {
    compare: (one, other) => source.compare(one, other),
    isNear: (position) => spool.holds(position),
    replay: (retelling) => replay(retelling, memories),
  };
}

type Replayed = Awaited<ReturnType<History['replay']>>;

/** How far a replay has come. */
interface Progress {
  position: string;
  /** Undefined before anything was read. */
  reachesBack: boolean | undefined;
  readonly holes: Hole[];
}

async function replay(retelling: Retelling, memories: Memories): Promise<Replayed> {
  const progress: Progress = { position: retelling.after, reachesBack: undefined, holes: [] };
  for (;;) {
    retelling.signal.throwIfAborted();
    const reading = memories.spool.read(progress.position);
    if (reading.kind !== 'absent') progress.reachesBack ??= true;
    if (reading.kind === 'end') return end(progress, { upTo: reading.at, isWhole: true });
    if (reading.kind === 'kept') {
      progress.position = reading.upTo;
      const isEnough = !(await handOn(reading.kept, retelling.onOccurrence));
      if (isEnough) return end(progress, { upTo: reading.upTo, isWhole: false });
      await otherWork();
    } else {
      const told = await askSource(reading, progress, { retelling, memories });
      if (told !== undefined) return told;
    }
  }
}

/** Lets the source tell what the spool does not have; gives the end of the replay when this was it. */
async function askSource(
  { until, since }: Extract<Reading, { kind: 'absent' }>,
  progress: Progress,
  { retelling, memories }: { readonly retelling: Retelling; readonly memories: Memories },
): Promise<Replayed | undefined> {
  const isFirst = progress.reachesBack === undefined;
  const told = await memories.source.replay({ ...retelling, after: progress.position, until });
  if (!isFirst && !told.reachesBack) progress.holes.push(...holeSince(since, memories));
  progress.reachesBack ??= told.reachesBack;
  if (!told.isWhole || until === undefined) return end(progress, told);
  progress.position = until;
  return undefined;
}

function end(
  { reachesBack = true, holes }: Progress,
  { upTo, isWhole }: Pick<Replayed, 'upTo' | 'isWhole'>,
): Replayed {
  return { upTo, isWhole, reachesBack, holes };
}

/** Gives false when somebody has heard enough. */
async function handOn(kept: readonly Kept[], onOccurrence: Retelling['onOccurrence']): Promise<boolean> {
  for (const { occurrence, arrivedAt } of kept) {
    const heard = onOccurrence(occurrence, arrivedAt);
    // few have to be waited for
    if ((heard instanceof Promise ? await heard : heard) === 'enough') return false;
  }
  return true;
}

/** What the source may have forgotten since it was last heard. */
function holeSince(
  from: Date | undefined,
  { clock, eventTtlMs }: Pick<Memories, 'clock' | 'eventTtlMs'>,
): Hole[] {
  const to = new Date(clock.date().getTime() - eventTtlMs);
  return from !== undefined && from < to ? [{ from, to }] : [];
}

/** Gives other work of the process its turn. */
function otherWork(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
