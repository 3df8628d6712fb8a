import { type Clock } from '../schema/clock.ts';
import { KubeError } from './kube-error.ts';

/** What is to be bounded. */
export interface DeadlineOptions {
  /** For the error's text. */
  readonly request: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Bounds one request in time and by its caller's signal. */
export interface Deadline extends Disposable {
  /** Aborts when the time is over, or with the caller's signal. */
  readonly signal: AbortSignal;
  /** Turns what an abort makes of a request into the KubeError that says why. */
  guard<T>(work: Promise<T>): Promise<T>;
}

/** Creates a deadline that begins now. Disposing of it leaves the caller's signal in force. */
export function createDeadline(clock: Clock, options: DeadlineOptions): Deadline {
  const { request, timeoutMs, signal } = options;
  const timer = new AbortController();
  const timeout = clock.setTimeout(() => timer.abort(), timeoutMs);
  return {
    signal: signal ? AbortSignal.any([signal, timer.signal]) : timer.signal,
    async guard(work) {
      try {
        return await work;
      } catch (thrown) {
        if (signal?.aborted) {
          throw new KubeError(`${request} was given up`, { failure: 'aborted', cause: thrown });
        }
        if (timer.signal.aborted) {
          // what the abort threw says no more
          throw new KubeError(`${request} got no answer within ${timeoutMs} ms`, { failure: 'timeout' });
        }
        throw thrown;
      }
    },
    [Symbol.dispose]: () => clock.clearTimeout(timeout),
  };
}
