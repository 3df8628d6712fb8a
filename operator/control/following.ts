import { type Delivery } from '../delivery/delivery.ts';
import { type Occurrence } from '../event/occurrence.ts';
import { type Clock } from '../schema/clock.ts';
import { type Log } from '../telemetry/log.ts';
import { createCatchUpWorker } from './catch-up.ts';
import { createDispatch, type DispatchOptions } from './dispatch.ts';
import { type Gap, gapEvent, type Gaps } from './gap.ts';
import { type History } from './history.ts';
import { type Receivers } from './receivers.ts';
import { type World } from './world.ts';

/** What following a source needs. */
export interface FollowingOptions extends Omit<DispatchOptions, 'receivers' | 'delivery'> {
  readonly receivers: Pick<Receivers, 'get'>;
  readonly delivery: Delivery;
  readonly gaps: Gaps;
  /** The past of the source; undefined when it cannot be told again. */
  readonly history: History | undefined;
  readonly eventTtlMs: number;
  readonly world: Pick<World, 'recordEvent'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** How receivers follow their source: live, and by replays where they are behind. */
export interface Following {
  /** The source has begun: what is after this position comes by `dispatch`. */
  begin(position: string): void;
  /** Routes an occurrence and hands it to its receivers. */
  dispatch(occurrence: Occurrence): void;
  /** Looks after receivers that are behind; called every second. */
  tick(): void;
  /** Resolves when no replay is under way. */
  idle(): Promise<void>;
}

/** Creates the step from a source, with its past, to delivery. */
export function createFollowing(options: FollowingOptions): Following {
  const { receivers, delivery, gaps, history, world, log } = options;
  const step = createDispatch(options);
  const onGap = (receiver: string, gap: Gap): void => {
    gaps.add(receiver, gap);
    const object = receivers.get(receiver)?.object;
    if (object !== undefined) world.recordEvent(object, gapEvent(gap));
    log.warn('Found a gap: a receiver may have missed Events', { receiver, ...gap });
  };
  const destinationsOf = (occurrence: Occurrence, isNews: boolean): ReturnType<typeof step.destinationsOf> =>
    step.destinationsOf(occurrence, isNews);
  const worker = history && createCatchUpWorker({ ...options, history, destinationsOf, onGap });
  return {
    begin(position) {
      delivery.advance(position);
      worker?.begin(position);
    },
    dispatch: (occurrence) => step.dispatch(occurrence),
    tick: () => worker?.tick(),
    idle: async () => worker?.idle(),
  };
}
