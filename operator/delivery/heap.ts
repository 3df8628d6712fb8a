/** Something that one heap at a time may hold; the heap keeps its place here, so that removal needs no search. */
export interface Heapable {
  /** Place in the heap, -1 while in none; below that, a place in the heap's line. Only the heap writes it. */
  heapIndex: number;
  /** The lowest comes first; not to be changed while in a heap. */
  rank: number;
}

/**
 * A heap: the first item at once; adding and removing any item takes time logarithmic in the size, and constant time where
 * items come and go in the order of their ranks.
 */
export interface Heap<Item extends Heapable> {
  readonly size: number;
  peek(): Item | undefined;
  push(item: Item): void;
  /** Takes an item out; one that this heap does not hold is left alone. */
  remove(item: Item): void;
  /** Takes all items out, in no particular order. */
  drain(): Item[];
}

/** Creates a heap whose first item is the one of the lowest rank. */
export function createHeap<Item extends Heapable>(): Heap<Item> {
  return new LinedHeap();
}

/** What comes with the highest rank so far stands in a line, as nearly all items do; only what comes later than its turn goes into a tree. */
class LinedHeap<Item extends Heapable> implements Heap<Item> {
  readonly #line = new RankedLine<Item>();
  readonly #tree = new BinaryHeap<Item>();

  get size(): number {
    return this.#line.size + this.#tree.size;
  }

  peek(): Item | undefined {
    const first = this.#line.peek();
    const top = this.#tree.peek();
    if (first === undefined || top === undefined) return first ?? top;
    return first.rank <= top.rank ? first : top;
  }

  push(item: Item): void {
    if (item.rank >= this.#line.lastRank) this.#line.push(item);
    else this.#tree.push(item);
  }

  remove(item: Item): void {
    if (item.heapIndex < -1) this.#line.remove(item);
    else this.#tree.remove(item);
  }

  drain(): Item[] {
    return [...this.#line.drain(), ...this.#tree.drain()];
  }
}

/** Shorter lines are not worth closing up. */
const fewPlaces = 64;

/** Items by rising rank; all operations take constant time, on average where the line is closed up. */
class RankedLine<Item extends Heapable> {
  /** Who leaves from the middle leaves a gap. */
  #places: (Item | undefined)[] = [];
  #first = 0;
  size = 0;
  /** The least that an item has to have to join. */
  lastRank = -Infinity;

  peek(): Item | undefined {
    return this.#places[this.#first];
  }

  push(item: Item): void {
    item.heapIndex = -2 - this.#places.length;
    this.#places.push(item);
    this.lastRank = item.rank;
    this.size += 1;
  }

  remove(item: Item): void {
    const place = -2 - item.heapIndex;
    if (this.#places[place] !== item) return;
    item.heapIndex = -1;
    this.#places[place] = undefined;
    this.size -= 1;
    if (this.size === 0) this.#clear();
    while (this.#first < this.#places.length && this.peek() === undefined) this.#first += 1;
    if (this.#places.length > Math.max(fewPlaces, 2 * this.size)) this.#closeUp();
  }

  drain(): Item[] {
    const items = this.#places.filter((item) => item !== undefined);
    for (const item of items) item.heapIndex = -1;
    this.#clear();
    return items;
  }

  #clear(): void {
    this.#places = [];
    this.#first = 0;
    this.size = 0;
    this.lastRank = -Infinity;
  }

  #closeUp(): void {
    const { lastRank } = this;
    const items = this.drain();
    for (const item of items) this.push(item);
    this.lastRank = lastRank;
  }
}

class BinaryHeap<Item extends Heapable> implements Heap<Item> {
  #items: Item[] = [];

  get size(): number {
    return this.#items.length;
  }

  peek(): Item | undefined {
    return this.#items[0];
  }

  push(item: Item): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  remove(item: Item): void {
    const index = item.heapIndex;
    if (this.#items[index] !== item) return;
    item.heapIndex = -1;
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#sink(last, this.#rise(last, index));
  }

  drain(): Item[] {
    const items = this.#items;
    this.#items = [];
    for (const item of items) item.heapIndex = -1;
    return items;
  }

  #rise(item: Item, from: number): number {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#items[parentIndex];
      if (parent === undefined || item.rank >= parent.rank) break;
      this.#put(parent, index);
      index = parentIndex;
    }
    this.#put(item, index);
    return index;
  }

  #sink(item: Item, from: number): void {
    let index = from;
    for (;;) {
      const childIndex = this.#firstChild(index);
      const child = this.#items[childIndex];
      if (child === undefined || child.rank >= item.rank) break;
      this.#put(child, index);
      index = childIndex;
    }
    this.#put(item, index);
  }

  #firstChild(index: number): number {
    const leftIndex = 2 * index + 1;
    const left = this.#items[leftIndex];
    const right = this.#items[leftIndex + 1];
    return left !== undefined && right !== undefined && right.rank < left.rank ? leftIndex + 1 : leftIndex;
  }

  #put(item: Item, index: number): void {
    this.#items[index] = item;
    item.heapIndex = index;
  }
}
