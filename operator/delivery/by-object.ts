/**
 * Finds what belongs to an object, for many objects that come and go. Objects whose keys have the same hash (of two billion
 * pairs, one) share what is kept here.
 */
export interface ByObject<Item> {
  get(hash: number): Item | undefined;
  set(hash: number, item: Item): void;
  delete(hash: number): void;
  clear(): void;
}

/** Creates an empty index. */
export function createByObject<Item>(): ByObject<Item> {
  return new HashedItems();
}

/** Hashes an object's key to 31 bits by FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/), over UTF-16 units. */
export function hashKey(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index += 1) {
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  }
  return hash >>> 1;
}

/**
 * A map by text would read the texts of its other keys at each look-up, which are long out of the processor's caches. And
 * a map keeps what was deleted in tables that it has left: were the items in there, the collector would move all that they
 * lead to into the old generation. So the map holds numbers alone: of hashes, and of places.
 */
class HashedItems<Item> implements ByObject<Item> {
  readonly #places = new Map<number, number>();
  readonly #free: number[] = [];
  #items: (Item | undefined)[] = [];

  get(hash: number): Item | undefined {
    const place = this.#places.get(hash);
    return place === undefined ? undefined : this.#items[place];
  }

  set(hash: number, item: Item): void {
    const place = this.#places.get(hash) ?? this.#free.pop() ?? this.#items.length;
    this.#places.set(hash, place);
    this.#items[place] = item;
  }

  delete(hash: number): void {
    const place = this.#places.get(hash);
    if (place === undefined) return;
    this.#places.delete(hash);
    this.#items[place] = undefined;
    this.#free.push(place);
  }

  clear(): void {
    this.#places.clear();
    this.#free.length = 0;
    this.#items = [];
  }
}
