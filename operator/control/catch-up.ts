import { type CatchUp } from '../delivery/catch-up.ts';
import { type Checkpoint } from '../delivery/course.ts';
import { type Delivery } from '../delivery/delivery.ts';
import { type Occurrence } from '../event/occurrence.ts';
import { isKubeFailure } from '../kube/kube-error.ts';
import { type Clock, sleep } from '../schema/clock.ts';
import { type Log } from '../telemetry/log.ts';
import { createChase, lookPeriodMs } from './chase.ts';
import { type Destination } from './dispatch.ts';
import { type Gap } from './gap.ts';
import { type History } from './history.ts';

/** What a catch-up works with. */
export interface CatchUpOptions {
  readonly history: History;
  readonly delivery: Pick<Delivery, 'pipelines'>;
  /** Gives the receivers that the tree of this moment sends an occurrence to, and the routes that do. */
  readonly destinationsOf: (occurrence: Occurrence, isNews: boolean) => readonly Destination[];
  /** How long the API server keeps an Event. */
  readonly eventTtlMs: number;
  /** Events of this time may have come and gone without the receiver having seen them. */
  readonly onGap: (receiver: string, gap: Gap) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Brings receivers that are behind up with the source again, all that have room in one replay. */
export interface CatchUpWorker {
  /** The source has begun: what is after this position is told live. */
  begin(start: string): void;
  /** Begins a replay if there is somebody to do it for; called every second. */
  tick(): void;
  /** Resolves when no replay is under way. */
  idle(): Promise<void>;
}

/** How long a receiver that could not come up with the source waits for its next turn: each is a list of all Events. */
const pauseMs = 2_000;
const pauseAfterFailureMs = 10_000;
/** How many receivers a line of the log names. */
const mostNames = 10;

/** Creates a worker; it does nothing before `tick`. */
export function createCatchUpWorker(options: CatchUpOptions): CatchUpWorker {
  return new ReplayingWorker(options);
}

class ReplayingWorker implements CatchUpWorker {
  readonly #options: CatchUpOptions;
  /** The replay of the source's own past, for all who need it; and those of what lies near, one receiver at a time. */
  #far: Promise<void> | undefined;
  #near: Promise<void> | undefined;
  #notBeforeMs = 0;
  readonly #replaying = new Set<string>();
  #start: string | undefined;
  /** What happened before the start was counted up to here. */
  #counted = '';

  constructor(options: CatchUpOptions) {
    this.#options = options;
  }

  begin(start: string): void {
    this.#start = start;
  }

  tick(): void {
    if (this.#start === undefined || this.#options.signal.aborted) return;
    this.#near ??= this.#replayNear().finally(() => (this.#near = undefined));
    const { clock } = this.#options;
    if (this.#far !== undefined || clock.now() < this.#notBeforeMs) return;
    const pursuers = this.#pursuers(false);
    if (pursuers.size === 0) return;
    this.#far = this.#replaySafely(pursuers).then((isDone) => {
      this.#far = undefined;
      this.#notBeforeMs = clock.now() + (isDone ? pauseMs : pauseAfterFailureMs);
    });
  }

