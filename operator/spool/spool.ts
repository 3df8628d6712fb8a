import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { type Occurrence } from '../event/occurrence.ts';
import { type Clock, type Timer } from '../schema/clock.ts';
import { type Log } from '../telemetry/log.ts';
import { type Kept } from './block.ts';
import { isDamaged, moveAside } from './damage.ts';
import { loadCursors, type SavedCursors } from './saved-cursors.ts';
import { createSegments, type Reading, type Segments } from './segments.ts';
import { type Cursor, openSpoolFile, type SpoolFile } from './spool-file.ts';

/** What a spool is made of. */
export interface SpoolOptions {
  /** The folder that the file lies in; it is made if it is missing. */
  readonly folder: string;
  /** What the file may take; the oldest occurrences go when it is full. */
  readonly maxBytes: number;
  /** Tells the order of two positions of the source, as sort functions do. */
  readonly compare: (one: string, other: string) => number;
  readonly clock: Clock;
  readonly log: Log;
}

/** How a spool fares. */
export interface SpoolHealth {
  readonly isWorking: boolean;
  readonly bytes: number;
  /** Occurrences that had to go because the file was full, since the operator started. */
  readonly evicted: number;
}

/**
 * Keeps occurrences in a file until every receiver has ended with them. It is a second memory besides that of the API server:
 * where it fails (full disk, damaged file) it says so, and receivers go on with what the API server holds.
 */
export interface Spool {
  /** Opens the file. `cursors` tells at any time how far each receiver has come; undefined while that is not known. */
  open(cursors: () => readonly Cursor[] | undefined): void;
  /** How far a receiver had come when the operator last wrote it down. */
  saved(receiver: string, uid: string): Pick<Cursor, 'position' | 'time'> | undefined;
  /** The source is live from here on: whatever a receiver wants from then on is handed to `keep`. */
  begin(position: string): void;
  /** Takes an occurrence that a receiver waits for; it is in the file a tenth of a second later. */
  keep(occurrence: Occurrence): void;
  /** The source has come to this position. */
  advance(position: string): void;
  read(after: string): Reading;
  /** Tells whether reading there needs the file alone. */
  holds(position: string): boolean;
  /** Writes down how far the receivers have come, and lets go of what all have ended with; called every second. */
  tick(): void;
  health(): SpoolHealth;
  /** Writes what is left and lets go of the file. */
  close(): void;
}

/** How long occurrences are collected for one commit, and how many at most. */
const commitMs = 100;
const commitEvents = 500;
/** How long a spool that failed waits before it tries again. */
const retryMs = 10_000;

/** Creates a spool; it does nothing before `open`. */
export function createSpool(options: SpoolOptions): Spool {
  return new GroupingSpool(options);
}

