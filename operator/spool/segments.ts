import { decodeBlock, encodeBlock, type Kept } from './block.ts';
import { type Cursor, type Segment, type SpoolFile } from './spool-file.ts';

/** What reading a spool at a position gives. */
export type Reading =
  /** The next occurrences, in order; everything up to `upTo` is among them or nobody waits for it. */
  | { readonly kind: 'kept'; readonly kept: readonly Kept[]; readonly upTo: string }
  /** Only the source knows what comes next, until this position; `since` is when the spool was last before it. */
  | { readonly kind: 'absent'; readonly until: string | undefined; readonly since: Date | undefined }
  /** There is nothing after the position. */
  | { readonly kind: 'end'; readonly at: string };

/** What one commit writes. */
export interface Commit {
  /** What came since the last commit, in order. */
  readonly kept: readonly Kept[];
  /** Where the source is. */
  readonly front: string;
  /** How far the receivers have come; undefined while that is not known. */
  readonly cursors: readonly Cursor[] | undefined;
  readonly now: Date;
}

/** The stretches of the source that a spool holds, oldest first; a new one begins with each start of the source. */
export interface Segments {
  /** What happens from now on is taken down. */
  readonly isLive: boolean;
  /** Begins a segment; what is in the file from a history that was replaced is thrown away. */
  begin(position: string, now: Date): void;
  /** Writes, and lets go of what nobody waits for; gives how many occurrences went because the file was full. */
  commit(commit: Commit): number;
  read(after: string, front: string): Reading;
  holds(position: string): boolean;
}

/** What a spool's options say of its segments. */
interface SegmentsOptions {
  /** Tells the order of two positions, as sort functions do. */
  readonly compare: (one: string, other: string) => number;
  readonly maxBytes: number;
}

/** Reads what segments a file holds. */
export function createSegments(file: SpoolFile, options: SegmentsOptions): Segments {
  return new StoredSegments(file, options);
}

/** So much of the file is left free for what SQLite needs besides, and to make room in larger steps. */
const usableShare = 0.75;

/** How often it is noted that the source told nothing new: after a restart this is known to have been no gap. */
const idlePeriodMs = 10_000;

class StoredSegments implements Segments {
  readonly #file: SpoolFile;
  readonly #compare: (one: string, other: string) => number;
  readonly #usableBytes: number;
  #segments: Segment[];
  #live: Segment | undefined;
  #nextBlock: number;

  constructor(file: SpoolFile, { compare, maxBytes }: SegmentsOptions) {
    this.#file = file;
    this.#compare = compare;
    this.#usableBytes = maxBytes * usableShare;
    this.#segments = file.segments();
    this.#nextBlock = Math.max(0, ...this.#segments.map(({ lastBlock }) => lastBlock)) + 1;
  }

  get isLive(): boolean {
    return this.#live !== undefined;
  }

