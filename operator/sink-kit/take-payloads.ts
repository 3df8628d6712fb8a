import { type Outgoing } from './sink.ts';

/**
 * Takes the payloads out of events when a request is made of them, so that memory does not hold both until the answer
 * comes. For another attempt delivery encodes the events anew. Throws the signal's reason once it has aborted, since
 * another attempt may have the payloads by then.
 */
export function takePayloads<Payload>(events: readonly Outgoing<Payload>[], signal: AbortSignal): Payload[] {
  signal.throwIfAborted();
  return events.map((outgoing: { payload: Payload | undefined }) => {
    const { payload } = outgoing;
    outgoing.payload = undefined;
    return payload as Payload;
  });
}
