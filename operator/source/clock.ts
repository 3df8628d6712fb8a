/** Time as this room needs it: the operator's clock, or one that a test moves. */
export interface Clock {
  /** A clock that only goes forward, in milliseconds; its zero means nothing. */
  now(): number;
  /** The time of day. */
  date(): Date;
  /** Calls back once after `delayMs`. */
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(timer: unknown): void;
}
