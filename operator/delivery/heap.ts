/** Something that one heap at a time may hold; the heap keeps its place here, so that removal needs no search. */
export interface Heapable {
  /** Place in the heap, -1 while in none. Only the heap writes it. */
  heapIndex: number;
  /** The lowest comes first; not to be changed while in a heap. */
  rank: number;
}

/** A binary heap: the first item at once; adding and removing any item takes time logarithmic in the size. */
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
  return new BinaryHeap();
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
