/** An item that knows its place in the order of arrival. */
export interface Arrived<Item> {
  /** Grows with each arrival. */
  readonly number: number;
  /** Its neighbours; only the list writes them. */
  older: Item | undefined;
  newer: Item | undefined;
}

/** Finds the item that has been in a list longest of those that are not passed over. */
export interface Finder<Item> {
  find(): Item | undefined;
  /** An item is no longer passed over. */
  returned(item: Item): void;
}

/** Items in the order in which they came; all operations take constant time, those of finders on average. */
export interface Arrivals<Item extends Arrived<Item>> {
  readonly oldest: Item | undefined;
  readonly newest: Item | undefined;
  /** Adds an item, whose `older` has to be the newest so far. */
  push(item: Item): void;
  remove(item: Item): void;
  /** Makes a finder of an empty list; it passes over these items until it is told that they returned. */
  finder(isPassedOver: (item: Item) => boolean): Finder<Item>;
}

/** Creates an empty list. */
export function createArrivals<Item extends Arrived<Item>>(): Arrivals<Item> {
  return new LinkedArrivals();
}

class LinkedArrivals<Item extends Arrived<Item>> implements Arrivals<Item> {
  oldest: Item | undefined;
  newest: Item | undefined;
  readonly #finders: LaggingFinder<Item>[] = [];

  push(item: Item): void {
    if (this.newest === undefined) this.oldest = item;
    else this.newest.newer = item;
    this.newest = item;
    for (const finder of this.#finders) finder.from ??= item;
  }

  remove(item: Item): void {
    const { older, newer } = item;
    if (older === undefined) this.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.newest = older;
    else newer.older = older;
    for (const finder of this.#finders) if (finder.from === item) finder.from = newer;
    // An item that is gone but was moved to the old generation would take all that come after it there.
    item.older = undefined;
    item.newer = undefined;
  }

  finder(isPassedOver: (item: Item) => boolean): Finder<Item> {
    const finder = new LaggingFinder(isPassedOver);
    this.#finders.push(finder);
    return finder;
  }
}

/** Moves on only when it is asked, and never twice over the same item. */
class LaggingFinder<Item extends Arrived<Item>> implements Finder<Item> {
  /** Every item older than this one is passed over; undefined when all are. */
  from: Item | undefined;
  readonly #isPassedOver: (item: Item) => boolean;

  constructor(isPassedOver: (item: Item) => boolean) {
    this.#isPassedOver = isPassedOver;
  }

  find(): Item | undefined {
    while (this.from !== undefined && this.#isPassedOver(this.from)) this.from = this.from.newer;
    return this.from;
  }

  returned(item: Item): void {
    if (this.from === undefined || item.number < this.from.number) this.from = item;
  }
}
