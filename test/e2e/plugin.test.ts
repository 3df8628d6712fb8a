import { mkdir, symlink } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';

import { type CommandResult, runCommand } from '../cluster/command.ts';
import { eventually } from './eventually.ts';
import { operatorProgram, rootNamespace } from './operator-process.ts';
import { endWorld, namespace, route, startWorld, webhookReceiver, type World } from './world.ts';

/** Somebody of the shop's team, who may read what is in its namespace and nothing else. */
const member = { namespace: 'shop', name: 'member' };

describe('kubectl eventroute, as a user who may read one namespace', () => {
  let world: World;
  let env: NodeJS.ProcessEnv;

  const kubectl = (...args: readonly string[]): Promise<CommandResult> =>
    runCommand(world.cluster.programs.kubectl, args, { env });

  beforeAll(async () => {
    world = await startWorld();
    await world.apply(
      namespace('shop'),
      namespace('bank'),
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: member },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'RoleBinding',
        metadata: { name: 'members', namespace: 'shop' },
        // what the chart adds to the ClusterRole `view` is all that they need
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
        subjects: [{ kind: 'ServiceAccount', ...member }],
      },
      webhookReceiver('archive', `${world.webhook.url}/archive`, {
        allowedRoutes: { namespaces: { from: 'All' } },
      }),
      route('everything', { match: [{ receiver: 'archive' }] }),
      {
        apiVersion: 'eventroute.dev/v1beta1',
        kind: 'EventRoute',
        metadata: { name: 'orders', namespace: 'shop' },
        spec: {
          match: [{ type: 'Warning', receiver: `${rootNamespace}/archive` }, { receiver: 'missing' }],
        },
      },
      {
        apiVersion: 'eventroute.dev/v1beta1',
        kind: 'EventRoute',
        metadata: { name: 'secret', namespace: 'bank' },
        spec: { match: [{ receiver: `${rootNamespace}/archive` }] },
      },
    );
    env = await asMember(world);
    await world.createEvent({ name: 'sold-out', namespace: 'shop', reason: 'SoldOut', type: 'Warning' });
  });
  afterAll(() => endWorld(world));

  it('finds the plugin by its name', async () => {
    const { stdout } = await kubectl('plugin', 'list', '--name-only');

    expect(stdout.split('\n')).toContain('kubectl-eventroute');
  });

  it('shows the status of their namespace, and says in a sentence what they may not see', async () => {
    await eventually(
      async () => {
        const { code, stdout, stderr } = await kubectl('eventroute', 'status', '-A');

        expect(code).toBe(0);
        expect(stdout).toMatch(/^shop +eventroute\/orders +False +Namespace +1\/2 +1 /m);
        expect(stdout).toMatch(/^EventRoute shop\/orders is not ready \(ReceiverNotFound\): .*missing/m);
        expect(stdout).not.toMatch(/bank|secret|everything/);
        expect(stderr).toContain(
          'You may not list EventRoutes in all namespaces: shown are those of namespace shop\n',
        );
      },
      { timeoutMs: 40_000, everyMs: 1_000 },
    );
  });

  it('exits with 1 under --fail, also through kubectl', async () => {
    expect((await kubectl('eventroute', 'status', '--fail')).code).toBe(1);
  });

  it('draws their part of the tree, with the health of a foreign receiver as their own route tells it', async () => {
    const { code, stdout, stderr } = await kubectl('eventroute', 'tree');

    expect({ code, lines: stdout.split('\n').slice(0, 1) }).toEqual({
      code: 0,
      lines: ['Namespace shop: its routes see its own Events'],
    });
    expect(stdout).toContain(`match type=Warning → ${rootNamespace}/archive ready`);
    expect(stdout).toContain('match every Event → shop/missing not ready (ReceiverNotFound)');
    expect(stdout).not.toMatch(/bank|secret|everything/);
    expect(stderr).toMatch(
      /^You may not list EventRoutes in all namespaces: shown are those of namespace shop$/m,
    );
  });

  it('explains an Event of their namespace, and says in a sentence what they may not see', async () => {
    const { code, stdout, stderr } = await kubectl('eventroute', 'explain', '--event', 'shop/sold-out');

    expect(code).toBe(0);
    expect(stdout).toMatch(/^Warning SoldOut of Namespace\/shop in shop/);
    expect(stdout).toContain('shop/orders');
    expect(stdout).not.toMatch(/everything/);
    expect(stderr).toMatch(new RegExp(`^You may not list EventRoutes in namespace ${rootNamespace}`, 'm'));
  });

  it('prints a line for each change under --watch', async () => {
    const watching = runCommand('timeout', ['20', 'kubectl-eventroute', 'status', '--watch'], { env });
    await eventually(
      async () => {
        await world.createEvent({
          name: `again-${Date.now()}`,
          namespace: 'shop',
          reason: 'Again',
          type: 'Warning',
        });
        const read = await world.read('eventroutes', 'orders', 'shop');
        expect(read?.status['matched']).toBeGreaterThan(3);
      },
      { timeoutMs: 30_000, everyMs: 3_000 },
    );

    const { stdout } = await watching;

    expect(stdout).toMatch(/^NAMESPACE .*\nshop +eventroute\/orders/);
    expect(stdout).toMatch(/^\S+Z eventroute shop\/orders matched \d+ → \d+/m);
  });

  it('is completed by kubectl itself', async () => {
    const { stdout } = await kubectl('__complete', 'eventroute', 'st');

    expect(stdout).toMatch(/^status\t.+\n:4$/m);
  });

  it('calls itself as it was typed', async () => {
    const { stdout } = await kubectl('eventroute', 'tree', '--help');

    expect(stdout).toMatch(/^Usage: kubectl eventroute tree \[options\]/);
    expect(stdout).toContain('$ kubectl eventroute tree -n shop');
  });
});

/** The environment of a member: their own kubeconfig, and the plugin on PATH as npm or Krew put it there. */
async function asMember({ cluster }: World): Promise<NodeJS.ProcessEnv> {
  const folder = join(cluster.folder, 'plugins');
  await mkdir(folder);
  for (const name of ['kubectl-eventroute', 'kubectl_complete-eventroute']) {
    await symlink(operatorProgram(), join(folder, name));
  }
  const path = [folder, dirname(process.execPath), cluster.env.PATH ?? ''].join(delimiter);
  return { ...cluster.env, PATH: path, KUBECONFIG: await cluster.tokenFor(member) };
}
