import { type Arrived } from './arrivals.ts';
import { createByObject, hashKey } from './by-object.ts';
import { type Entry } from './entry.ts';
import { createHeap, type Heapable } from './heap.ts';
import { type DeliveryPolicy } from './policy.ts';
import { type Admission, createReadyLanes } from './ready-lanes.ts';

/** Entries that must keep their order among themselves: those of one object, or a single one. */
export interface Lane extends Heapable {
  /** The hash of the object's key; undefined for a lane of a single entry that no other may join. */
  readonly key: number | undefined;
  /** Undefined when the lane is empty. */
  first: LanedEntry | undefined;
  /** The entries behind the first; most lanes never have any, so there is no list before. */
  rest: LanedEntry[] | undefined;
  taken: number;
}

/** An entry of a queue, with its place. */
export interface LanedEntry extends Entry, Arrived<LanedEntry> {
  /** Order of sending; later than `number` after a retry. */
  turn: number;
  /** The wait for a retry ends then; 0 when there is none. */
  dueAt: number;
  taken: boolean;
  /** It is in no lane: another receiver has to end it, or it has to be released. */
  aside: 'parked' | 'held' | undefined;
  lane: Lane;
}

/** Lanes of a queue: each lets one entry through at a time, its first, and the lane whose turn it is comes first. */
export interface Lanes {
  /** When the next lane whose first entry waits for its retry comes due. */
  readonly nextDueAt: number | undefined;
  /** An entry that has not passed the rate limit could be taken. */
  readonly hasWaiting: boolean;
  /** Puts an entry at the end of its lane. */
  join(entry: LanedEntry): void;
  /** Takes the entry whose turn it is, of all or of some of them; its lane lets none through until that is given back or leaves. */
  take(admission: Admission | 'any'): LanedEntry | undefined;
  /** Gives a taken entry back. */
  giveBack(entry: LanedEntry): void;
  /** Takes an entry out of its lane for good. */
  leave(entry: LanedEntry): void;
  /** Ends the wait of the lanes that are due by now. */
  wake(now: number): void;
  /** Puts these entries, idle or taken, into lanes of another ordering, and forgets all others. */
  reorder(ordering: DeliveryPolicy['ordering'], entries: Iterable<LanedEntry>): void;
}

/** Creates lanes without entries. */
export function createLanes(ordering: DeliveryPolicy['ordering']): Lanes {
  return new HeapedLanes(ordering);
}

/** The lane of an entry that is in none. */
export const noLane: Lane = createLane(undefined, undefined);

function createLane(key: number | undefined, first: LanedEntry | undefined): Lane {
  return { key, first, rest: undefined, taken: 0, heapIndex: -1, rank: 0 };
}

const head = (lane: Lane): LanedEntry => lane.first as LanedEntry;

class HeapedLanes implements Lanes {
  #ordering: DeliveryPolicy['ordering'];
  readonly #lanes = createByObject<Lane>();
  readonly #ready = createReadyLanes<Lane>();
  readonly #waiting = createHeap<Lane>();

  constructor(ordering: DeliveryPolicy['ordering']) {
    this.#ordering = ordering;
  }

  get nextDueAt(): number | undefined {
    const lane = this.#waiting.peek();
    return lane === undefined ? undefined : head(lane).dueAt;
  }

  get hasWaiting(): boolean {
    return this.#ready.hasWaiting;
  }

  join(entry: LanedEntry): void {
    this.#enter(entry);
    if (head(entry.lane) === entry) this.#place(entry.lane);
  }

  take(admission: Admission | 'any'): LanedEntry | undefined {
    const lane = this.#ready.take(admission);
    if (lane === undefined) return undefined;
    const entry = head(lane);
    entry.taken = true;
    lane.taken += 1;
    return entry;
  }

  giveBack(entry: LanedEntry): void {
    entry.taken = false;
    entry.lane.taken -= 1;
    this.#place(entry.lane);
  }

  leave(entry: LanedEntry): void {
    const { lane } = entry;
    if (entry.taken) {
      // a lane with a taken entry is in no heap
      lane.taken -= 1;
    } else {
      // Out of the heap first: its place there depends on the head that may go now.
      this.#ready.remove(lane);
      this.#waiting.remove(lane);
    }
    if (lane.first === entry) lane.first = lane.rest?.shift();
    else lane.rest?.splice(lane.rest.indexOf(entry), 1);
    this.#place(lane);
  }

  wake(now: number): void {
    for (let lane = this.#waiting.peek(); lane !== undefined; lane = this.#waiting.peek()) {
      if (head(lane).dueAt > now) return;
      this.#waiting.remove(lane);
      head(lane).dueAt = 0;
      this.#place(lane);
    }
  }

  reorder(ordering: DeliveryPolicy['ordering'], entries: Iterable<LanedEntry>): void {
    this.#ordering = ordering;
    this.#lanes.clear();
    this.#ready.clear();
    this.#waiting.drain();
    const lanes = new Set<Lane>();
    for (const entry of entries) {
      this.#enter(entry);
      if (entry.taken) entry.lane.taken += 1;
      lanes.add(entry.lane);
    }
    for (const lane of lanes) this.#place(lane);
  }

  #enter(entry: LanedEntry): void {
    const key = this.#ordering === 'PerObject' ? hashKey(entry.objectKey) : undefined;
    const lane = key === undefined ? undefined : this.#lanes.get(key);
    if (lane !== undefined) {
      lane.rest ??= [];
      lane.rest.push(entry);
      entry.lane = lane;
      return;
    }
    entry.lane = createLane(key, entry);
    if (key !== undefined) this.#lanes.set(key, entry.lane);
  }

  /** Puts a lane that is in no heap where its head belongs; a lane with a taken entry belongs nowhere. */
  #place(lane: Lane): void {
    if (lane.first === undefined) {
      if (lane.key !== undefined && this.#lanes.get(lane.key) === lane) this.#lanes.delete(lane.key);
    } else if (lane.taken === 0) {
      const { dueAt, turn, admission } = head(lane);
      lane.rank = dueAt > 0 ? dueAt : turn;
      if (dueAt > 0) this.#waiting.push(lane);
      else this.#ready.push(lane, admission);
    }
  }
}
