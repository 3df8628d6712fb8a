import { type Occurrence } from '../event/occurrence.ts';

/** An opaque, ordered token of a source: the resourceVersion of an API server, the place in a file. */
export type Position = string;

/**
 * Why a source showed an occurrence and did not hand it on: it was older than `maxEventAge` when it arrived (`TooOld`), and
 * happened before the operator started (`BeforeStart`); or routing it failed, and the log holds the error (`HandlerFailed`).
 */
export type DropReason = 'TooOld' | 'BeforeStart' | 'HandlerFailed';

/** Who is told of occurrences. */
export interface SourceCallbacks {
  /**
   * Takes an occurrence. The next one comes when its promise is settled, in the order of positions; so a slow taker
   * slows the source down instead of filling memory.
   */
  readonly onOccurrence: (occurrence: Occurrence) => void | Promise<void>;
  /** Hears of the starting position, before the first occurrence: whatever happens after it is handed on. */
  readonly onStart?: (position: Position) => void;
  /** Hears of an occurrence that is not handed on. */
  readonly onDropped?: (occurrence: Occurrence, reason: DropReason) => void;
}

/** What a source is doing. */
export interface SourceHealth {
  readonly state: 'idle' | 'listing' | 'watching' | 'backingOff' | 'reading' | 'ended' | 'stopped';
  /** When anything last came from where it reads; undefined before that. */
  readonly lastActivity: Date | undefined;
  /** Why it backs off. */
  readonly error?: Error;
}

/** What a source is to tell again. */
export interface ReplayOptions {
  /** Only what is after this position; `'0'` means everything. */
  readonly after: Position;
  /** Only what is up to this position; undefined means everything. */
  readonly until?: Position | undefined;
  readonly signal: AbortSignal;
  /** Takes an occurrence, in the order of positions, at once or after a while; `enough` ends the replay. */
  readonly onOccurrence: (occurrence: Occurrence) => 'enough' | undefined | Promise<'enough' | undefined>;
}

/** What a replay came to. */
export interface Replayed {
  /** Everything up to here was told, unless it ended early. */
  readonly upTo: Position;
  /** The source still holds something that is not after the position: so nothing after it can be missing. */
  readonly reachesBack: boolean;
  /** It did not end early. */
  readonly isWhole: boolean;
}

/** Where occurrences come from. Nothing downstream knows whether that is an API server, a file or a topic. */
export interface EventSource {
  /** Starts; resolves when it has its starting position, so that whatever happens from now on will be seen. */
  start(): Promise<void>;
  /** Takes nothing more in; resolves when all that was taken in has been handed on. */
  stop(): Promise<void>;
  health(): SourceHealth;
  /** How far the source has come; `''` before its start. */
  position(): Position;
  /** Tells the order of two of its positions, as sort functions do. */
  compare(one: Position, other: Position): number;
}

/** A source that holds a part of its past. */
export interface ReplayableSource extends EventSource {
  /** Tells again what it still holds; rejects when that cannot be read. */
  replay(options: ReplayOptions): Promise<Replayed>;
  /** Reads one Event again; undefined when it is no longer held, rejects when that cannot be told. */
  find(event: { readonly namespace: string; readonly name: string }): Promise<Occurrence | undefined>;
}
