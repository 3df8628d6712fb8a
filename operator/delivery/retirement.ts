import { type Clock } from '../schema/clock.ts';
import { type Log } from '../telemetry/log.ts';
import { type Outlet } from './outlet.ts';

/** How long a sink may take to close when its receiver stops. */
const closeWithinMs = 1_000;

/** The outlets of a receiver that were given up, until they have closed. */
export interface Retirement {
  /** Gives up an outlet, which may still be sending. */
  retire(outlet: Outlet | undefined): void;
  /** Resolves when all of them have closed, or that has taken too long. */
  closed(): Promise<void>;
}

/** Creates an empty retirement. */
export function createRetirement({
  receiver,
  clock,
  log,
}: {
  readonly receiver: string;
  readonly clock: Clock;
  readonly log: Log;
}): Retirement {
  const closing = new Set<Promise<void>>();
  return {
    retire(outlet) {
      if (outlet === undefined) return;
      const closed = outlet.retire();
      closing.add(closed);
      void closed.then(() => closing.delete(closed));
    },
    async closed() {
      const { promise: tooLong, resolve } = Promise.withResolvers<undefined>();
      const timer = clock.setTimeout(() => {
        log.warn('Sink took too long to close', { receiver });
        resolve(undefined);
      }, closeWithinMs);
      await Promise.race([tooLong, Promise.all(closing)]);
      clock.clearTimeout(timer);
    },
  };
}
