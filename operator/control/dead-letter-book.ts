import { type CustomResource, type ObjectKey } from '../api/resource.ts';
import { type DeadLetter } from '../event/dead-letter.ts';
import { type SinkEvent } from '../sink-kit/index.ts';
import { timestamp } from '../status/condition.ts';
import { type ReceiverStatus } from '../status/receiver-status.ts';
import { listedDeadLetters, type DeadLetterStatus } from '../status/request-status.ts';

/** An occurrence that a receiver gave up and nobody else delivered. */
export interface HeldLetter {
  readonly told: DeadLetterStatus;
  /** The occurrence; undefined when its Event has to be read again, as after a restart. */
  readonly event: SinkEvent | undefined;
  /** It was handed over again and has not ended. */
  isUnderWay: boolean;
}

/** What receivers gave up, so that it can be sent again: bounded for each receiver and in bytes for all. */
export interface DeadLetterBook {
  add(event: SinkEvent, letter: DeadLetter): void;
  /** The occurrence of this key was delivered after all. */
  deliver(receiver: string, key: string): void;
  /** Lets go of dead letters of a receiver, of all without `keys`; gives how many there were. */
  remove(receiver: string, keys?: readonly string[]): number;
  /** Those of a receiver, oldest first. */
  all(receiver: string): readonly HeldLetter[];
  /** What a status tells of a receiver. */
  of(receiver: string): { readonly latest: readonly DeadLetterStatus[]; readonly held: number };
  /** Forgets a receiver that was deleted. */
  forget(receiver: string): void;
}

/** What a book is made of. */
export interface DeadLetterBookOptions {
  /** Gives a receiver, whose status lists what was given up before a restart; undefined when there is none. */
  readonly find: (receiver: string) => CustomResource<ReceiverStatus> | undefined;
  /** The most dead letters of one receiver. @default 100 */
  readonly perReceiver?: number;
  /** The most dead letters of all receivers. @default 10000 */
  readonly overall?: number;
  /** The most bytes of Events that are held, of all receivers, as JSON. @default 16 MiB */
  readonly maxBytes?: number;
}

/** Creates a book; it goes on from what the statuses list. */
export function createDeadLetterBook(options: DeadLetterBookOptions): DeadLetterBook {
  return new BoundedBook(options);
}

/** So many Events may be held before they are measured. */
const mostUnmeasured = 500;

interface Page {
  readonly receiver: string;
  readonly told: DeadLetterStatus;
  event: SinkEvent | undefined;
  bytes: number;
  isUnderWay: boolean;
}

class BoundedBook implements DeadLetterBook {
  readonly #options: DeadLetterBookOptions;
  /** By receiver and key, oldest first. */
  readonly #pages = new Map<string, Map<string, Page>>();
  /** All pages, oldest first; and those that hold their Events and count in `#bytes`. */
  readonly #all = new Set<Page>();
  readonly #whole = new Set<Page>();
  /** Those whose Events have not been measured yet. */
  readonly #unmeasured = new Set<Page>();
  #bytes = 0;

  constructor(options: DeadLetterBookOptions) {
    this.#options = options;
  }

  add(event: SinkEvent, letter: DeadLetter): void {
    const pages = this.#open(event.receiver);
    if (pages === undefined) return;
    const told = describe(event, letter);
    this.#tear(pages, told.key);
    const page: Page = { receiver: event.receiver, told, event, bytes: 0, isUnderWay: false };
    this.#enter(pages, page);
    this.#unmeasured.add(page);
    this.#shrink(pages);
    if (this.#unmeasured.size > mostUnmeasured) this.#measure();
  }

  #enter(pages: Map<string, Page>, page: Page): void {
    pages.set(page.told.key, page);
    this.#all.add(page);
  }

  #shrink(pages: Map<string, Page>): void {
    const { perReceiver = 100, overall = 10_000 } = this.#options;
    for (const key of pages.keys()) {
      if (pages.size <= perReceiver) break;
      this.#tear(pages, key);
    }
    for (const { receiver, told } of this.#all) {
      if (this.#all.size <= overall) break;
      this.#tear(this.#pages.get(receiver), told.key);
    }
  }

