import { eventually } from './eventually.ts';
import { startOperator } from './operator-process.ts';
import { endWorld, namespace, route, startWorld, webhookReceiver, type World } from './world.ts';

describe('a throttled route', () => {
  let world: World;
  let serial = 0;
  beforeAll(async () => {
    world = await startWorld(['--set', 'leaderElect=false']);
    const by = ['reason'];
    await world.apply(
      namespace('shop'),
      webhookReceiver('quick', `${world.webhook.url}/quick`, {}),
      webhookReceiver('slow', `${world.webhook.url}/slow`, {}),
      route('shop', {
        match: [
          { namespace: '^shop$', receiver: 'quick', throttle: { by, per: '2s' } },
          { namespace: '^shop$', receiver: 'slow', throttle: { by, per: '30m' } },
        ],
      }),
    );
    await world.condition('eventroutes', 'shop', { type: 'Ready', status: 'True' });
  });
  afterAll(() => endWorld(world));

  const keysAt = (path: '/quick' | '/slow'): string[] => [...world.webhook.acceptedKeys(path).keys()];
  /** Makes a flood; gives the keys of its Events. */
  const flood = async (count: number): Promise<string[]> => {
    const names: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const name = `event-${(serial += 1)}`;
      await world.createEvent({ name, namespace: 'shop', reason: 'Flood' });
      names.push(name);
    }
    const uids = new Map((await world.events('shop')).map(({ metadata }) => [metadata.name, metadata.uid]));
    return names.map((name) => `${uids.get(name)}-1`);
  };
  const slow = async (): Promise<Record<string, unknown>> =>
    ((await world.read('eventreceivers', 'slow')) ?? {}).status as Record<string, unknown>;

  it('sends the first Event of a flood and the last, and counts the others as folded', async () => {
    const keys = await flood(10);

    await eventually(() => {
      const got = keysAt('/quick');
      expect([got[0], got.at(-1)]).toEqual([keys[0], keys.at(-1)]);
      return Promise.resolve();
    });
    expect(keysAt('/slow')).toEqual([keys[0]]);
    const text = await fetch(`${world.operator.url}/metrics`).then((answer) => answer.text());
    expect(text).toMatch(/^eventroute_receiver_dropped_total\{.*receiver="slow".*reason="Folded".*\} 8$/m);
    expect(text).toMatch(/^eventroute_receiver_held\{.*receiver="slow".*\} 1$/m);
    expect(text).not.toMatch(/^eventroute_unaccounted_events\{.*\} [^0]/m);
  });

  it('sends what it held once more after kill -9', async () => {
    const before = keysAt('/slow').length;
    // a checkpoint was written after the others had ended
    await eventually(async () => expect(await slow()).toMatchObject({ dropped: 8, pending: 1 }), {
      timeoutMs: 30_000,
    });
    await world.operator.stop('SIGKILL');
    world.operator = await startOperator(world.cluster);

    const newest = (await world.events('shop')).find(({ metadata }) => metadata.name === `event-${serial}`);
    await eventually(() => {
      expect(keysAt('/slow').slice(before)).toEqual([`${newest?.metadata.uid}-1`]);
      return Promise.resolve();
    });
  });

  it('sends what it holds at SIGTERM, and not again after the start', async () => {
    const before = keysAt('/slow').length;
    const keys = await flood(5);
    await eventually(async () => {
      const text = await fetch(`${world.operator.url}/metrics`).then((answer) => answer.text());
      expect(text).toMatch(/^eventroute_receiver_dropped_total\{.*receiver="slow".*reason="Folded".*\} 4$/m);
    });
    await world.operator.stop();
    expect(keysAt('/slow').slice(before)).toEqual([keys.at(-1)]);

    world.operator = await startOperator(world.cluster);
    const [next] = await flood(1);
    await eventually(() => {
      expect(keysAt('/slow').slice(before + 1)).toEqual([next]);
      return Promise.resolve();
    });
    expect([...world.webhook.acceptedKeys('/slow').values()].filter((times) => times > 1)).toEqual([]);
  });
});
