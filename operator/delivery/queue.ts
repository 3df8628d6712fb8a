import { createArrivals } from './arrivals.ts';
import { type Entry, type NewEntry } from './entry.ts';
import { createLanedEntry } from './laned-entry.ts';
import { createLanes, type LanedEntry } from './lanes.ts';
import { type DeliveryPolicy } from './policy.ts';
import { type Admission } from './ready-lanes.ts';

/**
 * The events of one receiver, in the order in which they may be sent. An entry is idle (it waits) or taken (it is in a
 * batch). With ordering PerObject only the first entry of an object can be taken, and only while none of that object
 * is; so an event that is retried holds up its own object alone. All operations take constant or logarithmic time.
 */
export interface Queue {
  /** All entries: idle, taken, held and parked. */
  readonly size: number;
  /** Entries that wait to be released, and hold up nothing meanwhile. */
  readonly held: number;
  /** Entries that another receiver has to end. */
  readonly parked: number;
  /** When the next entry that waits for its retry comes due. */
  readonly nextDueAt: number | undefined;
  /** An entry that has not passed the rate limit could be taken. */
  readonly hasWaiting: boolean;
  push(entry: NewEntry): void;
  /** Takes in an entry that is not to be sent before it is released. */
  hold(entry: NewEntry): Entry;
  /** Makes a held entry idle; its turn comes after all that are here now, and its waits are counted from now on. */
  release(entry: Entry, now: number): void;
  /** Takes the entry whose turn it is, of all or of some of them. */
  take(admission?: Admission | 'any'): Entry | undefined;
  /** Makes a taken entry idle again, with its old turn. */
  putBack(entry: Entry): void;
  /** Makes a taken entry idle again; its turn comes after all that are here now, and not before `dueAt`. */
  retry(entry: Entry, dueAt: number): void;
  /** Lets go of an entry, whatever its state. */
  end(entry: Entry): void;
  /** Sets an entry aside, idle or taken: it holds up nothing and is sent no more, but stays until it is ended. */
  park(entry: Entry): void;
  /** Ends the wait of entries that are due by now. */
  wake(now: number): void;
  /** Ends the wait of all entries. */
  wakeAll(): void;
  /** The entry that has been here longest. */
  oldest(): Entry | undefined;
  /** The entry that has been here longest of those that are not held. */
  oldestUnheld(): Entry | undefined;
  /** The idle entry that has been here longest. */
  oldestIdle(): Entry | undefined;
  /** Changes the ordering, also for the entries that are here. */
  setOrdering(ordering: DeliveryPolicy['ordering']): void;
}

/** Creates an empty queue. */
export function createQueue(ordering: DeliveryPolicy['ordering']): Queue {
  return new LanedQueue(ordering);
}

class LanedQueue implements Queue {
  size = 0;
  held = 0;
  parked = 0;
  #ordering: DeliveryPolicy['ordering'];
  #nextNumber = 1;
  readonly #lanes;
  readonly #arrivals = createArrivals<LanedEntry>();
  readonly #idle = this.#arrivals.finder(({ taken, aside }) => taken || aside !== undefined);
  readonly #unheld = this.#arrivals.finder(({ aside }) => aside === 'held');

  constructor(ordering: DeliveryPolicy['ordering']) {
    this.#ordering = ordering;
    this.#lanes = createLanes(ordering);
  }

  get nextDueAt(): number | undefined {
    return this.#lanes.nextDueAt;
  }

  get hasWaiting(): boolean {
    return this.#lanes.hasWaiting;
  }

  push(entered: NewEntry): void {
    this.#lanes.join(this.#enter(entered, undefined));
  }

  hold(entered: NewEntry): Entry {
    this.held += 1;
    return this.#enter(entered, 'held');
  }

  release(entry: Entry, now: number): void {
    const laned = entry as LanedEntry;
    laned.aside = undefined;
    laned.readyAt = now;
    laned.turn = this.#nextNumber++;
    this.held -= 1;
    this.#idle.returned(laned);
    this.#unheld.returned(laned);
    this.#lanes.join(laned);
  }

  take(admission: Admission | 'any' = 'any'): Entry | undefined {
    return this.#lanes.take(admission);
  }

  putBack(entry: Entry): void {
    this.#giveBack(entry as LanedEntry);
  }

  retry(entry: Entry, dueAt: number): void {
    const laned = entry as LanedEntry;
    laned.turn = this.#nextNumber++;
    laned.dueAt = dueAt;
    this.#giveBack(laned);
  }

  end(entry: Entry): void {
    const laned = entry as LanedEntry;
    this.#arrivals.remove(laned);
    this.size -= 1;
    if (laned.aside === undefined) this.#lanes.leave(laned);
    else this[laned.aside] -= 1;
  }

  park(entry: Entry): void {
    const laned = entry as LanedEntry;
    this.#lanes.leave(laned);
    laned.outgoing = undefined;
    laned.encodedBy = undefined;
    laned.aside = 'parked';
    this.parked += 1;
  }

  wake(now: number): void {
    this.#lanes.wake(now);
  }

  wakeAll(): void {
    this.#lanes.wake(Infinity);
  }

  oldest(): Entry | undefined {
    return this.#arrivals.oldest;
  }

  oldestUnheld(): Entry | undefined {
    return this.#unheld.find();
  }

  oldestIdle(): Entry | undefined {
    return this.#idle.find();
  }

  setOrdering(ordering: DeliveryPolicy['ordering']): void {
    if (ordering === this.#ordering) return;
    this.#ordering = ordering;
    this.#lanes.reorder(ordering, this.#laned());
  }

  *#laned(): Generator<LanedEntry> {
    for (let entry = this.#arrivals.oldest; entry !== undefined; entry = entry.newer) {
      if (entry.aside === undefined) yield entry;
    }
  }

  #enter(entered: NewEntry, aside: LanedEntry['aside']): LanedEntry {
    const place = { number: this.#nextNumber++, older: this.#arrivals.newest, aside };
    const entry = createLanedEntry(entered, place);
    this.#arrivals.push(entry);
    this.size += 1;
    return entry;
  }

  #giveBack(entry: LanedEntry): void {
    this.#lanes.giveBack(entry);
    this.#idle.returned(entry);
  }
}
