/** An occurrence that the API server holds or held: what a write of an Event made. */
export interface Written {
  readonly uid: string;
  readonly number: number;
  /** The object that the Event is about. */
  readonly object: string;
  readonly message: string;
  /** The resourceVersion that the write made. */
  readonly position: number;
  /** When the request was sent, and when it was known that it had been carried out. */
  readonly sentMs: number;
  readonly ackedMs: number;
}

/** All that was written, in the words of who wrote it. */
export interface Truth {
  add(occurrence: Written): void;
  /** The idempotency key of an occurrence is its uid and number. */
  get(key: string): Written | undefined;
  /** The occurrences of each Event, by uid, in order. */
  readonly events: ReadonlyMap<string, readonly Written[]>;
  readonly size: number;
}

/** Creates an empty truth. */
export function createTruth(): Truth {
  const events = new Map<string, Written[]>();
  const byKey = new Map<string, Written>();
  return {
    add(occurrence) {
      const known = events.get(occurrence.uid);
      if (known === undefined) events.set(occurrence.uid, [occurrence]);
      else known.push(occurrence);
      byKey.set(keyOf(occurrence), occurrence);
    },
    get: (key) => byKey.get(key),
    events,
    get size() {
      return byKey.size;
    },
  };
}

/** The idempotency key that docs/delivery.md promises. */
export function keyOf({ uid, number }: Pick<Written, 'uid' | 'number'>): string {
  return `${uid}-${number}`;
}
