import { sendWhileLeading } from '../../operator/control/leader-sink.ts';
import { type Outgoing, type Sink } from '../../operator/sink-kit/index.ts';

describe('a sink of a replica that no longer leads', () => {
  const { signal } = new AbortController();
  const batch: readonly Outgoing<string>[] = [];

  it('sends nothing, and has its events tried again', async () => {
    const sent: unknown[] = [];
    let isLeading = true;
    const sink: Sink<string> = {
      endpoint: 'example',
      encode: () => ({ payload: '', bytes: 0 }),
      send: (events) => Promise.resolve(void sent.push(events)),
      close: () => Promise.resolve(),
    };
    const guarded = sendWhileLeading(sink, () => isLeading);
    await guarded.send(batch, signal);
    isLeading = false;

    await expect(guarded.send(batch, signal)).rejects.toMatchObject({
      permanent: false,
      reason: 'ShuttingDown',
    });
    expect(sent).toHaveLength(1);
  });
});
