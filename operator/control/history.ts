import { type Occurrence } from '../event/occurrence.ts';

/** What a source that can tell again is asked for. */
interface Retelling {
  /** Only what is after this position. */
  readonly after: string;
  readonly signal: AbortSignal;
  readonly onOccurrence: (occurrence: Occurrence) => 'enough' | undefined;
}

/** The past of a source, as far as it still holds it. */
export interface History {
  /** Tells what is after a position again, in order; rejects when that cannot be read. */
  replay(retelling: Retelling): Promise<{
    /** Everything up to here was told, unless it ended early. */
    readonly upTo: string;
    /** Something that is not after the position is still there: so nothing after it can be missing. */
    readonly reachesBack: boolean;
    /** It did not end early. */
    readonly isWhole: boolean;
  }>;
  /** Tells the order of two positions, as sort functions do. */
  compare(one: string, other: string): number;
}
