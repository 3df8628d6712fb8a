import { setTimeout as sleep } from 'node:timers/promises';

import { eventually } from './eventually.ts';
import { rootNamespace } from './operator-process.ts';
import { endWorld, namespace, route, startWorld, webhookReceiver, type World } from './world.ts';

describe('outages', () => {
  let world: World;
  let serial = 0;
  beforeAll(async () => {
    world = await startWorld();
    await world.apply(
      namespace('shop'),
      webhookReceiver('hook', `${world.webhook.url}/hook`, {
        delivery: { retry: { initial: '100ms', max: '1s' } },
      }),
      route('shop', { match: [{ namespace: '^shop$', receiver: 'hook' }] }),
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
      await world.createEvent({ name: `event-${serial}`, namespace: 'shop', reason: 'Outage' });
    }
  };
  const expectAllOnce = (): Promise<void> =>
    eventually(async () => {
      const expected = (await world.events('shop')).map(({ metadata }) => `${metadata.uid}-1`).sort();
      const keys = world.webhook.acceptedKeys('/hook');
      expect(expected).toHaveLength(serial);
      expect([...keys.keys()].sort()).toEqual(expected);
      expect([...keys.values()].filter((times) => times !== 1)).toEqual([]);
    });

  it('of a webhook turn Ready=False with reason and count, and lose nothing', async () => {
    world.webhook.status = 503;
    await createEvents(20);

    const condition = await world.condition('eventreceivers', 'hook', {
      type: 'Ready',
      status: 'False',
      reason: 'ServerError',
      timeoutMs: 10_000,
    });
    await world.condition('eventroutes', 'shop', {
      type: 'Ready',
      status: 'False',
      reason: 'ReceiverNotReady',
    });
    expect(condition.message).toMatch(/\d+ events wait.* 503 /);
    // how many wait is told again with the counters, every ten seconds
    await eventually(async () => {
      const { status } = (await world.read('eventreceivers', 'hook')) ?? {};
      expect(status).toMatchObject({ pending: 20 });
      expect(status?.conditions.find(({ type }) => type === 'Ready')?.message).toMatch(/20 events wait/);
    });
    world.webhook.status = 200;

    await world.condition('eventreceivers', 'hook', { type: 'Ready', status: 'True' });
    await world.condition('eventroutes', 'shop', { type: 'Ready', status: 'True' });
    await expectAllOnce();
    const { stdout } = await world.cluster.kubectl(['get', 'events', '-n', rootNamespace]);
    expect(stdout).toMatch(/Warning +DeliveryFailing +eventreceiver\/hook/);
    expect(stdout).toMatch(/Normal +DeliveryRecovered +eventreceiver\/hook/);
  });

  it.each([
    ['cleanly', { abrupt: false }],
    ['by a crash', { abrupt: true }],
  ])('of the API server that ends %s lose and double nothing', async (_, how) => {
    await createEvents(10);
    await world.cluster.stopApiServer(how);
    await sleep(2_000);
    await world.cluster.startApiServer();
    await createEvents(10);

    await expectAllOnce();
  });

  it('of the API server with all history compacted lose and double nothing', async () => {
    await createEvents(10);
    await expectAllOnce();
    await world.cluster.stopApiServer({ abrupt: true });
    // another history than the one that the operator wants to go on from
    await world.cluster.compactEtcd();
    await world.cluster.startApiServer();
    await createEvents(10);
    await world.cluster.compactEtcd();
    await createEvents(10);

    await expectAllOnce();
    expect(world.operator.output()).not.toMatch(/"level":"error"/);
  });

  it('leave changes of routes and deletions during them unnoticed for no longer than they last', async () => {
    await world.apply(route('short-lived', { match: [{ namespace: '^shop$', receiver: 'gone' }] }));
    await world.condition('eventroutes', 'short-lived', { type: 'ResolvedRefs', status: 'False' });
    await world.cluster.restartApiServer({ abrupt: true });
    await world.apply(webhookReceiver('gone', `${world.webhook.url}/gone`));

    await world.condition('eventroutes', 'short-lived', { type: 'Ready', status: 'True', timeoutMs: 40_000 });
    await createEvents(1);
    await eventually(() => expect(world.webhook.accepted('/gone')).not.toEqual([]));
    await expectAllOnce();
  });
});
