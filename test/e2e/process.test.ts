import { setTimeout as sleep } from 'node:timers/promises';

import { runCommand } from '../cluster/command.ts';
import { eventually } from './eventually.ts';
import { type OperatorProcess, operatorProgram, rootNamespace, startOperator } from './operator-process.ts';
import { endWorld, namespace, route, startWorld, webhookReceiver, type World } from './world.ts';

const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${rootNamespace}/leases/eventroute`;

describe('the process', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.apply(
      namespace('shop'),
      webhookReceiver('hook', `${world.webhook.url}/hook`),
      route('shop', { match: [{ namespace: '^shop$', receiver: 'hook' }] }),
    );
    await world.condition('eventroutes', 'shop', { type: 'Ready', status: 'True' });
  });
  afterAll(() => endWorld(world));

  const holder = async (): Promise<string | undefined> => {
    const lease = (await world.cluster.request(leasePath)).json() as { spec?: { holderIdentity?: string } };
    return lease.spec?.holderIdentity;
  };
  it('serves metrics and health on one port', async () => {
    const metrics = await fetch(`${world.operator.url}/metrics`);
    const health = await fetch(`${world.operator.url}/healthz`);

    expect(health.status).toBe(200);
    expect(metrics.headers.get('content-type')).toMatch(/text\/plain|openmetrics/);
    expect(await metrics.text()).toMatch(/^# HELP eventroute_/m);
  });

  it('logs JSON lines without a warning in quiet times', () => {
    const lines = world.operator.output().trim().split('\n');

    for (const line of lines) {
      const entry = JSON.parse(line) as { level: string; message: string };
      expect(`${entry.level}: ${entry.message}`).not.toMatch(/^(warn|error)/);
    }
  });

  it('hands over to a replica that stands by within seconds when it stops', async () => {
    const standby = await startOperator(world.cluster);
    const before = await holder();
    expect(before).toBeTruthy();

    const code = await world.operator.stop('SIGTERM');
    world.operator = standby;

    expect(code).toBe(0);
    await eventually(async () => expect(await holder()).not.toBe(before), { timeoutMs: 5_000 });
    await eventually(
      async () => {
        const name = `after-takeover-${Date.now()}`;
        await world.createEvent({ name, namespace: 'shop', reason: 'Proof' });
        await sleep(200);
        const names = world.webhook.accepted('/hook').map(({ body }) => body.metadata.name);
        expect(names.filter((found) => found === name)).toEqual([name]);
      },
      { timeoutMs: 5_000 },
    );
  });

  it('delivers what was on its way when it is asked to stop', async () => {
    world.webhook.status = 503;
    await world.createEvent({ name: 'on-its-way', namespace: 'shop', reason: 'Proof' });
    await eventually(() => expect(world.webhook.requests.at(-1)?.body.metadata.name).toBe('on-its-way'));
    const stopped = world.operator.stop('SIGTERM');
    world.webhook.status = 200;

    expect(await stopped).toBe(0);
    expect(world.webhook.accepted('/hook').map(({ body }) => body.metadata.name)).toContain('on-its-way');
  });

  it('releases its Lease when it stops', async () => {
    expect((await holder()) ?? '').toBe('');
  });

  it('is ready within a second of its start', async () => {
    const started: OperatorProcess = await startOperator(world.cluster);
    world.operator = started;

    expect(started.readyAfterMs).toBeLessThan(1_000);
  });

  it.each([
    [['run', '--metrics-address=nonsense'], 2, '--metrics-address must be HOST:PORT'],
    [['run', '--colour'], 2, "unknown option '--colour'"],
    [['run', '--kubeconfig=/nowhere/config'], 1, '/nowhere/config'],
  ])('ends %j with code %d and says why', async (args, code, text) => {
    const result = await runCommand(process.execPath, [operatorProgram(), ...args]);

    expect(result.stderr).toContain(text);
    expect(result.code).toBe(code);
  });
});