  begin(position: string, now: Date): void {
    const last = this.#segments.at(-1);
    this.#file.transaction(() => {
      if (last !== undefined && this.#compare(last.end, position) > 0) {
        for (const segment of this.#segments) this.#file.removeSegment(segment);
        this.#segments = [];
      }
      const id = (this.#segments.at(-1)?.id ?? 0) + 1;
      const begun = { id, start: position, end: position, endTime: now, firstBlock: 1, lastBlock: 0 };
      this.#file.putSegment(begun);
      this.#live = begun;
    });
    if (this.#live !== undefined) this.#segments.push(this.#live);
  }

  commit({ kept, front, cursors, now }: Commit): number {
    const live = this.#live;
    if (live === undefined) return 0;
    const least = this.#least(front, cursors);
    const awaited =
      least === undefined
        ? kept
        : kept.filter(({ occurrence }) => this.#compare(occurrence.position, least) > 0);
    if (awaited.length > 0) this.#append(live, awaited);
    const isIdle = live.end === front && now.getTime() - live.endTime.getTime() < idlePeriodMs;
    live.end = front;
    if (!isIdle) live.endTime = now;
    if (least !== undefined) this.#letGo(least);
    const evicted = this.#makeRoom();
    if (!isIdle) this.#file.putSegment(live);
    return evicted;
  }

  read(after: string, front: string): Reading {
    let since: Date | undefined;
    for (const segment of this.#segments) {
      if (this.#compare(after, segment.start) < 0) return { kind: 'absent', until: segment.start, since };
      if (this.#compare(after, segment.end) < 0) return this.#readSegment(segment, after);
      since = segment.endTime;
    }
    return this.isLive ? { kind: 'end', at: front } : { kind: 'absent', until: undefined, since };
  }

  holds(position: string): boolean {
    return this.#segments.some(
      (segment) =>
        this.#compare(segment.start, position) <= 0 &&
        (segment === this.#live || this.#compare(position, segment.end) < 0),
    );
  }

  #readSegment(segment: Segment, after: string): Reading {
    const number = this.#firstAfter(segment, after);
    if (number === undefined) return { kind: 'kept', kept: [], upTo: segment.end };
    const block = this.#file.block(number);
    const kept = decodeBlock(block.body).filter(
      ({ occurrence }) => this.#compare(occurrence.position, after) > 0,
    );
    return { kind: 'kept', kept, upTo: block.last };
  }

  /** Finds the first block that holds something after a position; they are in order, so by halves. */
  #firstAfter({ firstBlock, lastBlock }: Segment, after: string): number | undefined {
    let [low, high] = [firstBlock, lastBlock + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (this.#compare(this.#file.blockFacts(middle).last, after) > 0) high = middle;
      else low = middle + 1;
    }
    return low > lastBlock ? undefined : low;
  }

  #append(live: Segment, kept: readonly Kept[]): void {
    const last = kept.at(-1)?.occurrence.position ?? '';
    const number = this.#nextBlock;
    this.#file.putBlock(number, live, { body: encodeBlock(kept), last, events: kept.length });
    this.#nextBlock += 1;
    if (live.firstBlock > live.lastBlock) live.firstBlock = number;
    live.lastBlock = number;
  }

  /** How far all receivers have come. */
  #least(front: string, cursors: readonly Cursor[] | undefined): string | undefined {
    return cursors?.reduce(
      (least, { position }) => (this.#compare(position, least) < 0 ? position : least),
      front,
    );
  }

  #letGo(least: string): void {
    for (const segment of [...this.#segments]) {
      if (this.#compare(least, segment.start) <= 0) return;
      // whoever is just at its end has yet to learn how long ago that was
      if (segment !== this.#live && this.#compare(segment.end, least) < 0) this.#remove(segment);
      else this.#shorten(segment, this.#firstAfter(segment, least) ?? segment.lastBlock + 1, least);
    }
  }

  #remove(segment: Segment): void {
    this.#file.removeSegment(segment);
    this.#segments = this.#segments.filter((other) => other !== segment);
  }

  /** Lets a segment begin later: after this position, with this block. */
  #shorten(segment: Segment, firstBlock: number, start: string): void {
    const isLessToRead = segment.firstBlock < firstBlock && segment.firstBlock <= segment.lastBlock;
    segment.start = this.#compare(start, segment.end) < 0 ? start : segment.end;
    if (!isLessToRead) return;
    segment.firstBlock = firstBlock;
    this.#file.removeBlocksBefore(firstBlock);
    this.#file.putSegment(segment);
  }

  /** Lets the oldest blocks go until the file is small enough, and some more, as each step costs a little. */
  #makeRoom(): number {
    let evicted = 0;
    while (this.#file.usedBytes() > this.#usableBytes) {
      const oldest = this.#segments.find(({ firstBlock, lastBlock }) => firstBlock <= lastBlock);
      if (oldest === undefined) break;
      const count = Math.ceil((oldest.lastBlock - oldest.firstBlock + 1) / 10);
      const last = oldest.firstBlock + count - 1;
      for (let number = oldest.firstBlock; number <= last; number += 1)
        evicted += this.#file.blockFacts(number).events;
      this.#shorten(oldest, last + 1, this.#file.blockFacts(last).last);
    }
    return evicted;
  }
}
