import { type Clock } from '../schema/clock.ts';
import { type Reason } from '../schema/reasons.ts';
import { type Log } from '../telemetry/log.ts';

/** How long drops for one reason are summed up before the log hears of them again. */
const quietMs = 60_000;

/** Tells the log which events were lost; a dead receiver makes one line a minute for each reason, not one an event. */
export interface DropLog {
  /** Logs the first drop for a reason at once, and those that follow as a sum with the next drop after a minute. */
  dropped(reason: Reason, failure?: string): void;
  /** Logs what is still summed up. */
  flush(): void;
}

interface Sum {
  events: number;
  failure: string | undefined;
  loggedAt: number;
}

/** Creates the drop log of a receiver. */
export function createDropLog({
  receiver,
  clock,
  log,
  title = 'Dropped events',
}: {
  readonly receiver: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  /** What happened to them. @default 'Dropped events' */
  readonly title?: string;
}): DropLog {
  const sums = new Map<Reason, Sum>();
  const tell = (reason: Reason, sum: Sum): void => {
    const { events, failure } = sum;
    log.warn(title, { receiver, reason, events, ...(failure !== undefined && { failure }) });
    sum.events = 0;
    sum.loggedAt = clock.now();
  };
  return {
    dropped(reason, failure) {
      const sum = sums.get(reason) ?? { events: 0, failure, loggedAt: -Infinity };
      sums.set(reason, sum);
      sum.events += 1;
      sum.failure = failure;
      if (!isOfTheEnd(reason) && clock.now() - sum.loggedAt >= quietMs) tell(reason, sum);
    },
    flush() {
      for (const [reason, sum] of sums) if (sum.events > 0) tell(reason, sum);
    },
  };
}

/** Such drops come all at once, just before the pipeline flushes: one line is enough. */
function isOfTheEnd(reason: Reason): boolean {
  return reason === 'ShuttingDown' || reason === 'ReceiverGone';
}