  /** A whole buffer may expire at once, and most of it goes out of the book again before anybody asks. */
  #measure(): void {
    for (const page of this.#unmeasured) {
      if (page.event !== undefined) page.bytes = sizeOf(page.event);
      this.#bytes += page.bytes;
      this.#whole.add(page);
    }
    this.#unmeasured.clear();
    const { maxBytes = 16 * 1024 ** 2 } = this.#options;
    for (const oldest of this.#whole) {
      if (this.#bytes <= maxBytes) break;
      this.#letGo(oldest);
    }
  }

  deliver(receiver: string, key: string): void {
    const pages = this.#open(receiver);
    if (pages !== undefined && pages.size > 0) this.#tear(pages, cut(key, longestName));
  }

  remove(receiver: string, keys?: readonly string[]): number {
    const pages = this.#open(receiver);
    if (pages === undefined) return 0;
    return (keys ?? [...pages.keys()]).filter((key) => this.#tear(pages, key)).length;
  }

  all(receiver: string): readonly HeldLetter[] {
    this.#measure();
    return [...(this.#open(receiver)?.values() ?? [])];
  }

  of(receiver: string): ReturnType<DeadLetterBook['of']> {
    this.#measure();
    const pages = this.#open(receiver);
    if (pages === undefined || pages.size === 0) return { latest: [], held: 0 };
    const told = Array.from(pages.values(), (page) => page.told);
    return { latest: told.slice(-listedDeadLetters).reverse(), held: pages.size };
  }

  forget(receiver: string): void {
    const pages = this.#pages.get(receiver);
    for (const key of [...(pages?.keys() ?? [])]) this.#tear(pages, key);
    this.#pages.delete(receiver);
  }

  #open(receiver: string): Map<string, Page> | undefined {
    const open = this.#pages.get(receiver);
    if (open !== undefined) return open;
    const object = this.#options.find(receiver);
    if (object === undefined) return undefined;
    const pages = new Map<string, Page>();
    this.#pages.set(receiver, pages);
    for (const told of (object.status?.deadLetters ?? []).toReversed()) {
      this.#enter(pages, { receiver, told, event: undefined, bytes: 0, isUnderWay: false });
    }
    this.#shrink(pages);
    return pages;
  }

  #tear(pages: Map<string, Page> | undefined, key: string): boolean {
    const page = pages?.get(key);
    if (page === undefined) return false;
    this.#letGo(page);
    this.#all.delete(page);
    return pages?.delete(key) === true;
  }

  /** Keeps no more of an occurrence than what leads to its Event. */
  #letGo(page: Page): void {
    this.#whole.delete(page);
    this.#unmeasured.delete(page);
    this.#bytes -= page.bytes;
    page.bytes = 0;
    page.event = undefined;
  }
}

const longestMessage = 512;
const longestName = 300;
/** More than any Event of an API server may have. */
const unreadableBytes = 2 ** 24;

function describe({ key, event }: SinkEvent, letter: DeadLetter): DeadLetterStatus {
  const { kind, namespace, name } = event.involvedObject;
  const place = namespace === '' ? name : `${namespace}/${name}`;
  return {
    key: cut(key, longestName),
    event: cut(`${event.namespace}/${event.name}`, longestName),
    involvedObject: cut(`${kind} ${place}`, longestName),
    reason: letter.reason,
    message: cut(letter.message, longestMessage),
    attempts: letter.attempts,
    firstTime: timestamp(letter.firstTime),
    lastTime: timestamp(letter.lastTime),
  };
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 3)}...`;
}

/** An Event that cannot be written as JSON counts for more than any that can. */
function sizeOf({ event }: SinkEvent): number {
  try {
    return JSON.stringify(event.data).length;
  } catch {
    return unreadableBytes;
  }
}

/** Where the Event of a dead letter is, and its uid and number, which make its key. */
export function sourceOf({
  key,
  event,
}: DeadLetterStatus): ObjectKey & { readonly uid: string; readonly number: number } {
  const slash = event.indexOf('/');
  const dash = key.lastIndexOf('-');
  return {
    namespace: event.slice(0, slash),
    name: event.slice(slash + 1),
    uid: key.slice(0, dash),
    number: Number(key.slice(dash + 1)) || 1,
  };
}
