import { createEntry, type Entry, type NewEntry } from './entry.ts';
import { createHeap, type Heapable } from './heap.ts';
import { type DeliveryPolicy } from './policy.ts';

/**
 * The events of one receiver, in the order in which they may be sent. An entry is idle (it waits) or taken (it is in a
 * batch). With ordering PerObject only the first entry of an object can be taken, and only while none of that object
 * is; so an event that is retried holds up its own object alone. All operations take constant or logarithmic time.
 */
export interface Queue {
  /** Idle, taken and parked entries. */
  readonly size: number;
  /** Entries that another receiver has to end. */
  readonly parked: number;
  /** When the next entry that waits for its retry comes due. */
  readonly nextDueAt: number | undefined;
  push(entry: NewEntry): void;
  /** Takes the entry whose turn it is. */
  take(): Entry | undefined;
  /** Makes a taken entry idle again, with its old turn. */
  putBack(entry: Entry): void;
  /** Makes a taken entry idle again; its turn comes after all that are here now, and not before `dueAt`. */
  retry(entry: Entry, dueAt: number): void;
  /** Lets go of an entry, idle or taken. */
  end(entry: Entry): void;
  /** Sets an entry aside, idle or taken: it holds up nothing and is sent no more, but stays until it is ended. */
  park(entry: Entry): void;
  /** Ends the wait of entries that are due by now. */
  wake(now: number): void;
  /** Ends the wait of all entries. */
  wakeAll(): void;
  /** The entry that has been here longest. */
  oldest(): Entry | undefined;
  /** The idle entry that has been here longest. */
  oldestIdle(): Entry | undefined;
  /** Changes the ordering, also for the entries that are here. */
  setOrdering(ordering: DeliveryPolicy['ordering']): void;
}

/** Creates an empty queue. */
export function createQueue(ordering: DeliveryPolicy['ordering']): Queue {
  return new LanedQueue(ordering);
}

/** Entries that must keep their order among themselves: those of one object, or a single one. */
interface Lane extends Heapable {
  /** Undefined for a lane of a single entry that no other may join. */
  readonly key: string | undefined;
  readonly entries: LanedEntry[];
  taken: number;
}

interface LanedEntry extends Entry {
  /** Order of arrival. */
  readonly number: number;
  /** Order of sending; later than `number` after a retry. */
  turn: number;
  /** The wait for a retry ends then; 0 when there is none. */
  dueAt: number;
  taken: boolean;
  parked: boolean;
  lane: Lane;
  older: LanedEntry | undefined;
  newer: LanedEntry | undefined;
}

const head = (lane: Lane): LanedEntry => lane.entries[0] as LanedEntry;

class LanedQueue implements Queue {
  size = 0;
  parked = 0;
  #ordering: DeliveryPolicy['ordering'];
  #nextNumber = 1;
  readonly #lanes = new Map<string, Lane>();
  readonly #ready = createHeap<Lane>();
  readonly #waiting = createHeap<Lane>();
  #oldest: LanedEntry | undefined;
  #newest: LanedEntry | undefined;
  /** Every entry older than this one is taken; undefined when all are. */
  #idleFrom: LanedEntry | undefined;

  constructor(ordering: DeliveryPolicy['ordering']) {
    this.#ordering = ordering;
  }

  get nextDueAt(): number | undefined {
    const lane = this.#waiting.peek();
    return lane === undefined ? undefined : head(lane).dueAt;
  }

  push(entered: NewEntry): void {
    const number = this.#nextNumber++;
    const entry: LanedEntry = {
      ...createEntry(entered),
      number,
      turn: number,
      dueAt: 0,
      taken: false,
      parked: false,
      lane: noLane,
      older: this.#newest,
      newer: undefined,
    };
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
    this.#idleFrom ??= entry;
    this.size += 1;
    this.#join(entry);
    if (head(entry.lane) === entry) this.#place(entry.lane);
  }

  take(): Entry | undefined {
    const lane = this.#ready.peek();
    if (lane === undefined) return undefined;
    this.#ready.remove(lane);
    const entry = head(lane);
    entry.taken = true;
    lane.taken += 1;
    return entry;
  }

