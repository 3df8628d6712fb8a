import { DeliveryError, type Outgoing } from '../sink-kit/index.ts';
import { halves, sendDivided } from './send-divided.ts';

type Batch<Payload> = readonly Outgoing<Payload>[];

/** As many as fit into one attempt: a few bad events are found among a thousand, and a system that refuses all is not flooded. */
const mostRequests = 100;

/**
 * Sends events to a system that refuses a whole request for the sake of one event, in smaller and smaller pieces until the bad
 * ones are found. What is not sorted out when the requests are used up is to be retried.
 */
export async function sendDividing<Payload>(
  events: Batch<Payload>,
  send: (piece: Batch<Payload>) => Promise<void>,
): Promise<void> {
  let left = mostRequests;
  await sendDivided(events, {
    send: async (piece) => {
      left -= 1;
      try {
        await send(piece);
      } catch (error) {
        const isUnsorted = error instanceof DeliveryError && error.permanent && piece.length > 1 && left <= 0;
        if (!isUnsorted) throw error;
        throw DeliveryError.retry(error.message, error.reason, { cause: error });
      }
    },
    divide: (failure, piece) => (failure.permanent ? halves(piece) : undefined),
  });
}
