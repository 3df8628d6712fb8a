import { setTimeout as sleep } from 'node:timers/promises';

import { eventually } from './eventually.ts';
import { startOperator } from './operator-process.ts';
import { endWorld, namespace, route, startWorld, webhookReceiver, type World } from './world.ts';

describe('deliveries', () => {
  let world: World;
  let serial = 0;
  beforeAll(async () => {
    // nobody waits here for the Lease of one that was killed
    world = await startWorld(['--set', 'leaderElect=false']);
    const delivery = { retry: { initial: '100ms', max: '1s' } };
    await world.apply(
      namespace('shop'),
      webhookReceiver('hook', `${world.webhook.url}/hook`, { delivery }),
      webhookReceiver('small', `${world.webhook.url}/small`, {
        delivery: { ...delivery, buffer: { maxEvents: 20 } },
      }),
      route('shop', { match: [{ namespace: '^shop$', receiver: 'hook' }, { receiver: 'small' }] }),
    );
    await world.condition('eventroutes', 'shop', { type: 'Ready', status: 'True' });
  });
  afterEach(() => {
    world.webhook.status = 200;
  });
  afterAll(() => endWorld(world));

  const createEvents = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      serial += 1;
      await world.createEvent({ name: `event-${serial}`, namespace: 'shop', reason: 'Delivery' });
    }
  };
  /** Every Event arrived; a duplicate has the key of the first. Gives how many came twice. */
  const expectNoneLost = (path: '/hook' | '/small'): Promise<number> =>
    eventually(
      async () => {
        const expected = (await world.events('shop')).map(({ metadata }) => `${metadata.uid}-1`).sort();
        const keys = world.webhook.acceptedKeys(path);
        expect(expected).toHaveLength(serial);
        expect(expected.filter((key) => !keys.has(key))).toEqual([]);
        return [...keys.values()].filter((times) => times > 1).length;
      },
      { timeoutMs: 60_000 },
    );

  it('go on after kill -9 where each receiver was, also with what happened while nobody ran', async () => {
    for (let life = 0; life < 3; life += 1) {
      const feeding = createEvents(60);
      await sleep(100 + 300 * life);
      await world.operator.stop('SIGKILL');
      await feeding;
      world.operator = await startOperator(world.cluster);
    }

    await expectNoneLost('/hook');
    await expectNoneLost('/small');
  });

  it('that wait at SIGTERM come with the next start', async () => {
    world.webhook.status = 503;
    await createEvents(10);
    await eventually(async () => {
      const { status } = (await world.read('eventreceivers', 'hook')) ?? {};
      expect(status).toMatchObject({ pending: 10 });
    });
    await world.operator.stop();
    world.webhook.status = 200;
    world.operator = await startOperator(world.cluster);

    await expectNoneLost('/hook');
    const { status } = (await world.read('eventreceivers', 'hook')) ?? {};
    expect(status).toMatchObject({ dropped: 0 });
  });

  it('to a receiver whose buffer is full are caught up from the API server', async () => {
    const before = world.webhook.acceptedKeys('/small').size;
    world.webhook.status = 503;
    await createEvents(100);
    await eventually(async () => {
      const { status } = (await world.read('eventreceivers', 'small')) ?? {};
      expect(status).toMatchObject({ pending: 20, dropped: 0 });
    });
    world.webhook.status = 200;

    await expectNoneLost('/small');
    expect(world.webhook.acceptedKeys('/small').size).toBe(before + 100);
    expect(await expectNoneLost('/hook')).toBeLessThan(serial);
  });

  it('tell in the status how far the receiver has come', async () => {
    await createEvents(1);

    await eventually(async () => {
      const { status } = (await world.read('eventreceivers', 'hook')) ?? {};
      const newest = (await world.events('shop')).map(({ metadata }) => Number(metadata.resourceVersion));
      const checkpoint = status?.checkpoint as { resourceVersion: string } | undefined;
      expect(Number(checkpoint?.resourceVersion)).toBeGreaterThanOrEqual(Math.max(...newest));
    });
  });

  it('account for every event', async () => {
    const text = await fetch(`${world.operator.url}/metrics`).then((answer) => answer.text());
    const lines = text.split('\n').filter((line) => line.startsWith('eventroute_unaccounted_events{'));

    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => !line.endsWith(' 0'))).toEqual([]);
  });
});
