/** Hands items on one by one in the order in which they came, while a bounded number of them is still being prepared. */
export interface OrderedWindow<Item> {
  /** Takes an item, or the promise of one; what it returns settles when there is room for the next. */
  push(item: Item | Promise<Item>): void | Promise<void>;
  /** Resolves when everything has been handed on. */
  drain(): Promise<void>;
}

/** What a window is made of. */
export interface OrderedWindowOptions<Item> {
  /** How many items may wait. */
  readonly limit: number;
  /** Takes an item; the next one comes when its promise is settled. Must neither throw nor reject. */
  readonly emit: (item: Item) => void | Promise<void>;
}

/** Creates a window. Promises that are pushed must not reject. */
export function createOrderedWindow<Item>(options: OrderedWindowOptions<Item>): OrderedWindow<Item> {
  return new Window(options);
}

class Window<Item> implements OrderedWindow<Item> {
  readonly #limit: number;
  readonly #emit: (item: Item) => void | Promise<void>;
  readonly #waiting: (Item | Promise<Item>)[] = [];
  #running: Promise<void> | undefined;
  #room: PromiseWithResolvers<undefined> | undefined;

  constructor(options: OrderedWindowOptions<Item>) {
    this.#limit = options.limit;
    this.#emit = options.emit;
  }

  push(item: Item | Promise<Item>): void | Promise<void> {
    if (this.#running === undefined && !(item instanceof Promise)) {
      // The usual case, item by item without a promise: everything was known and the taker was not busy.
      const pending = this.#emit(item);
      if (pending === undefined) return undefined;
      this.#running = this.#run(pending);
    } else {
      this.#waiting.push(item);
      this.#running ??= this.#run();
    }
    if (this.#waiting.length < this.#limit) return undefined;
    this.#room ??= Promise.withResolvers<undefined>();
    return this.#room.promise;
  }

  async drain(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(first?: Promise<void>): Promise<void> {
    await first;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const item = await next;
      await this.#emit(item);
      if (this.#waiting.length < this.#limit) this.#makeRoom();
    }
    this.#running = undefined;
    this.#makeRoom();
  }

  #makeRoom(): void {
    this.#room?.resolve(undefined);
    this.#room = undefined;
  }
}
