import { isKubeFailure, toError } from '../kube/kube-error.ts';
import { type Clock, sleep } from '../schema/clock.ts';
import { type Log } from '../telemetry/log.ts';
import { type ManagedRoute } from './managed-route.ts';
import { type Receivers } from './receivers.ts';
import { type Routes } from './routes.ts';

/** What is judged, and with what. */
export interface JudgementOptions {
  readonly routes: Pick<Routes, 'all' | 'resolveAll'>;
  readonly receivers: Pick<Receivers, 'refresh'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Which receivers routes may use, judged again and again: receivers and labels of namespaces come, go and change. */
export interface Judgement {
  /** Whether it is time to judge again though we heard of no change. */
  readonly isDue: boolean;
  /** Judges again; a failure is logged, and makes the next judgement due soon. */
  renew(): Promise<void>;
  /**
   * Judges until everything is known that decides where an event goes, as far as the API server lets us know it. An event that
   * came before would be taken for one that nobody may send, and be lost.
   */
  complete(signal: AbortSignal): Promise<void>;
}

const periodMs = 60_000;
const againMs = 5_000;
const incompleteMs = 500;
/** An API server that starts forbids everything until it has read its roles; what it forbids for longer, it means. */
const forbiddenMs = 30_000;

/** Creates a judgement that was never made. */
export function createJudgement({ routes, receivers, clock, log }: JudgementOptions): Judgement {
  let dueAtMs = 0;
  const judge = async (): Promise<Error | undefined> => {
    dueAtMs = clock.now() + periodMs;
    try {
      await routes.resolveAll();
      return undefined;
    } catch (thrown) {
      const error = toError(thrown);
      dueAtMs = clock.now() + againMs;
      log.warn('Failed to judge which receivers routes may use; trying again', { error });
      return error;
    }
  };
  let forbiddenSinceMs: number | undefined;
  const isComplete = async (): Promise<boolean> => {
    const failure = await judge();
    if (failure === undefined) return ![...routes.all()].some(isPending);
    if (!isKubeFailure(failure, 'forbidden')) return false;
    forbiddenSinceMs ??= clock.now();
    return clock.now() - forbiddenSinceMs >= forbiddenMs;
  };
  return {
    get isDue() {
      return clock.now() >= dueAtMs;
    },
    async renew() {
      await judge();
    },
    async complete(signal) {
      while (!signal.aborted && !(await isComplete())) {
        await sleep(clock, incompleteMs, signal);
        // a receiver whose Secret could not be read is read again
        receivers.refresh();
      }
    },
  };
}

/** It names a receiver of another namespace of which it is not known yet whom it lets in. */
function isPending({ accepted, resolvedRefs }: ManagedRoute): boolean {
  return accepted.status === 'True' && resolvedRefs.status === 'Unknown';
}
