import { type Clock, type Timer } from '../schema/clock.ts';
import { createHeap, type Heap, type Heapable } from './heap.ts';

/** A group of events that the `throttle` of a rule treats alike. */
export interface ThrottleGroup {
  /** Names the route, the rule and the values that the events share. */
  readonly key: string;
  /** So many events of a window are sent at once. */
  readonly first: number;
  /** How long a window lasts. */
  readonly perMs: number;
}

/** The time of a group in which what is over `first` is folded into one event. */
export interface ThrottleWindow<Held> {
  /** What is sent at the end: the latest of the events that were folded. */
  readonly held: Held | undefined;
  /** How many events are folded into one that is held from now on. */
  readonly folded: number;
}

/** So many events may be held of a buffer for so many. */
export function mostHeld(maxEvents: number): number {
  return Math.floor(maxEvents / 2);
}

/** What a throttle works with. */
export interface ThrottleOptions<Held> {
  readonly clock: Pick<Clock, 'now' | 'setTimeout' | 'clearTimeout'>;
  /** How many may be held; beyond that the window that is nearest its end ends early. */
  readonly limit: () => number;
  /** Sends what was held. */
  readonly release: (held: Held) => void;
  /** Ends what was held: a later event is held in its place. */
  readonly fold: (held: Held) => void;
}

/**
 * Flood control of one receiver. A window of a group opens with its first event; `first` events of a window are sent at
 * once, of the later ones the latest is held and sent at the end. Then a window begins in which all are held, so that
 * a flood that goes on gives one event for each window; a window that holds nothing just ends.
 */
export interface Throttle<Held> {
  /** Decides about an event of these groups: it is sent at once, or to be held in the window that is given. */
  admit(groups: readonly ThrottleGroup[]): ThrottleWindow<Held> | undefined;
  /** Holds an event in the window that `admit` gave; the one that was held there is folded. */
  hold(window: ThrottleWindow<Held>, held: Held): void;
  /** Releases as many as the limit wants, which may have become lower. */
  relieve(): void;
  /** Releases all, in the order in which they came, and forgets all windows. */
  close(): void;
}

/** More groups than this are not told apart; the one nearest its end ends early. */
const maxGroups = 10_000;

/** Creates the throttle of a receiver. */
export function createThrottle<Held>(options: ThrottleOptions<Held>): Throttle<Held> {
  return new WindowedThrottle(options);
}

/** The rank of a window is its end. */
interface Window<Held> extends ThrottleWindow<Held>, Heapable {
  readonly key: string;
  readonly perMs: number;
  held: Held | undefined;
  folded: number;
  /** How many were sent at once; Infinity in a window that follows upon another. */
  sent: number;
  /** Order in which what is held came. */
  turn: number;
}

class WindowedThrottle<Held> implements Throttle<Held> {
  readonly #options: ThrottleOptions<Held>;
  readonly #windows = new Map<string, Window<Held>>();
  readonly #holding: Heap<Window<Held>> = createHeap();
  readonly #empty: Heap<Window<Held>> = createHeap();
  #turns = 0;
  #timer: Timer;
  #timerAt: number | undefined;

  constructor(options: ThrottleOptions<Held>) {
    this.#options = options;
  }

  admit(groups: readonly ThrottleGroup[]): ThrottleWindow<Held> | undefined {
    this.#endDue();
    let isSent = groups.length === 0;
    // counted in each window that lets it pass
    for (const group of groups) isSent = this.#lets(group) || isSent;
    this.#setTimer();
    return isSent ? undefined : this.#windows.get(groups[0]?.key ?? '');
  }

  hold(given: ThrottleWindow<Held>, held: Held): void {
    const window = given as Window<Held>;
    const before = window.held;
    window.held = held;
    window.folded += 1;
    window.turn = this.#turns++;
    if (before === undefined) {
      this.#empty.remove(window);
      this.#holding.push(window);
      this.relieve();
    } else {
      this.#options.fold(before);
    }
  }

  relieve(): void {
    const limit = this.#options.limit();
    for (let next = this.#holding.peek(); next !== undefined; next = this.#holding.peek()) {
      if (this.#holding.size <= limit) break;
      this.#end(next);
    }
    this.#setTimer();
  }

  close(): void {
    const holding = this.#holding.drain().sort((one, other) => one.turn - other.turn);
    this.#empty.drain();
    this.#windows.clear();
    this.#setTimer();
    for (const { held } of holding) if (held !== undefined) this.#options.release(held);
  }

  #lets({ key, first, perMs }: ThrottleGroup): boolean {
    const window = this.#windows.get(key) ?? this.#open(key, perMs);
    if (window.sent >= first) return false;
    window.sent += 1;
    return true;
  }

  #open(key: string, perMs: number): Window<Held> {
    if (this.#windows.size >= maxGroups) this.#endOneEarly();
    const rank = this.#options.clock.now() + perMs;
    const window = { key, perMs, held: undefined, folded: 0, sent: 0, turn: 0, rank, heapIndex: -1 };
    this.#windows.set(key, window);
    this.#empty.push(window);
    return window;
  }

  /** Ends a window: one that held something is followed by another. */
  #end(window: Window<Held>): void {
    const { held, perMs } = window;
    if (held === undefined) {
      this.#empty.remove(window);
      this.#windows.delete(window.key);
      return;
    }
    this.#holding.remove(window);
    window.held = undefined;
    window.folded = 0;
    window.sent = Infinity;
    window.rank = this.#options.clock.now() + perMs;
    this.#empty.push(window);
    this.#options.release(held);
  }

  #endDue(): void {
    const now = this.#options.clock.now();
    for (let next = this.#next(); next !== undefined && next.rank <= now; next = this.#next()) {
      this.#end(next);
    }
  }

  #endOneEarly(): void {
    const window = this.#next();
    if (window === undefined) return;
    this.#end(window);
    this.#empty.remove(window);
    this.#windows.delete(window.key);
  }

  /** The window that is nearest its end. */
  #next(): Window<Held> | undefined {
    const [holding, empty] = [this.#holding.peek(), this.#empty.peek()];
    if (holding === undefined || empty === undefined) return holding ?? empty;
    return holding.rank <= empty.rank ? holding : empty;
  }

  #setTimer(): void {
    const at = this.#next()?.rank;
    if (at === this.#timerAt) return;
    const { clock } = this.#options;
    clock.clearTimeout(this.#timer);
    this.#timerAt = at;
    if (at === undefined) return;
    const wake = (): void => {
      // it may have come early
      this.#timerAt = undefined;
      this.#endDue();
      this.#setTimer();
    };
    this.#timer = clock.setTimeout(wake, Math.max(0, at - clock.now()));
  }
}
