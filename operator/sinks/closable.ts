import { DeliveryError, type Sink } from '../sink-kit/index.ts';

/** Makes a sink that sends and checks nothing once it was closed. */
export function closable<Payload>(
  sink: Sink<Payload> & Required<Pick<Sink<Payload>, 'check'>>,
): Sink<Payload> {
  let isClosed = false;
  const refuseIfClosed = (): void => {
    if (!isClosed) return;
    throw DeliveryError.retry(`the way to ${sink.endpoint} was closed`, 'ShuttingDown');
  };
  return {
    get endpoint() {
      return sink.endpoint;
    },
    encode: (event) => sink.encode(event),
    send: async (batch, signal) => {
      refuseIfClosed();
      await sink.send(batch, signal);
    },
    check: async (signal) => {
      refuseIfClosed();
      await sink.check(signal);
    },
    close: async () => {
      isClosed = true;
      await sink.close();
    },
  };
}
