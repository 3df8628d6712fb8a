import { join } from 'node:path';

import { eventroute } from '../cli/command.ts';
import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { waitUntilPublished } from './published-crds.ts';

const root = join(import.meta.dirname, '../..');
const apiVersion = 'eventroute.dev/v1beta1';

const object = (kind: string, namespace: string, name: string, spec: unknown) => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
  spec,
});
const hook = {
  sink: { webhook: { endpointSecretRef: { name: 'hook', key: 'url' }, layout: { text: '{{ .Message }}' } } },
};

const objects = [
  ...['shop', 'eventroute-system', 'other'].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
  })),
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'viewer', namespace: 'shop' } },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'viewer', namespace: 'shop' },
    rules: [
      { apiGroups: ['eventroute.dev'], resources: ['eventroutes', 'eventreceivers'], verbs: ['get', 'list'] },
      { apiGroups: [''], resources: ['events', 'configmaps'], verbs: ['get', 'list'] },
    ],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'viewer', namespace: 'shop' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'viewer' },
    subjects: [{ kind: 'ServiceAccount', name: 'viewer', namespace: 'shop' }],
  },
  object('EventReceiver', 'shop', 'oncall', hook),
  object('EventReceiver', 'other', 'theirs', { ...hook, allowedRoutes: { namespaces: { from: 'All' } } }),
  object('EventRoute', 'shop', 'mine', {
    match: [
      { labels: { tier: '^critical$' }, receiver: 'oncall' },
      { type: 'Normal', receiver: 'oncall' },
      { receiver: 'other/theirs' },
    ],
  }),
  object('EventRoute', 'eventroute-system', 'all', { match: [{ receiver: 'archive' }] }),
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'settings', namespace: 'shop', labels: { tier: 'critical' } },
  },
  {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'settings.1', namespace: 'shop' },
    involvedObject: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'settings' },
    type: 'Warning',
    reason: 'Stale',
    message: 'Settings are stale',
    count: 2,
  },
];

describe('validate and explain, with the rights of whoever calls them', () => {
  let cluster: Cluster;
  let viewer: string;
  beforeAll(async () => {
    cluster = await startCluster({ controllers: false });
    await kubectl(['apply', '-f', join(root, 'crds')]);
    await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
    await waitUntilPublished(cluster);
    await kubectl(['apply', '-f', '-'], objects.map((one) => JSON.stringify(one)).join('\n'));
    viewer = await cluster.tokenFor({ namespace: 'shop', name: 'viewer' });
  });
  afterAll(() => (cluster as Cluster | undefined)?.stop());

  const kubectl = async (args: readonly string[], input?: string): Promise<string> => {
    const { stdout, stderr, code } = await cluster.kubectl(args, input);
    if (code !== 0) throw new Error(stderr);
    return stdout + stderr;
  };
  const explain = (kubeconfig: string, ...more: string[]) =>
    eventroute(['explain', '--event', 'shop/settings.1', '--kubeconfig', kubeconfig, ...more]);

  it('show the administrator the routes of the namespace and of the root', async () => {
    const { code, out, err } = await explain(cluster.kubeconfig);

    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('Warning Stale of ConfigMap/settings in shop, occurrence 2');
    expect(out).toContain('✓ spec.match[0] matched → shop/oncall');
    expect(out).toContain('✗ spec.match[1] → shop/oncall: type is Warning, the rule wants Normal');
    expect(out).toMatch(/eventroute-system\/archive gets nothing: .*there is no EventReceiver archive/);
  });

  it('show a user of one namespace theirs, and say what they may not see', async () => {
    const { code, out, err } = await explain(viewer, '--render');

    expect(code).toBe(0);
    expect(out).toContain('✓ spec.match[0] matched → shop/oncall');
    expect(out).toContain('"text": "Settings are stale"');
    expect(out).not.toContain('eventroute-system/all');
    expect(err.trim().split('\n').sort()).toEqual([
      'You may not get EventReceiver other/theirs',
      expect.stringMatching(/^You may not get Namespace shop: rules and grants that ask for its labels/),
      'You may not get Secret shop/hook',
      'You may not list EventRoutes in namespace eventroute-system: those are not shown',
    ]);
  });

  it('check against the cluster what files name', async () => {
    const route = (receiver: string): string =>
      JSON.stringify(object('EventRoute', 'shop', 'new', { match: [{ type: 'Warning', receiver }] }));
    const args = ['validate', '-f', '-', '--cluster', '--kubeconfig', viewer];

    const [known, unknown] = await Promise.all([
      eventroute(args, { input: route('oncall') }),
      eventroute(args, { input: route('oncal') }),
    ]);

    expect(known).toMatchObject({ code: 0, err: '', out: '1 object in 1 file: nothing is wrong\n' });
    expect(unknown.code).toBe(1);
    expect(unknown.out).toContain('there is no EventReceiver oncal in namespace shop');
  });

  it('agree with the API server that the examples are valid', async () => {
    await kubectl(['create', 'namespace', 'payments']);
    for (const example of ['quickstart', 'multi-team', 'slack-oncall', 'archive']) {
      const out = await kubectl(['apply', '--dry-run=server', '-f', join(root, 'examples', example)]);
      expect(out).toMatch(/eventroute\.eventroute\.dev\/\S+ created \(server dry run\)/);
    }
  });
});
