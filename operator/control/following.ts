import { keyText } from '../api/resource.ts';
import { type Delivery } from '../delivery/delivery.ts';
import { type Occurrence } from '../event/occurrence.ts';
import { type Clock } from '../schema/clock.ts';
import { type Spool } from '../spool/spool.ts';
import { type Cursor } from '../spool/spool-file.ts';
import { type Log } from '../telemetry/log.ts';
import { createCatchUpWorker } from './catch-up.ts';
import { createDispatch, type Destination, type DispatchOptions } from './dispatch.ts';
import { type Gap, gapEvent, type Gaps } from './gap.ts';
import { type History } from './history.ts';
import { type Receivers } from './receivers.ts';
import { type World } from './world.ts';

/** What following a source needs. */
export interface FollowingOptions extends Omit<DispatchOptions, 'receivers' | 'delivery' | 'keep'> {
  readonly receivers: Pick<Receivers, 'get' | 'all'>;
  readonly delivery: Delivery;
  readonly gaps: Gaps;
  /** The past of the source; undefined when it cannot be told again. */
  readonly history: History | undefined;
  /** Keeps what receivers wait for beyond the memory of the source. */
  readonly spool: Spool | undefined;
  readonly eventTtlMs: number;
  readonly world: Pick<World, 'recordEvent'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** How receivers follow their source: live, and by replays where they are behind. */
export interface Following {
  /** Opens what was kept over the last end of the operator; before any receiver. */
  open(): void;
  /** The source has begun: what is after this position comes by `dispatch`. */
  begin(position: string): void;
  /** Routes an occurrence and hands it to its receivers. */
  dispatch(occurrence: Occurrence): void;
  /** Tells where the routes of this moment send an occurrence, and counts nothing. */
  destinationsOf(occurrence: Occurrence): readonly Destination[];
  /** Looks after receivers that are behind; called every second. */
  tick(): void;
  /** Resolves when no replay is under way. */
  idle(): Promise<void>;
  /** Keeps what has not ended for the next start; after all deliveries. */
  close(): void;
}

/** Creates the step from a source, with its past, to delivery. */
export function createFollowing(options: FollowingOptions): Following {
  const { receivers, delivery, gaps, history, spool, world, log } = options;
  const step = createDispatch({ ...options, keep: (occurrence) => spool?.keep(occurrence) });
  const onGap = (receiver: string, gap: Gap): void => {
    gaps.add(receiver, gap);
    const object = receivers.get(receiver)?.object;
    if (object !== undefined) world.recordEvent(object, gapEvent(gap));
    log.warn('Found a gap: a receiver may have missed Events', { receiver, ...gap });
  };
  const worker =
    history &&
    createCatchUpWorker({
      ...{ ...options, history, onGap },
      destinationsOf: (occurrence, isNews) => step.destinationsOf(occurrence, isNews),
    });
  return {
    open: () => spool?.open(() => cursorsOf(receivers)),
    begin(position) {
      delivery.advance(position);
      spool?.begin(position);
      worker?.begin(position);
    },
    dispatch(occurrence) {
      step.dispatch(occurrence);
      spool?.advance(occurrence.position);
    },
    destinationsOf: (occurrence) => step.destinationsOf(occurrence, false),
    tick() {
      spool?.tick();
      worker?.tick();
    },
    idle: async () => worker?.idle(),
    close: () => spool?.close(),
  };
}

/** How far all receivers have come; undefined while that is not known of each. */
function cursorsOf(receivers: Pick<Receivers, 'all'>): Cursor[] | undefined {
  const cursors: Cursor[] = [];
  for (const receiver of receivers.all()) {
    const checkpoint = receiver.checkpoint();
    if (checkpoint === undefined) return undefined;
    const { uid = '' } = receiver.object.metadata;
    cursors.push({ receiver: keyText(receiver.key), uid, ...checkpoint });
  }
  return cursors;
}
