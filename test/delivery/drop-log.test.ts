import { createDropLog, type DropLog } from '../../operator/delivery/drop-log.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';

interface Rig {
  readonly drops: DropLog;
  readonly clock: FakeClock;
  readonly lines: unknown[];
}

function rig(): Rig {
  const clock = createFakeClock();
  const lines: unknown[] = [];
  const take = (message: string, fields?: object): void => void lines.push({ message, ...fields });
  const log = { debug: take, info: take, warn: take, error: take };
  return { drops: createDropLog({ receiver: 'shop/hook', clock, log }), clock, lines };
}

const line = (reason: string, events: number, failure?: string): object => ({
  message: 'Dropped events',
  receiver: 'shop/hook',
  reason,
  events,
  ...(failure !== undefined && { failure }),
});

describe('the drop log', () => {
  it('tells of the first lost event at once, and why it was lost', () => {
    const { drops, lines } = rig();

    drops.dropped('Rejected', 'host answered 400');

    expect(lines).toEqual([line('Rejected', 1, 'host answered 400')]);
  });

  it('sums up for a minute what is lost for the same reason', async () => {
    const { drops, clock, lines } = rig();
    for (let i = 0; i < 1_000; i++) drops.dropped('QueueFull');
    await clock.advance(59_999);
    drops.dropped('QueueFull');
    expect(lines).toEqual([line('QueueFull', 1)]);

    await clock.advance(1);
    drops.dropped('QueueFull');

    expect(lines).toEqual([line('QueueFull', 1), line('QueueFull', 1_001)]);
  });

  it('keeps the reasons apart', () => {
    const { drops, lines } = rig();

    drops.dropped('Rejected', 'no');
    drops.dropped('Expired', 'late');

    expect(lines).toEqual([line('Rejected', 1, 'no'), line('Expired', 1, 'late')]);
  });

  it('tells in one line what the end of the operator cost, and nothing twice', () => {
    const { drops, lines } = rig();
    drops.dropped('Rejected', 'no');
    drops.dropped('Rejected', 'never');
    for (let i = 0; i < 7; i++) drops.dropped('ShuttingDown');

    drops.flush();
    drops.flush();

    expect(lines).toEqual([line('Rejected', 1, 'no'), line('Rejected', 1, 'never'), line('ShuttingDown', 7)]);
  });
});
