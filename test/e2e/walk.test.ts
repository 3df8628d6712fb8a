import { parse } from 'yaml';

import { eventually } from './eventually.ts';
import { operatorAccount, rootNamespace } from './operator-process.ts';
import {
  endWorld,
  namespace,
  route,
  startWorld,
  webhookReceiver,
  type Manifest,
  type World,
} from './world.ts';

const podTemplate = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'main', image: 'web:1' }] },
};
const deployment = (name: string, space: string): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: space, labels: { app: 'web', tier: 'critical' } },
  spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: podTemplate },
});
const job = (name: string, space: string): Manifest => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, namespace: space, labels: { job: name } },
  spec: { template: { spec: { ...podTemplate.spec, restartPolicy: 'Never' } } },
});
const noPods = (space: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'none', namespace: space },
  spec: { hard: { pods: '0' } },
});

describe('the walk of real Events through the operator', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => endWorld(world));

  const expectEachOnce = (space: string, path: string): Promise<void> =>
    eventually(async () => {
      const events = await world.events(space);
      const keys = world.webhook.acceptedKeys(path);
      const missing = events
        .map(({ metadata, count }) => `${metadata.uid}-${count ?? 1}`)
        .filter((key) => !keys.has(key));
      expect(missing).toEqual([]);
      expect([...keys].filter(([, times]) => times !== 1)).toEqual([]);
    });

  it('is ready as soon as kubectl wait says so', async () => {
    await world.apply(
      namespace('shop'),
      namespace('full'),
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'hook', namespace: rootNamespace },
        stringData: { url: `${world.webhook.url}/all` },
      },
      {
        apiVersion: 'eventroute.dev/v1beta1',
        kind: 'EventReceiver',
        metadata: { name: 'all', namespace: rootNamespace },
        spec: { sink: { webhook: { endpointSecretRef: { name: 'hook', key: 'url' } } } },
      },
      webhookReceiver('warnings', `${world.webhook.url}/warnings`),
      route('shop', {
        match: [
          { namespace: '^(shop|full)$', receiver: 'all' },
          { namespace: '^(shop|full)$', type: 'Warning', receiver: 'warnings' },
        ],
      }),
    );

    const wait = ['wait', '--for=condition=Ready', '-n', rootNamespace, '--timeout=10s'];
    const { stdout, stderr } = await world.cluster.kubectl([...wait, 'eventroute/shop', 'eventreceiver/all']);

    expect(stderr).toBe('');
    expect(stdout).toContain('eventroute.eventroute.dev/shop condition met');
    expect(stdout).toContain('eventreceiver.eventroute.dev/all condition met');
  });

  it('delivers each Event of a Deployment and a Job once, with the labels of the object', async () => {
    await world.apply(deployment('web', 'shop'), job('import', 'shop'));

    const received = await eventually(() => {
      const documents = world.webhook.accepted('/all').map(({ body }) => body);
      const found = ['Deployment', 'ReplicaSet', 'Job'].map((kind) =>
        documents.find(({ involvedObject }) => involvedObject.kind === kind),
      );
      expect(found).not.toContain(undefined);
      return found;
    });
    await expectEachOnce('shop', '/all');

    expect(received[0]).toMatchObject({
      reason: 'ScalingReplicaSet',
      involvedObject: { name: 'web', labels: { app: 'web', tier: 'critical' } },
    });
    expect(received[1]).toMatchObject({
      reason: 'SuccessfulCreate',
      involvedObject: { labels: { app: 'web' } },
    });
    expect(received[2]).toMatchObject({ involvedObject: { name: 'import', labels: { job: 'import' } } });
  });

  it('delivers the failures of a quota to both receivers, each count once', async () => {
    await world.apply(noPods('full'));
    await eventually(async () => {
      const path = '/api/v1/namespaces/full/resourcequotas/none';
      const answer = await world.cluster.request(path);
      expect(answer.json()).toMatchObject({ status: { hard: { pods: '0' } } });
    });
    await world.apply(deployment('web', 'full'));

    await eventually(() => {
      const failures = world.webhook
        .accepted('/warnings')
        .filter(({ body }) => body.reason === 'FailedCreate');
      expect(failures.length).toBeGreaterThan(2);
      expect(failures[0]?.body).toMatchObject({
        type: 'Warning',
        message: expect.stringContaining('exceeded quota: none') as string,
        involvedObject: { kind: 'ReplicaSet', namespace: 'full', labels: { app: 'web' } },
      });
    });
    await expectEachOnce('full', '/all');
  });

  it('shows the true counts in kubectl get', async () => {
    const args = ['get', 'eventreceivers', '-n', rootNamespace, '--no-headers'];

    await eventually(
      async () => {
        const { stdout } = await world.cluster.kubectl(args);
        const [all, warnings] = stdout
          .trim()
          .split('\n')
          .map((line) => line.split(/\s+/));
        const count = (path: string): string => String(world.webhook.accepted(path).length);
        expect(all?.slice(0, 6)).toEqual(['all', 'True', 'webhook', count('/all'), '0', '0']);
        expect(warnings?.slice(0, 6)).toEqual(['warnings', 'True', 'webhook', count('/warnings'), '0', '0']);
      },
      { timeoutMs: 30_000, everyMs: 500 },
    );
    const { stdout } = await world.cluster.kubectl([
      'get',
      'er',
      'shop',
      '-n',
      rootNamespace,
      '--no-headers',
    ]);
    expect(stdout.split(/\s+/).slice(0, 4)).toEqual(['shop', 'True', 'Cluster', '2/2']);
  });

  it('obeys a changed rule without a restart', async () => {
    await world.apply(
      route('shop', { drop: [{ reason: '^Ignored$' }], match: [{ namespace: '^shop$', receiver: 'all' }] }),
    );
    await world.condition('eventroutes', 'shop', { type: 'Ready', status: 'True' });

    await world.createEvent({ name: 'ignored', namespace: 'shop', reason: 'Ignored' });
    await world.createEvent({ name: 'wanted', namespace: 'shop', reason: 'Wanted' });

    await eventually(() => {
      expect(world.webhook.accepted('/all').map(({ body }) => body.reason)).toContain('Wanted');
    });
    expect(world.webhook.requests.map(({ body }) => body.reason)).not.toContain('Ignored');
  });

  it('reads the labels of namespaces, and grants to routes of selected ones', async () => {
    await world.apply(
      namespace('team-a', { team: 'a' }),
      {
        apiVersion: 'eventroute.dev/v1beta1',
        kind: 'EventReceiver',
        metadata: { name: 'shared', namespace: rootNamespace },
        spec: {
          sink: { webhook: { endpoint: `${world.webhook.url}/shared` } },
          allowedRoutes: { namespaces: { from: 'Selector', selector: { matchLabels: { team: 'a' } } } },
        },
      },
      {
        apiVersion: 'eventroute.dev/v1beta1',
        kind: 'EventRoute',
        metadata: { name: 'own', namespace: 'team-a' },
        spec: { match: [{ receiver: `${rootNamespace}/shared` }] },
      },
    );
    const wait = ['wait', '--for=condition=Ready', 'eventroute/own', '-n', 'team-a', '--timeout=10s'];
    expect((await world.cluster.kubectl(wait)).stderr).toBe('');

    await world.createEvent({ name: 'elsewhere', namespace: 'shop', reason: 'Elsewhere' });
    await world.createEvent({ name: 'own', namespace: 'team-a', reason: 'Own' });

    await eventually(() => {
      expect(world.webhook.accepted('/shared').map(({ body }) => body.reason)).toEqual(['Own']);
    });
  });

  it('asks the API server for nothing that the chart does not grant', async () => {
    const requests = await operatorRequests(world);

    expect(requests.filter(({ code }) => code === 401 || code === 403)).toEqual([]);
    expect(requests.length).toBeGreaterThan(10);
  });

  it('uses everything that the chart grants, but the look-up of objects', async () => {
    // an Event about an object of ours that comes again is a patch
    for (const reason of ['(', '^Wanted$', '(', '^Wanted$']) {
      await world.apply(route('shop', { match: [{ reason, receiver: 'all' }] }));
      await world.condition('eventroutes', 'shop', {
        type: 'Ready',
        status: reason === '(' ? 'False' : 'True',
      });
    }
    await world.operator.stop(); // a released Lease is an update
    const requests = await operatorRequests(world);
    const used = new Set(requests.map(({ verb, apiGroup, resource }) => `${verb} ${resource}.${apiGroup}`));

    // requests.test.ts sends again what was given up before a restart
    expect((await granted(world)).filter((grant) => !used.has(grant))).toEqual(['get events.']);
  });
});

