import { DeliveryError, type Sink } from '../sink-kit/index.ts';

/**
 * Makes a sink send only while this replica leads. A process that was frozen for longer than its Lease lasts goes on in the
 * middle of what it did, before any timer can tell it so: what it holds has been sent by its successor meanwhile.
 */
export function sendWhileLeading<Payload>(sink: Sink<Payload>, isLeading: () => boolean): Sink<Payload> {
  return {
    ...sink,
    async send(batch, signal) {
      if (!isLeading()) throw DeliveryError.retry('another replica delivers by now', 'ShuttingDown');
      await sink.send(batch, signal);
    },
  };
}
