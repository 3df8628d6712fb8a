import { type Occurrence } from '../event/occurrence.ts';

/** What a source that can tell again is asked for. */
export interface Retelling {
  /** Only what is after this position. */
  readonly after: string;
  readonly signal: AbortSignal;
  /** `arrivedAt` is known when the occurrence was told before; it comes as it was then, and no other in its place. */
  readonly onOccurrence: (occurrence: Occurrence, arrivedAt?: Date) => Heard | Promise<Heard>;
}

/** What a listener says to an occurrence: `enough` ends the telling. */
export type Heard = 'enough' | undefined;

/** A stretch of a past that nobody holds any more. */
export interface Hole {
  readonly from: Date;
  readonly to: Date;
}

/** The past of a source, as far as it is still held. */
export interface History {
  /** Tells what is after a position again, in order; rejects when that cannot be read. */
  replay(retelling: Retelling): Promise<{
    /** Everything up to here was told, unless it ended early. */
    readonly upTo: string;
    /** Something that is not after the position is still there: so nothing after it can be missing. */
    readonly reachesBack: boolean;
    /** It did not end early. */
    readonly isWhole: boolean;
    /** What could not be told, besides what `reachesBack` lets one suspect at its beginning. */
    readonly holes?: readonly Hole[];
  }>;
  /** Telling again from this position is cheap: it can be done for one receiver alone, and often. */
  readonly isNear?: (position: string) => boolean;
  /** Tells the order of two positions, as sort functions do. */
  compare(one: string, other: string): number;
}

/** The past that the source itself holds. */
export interface SourceHistory extends History {
  /** Tells only what is up to the position `until`, where it is given. */
  replay(retelling: Retelling & { readonly until?: string | undefined }): ReturnType<History['replay']>;
}