class GroupingSpool implements Spool {
  readonly #options: SpoolOptions;
  readonly #path: string;
  #cursors: () => readonly Cursor[] | undefined = () => undefined;
  #saved: SavedCursors | undefined;
  #file: SpoolFile | undefined;
  #segments: Segments | undefined;
  #waiting: Kept[] = [];
  #front: string | undefined;
  #timer: Timer;
  #retryAtMs = 0;
  #evicted = 0;
  #isClosed = true;

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#path = join(options.folder, 'spool.sqlite');
  }

  open(cursors: () => readonly Cursor[] | undefined): void {
    this.#cursors = cursors;
    this.#isClosed = false;
    this.#openFile();
  }

  saved(receiver: string, uid: string): Cursor | undefined {
    return this.#saved?.get(receiver, uid);
  }

  begin(position: string): void {
    this.#front = position;
    this.#waiting = [];
    this.#attempt(() => this.#segments?.begin(position, this.#options.clock.date()));
  }

  keep(occurrence: Occurrence): void {
    if (!this.#moveTo(occurrence.position)) return;
    if (this.#segments?.isLive !== true) return;
    this.#waiting.push({ occurrence, arrivedAt: this.#options.clock.date() });
    if (this.#waiting.length >= commitEvents) this.#commit();
    else this.#timer ??= this.#options.clock.setTimeout(() => this.#commit(), commitMs);
  }

  advance(position: string): void {
    this.#moveTo(position);
  }

  /** Tells whether the source has come further. A source whose history was replaced goes back: the spool begins anew there. */
  #moveTo(position: string): boolean {
    const order = this.#front === undefined ? 1 : this.#options.compare(position, this.#front);
    if (order > 0) this.#front = position;
    else if (order < 0) this.begin(position);
    return order > 0;
  }

  read(after: string): Reading {
    if (this.#waiting.length > 0) this.#commit();
    const nothing: Reading = { kind: 'absent', until: undefined, since: undefined };
    return this.#attempt(() => this.#segments?.read(after, this.#front ?? '')) ?? nothing;
  }

  holds(position: string): boolean {
    return this.#segments?.holds(position) ?? false;
  }

  tick(): void {
    if (this.#isClosed) return;
    this.#reopen();
    this.#commit();
  }

  health(): SpoolHealth {
    const bytes = this.#attempt((file) => file.usedBytes()) ?? 0;
    return { isWorking: this.#segments?.isLive ?? false, bytes, evicted: this.#evicted };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#commit();
    this.#isClosed = true;
    this.#release();
  }

  #openFile(): void {
    const { folder, maxBytes, compare, log } = this.#options;
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      this.#file = openSpoolFile(this.#path, { maxBytes });
      this.#saved = loadCursors(this.#file);
      this.#segments = createSegments(this.#file, { compare, maxBytes });
      log.info('Opened spool', { path: this.#path, bytes: this.#file.usedBytes() });
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A spool that failed begins anew with what happens from now on. */
  #reopen(): void {
    if (this.#segments?.isLive === true || this.#options.clock.now() < this.#retryAtMs) return;
    if (this.#file === undefined) this.#openFile();
    const front = this.#front;
    if (front === undefined || this.#segments === undefined) return;
    this.#attempt(() => {
      this.#segments?.begin(front, this.#options.clock.date());
      this.#options.log.info('Spool works again', { path: this.#path });
    });
  }

  /** One transaction for all that came since the last, and for how far the receivers have come. */
  #commit(): void {
    this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
    const front = this.#front;
    const segments = this.#segments;
    if (front === undefined || segments?.isLive !== true) return;
    const cursors = this.#cursors();
    const kept = this.#waiting;
    this.#waiting = [];
    this.#attempt((file) => {
      let evicted = 0;
      file.transaction(() => {
        if (cursors !== undefined) this.#saved?.write(cursors);
        evicted = segments.commit({ kept, front, cursors, now: this.#options.clock.date() });
      });
      this.#noteEvicted(evicted);
    });
  }

  #noteEvicted(events: number): void {
    if (events === 0) return;
    this.#evicted += events;
    const { log, maxBytes } = this.#options;
    log.warn('Spool is full; the oldest occurrences went', { path: this.#path, events, maxBytes });
  }

  /** Works on the file; what fails is logged, and the spool is out of service until it is tried again. */
  #attempt<Result>(work: (file: SpoolFile) => Result): Result | undefined {
    if (this.#file === undefined) return undefined;
    try {
      return work(this.#file);
    } catch (error) {
      this.#fail(error);
      return undefined;
    }
  }

  #fail(error: unknown): void {
    const { log, clock } = this.#options;
    this.#retryAtMs = clock.now() + retryMs;
    this.#waiting = [];
    // opened anew it tells what was really written
    this.#release();
    if (!isDamaged(error)) {
      const message = 'Spool failed; receivers can catch up from the API server alone until it works again';
      log.error(message, { path: this.#path, error });
      return;
    }
    const movedTo = tryTo(() => moveAside(this.#path));
    log.error('Spool is damaged; what it held is read from the API server, as far as that still has it', {
      path: this.#path,
      movedTo,
      error,
    });
    if (movedTo !== undefined) this.#openFile();
  }

  #release(): void {
    const file = this.#file;
    this.#segments = undefined;
    this.#file = undefined;
    tryTo(() => file?.close());
  }
}

/** Does what may fail without harm. */
function tryTo<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
