import { createThrottle, type Throttle } from '../delivery/throttle.ts';
import { type Occurrence } from '../event/occurrence.ts';
import { type Rehearsal, type RehearsedDelivery } from './rehearsal.ts';
import { createSimulatedClock } from './simulated-clock.ts';

/** An occurrence at a time of the test. */
export interface TimedOccurrence {
  readonly occurrence: Occurrence;
  readonly atMs: number;
}

/** A delivery at a time of the test. */
export interface PlayedDelivery extends RehearsedDelivery, TimedOccurrence {
  /** How many other events a throttle folded into it. */
  readonly folded: number;
}

/** Lets occurrences happen over simulated time, with the throttles that receivers have in the cluster. */
export interface Playback {
  /** Lets an occurrence happen; it is not earlier than the one before. */
  play(timed: TimedOccurrence): void;
  /** Lets time go on until nothing is held any more; gives all deliveries, in the order of their times. */
  finish(): readonly PlayedDelivery[];
}

/** Creates a playback in which nothing has happened yet. */
export function createPlayback(rehearsal: Pick<Rehearsal, 'route' | 'mostHeld'>): Playback {
  const clock = createSimulatedClock();
  const played: PlayedDelivery[] = [];
  const throttles = new Map<string, Throttle<PlayedDelivery>>();
  const throttleOf = (receiver: string): Throttle<PlayedDelivery> => {
    const known = throttles.get(receiver);
    if (known !== undefined) return known;
    const limit = rehearsal.mostHeld(receiver);
    const throttle = createThrottle<PlayedDelivery>({
      clock,
      limit: () => limit,
      release: (delivery) => void played.push({ ...delivery, atMs: clock.now() }),
      fold: () => undefined,
    });
    throttles.set(receiver, throttle);
    return throttle;
  };
  const deliver = (delivery: RehearsedDelivery, timed: TimedOccurrence): void => {
    const { receiver, throttles: groups } = delivery;
    const throttle = groups && throttleOf(receiver);
    const window = groups && throttle?.admit(groups);
    const one = { ...delivery, ...timed, folded: window?.folded ?? 0 };
    if (window === undefined) played.push(one);
    else throttle?.hold(window, one);
  };
  return {
    play(timed) {
      clock.advanceTo(timed.atMs);
      const deliveries = rehearsal.route(timed.occurrence);
      for (const delivery of deliveries) if (delivery.obstacle === undefined) deliver(delivery, timed);
    },
    finish() {
      clock.runOut();
      return played;
    },
  };
}