  putBack(entry: Entry): void {
    this.#release(entry as LanedEntry);
    this.#place((entry as LanedEntry).lane);
  }

  retry(entry: Entry, dueAt: number): void {
    const laned = entry as LanedEntry;
    laned.turn = this.#nextNumber++;
    laned.dueAt = dueAt;
    this.#release(laned);
    this.#place(laned.lane);
  }

  end(entry: Entry): void {
    const laned = entry as LanedEntry;
    this.#unlink(laned);
    if (laned.parked) this.parked -= 1;
    else this.#leave(laned);
  }

  park(entry: Entry): void {
    const laned = entry as LanedEntry;
    this.#leave(laned);
    laned.outgoing = undefined;
    laned.encodedBy = undefined;
    laned.parked = true;
    laned.taken = true;
    this.parked += 1;
  }

  #leave(laned: LanedEntry): void {
    const { lane } = laned;
    // Out of the heap first: its place there depends on the head that may go now.
    this.#withdraw(lane);
    if (laned.taken) lane.taken -= 1;
    if (head(lane) === laned) lane.entries.shift();
    else lane.entries.splice(lane.entries.indexOf(laned), 1);
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

  wakeAll(): void {
    this.wake(Infinity);
  }

  oldest(): Entry | undefined {
    return this.#oldest;
  }

  oldestIdle(): Entry | undefined {
    while (this.#idleFrom?.taken === true) this.#idleFrom = this.#idleFrom.newer;
    return this.#idleFrom;
  }

  setOrdering(ordering: DeliveryPolicy['ordering']): void {
    if (ordering === this.#ordering) return;
    this.#ordering = ordering;
    this.#lanes.clear();
    this.#ready.drain();
    this.#waiting.drain();
    const lanes = new Set<Lane>();
    for (let entry = this.#oldest; entry !== undefined; entry = entry.newer) {
      if (entry.parked) continue;
      this.#join(entry);
      if (entry.taken) entry.lane.taken += 1;
      lanes.add(entry.lane);
    }
    for (const lane of lanes) this.#place(lane);
  }

  #join(entry: LanedEntry): void {
    const key = this.#ordering === 'PerObject' ? entry.objectKey : undefined;
    const lane = key === undefined ? undefined : this.#lanes.get(key);
    if (lane !== undefined) {
      lane.entries.push(entry);
      entry.lane = lane;
      return;
    }
    entry.lane = { key, entries: [entry], taken: 0, heapIndex: -1, rank: 0 };
    if (key !== undefined) this.#lanes.set(key, entry.lane);
  }

  #release(entry: LanedEntry): void {
    entry.taken = false;
    entry.lane.taken -= 1;
    if (this.#idleFrom === undefined || entry.number < this.#idleFrom.number) this.#idleFrom = entry;
  }

  #unlink(entry: LanedEntry): void {
    if (entry.older === undefined) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    if (entry.newer === undefined) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    if (this.#idleFrom === entry) this.#idleFrom = entry.newer;
    // An entry that is gone but was moved to the old generation would take all that come after it there.
    entry.older = undefined;
    entry.newer = undefined;
    this.size -= 1;
  }

  #withdraw(lane: Lane): void {
    this.#ready.remove(lane);
    this.#waiting.remove(lane);
  }

  /** Puts a lane that is in no heap where its head belongs; a lane with a taken entry belongs nowhere. */
  #place(lane: Lane): void {
    if (lane.entries.length === 0) {
      if (lane.key !== undefined && this.#lanes.get(lane.key) === lane) this.#lanes.delete(lane.key);
    } else if (lane.taken === 0) {
      const { dueAt, turn } = head(lane);
      lane.rank = dueAt > 0 ? dueAt : turn;
      (dueAt > 0 ? this.#waiting : this.#ready).push(lane);
    }
  }
}

const noLane: Lane = { key: undefined, entries: [], taken: 0, heapIndex: -1, rank: 0 };
