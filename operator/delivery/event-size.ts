import { shortenMessage } from '../event/shortened-event.ts';
import { DeliveryError, type Encoded, type Sink, type SinkEvent } from '../sink-kit/index.ts';

/** What becomes of an event that is larger than its system takes. */
export const oversizedPolicies = ['Truncate', 'DeadLetter', 'Drop'] as const;

/** The largest event of a receiver. */
export interface EventSizePolicy {
  /** As the sink measures what it encodes; undefined when its system sets no limit. */
  readonly maxEventBytes: number | undefined;
  readonly oversized: (typeof oversizedPolicies)[number];
}

/**
 * Encodes an event within the limit: one that is too large gets its message cut as far as needed. Throws a permanent
 * DeliveryError of reason PayloadTooLarge when that does not help, or is not wanted.
 */
export function encodeWithin(
  sink: Sink,
  event: SinkEvent,
  { maxEventBytes = Infinity, oversized }: EventSizePolicy,
): Encoded<unknown> {
  const whole = sink.encode(event);
  if (whole.bytes <= maxEventBytes) return whole;
  const { length } = event.event.message;
  const cutTo = (kept: number): Encoded<unknown> =>
    sink.encode({ ...event, event: shortenMessage(event.event, kept) });
  const bare = oversized === 'Truncate' && length > 0 ? cutTo(0) : whole;
  if (bare.bytes <= maxEventBytes) {
    // escapes make some characters longer than others, so the first guess may be too long
    const bytesEach = (whole.bytes - bare.bytes) / length;
    let kept = Math.floor((maxEventBytes - bare.bytes) / bytesEach);
    for (; kept > 0; kept = Math.floor(kept * 0.95)) {
      const cut = cutTo(kept);
      if (cut.bytes <= maxEventBytes) return cut;
    }
    return bare;
  }
  throw tooLarge(whole.bytes, maxEventBytes);
}

function tooLarge(bytes: number, maxEventBytes: number): DeliveryError {
  return DeliveryError.permanent(
    `the rendered event has ${bytes} bytes, and ${maxEventBytes} is the most that the system takes: send less of it by a layout`,
    'PayloadTooLarge',
  );
}
