import { type ReceiverRequest } from '../api/receiver-request.ts';
import { type OnEnd } from '../delivery/entry.ts';
import { type Pipeline } from '../delivery/pipeline.ts';
import { type Clock } from '../schema/clock.ts';
import { type SinkEvent } from '../sink-kit/index.ts';
import { type RequestState } from '../status/request-status.ts';
import { type ManagedReceiver } from './managed-receiver.ts';

/** A request of a receiver's annotations while it is carried out. */
export interface Errand {
  /** Goes on as far as possible; called every second, and when one of its events has ended. */
  step(): void;
  /** Begins nothing more; it ends all the same when all of it was begun. */
  stop(): void;
  /** Occurrences that it has come to so far. */
  readonly events: number;
  /** How far it is, and what it waits for. */
  readonly message: string;
}

/** How an errand ended. */
export interface ErrandEnd {
  readonly state: Exclude<RequestState, 'Running'>;
  readonly message: string;
}

/** What every errand works with. */
export interface ErrandContext {
  readonly request: ReceiverRequest;
  readonly receiver: ManagedReceiver;
  /** `namespace/name` of the receiver. */
  readonly key: string;
  readonly pipeline: Pick<Pipeline, 'acceptRequested' | 'catchUp'>;
  readonly clock: Clock;
  /** Ends the errand; called once. */
  readonly finish: (end: ErrandEnd) => void;
}

/** Hands events over to a pipeline and counts what becomes of them. */
export interface Handover {
  /** Hands one over; false when it would take room that live events need. */
  hand(event: SinkEvent, onEnd?: OnEnd): boolean;
  /** One could be handed over now. */
  readonly hasRoom: boolean;
  readonly handed: number;
  /** Those that have not ended. */
  readonly outstanding: number;
  readonly lost: number;
  /** What became of those that have ended, as the beginning of a sentence. */
  tell(): string;
}

/** Creates a handover; `onEnd` is called when an event has ended. */
export function createHandover({ pipeline }: Pick<ErrandContext, 'pipeline'>, onEnd: () => void): Handover {
  const counts = { handed: 0, delivered: 0, deadLettered: 0, lost: 0 };
  let lastLoss = '';
  const take = (outcome: Parameters<OnEnd>[0]): void => {
    if (outcome.kind !== 'dropped') {
      counts[outcome.kind] += 1;
      return;
    }
    counts.lost += 1;
    lastLoss = outcome.message === undefined ? outcome.reason : `${outcome.reason}: ${outcome.message}`;
  };
  const hasRoom = (): boolean => {
    const { room, capacity } = pipeline.catchUp;
    return room > Math.floor(capacity / 2);
  };
  return {
    get hasRoom() {
      return hasRoom();
    },
    hand(event, listener) {
      if (!hasRoom()) return false;
      const isTaken = pipeline.acceptRequested(event, (outcome) => {
        take(outcome);
        listener?.(outcome);
        onEnd();
      });
      if (isTaken) counts.handed += 1;
      return isTaken;
    },
    get handed() {
      return counts.handed;
    },
    get outstanding() {
      return counts.handed - counts.delivered - counts.deadLettered - counts.lost;
    },
    get lost() {
      return counts.lost;
    },
    tell() {
      const letters = counts.deadLettered > 0 ? `, ${counts.deadLettered} dead-lettered` : '';
      const losses = counts.lost > 0 ? `, ${counts.lost} given up (the last: ${lastLoss})` : '';
      return `${counts.delivered} of ${counts.handed} delivered${letters}${losses}`;
    },
  };
}

/** What keeps events of a receiver from being delivered at this moment, with a semicolon before it; '' when nothing does. */
export function obstacleOf(receiver: ManagedReceiver): string {
  const { isSuspended, running, objection } = receiver;
  if (isSuspended) return '; spec.suspend is true, so events wait until it is false again';
  if (running === undefined) return `; no sink is open${objection ? `: ${objection.verdict.message}` : ''}`;
  const { consecutiveFailures, lastFailure } = receiver.tally();
  if (consecutiveFailures === 0 || lastFailure === undefined) return '';
  return `; the last attempt failed: ${lastFailure.reason}: ${lastFailure.message}`;
}
