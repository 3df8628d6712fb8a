import { type CommandResult, runCommand } from '../cluster/command.ts';
import { eventually } from './eventually.ts';
import { operatorProgram, rootNamespace, startOperator } from './operator-process.ts';
import { endWorld, namespace, route, startWorld, webhookReceiver, type World } from './world.ts';

/** Somebody of the team that runs the receivers. */
const member = { namespace: rootNamespace, name: 'oncall' };

describe('what a user asks of a receiver', () => {
  let world: World;
  let kubeconfig: string;

  const eventroute = (...args: readonly string[]): Promise<CommandResult> =>
    runCommand(process.execPath, [
      operatorProgram(),
      ...args,
      ...['--kubeconfig', kubeconfig, '-n', rootNamespace],
    ]);
  const received = (path: string): string[] =>
    world.webhook.accepted(path).map(({ headers }) => String(headers['idempotency-key']));
  const statusOf = async (name: string): Promise<Readonly<Record<string, unknown>>> =>
    (await world.read('eventreceivers', name))?.status ?? {};

  beforeAll(async () => {
    world = await startWorld(['--set', 'leaderElect=false']);
    await world.apply(
      namespace('shop'),
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: member },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'oncall', namespace: rootNamespace },
        // what the chart adds to the ClusterRole `edit` is all that they need
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
        subjects: [{ kind: 'ServiceAccount', ...member }],
      },
      webhookReceiver('hook', `${world.webhook.url}/hook`, {
        delivery: { retry: { initial: '100ms', max: '1s' } },
      }),
      webhookReceiver('other', `${world.webhook.url}/other`),
      route('shop', { match: [{ namespace: '^shop$', receiver: 'hook' }] }),
    );
    await world.condition('eventroutes', 'shop', { type: 'Ready', status: 'True' });
    await world.condition('eventreceivers', 'other', { type: 'Ready', status: 'True' });
    kubeconfig = await world.cluster.tokenFor(member);
  });
  afterEach(() => {
    world.webhook.status = 200;
  });
  afterAll(() => endWorld(world));

  it('send-test: one event, also of a receiver that no route names, and the way that it went', async () => {
    const { code, stdout, stderr } = await eventroute('send-test', 'other');

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^delivered to webhook \(127\.0\.0\.1:\d+\) in \d+ ms\n$/);
    const [test] = world.webhook.accepted('/other');
    expect(test?.body).toMatchObject({
      reason: 'Test',
      involvedObject: { kind: 'EventReceiver', name: 'other', namespace: rootNamespace },
    });
    expect(test?.body.message).toContain(`asked for by system:serviceaccount:${rootNamespace}:oncall`);
    expect(world.webhook.accepted('/other')).toHaveLength(1);
  });

  it('send-test of a receiver whose system refuses: the reason, and exit code 1', async () => {
    world.webhook.status = 403;
    const { code, stdout, stderr } = await eventroute('send-test', 'other');

    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^eventroute: the test of EventReceiver \S+\/other failed: Forbidden: .*403/);
  });

  it('replay: the Events of a while ago once more, with their keys', async () => {
    for (const name of ['one', 'two', 'three']) {
      await world.createEvent({ name, namespace: 'shop', reason: 'Replay' });
    }
    await eventually(() => expect(received('/hook')).toHaveLength(3));
    const { code, stdout } = await eventroute('replay', 'hook', '--since', '10m', '--wait');

    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: `replay of ${rootNamespace}/hook: Done: 3 of 3 delivered\n`,
    });
    expect([...world.webhook.acceptedKeys('/hook').values()]).toEqual([2, 2, 2]);
    await eventually(async () => expect(await statusOf('hook')).toMatchObject({ delivered: 6, dropped: 0 }));
    await eventually(async () =>
      expect(await world.read('eventroutes', 'shop')).toMatchObject({ status: { matched: 3, delivered: 3 } }),
    );
  });

  it('deadletters: a rejected Event is listed, and retried once its sink was mended, also after a crash', async () => {
    world.webhook.status = 400;
    await world.createEvent({ name: 'bad', namespace: 'shop', reason: 'Rejected' });
    await world.createEvent({ name: 'worse', namespace: 'shop', reason: 'Rejected' });
    await eventually(async () => expect(await statusOf('hook')).toMatchObject({ deadLettersHeld: 2 }));
    const { stdout: listed } = await eventroute('deadletters', 'list', 'hook', '-o', 'json');
    const letters = JSON.parse(listed) as { key: string; event: string; reason: string }[];
    expect(letters).toHaveLength(2);
    expect(letters.map(({ event }) => event).sort()).toEqual(['shop/bad', 'shop/worse']);
    const [first, second] = letters.map(({ key }) => key);

    const refused = await eventroute('deadletters', 'retry', 'hook', first!);
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain('0 of 1 delivered, 1 given up (the last: Rejected: ');

    world.webhook.status = 200;
    const retried = await eventroute('deadletters', 'retry', 'hook', first!);
    expect(retried).toMatchObject({ code: 0, stdout: `${rootNamespace}/hook: 1 of 1 delivered\n` });
    expect(received('/hook').at(-1)).toBe(first);
    await eventually(async () => expect(await statusOf('hook')).toMatchObject({ deadLettersHeld: 1 }));

    await world.operator.stop('SIGKILL');
    world.operator = await startOperator(world.cluster);
    const read = await eventroute('deadletters', 'retry', 'hook');
    expect(read).toMatchObject({ code: 0, stdout: `${rootNamespace}/hook: 1 of 1 delivered\n` });
    expect(received('/hook').at(-1)).toBe(second);
    const { stderr } = await eventroute('deadletters', 'list', 'hook');
    expect(stderr).toBe('There are no dead letters\n');
  });

  it('by kubectl annotate alone, with an answer to what cannot be read', async () => {
    const annotate = (value: string): Promise<CommandResult> =>
      world.cluster.kubectl([
        'annotate',
        ...['erec', 'other', '-n', rootNamespace, '--overwrite'],
        `eventroute.dev/send-test=${value}`,
      ]);
    const before = received('/other').length;
    await annotate(new Date().toISOString());
    await eventually(() => expect(received('/other')).toHaveLength(before + 1));

    await annotate('please');
    await eventually(async () => {
      const { requests } = await statusOf('other');
      expect(requests).toMatchObject([
        {
          name: 'send-test',
          state: 'Failed',
          message: expect.stringContaining('it begins with "please"') as string,
        },
      ]);
    });
  });

  it('accounts for every event', async () => {
    const text = await fetch(`${world.operator.url}/metrics`).then((answer) => answer.text());
    const lines = text.split('\n').filter((line) => line.startsWith('eventroute_unaccounted_events{'));

    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => !line.endsWith(' 0'))).toEqual([]);
  });
});
