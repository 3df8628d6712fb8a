import { type Occurrence } from '../event/occurrence.ts';
import { type ThrottleGroup } from './throttle.ts';

/** How far a receiver has come: all of its events up to `position` have ended, or were never for it. */
export interface Checkpoint {
  /** A position of the source; only the source compares it. */
  readonly position: string;
  /** When the receiver was there. */
  readonly time: Date;
}

/** An occurrence with the routes that send it. */
export interface Routed {
  readonly occurrence: Occurrence;
  readonly routes: readonly string[];
  /** The groups of throttles that it falls into; undefined when it is to be sent at once. */
  readonly throttles?: readonly ThrottleGroup[] | undefined;
  /** When it arrived, if it was kept somewhere since. */
  readonly arrivedAt?: Date | undefined;
}

/** Of so many Events it is remembered how often they were missed. */
const missedCapacity = 10_000;

/**
 * The way of a receiver through its source while it does not take what the source tells live: it is behind, until a replay
 * has brought it to where the source is. What is told live during a replay waits in the tail.
 */
export interface Course {
  /** Where the receiver is; undefined while it takes everything live. */
  readonly behind: Checkpoint | undefined;
  /** A replay is under way. */
  readonly isReplaying: boolean;
  /** The receiver takes nothing live from here on. */
  fallBehind(from: Checkpoint): void;
  /** Keeps a live occurrence for the end of the replay, when there is one and it has room; it is missed otherwise. */
  pass(routed: Routed, room: number): void;
  beginReplay(): void;
  /** The replay has come to this position. */
  advance(position: string): void;
  /** How many occurrences of its Event the receiver never got before this one, as far as that is known; forgets them. */
  missedBefore(occurrence: Occurrence): number;
  /** Ends the replay; gives what was told live meanwhile, undefined when that was too much to keep. */
  endReplay(): readonly Routed[] | undefined;
  /** The receiver takes everything live again. */
  catchUp(): void;
}

/** Creates the course of a receiver that takes everything live. */
export function createCourse(): Course {
  return new ReceiverCourse();
}

class ReceiverCourse implements Course {
  behind: Checkpoint | undefined;
  #tail: Routed[] | undefined;
  #hasOverflowed = false;
  readonly #missed = new Map<string, number>();

  get isReplaying(): boolean {
    return this.#tail !== undefined;
  }

  fallBehind(from: Checkpoint): void {
    this.behind ??= from;
  }

  pass(routed: Routed, room: number): void {
    if (this.#tail === undefined || this.#hasOverflowed) {
      this.#miss(routed.occurrence);
    } else if (this.#tail.length < room) {
      this.#tail.push(routed);
    } else {
      this.#hasOverflowed = true;
      for (const { occurrence } of [...this.#tail, routed]) this.#miss(occurrence);
      this.#tail = [];
    }
  }

  beginReplay(): void {
    this.#tail = [];
    this.#hasOverflowed = false;
  }

  advance(position: string): void {
    if (this.behind !== undefined) this.behind = { ...this.behind, position };
  }

  missedBefore({ event, number }: Occurrence): number {
    const told = this.#missed.get(event.uid);
    this.#missed.delete(event.uid);
    if (told !== undefined) return told - 1;
    const { behind } = this;
    return behind !== undefined && createdAt(event.data) > behind.time.getTime() ? number - 1 : 0;
  }

  endReplay(): readonly Routed[] | undefined {
    const tail = this.#hasOverflowed ? undefined : this.#tail;
    this.#tail = undefined;
    return tail;
  }

  catchUp(): void {
    this.behind = undefined;
    this.#missed.clear();
  }

  #miss({ event }: Occurrence): void {
    const count = this.#missed.get(event.uid) ?? 0;
    if (count > 0 || this.#missed.size < missedCapacity) this.#missed.set(event.uid, count + 1);
  }
}

/** When an Event was created, in milliseconds since 1970; 0 when it does not tell. */
function createdAt({ metadata }: Readonly<Record<string, unknown>>): number {
  const { creationTimestamp } = (metadata ?? {}) as { creationTimestamp?: unknown };
  const time = typeof creationTimestamp === 'string' ? Date.parse(creationTimestamp) : NaN;
  return Number.isNaN(time) ? 0 : time;
}
