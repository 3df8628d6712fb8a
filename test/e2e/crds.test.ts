import { join } from 'node:path';

import { type Cluster, startCluster } from '../cluster/cluster.ts';
import { eventually } from './eventually.ts';
import { waitUntilPublished } from './published-crds.ts';

const root = join(import.meta.dirname, '../..');

const route = (spec: unknown): string =>
  JSON.stringify({
    apiVersion: 'eventroute.dev/v1beta1',
    kind: 'EventRoute',
    metadata: { name: 'one', namespace: 'default' },
    spec,
  });
const receiver = (spec: unknown, name = 'one'): string =>
  JSON.stringify({
    apiVersion: 'eventroute.dev/v1beta1',
    kind: 'EventReceiver',
    metadata: { name, namespace: 'default' },
    spec,
  });

describe('custom resource definitions', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ controllers: false });
  });
  afterAll(() => (cluster as Cluster | undefined)?.stop());

  const kubectl = async (args: readonly string[], input?: string): Promise<string> => {
    const { stdout, stderr, code } = await cluster.kubectl(args, input);
    if (code !== 0) throw new Error(stderr);
    return stdout + stderr;
  };

  it('are taken by kubectl apply, client-side and then server-side', async () => {
    const clientSide = await kubectl(['apply', '-f', join(root, 'crds')]);
    const serverSide = await kubectl([
      'apply',
      '--server-side',
      '--force-conflicts',
      '-f',
      join(root, 'crds'),
    ]);
    await kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s']);
    await waitUntilPublished(cluster);

    expect(clientSide).toContain(
      'customresourcedefinition.apiextensions.k8s.io/eventroutes.eventroute.dev created',
    );
    expect(clientSide).not.toContain('Warning');
    expect(serverSide).toContain('serverside-applied');
  });

  it('are structural', async () => {
    const types = await kubectl(['get', 'crd', '-o', 'jsonpath={.items[*].status.conditions[*].type}']);

    expect(types).toContain('Established');
    expect(types).not.toContain('NonStructuralSchema');
  });

  it.each([
    ['eventreceiver.spec.sink.webhook.tls', 'secretRef'],
    ['eventreceiver.spec.delivery.retry', 'maxAge'],
    ['eventroute.spec.routes.match', 'minCount'],
    ['eventroute.spec.routes.routes.routes.routes.match', 'receiver'],
    ['eventroute.status', 'conditions'],
  ])('tell kubectl explain about %s', async (path, field) => {
    // the index of OpenAPI may lose our group for a moment after a CRD was applied again
    const told = await eventually(() => kubectl(['explain', path]), { everyMs: 500 });

    expect(told).toContain(field);
    expect(told).not.toContain('<no description>');
  });

  it('show health in kubectl get under their short names and their category', async () => {
    await kubectl(['apply', '-f', '-'], route({ match: [{ receiver: 'one' }] }));
    await kubectl(['apply', '-f', '-'], receiver({ sink: { stdout: {} } }));

    const routes = await kubectl(['get', 'er']);
    const receivers = await kubectl(['get', 'erec']);
    const all = await kubectl(['get', 'eventrouting', '-o', 'name']);

    expect(routes.split('\n')[0]?.split(/ {2,}/)).toEqual([
      'NAME',
      'READY',
      'SCOPE',
      'RECEIVERS',
      'MATCHED',
      'DELIVERED',
      'FAILED',
      'PENDING',
      'LAST',
      'AGE',
    ]);
    expect(receivers.split('\n')[0]?.split(/ {2,}/)).toEqual([
      'NAME',
      'READY',
      'SINK',
      'DELIVERED',
      'FAILED',
      'PENDING',
      'LAST SUCCESS',
      'AGE',
    ]);
    expect(all.trim().split('\n').sort()).toEqual([
      'eventreceiver.eventroute.dev/one',
      'eventroute.eventroute.dev/one',
    ]);
  });

  it.each(['eventroute', 'eventreceiver'])('mean one kind by the name %s', async (name) => {
    // a category of the same name would make kubectl read it as both kinds
    expect(await kubectl(['get', name, 'one', '-o', 'name'])).toBe(`${name}.eventroute.dev/one\n`);
    expect(await kubectl(['describe', name, 'one'])).toContain('Pending');
  });

  it('say Ready=Unknown before an operator has looked, so that kubectl wait waits', async () => {
    const ready = await kubectl([
      'get',
      'eventreceiver/one',
      '-o',
      'jsonpath={.status.conditions[?(@.type=="Ready")].status} {.status.observedGeneration}',
    ]);
    const wait = await cluster.kubectl(['wait', '--for=condition=Ready', 'eventroute/one', '--timeout=1s']);

    expect(ready).toBe('Unknown -1');
    expect(wait.stderr).toContain('timed out waiting for the condition');
  });

  it.each([
    [
      'two sinks',
      { sink: { stdout: {}, webhook: { endpoint: 'http://a' } } },
      'spec.sink: Too many: 2: must have at most 1',
    ],
    ['no sink', { sink: {} }, 'spec.sink in body should have at least 1 properties'],
    ['a misspelt sink', { sink: { webhok: {} } }, 'unknown field "spec.sink.webhok"'],
    ['a field of the wrong type', { sink: { webhook: { endpoint: 5 } } }, 'spec.sink.webhook.endpoint'],
    [
      'a credential written twice',
      { sink: { webhook: { endpoint: 'http://a', endpointSecretRef: { name: 'a', key: 'b' } } } },
      'set endpoint or endpointSecretRef, not both',
    ],
    ['no spec', undefined, 'spec: Required value'],
  ])('make the API server itself refuse %s', async (_, spec, message) => {
    const { stderr, code } = await cluster.kubectl(['apply', '-f', '-'], receiver(spec, 'nonsense'));

    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  it.each([
    [
      'a misspelt rule field',
      { match: [{ reson: 'x', receiver: 'one' }] },
      'unknown field "spec.match[0].reson"',
    ],
    [
      'one in a grandchild',
      { routes: [{ routes: [{ drop: [{ nmae: 'x' }] }] }] },
      'unknown field "spec.routes[0].routes[0].drop[0].nmae"',
    ],
    ['an unknown mode', { mode: 'Loud' }, 'spec.mode'],
  ])('make the API server itself refuse %s', async (_, spec, message) => {
    const { stderr, code } = await cluster.kubectl(['apply', '-f', '-'], route(spec));

    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  it('keep routes below the fourth level as they were written', async () => {
    const deep = {
      routes: [{ routes: [{ routes: [{ routes: [{ routes: [{ match: [{ receiver: 'one' }] }] }] }] }] }],
    };

    await kubectl(['apply', '-f', '-'], route(deep));
    const spec: unknown = JSON.parse(await kubectl(['get', 'er/one', '-o', 'jsonpath={.spec}']));

    expect(spec).toMatchObject(deep);
  });

  it('take every generated example', async () => {
    const applied = await kubectl(['apply', '--dry-run=server', '-f', join(root, 'examples/receivers')]);

    expect(applied).toContain('eventreceiver.eventroute.dev/webhook created');
  });
});