async function operatorRequests(world: World): ReturnType<World['cluster']['serviceAccountRequests']> {
  const requests = await world.cluster.serviceAccountRequests();
  const user = `system:serviceaccount:${operatorAccount.namespace}:${operatorAccount.name}`;
  return requests.filter((request) => request.user === user);
}

interface Role {
  readonly rules: readonly { apiGroups: string[]; resources: string[]; verbs: string[] }[];
}

/** Lists what the chart's own rules grant as `verb resource.group`; those of rbac.lookup are a choice, not a need. */
async function granted(world: World): Promise<string[]> {
  const { stdout } = await world.cluster.helm(['get', 'values', 'eventroute', '--all', '-n', rootNamespace]);
  const { rbac } = parse(stdout) as { rbac: { lookup: { apiGroups: string[]; resources: string[] }[] } };
  const lookup = new Set(
    rbac.lookup.flatMap(({ apiGroups, resources }) =>
      apiGroups.flatMap((group) => resources.map((resource) => `get ${resource}.${group}`)),
    ),
  );
  const base = '/apis/rbac.authorization.k8s.io/v1';
  const answers = await Promise.all([
    world.cluster.request(`${base}/clusterroles/eventroute`),
    world.cluster.request(`${base}/namespaces/${rootNamespace}/roles/eventroute-leader`),
  ]);
  const grants = answers.flatMap((answer) =>
    (answer.json() as Role).rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}.${group}`)),
      ),
    ),
  );
  return [...new Set(grants)].filter((grant) => !lookup.has(grant));
}
