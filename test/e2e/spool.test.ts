import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { eventually } from './eventually.ts';
import { startOperator } from './operator-process.ts';
import { endWorld, namespace, route, startWorld, webhookReceiver, type World } from './world.ts';

describe('with a data directory, events', () => {
  let world: World;
  let folder: string;
  let serial = 0;
  const start = () => startOperator(world.cluster, { args: ['--data-dir', folder] });
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'eventroute-data-'));
    world = await startWorld(['--set', 'leaderElect=false']);
    await world.operator.stop();
    world.operator = await start();
    const delivery = { retry: { initial: '100ms', max: '1s' }, buffer: { maxEvents: 20 } };
    await world.apply(
      namespace('shop'),
      webhookReceiver('steady', `${world.webhook.url}/steady`, { delivery }),
      webhookReceiver('dead', `${world.webhook.url}/dead`, { delivery }),
      route('shop', { match: [{ namespace: '^shop$', receiver: 'steady' }, { receiver: 'dead' }] }),
    );
    await world.condition('eventroutes', 'shop', { type: 'Ready', status: 'True' });
  });
  afterAll(async () => {
    await endWorld(world);
    await rm(folder, { recursive: true, force: true });
  });

  const createEvents = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      serial += 1;
      await world.createEvent({ name: `event-${serial}`, namespace: 'shop', reason: 'Delivery' });
    }
  };
  /** What the API server does with each Event an hour after its last write. */
  const forgetAll = async (): Promise<void> => {
    const { code } = await world.cluster.kubectl(['delete', 'events', '--all', '-n', 'shop']);
    expect(code).toBe(0);
  };
  const uids = async (): Promise<string[]> =>
    (await world.events('shop')).map(({ metadata }) => `${metadata.uid}-1`).sort();
  const statusOf = async (name: string) => (await world.read('eventreceivers', name))?.status;
  const expectAll = (keys: readonly string[]): Promise<void> =>
    eventually(
      () => {
        const got = world.webhook.acceptedKeys('/dead');
        expect(keys.filter((key) => !got.has(key))).toEqual([]);
        return Promise.resolve();
      },
      { timeoutMs: 30_000 },
    );

  it('outlive an outage, a kill -9 and the memory of the API server', async () => {
    world.webhook.status = 503;
    await createEvents(150);
    const keys = await uids();
    expect(keys).toHaveLength(150);
    await eventually(async () => expect(await statusOf('dead')).toMatchObject({ pending: 20 }));
    await forgetAll();
    await world.operator.stop('SIGKILL');
    world.operator = await start();
    world.webhook.status = 200;

    await expectAll(keys);
    await eventually(async () =>
      expect(await statusOf('dead')).toMatchObject({ pending: 0, dropped: 0, gaps: 0 }),
    );
    expect(world.operator.output()).not.toContain('"level":"error"');
  });

  it('that arrive after a damaged file was moved aside are delivered and kept', async () => {
    await world.operator.stop('SIGKILL');
    for (const name of await readdir(folder)) await writeFile(join(folder, name), 'no database at all');
    world.operator = await start();
    world.webhook.status = 503;
    await createEvents(60);
    const keys = await uids();
    await eventually(async () => expect(await statusOf('dead')).toMatchObject({ pending: 20 }));
    await forgetAll();
    world.webhook.status = 200;

    await expectAll(keys);
    expect(await readdir(folder)).toContain('spool.sqlite.damaged');
    expect(world.operator.output()).toContain('Spool is damaged');
  });

  it('are counted in metrics of the spool, and the law holds', async () => {
    const text = await fetch(`${world.operator.url}/metrics`).then((answer) => answer.text());
    expect(text).toMatch(/^eventroute_spool_working 1$/m);
    expect(text).toMatch(/^eventroute_spool_bytes [1-9]/m);
    const unaccounted = text.split('\n').filter((line) => line.startsWith('eventroute_unaccounted_events{'));
    expect(unaccounted).toHaveLength(2);
    expect(unaccounted.every((line) => line.endsWith(' 0'))).toBe(true);
  });
});
