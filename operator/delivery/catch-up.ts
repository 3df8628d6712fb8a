import { type Checkpoint, type Course, type Routed } from './course.ts';

/** The steps of a replay for one receiver. */
export interface CatchUp {
  /** Where the receiver is; undefined while it takes everything live. */
  readonly behind: Checkpoint | undefined;
  /** How many events the receiver could take now, and how many if nothing waited. */
  readonly room: number;
  readonly capacity: number;
  /** The receiver goes on from here, by a replay. */
  startAt(checkpoint: Checkpoint): void;
  /** A replay begins: what is told live from now on is kept for its end, as far as there is room. */
  begin(): void;
  /** Takes a replayed occurrence; false, and the receiver stays where it is, when it is full. */
  take(routed: Routed): boolean;
  /** Everything up to this position was told or is not for the receiver. */
  advance(position: string): void;
  /** Ends a replay that told everything up to `upTo`: what came live after that follows; then the receiver is live again. */
  end(upTo: string, isAfter: (position: string) => boolean): void;
  /** Ends a replay that did not get that far. */
  abandon(): void;
}

/** How a replayed occurrence is taken. */
export interface Taking {
  /** The position that the receiver had come to before it. */
  readonly before: string | undefined;
  readonly missedOccurrences?: number | undefined;
}

/** The parts of a pipeline that a replay works on. */
interface CatchUpOptions {
  readonly course: Course;
  readonly room: () => number;
  readonly capacity: () => number;
  readonly take: (routed: Routed, how: Taking) => void;
}

/** Creates the steps of a replay for the receiver of a pipeline. */
export function createCatchUp({ course, room, capacity, take }: CatchUpOptions): CatchUp {
  const takeReplayed = (routed: Routed): boolean => {
    if (room() <= 0) return false;
    const missed = course.missedBefore(routed.occurrence);
    // what was kept comes one by one, so nothing before it was missed
    const missedOccurrences = routed.arrivedAt === undefined ? missed : undefined;
    take(routed, { before: course.behind?.position, missedOccurrences });
    course.advance(routed.occurrence.position);
    return true;
  };
  return {
    get behind() {
      return course.behind;
    },
    get room() {
      return room();
    },
    get capacity() {
      return capacity();
    },
    startAt: (checkpoint) => course.fallBehind(checkpoint),
    begin: () => course.beginReplay(),
    take: takeReplayed,
    advance: (position) => course.advance(position),
    end(upTo, isAfter) {
      const tail = course.endReplay();
      course.advance(upTo);
      const rest = tail?.filter(({ occurrence }) => isAfter(occurrence.position));
      if (rest?.every(takeReplayed) === true) course.catchUp();
    },
    abandon: () => void course.endReplay(),
  };
}
