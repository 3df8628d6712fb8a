import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { runCommand } from '../cluster/command.ts';
import { eventually } from './eventually.ts';
import { installChart, operatorAccount, rootNamespace } from './operator-process.ts';
import { namespace } from './world.ts';

const root = join(import.meta.dirname, '../..');
const chart = join(root, 'charts/eventroute');

describe('chart', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
    const restricted = namespace(rootNamespace, { 'pod-security.kubernetes.io/enforce': 'restricted' });
    await cluster.kubectl(['apply', '-f', '-'], JSON.stringify(restricted));
    await installChart(cluster, ['--set', 'replicas=2']);
  });
  afterAll(() => (cluster as Cluster | undefined)?.stop());

  const template = async (...flags: readonly string[]): Promise<string> => {
    const { stdout, stderr, code } = await cluster.helm(['template', 'eventroute', chart, ...flags]);
    return code === 0 ? stdout : stderr;
  };
  const canI = async (verb: string, resource: string, flags: readonly string[] = []): Promise<string> => {
    const user = `system:serviceaccount:${operatorAccount.namespace}:${operatorAccount.name}`;
    const { stdout } = await cluster.kubectl(['auth', 'can-i', verb, resource, `--as=${user}`, ...flags]);
    return stdout.trim();
  };

  it('passes helm lint', async () => {
    const { stdout, code } = await cluster.helm(['lint', '--strict', chart]);

    expect(stdout).toContain('1 chart(s) linted, 0 chart(s) failed');
    expect(stdout).not.toMatch(/WARNING|ERROR/);
    expect(code).toBe(0);
  });

  it('gives Pods that a namespace of the restricted Pod Security level takes', async () => {
    const pods = await eventually(async () => {
      const answer = await cluster.request(`/api/v1/namespaces/${rootNamespace}/pods`);
      const { items } = answer.json() as { items: { metadata: { labels: Record<string, string> } }[] };
      expect(items).toHaveLength(2);
      return items;
    });

    expect(pods[0]?.metadata.labels['app.kubernetes.io/name']).toBe('eventroute');
  });

  it('takes every object of a server-side dry run without a warning', async () => {
    const manifests = await template('--namespace', rootNamespace, '--set', 'replicas=2');

    const { stderr, code } = await cluster.kubectl(['apply', '--dry-run=server', '-f', '-'], manifests);

    expect(
      stderr.replace(/^Warning: resource .* is missing the .*last-applied-configuration.*\n/gm, ''),
    ).toBe('');
    expect(code).toBe(0);
  });

  it.each([
    ['replicas=two', "'/replicas': got string, want integer"],
    ['replicaCount=2', "additional properties 'replicaCount' not allowed"],
    ['rbac.secrets.scope=Namespaces', "'/rbac/secrets/namespaces': minItems: got 0, want 1"],
    ['maxEventAge=soon', "'/maxEventAge'"],
    ['leaderElect=false,replicas=2', 'replicas greater than 1 needs leaderElect: true'],
  ])('refuses the value %s and says why', async (value, message) => {
    expect(await template('--set', value)).toContain(message);
  });

  it('turns values into flags', async () => {
    const rendered = await template(
      '--set',
      'clusterName=blue,maxEventAge=5m,allowLocalSinks={a,b},leaderElect=false,rootNamespace=events',
    );

    for (const flag of [
      'cluster-name=blue',
      'max-event-age=5m',
      'allow-local-sinks=a,b',
      'root-namespace=events',
    ]) {
      expect(rendered).toContain(`- --${flag}\n`);
    }
    expect(rendered).not.toContain('--leader-elect');
    expect(rendered).not.toContain('kind: RoleBinding');
  });

  it.each([
    ['get', 'secrets', 'yes'],
    ['list', 'secrets', 'no'],
    ['watch', 'secrets', 'no'],
    ['update', 'eventroutes.eventroute.dev', 'no'],
    ['delete', 'events', 'no'],
    ['get', 'configmaps', 'no'],
    ['list', 'pods', 'no'],
    ['get', 'pods', 'yes'],
  ])('lets the operator %s %s: %s', async (verb, resource, answer) => {
    expect(await canI(verb, resource)).toBe(answer);
  });

  it('narrows Secrets to the namespaces that are listed', async () => {
    const values = ['--set', 'rbac.secrets.scope=Namespaces,rbac.secrets.namespaces={default}'];
    const { code, stderr } = await cluster.helm([
      'upgrade',
      'eventroute',
      chart,
      '-n',
      rootNamespace,
      ...values,
    ]);
    expect(`${code}${stderr}`).toBe('0');

    expect(await canI('get', 'secrets', ['-n', 'default'])).toBe('yes');
    expect(await canI('get', 'secrets', ['-n', 'kube-system'])).toBe('no');
  });

  it('lets those who edit a namespace write routes there, and those who view it read them', async () => {
    const bind = ['create', 'rolebinding', '--namespace=default'];
    await cluster.kubectl([...bind, 'edits', '--clusterrole=edit', '--user=ed']);
    await cluster.kubectl([...bind, 'views', '--clusterrole=view', '--user=vi']);
    const can = async (user: string, verb: string): Promise<string> => {
      const args = ['auth', 'can-i', verb, 'eventroutes.eventroute.dev', '-n', 'default', `--as=${user}`];
      return (await cluster.kubectl(args)).stdout.trim();
    };

    await eventually(async () => expect(await can('ed', 'create')).toBe('yes'));
    await eventually(async () => expect(await can('vi', 'list')).toBe('yes'));
    expect(await can('vi', 'create')).toBe('no');
  });

  it('is what deploy/install.yaml was rendered from, and that applies as it is', async () => {
    const check = await runCommand(process.execPath, ['tools/render-deploy.ts', '--check'], { cwd: root });
    expect(check.stderr).toBe('');

    await cluster.helm(['uninstall', 'eventroute', '-n', rootNamespace]);
    const file = join(root, 'deploy/install.yaml');
    const { stderr, stdout, code } = await cluster.kubectl([
      'apply',
      '--server-side',
      '--force-conflicts',
      '-f',
      file,
    ]);

    expect(stderr).not.toContain('Warning');
    expect(code).toBe(0);
    expect(stdout).toContain('deployment.apps/eventroute serverside-applied');
    expect(await readFile(file, 'utf8')).not.toContain('managed-by');
  });

  it('sets up a ServiceMonitor where asked', async () => {
    const manifests = await template(
      '--set',
      'serviceMonitor.enabled=true,serviceMonitor.labels.release=prom',
    );

    expect(manifests).toContain('kind: ServiceMonitor');
    expect(manifests).toContain('release: prom');
  });

  it('keeps Events in a volume where asked, and in none otherwise', async () => {
    expect(await template('--set', 'persistence.type=')).not.toContain('data-dir');
    const emptyDir = await template('--set', 'replicas=2,persistence.type=emptyDir');
    expect(emptyDir).toContain('- --data-dir=/var/lib/eventroute\n            - --data-max-bytes=1536Mi');
    expect(emptyDir).toContain('emptyDir:\n            sizeLimit: 2Gi');
    const claim = await template('--set', 'persistence.type=claim,persistence.storageClass=fast');
    expect(claim).toContain('kind: PersistentVolumeClaim');
    expect(claim).toContain('storageClassName: fast');
    expect(claim).toContain('claimName: eventroute');
    expect(claim).toContain('type: Recreate');
    const own = await template('--set', 'persistence.type=claim,persistence.existingClaim=mine');
    expect(own).not.toContain('kind: PersistentVolumeClaim');
    expect(own).toContain('claimName: mine');
  });

  it('refuses a claim for several replicas, which could not share it', async () => {
    const { code, stderr } = await cluster.helm([
      ...['template', 'eventroute', chart, '--set', 'replicas=2,persistence.type=claim'],
    ]);
    expect(code).not.toBe(0);
    expect(stderr).toContain('persistence.type: claim is for one replica');
  });
});
