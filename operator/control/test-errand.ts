import { type Outcome } from '../delivery/observer.ts';
import { type Errand, type ErrandContext, obstacleOf } from './errand.ts';
import { type ManagedReceiver } from './managed-receiver.ts';
import { createTestEvent } from './test-event.ts';

/** Creates the errand that delivers one test event, with one attempt, and tells how that went. */
export function createTestErrand(context: ErrandContext, clusterName: string): Errand {
  const { receiver, pipeline, clock, finish } = context;
  let acceptedAtMs: number | undefined;
  let isStopped = false;
  const end = (outcome: Outcome): void => {
    finish(
      outcome.kind === 'dropped'
        ? { state: 'Failed', message: [outcome.reason, outcome.message ?? []].flat().join(': ') }
        : { state: 'Done', message: `delivered to ${placeOf(context)} in ${millisecondsSince()} ms` },
    );
  };
  const millisecondsSince = (): number => Math.round(clock.now() - (acceptedAtMs ?? clock.now()));
  return {
    step() {
      // a receiver that was not judged yet opens its sink in a moment
      if (isStopped || acceptedAtMs !== undefined || receiver.judgedGeneration < 0) return;
      const refusal = refusalOf(receiver);
      if (refusal !== undefined) {
        isStopped = true;
        finish({ state: 'Failed', message: refusal });
        return;
      }
      acceptedAtMs = clock.now();
      if (!pipeline.acceptRequested(createTestEvent(context, clusterName), end)) acceptedAtMs = undefined;
    },
    stop() {
      isStopped = true;
    },
    get events() {
      return acceptedAtMs === undefined ? 0 : 1;
    },
    get message() {
      const where = acceptedAtMs === undefined ? 'waits for room in the buffer' : 'waits for its delivery';
      return `${where}, ${receiver.tally().pending} pending${obstacleOf(receiver)}`;
    },
  };
}

function placeOf({ receiver }: ErrandContext): string {
  const { running } = receiver;
  return running === undefined ? 'the sink' : `${running.prepared.receiver.sinkName} (${running.endpoint})`;
}

/** Nothing can be sent, and waiting would not help: somebody has to mend the receiver. */
function refusalOf({ running, isSuspended, objection }: ManagedReceiver): string | undefined {
  if (running !== undefined || isSuspended) return undefined;
  const { reason = 'Pending', message = 'no sink is open' } = objection?.verdict ?? {};
  return `${reason}: ${message}`;
}
