import { shortenMessage } from '../event/shortened-event.ts';
import { DeliveryError, type Encoded, type Sink, type SinkEvent } from '../sink-kit/index.ts';

/** What becomes of an event that is larger than its system takes. */
export const oversizedPolicies = ['Truncate', 'Drop'] as const;

/** The largest event of a receiver. */
export interface EventSizePolicy {
  /** As the sink measures what it encodes; undefined when its system sets no limit. */
  readonly maxEventBytes: number | undefined;
  readonly oversized: (typeof oversizedPolicies)[number];
}

/** How much longer an event may be than its message was cut for, by escapes and the note about the cut. */
const slackBytes = 128;

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
  let kept = oversized === 'Truncate' ? length - (whole.bytes - maxEventBytes) - slackBytes : 0;
  // escapes can make a character several bytes long, and a layout can hold the message several times
  for (; kept > 0; kept = Math.floor(kept / 2)) {
    const cut = sink.encode({ ...event, event: shortenMessage(event.event, kept) });
    if (cut.bytes <= maxEventBytes) return cut;
  }
  if (oversized === 'Truncate' && length > 0) {
    const bare = sink.encode({ ...event, event: shortenMessage(event.event, 0) });
    if (bare.bytes <= maxEventBytes) return bare;
  }
  throw tooLarge(whole.bytes, maxEventBytes);
}

function tooLarge(bytes: number, maxEventBytes: number): DeliveryError {
  return DeliveryError.permanent(
    `the rendered event has ${bytes} bytes, and ${maxEventBytes} is the most that the system takes: send less of it by a layout`,
    'PayloadTooLarge',
  );
}
