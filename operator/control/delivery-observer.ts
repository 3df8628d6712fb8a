import { type DeliveryObserver, type Outcome } from '../delivery/observer.ts';
import { type SinkEvent } from '../sink-kit/index.ts';
import { type Metrics } from '../telemetry/metrics.ts';
import { type DeadLetterBook } from './dead-letter-book.ts';
import { type ManagedReceiver } from './managed-receiver.ts';
import { type RouteTallies } from './route-tally.ts';

/** Who hears of deliveries. */
interface Listeners {
  readonly tallies: RouteTallies;
  readonly metrics: Pick<Metrics, 'attempted'>;
  readonly deadLetters: Pick<DeadLetterBook, 'add' | 'deliver'>;
  readonly find: (receiver: string) => ManagedReceiver | undefined;
}

/** Lets routes, metrics and the book of dead letters hear what becomes of events. */
export function observeDeliveries({
  tallies,
  metrics,
  deadLetters,
  find,
}: Listeners): Required<DeliveryObserver> {
  const sinkOf = (receiver: string): string =>
    find(receiver)?.running?.prepared.receiver.sinkName ?? 'unknown';
  // a dead letter was counted for its routes by the receiver that they named, a replayed event when it first came
  const routesOf = ({ routes, deadLetter, requested }: SinkEvent): readonly string[] =>
    deadLetter === undefined && requested === undefined ? routes : [];
  const enterLetter = (event: SinkEvent, outcome: Outcome): void => {
    if (outcome.kind !== 'dropped') deadLetters.deliver(event.receiver, event.key);
    // what came as a dead letter is told of at the receiver that it came from
    else if (outcome.letter !== undefined && event.deadLetter === undefined) {
      deadLetters.add(event, outcome.letter);
    }
  };
  return {
    accepted: (event) => tallies.accepted(routesOf(event)),
    settled: (event, outcome) => {
      tallies.settled(routesOf(event), outcome.kind === 'delivered');
      enterLetter(event, outcome);
    },
    attempted: ({ receiver, ok, durationMs, failedEvents }) => {
      metrics.attempted(sinkOf(receiver), ok ? 'ok' : 'failed', durationMs);
      for (const event of failedEvents) tallies.failed(routesOf(event));
    },
  };
}
