import { comparePositions } from './position.ts';
import { type Position } from './source.ts';

/** Anything with a resourceVersion. */
interface Versioned {
  readonly metadata: { readonly resourceVersion?: string };
}

/** Puts what a list holds into the order in which it happened, some at a time. */
export interface Backlog<Item> {
  /** The list begins, perhaps anew: what was added since the last part was taken comes again. */
  begin(): void;
  /** Looks at an item of the list. */
  add(item: Item): void;
  /** Gives the earliest items after the last ones taken, in order. */
  take(): Taken<Item>;
}

/** A part of a backlog. */
export interface Taken<Item> {
  readonly items: readonly Item[];
  /** Items had to be left out: the list has to be read once more for the next part. */
  readonly isPartial: boolean;
}

/** Which items of a list count, and how many of them are held at a time. */
export interface BacklogOptions {
  /** Only items after this position. */
  readonly after: Position;
  /** Only items up to this position: those beyond it come by the watch. */
  readonly upTo: Position;
  readonly limit: number;
}

/**
 * Creates a backlog. A list comes in the order of names, but must be handed on in the order of positions, or a position
 * would not tell what has been seen. Sorting it as a whole would take memory without bound; so the `limit` earliest are
 * kept, and the list is read again for the rest.
 */
export function createBacklog<Item extends Versioned>(options: BacklogOptions): Backlog<Item> {
  const { upTo, limit } = options;
  let { after } = options;
  let items: Item[] = [];
  let isPartial = false;
  const shrink = (): void => {
    items.sort((one, other) => comparePositions(versionOf(one), versionOf(other)));
    if (items.length <= limit) return;
    items.length = limit;
    isPartial = true;
  };
  const begin = (): void => {
    items = [];
    isPartial = false;
  };
  return {
    begin,
    add(item) {
      const version = versionOf(item);
      if (comparePositions(version, after) <= 0 || comparePositions(version, upTo) > 0) return;
      items.push(item);
      if (items.length >= limit * 2) shrink();
    },
    take() {
      shrink();
      const taken = { items, isPartial };
      const last = items.at(-1);
      if (last !== undefined) after = versionOf(last);
      begin();
      return taken;
    },
  };
}

function versionOf({ metadata }: Versioned): string {
  return metadata.resourceVersion ?? '';
}
