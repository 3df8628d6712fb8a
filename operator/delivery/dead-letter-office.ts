import { type Clock } from '../schema/clock.ts';
import { type Reason } from '../schema/reasons.ts';
import { type SinkEvent } from '../sink-kit/index.ts';
import { type Entry, type OnEnd } from './entry.ts';

/** What keeps a receiver's dead letters from going where its policy says. */
export interface DeadLetterProblem {
  readonly reason: Extract<Reason, 'ReceiverNotFound' | 'DeadLetterCycle'>;
  readonly message: string;
}

/** Through so many receivers a dead letter may go: the way is looked at often, and nobody means a longer one. */
const longestWay = 16;

/** Takes dead letters from one receiver to another. */
export interface DeadLetterOffice {
  /** Says why the dead letters of `from` cannot go to `to`; undefined when they can. */
  problem(from: string, to: string): DeadLetterProblem | undefined;
  /**
   * Hands over an event that its receiver gave up. Gives the reason when that is not possible. `onEnd` is called once
   * the other receiver is done with it, which never comes to pass if the operator stops before.
   */
  hand(letter: SinkEvent, to: string, onEnd: OnEnd): string | undefined;
}

/** What the office knows of a receiver. */
interface Addressee {
  /** `namespace/name` of the receiver that gets its dead letters. */
  readonly deadLetterTo: string | undefined;
  acceptDeadLetter(letter: SinkEvent, onEnd: OnEnd): string | undefined;
}

/** Creates an office over the receivers of this moment, by `namespace/name`. */
export function createDeadLetterOffice({
  find,
  isKeeping,
}: {
  readonly find: (receiver: string) => Addressee | undefined;
  /** What has not ended will be told again, so nothing has to be handed over any more. */
  readonly isKeeping: () => boolean;
}): DeadLetterOffice {
  const problem = (from: string, to: string): DeadLetterProblem | undefined => {
    if (find(to) === undefined) {
      return { reason: 'ReceiverNotFound', message: `the dead-letter receiver ${to} does not exist` };
    }
    const way = [from, to];
    let next = find(to)?.deadLetterTo;
    for (; next !== undefined && way.at(-1) !== from; next = find(next)?.deadLetterTo) {
      // a circle further on is the problem of those who are in it
      if (next !== from && way.includes(next)) return undefined;
      way.push(next);
      if (way.length > longestWay + 1) return tooLong(way);
    }
    if (way.at(-1) !== from) return undefined;
    return { reason: 'DeadLetterCycle', message: `dead letters would come back: ${way.join(' -> ')}` };
  };
  return {
    problem,
    hand(letter, to, onEnd) {
      if (isKeeping()) return undefined;
      const found = problem(letter.deadLetter?.receiver ?? '', to);
      if (found !== undefined) return found.message;
      const refusal = find(to)?.acceptDeadLetter(letter, onEnd);
      return refusal && `the dead-letter receiver ${to} ${refusal}`;
    },
  };
}

/** An office for receivers whose policies name no dead-letter receiver. */
export const noDeadLetterOffice: DeadLetterOffice = createDeadLetterOffice({
  find: () => undefined,
  isKeeping: () => false,
});

function tooLong(way: readonly string[]): DeadLetterProblem {
  const beginning = way.slice(0, 4).join(' -> ');
  const message = `dead letters would go through more than ${longestWay} receivers: ${beginning} -> …`;
  return { reason: 'DeadLetterCycle', message };
}

/** Writes down why a receiver gave up an event; an event that came as a dead letter keeps its earlier story. */
export function writeDeadLetter(
  { event, attempts, firstTriedAt, lastTriedAt }: Entry,
  failure: { readonly reason: Reason; readonly message: string },
  clock: Clock,
): SinkEvent {
  const now = clock.date();
  const dateOf = (at: number | undefined): Date =>
    at === undefined ? now : new Date(now.getTime() - (clock.now() - at));
  const earlier = event.deadLetter;
  const story =
    earlier === undefined
      ? ''
      : `; before, ${earlier.receiver} gave it up as ${earlier.reason}: ${earlier.message}`;
  return {
    ...event,
    deadLetter: {
      reason: failure.reason,
      message: `${failure.message}${story}`,
      attempts,
      firstTime: dateOf(firstTriedAt),
      lastTime: dateOf(lastTriedAt),
      receiver: event.receiver,
    },
  };
}
