import { type CatchUp } from '../delivery/catch-up.ts';
import { type Routed } from '../delivery/course.ts';
import { type Occurrence } from '../event/occurrence.ts';
import { type Clock, sleep } from '../schema/clock.ts';
import { type Destination } from './dispatch.ts';
import { type Heard, type History } from './history.ts';

/** What a chase works with. */
export interface ChaseOptions {
  readonly history: Pick<History, 'compare'>;
  /** Gives the receivers of an occurrence; `wasTold`: it was told live before. */
  readonly destinationsOf: (occurrence: Occurrence, wasTold: boolean) => readonly Destination[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** One replay, and the receivers that are behind and follow it. */
export interface Chase {
  /**
   * Hands an occurrence to those that have not come so far. Whoever is full leaves the chase and waits for the next one; only
   * the last one is waited for, for a while, since the list was made for it alone by then.
   */
  hand(occurrence: Occurrence, arrivedAt: Date | undefined): Heard | Promise<Heard>;
}

/** How long a chase goes on though it has to wait: others may be waiting for the next one. */
const patienceMs = 10_000;
/** How often it is looked whether a receiver has room again. */
export const lookPeriodMs = 20;

/** Begins a chase; receivers that leave it are taken out of `pursuers`. */
export function createChase(pursuers: Map<string, CatchUp>, options: ChaseOptions): Chase {
  return new RunningChase(pursuers, options);
}

class RunningChase implements Chase {
  readonly #pursuers: Map<string, CatchUp>;
  readonly #options: ChaseOptions;
  readonly #waitsUntilMs: number;

  constructor(pursuers: Map<string, CatchUp>, options: ChaseOptions) {
    this.#pursuers = pursuers;
    this.#options = options;
    this.#waitsUntilMs = options.clock.now() + patienceMs;
  }

  hand(occurrence: Occurrence, arrivedAt: Date | undefined): Heard | Promise<Heard> {
    const { position } = occurrence;
    const wasTold = arrivedAt !== undefined;
    for (const { receiver, routes, throttles } of this.#options.destinationsOf(occurrence, wasTold)) {
      const catchUp = this.#pursuers.get(receiver);
      const routed = { occurrence, routes, throttles, arrivedAt };
      if (catchUp === undefined || this.#isAhead(catchUp, position) || catchUp.take(routed)) continue;
      // what was told before is near, and can be had again at any time
      if (this.#pursuers.size === 1 && !wasTold) return this.#handLater(routed, catchUp);
      this.#leave(receiver, catchUp);
    }
    for (const catchUp of this.#pursuers.values()) {
      if (!this.#isAhead(catchUp, position)) catchUp.advance(position);
    }
    return this.#pursuers.size === 0 ? 'enough' : undefined;
  }

  #isAhead({ behind }: CatchUp, position: string): boolean {
    return behind === undefined || this.#options.history.compare(behind.position, position) >= 0;
  }

  async #handLater(routed: Routed, catchUp: CatchUp): Promise<Heard> {
    const { clock, signal } = this.#options;
    const isFull = (): boolean => catchUp.room < catchUp.capacity / 2;
    while (isFull() && !signal.aborted && clock.now() < this.#waitsUntilMs) {
      await sleep(clock, lookPeriodMs, signal);
    }
    if (catchUp.take(routed)) return undefined;
    for (const [receiver, last] of this.#pursuers) this.#leave(receiver, last);
    return 'enough';
  }

  #leave(receiver: string, catchUp: CatchUp): void {
    catchUp.abandon();
    this.#pursuers.delete(receiver);
  }
}