  async idle(): Promise<void> {
    await Promise.all([this.#far, this.#near]);
  }

  /** Goes on while somebody is behind and has all that it misses near. */
  async #replayNear(): Promise<void> {
    const { clock, signal } = this.#options;
    for (let waits = false; !signal.aborted; waits = true) {
      if (waits) await sleep(clock, lookPeriodMs, signal);
      if (!this.#isAnybodyBehind(true)) return;
      for (const [receiver, catchUp] of this.#pursuers(true)) {
        if (!(await this.#replaySafely(new Map([[receiver, catchUp]])))) return;
      }
    }
  }

  #isAnybodyBehind(isNear: boolean): boolean {
    return [...this.#options.delivery.pipelines()].some(([, { catchUp }]) => this.#isBehind(catchUp, isNear));
  }

  #isBehind({ behind }: CatchUp, isNear: boolean): boolean {
    return behind !== undefined && (this.#options.history.isNear?.(behind.position) ?? false) === isNear;
  }

  /** Receivers that are behind and have room for something; a nearly full one would cost a list for each few events. */
  #pursuers(isNear: boolean): Map<string, CatchUp> {
    const pursuers = new Map<string, CatchUp>();
    for (const [receiver, { catchUp }] of this.#options.delivery.pipelines()) {
      const hasRoom = catchUp.room >= catchUp.capacity / 2;
      if (hasRoom && this.#isBehind(catchUp, isNear) && !this.#replaying.has(receiver))
        pursuers.set(receiver, catchUp);
    }
    return pursuers;
  }

  /** Gives false when the past could not be read. */
  async #replaySafely(pursuers: Map<string, CatchUp>): Promise<boolean> {
    const { log, signal } = this.#options;
    const receivers = [...pursuers.keys()];
    for (const receiver of receivers) this.#replaying.add(receiver);
    try {
      await this.#replay(pursuers);
      return true;
    } catch (error) {
      // the source ends before the catch-up does, when the operator stops
      if (!signal.aborted && !isGivenUp(error)) {
        log.warn('Failed to read Events again for receivers that are behind; trying again', { error });
      }
      return false;
    } finally {
      for (const receiver of receivers) this.#replaying.delete(receiver);
    }
  }

  async #replay(pursuers: Map<string, CatchUp>): Promise<void> {
    const { history, signal, log } = this.#options;
    const starts = new Map<string, Checkpoint>();
    for (const [receiver, { behind }] of pursuers) if (behind !== undefined) starts.set(receiver, behind);
    const after = earliest([...starts.values()], history);
    for (const catchUp of pursuers.values()) catchUp.begin();
    const chase = createChase(pursuers, {
      ...this.#options,
      destinationsOf: (occurrence, isTold) =>
        this.#options.destinationsOf(occurrence, !isTold && this.#isNews(occurrence.position)),
    });
    try {
      const replayed = await history.replay({
        after,
        signal,
        onOccurrence: (occurrence, arrivedAt) => chase.hand(occurrence, arrivedAt),
      });
      this.#findGaps(starts, replayed);
      if (!replayed.isWhole) return;
      const { upTo } = replayed;
      for (const catchUp of pursuers.values()) {
        catchUp.end(upTo, (position) => history.compare(position, upTo) > 0);
      }
      const caughtUp = [...pursuers].filter(([, { behind }]) => behind === undefined);
      log.info('Read Events again for receivers that were behind', {
        receivers: starts.size,
        caughtUp: caughtUp.length,
        names: caughtUp.slice(0, mostNames).map(([receiver]) => receiver),
      });
      pursuers.clear();
    } finally {
      for (const catchUp of pursuers.values()) catchUp.abandon();
    }
  }

  /** What happened before the start was never told live, so nobody has counted it yet. */
  #isNews(position: string): boolean {
    const { history } = this.#options;
    const isNews =
      history.compare(position, this.#start ?? '') <= 0 && history.compare(position, this.#counted) > 0;
    if (isNews) this.#counted = position;
    return isNews;
  }

  /**
   * The API server forgets Events by age. What was written after a receiver's checkpoint can be gone only when the
   * checkpoint is older than that age and nothing from before it is left.
   */
  #findGaps(
    starts: ReadonlyMap<string, Checkpoint>,
    { reachesBack, upTo, holes = [] }: Awaited<ReturnType<History['replay']>>,
  ): void {
    const { clock, eventTtlMs, onGap, history } = this.#options;
    const now = clock.date();
    const forgotten = new Date(now.getTime() - eventTtlMs);
    for (const [receiver, { position, time }] of starts) {
      for (const hole of holes) onGap(receiver, { ...hole, reason: 'HistoryExpired' });
      if (history.compare(position, upTo) > 0) {
        onGap(receiver, { from: time, to: now, reason: 'HistoryReplaced' });
      } else if (!reachesBack && time < forgotten && history.compare(position, '0') > 0) {
        onGap(receiver, { from: time, to: forgotten, reason: 'HistoryExpired' });
      }
    }
  }
}

function earliest(starts: readonly Checkpoint[], history: Pick<History, 'compare'>): string {
  const positions = starts.map(({ position }) => position);
  return positions.reduce((least, position) => (history.compare(position, least) < 0 ? position : least));
}

function isGivenUp(error: unknown): boolean {
  return isKubeFailure(error, 'aborted') || (error as Error | undefined)?.name === 'AbortError';
}
