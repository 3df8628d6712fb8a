import { encodeWithin, type EventSizePolicy } from '../../operator/delivery/event-size.ts';
import { exporterJson } from '../../operator/event/exporter-json.ts';
import { type Sink, textPayload } from '../../operator/sink-kit/index.ts';
import { sinkEvent } from '../sinks/sink-event.ts';

const sink: Pick<Sink, 'encode'> = { encode: ({ event }) => textPayload(exporterJson(event)) };
const encode = (
  message: string,
  maxEventBytes: number | undefined,
  oversized: EventSizePolicy['oversized'],
) => encodeWithin(sink as Sink, sinkEvent({ message }), { maxEventBytes, oversized });
const messageIn = ({ payload }: { readonly payload: unknown }) =>
  (JSON.parse(payload as string) as { message: string }).message;

describe('an event that has a largest size', () => {
  it('stays as it is while it fits', () => {
    const { bytes } = encode('short', undefined, 'Drop');

    expect(messageIn(encode('short', bytes, 'Drop'))).toBe('short');
  });

  it.each(['x', 'ä', '😀', '"', '"ü', '\n', '\u0000', '<'])(
    'gets a message of %j cut so that it fits, and says so',
    (character) => {
      const { bytes: empty } = encode('', undefined, 'Drop');
      const limit = empty + 2_000;

      const cut = encode(character.repeat(5_000), limit, 'Truncate');

      expect(cut.bytes).toBeLessThanOrEqual(limit);
      expect(messageIn(cut)).toMatch(/… \[\d+ of \d+ characters cut\]$/);
      expect(cut.bytes).toBeGreaterThan(limit * 0.7);
      expect(messageIn(cut).isWellFormed()).toBe(true);
    },
  );

  it('keeps most of what fits', () => {
    const { bytes: empty } = encode('', undefined, 'Drop');

    expect(messageIn(encode('x'.repeat(5_000), empty + 2_000, 'Truncate')).length).toBeGreaterThan(1_800);
  });

  it.each(['Truncate', 'Drop'] as const)('is refused with %s when nothing helps', (oversized) => {
    expect(() => encode('x'.repeat(500), 100, oversized)).toThrow(
      expect.objectContaining({ reason: 'PayloadTooLarge', permanent: true }) as Error,
    );
  });

  it.each(['DeadLetter', 'Drop'] as const)('is refused whole with %s, which does not cut it', (oversized) => {
    const { bytes: empty } = encode('', undefined, 'Drop');

    expect(() => encode('x'.repeat(5_000), empty + 2_000, oversized)).toThrow(/rendered event has \d+ bytes/);
  });
});
