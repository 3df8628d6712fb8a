import { startApiServer } from './api-server.ts';
import { eventroute } from './command.ts';

// each test starts processes, on a machine that may be busy
jest.setTimeout(60_000);

const event = {
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: 'web.1', namespace: 'shop', uid: 'uid-1' },
  involvedObject: { kind: 'Pod', namespace: 'shop', name: 'web-1', uid: 'pod-1', apiVersion: 'v1' },
  reason: 'BackOff',
  message: 'Back-off restarting failed container',
  type: 'Warning',
  count: 3,
};
const route = (name: string, namespace: string, match: unknown[]) => ({
  metadata: { name, namespace, generation: 1 },
  spec: { match },
});
const receiver = (name: string, namespace: string) => ({
  apiVersion: 'eventroute.dev/v1beta1',
  kind: 'EventReceiver',
  metadata: { name, namespace },
  spec: {
    sink: {
      webhook: { endpointSecretRef: { name: 'hook', key: 'url' }, layout: { text: '{{ .Message }}' } },
    },
  },
});
const ours = '/apis/eventroute.dev/v1beta1/namespaces';
const cluster = {
  '/api/v1/namespaces/shop/events/web.1': event,
  '/api/v1': {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [{ name: 'pods', kind: 'Pod', namespaced: true }],
  },
  '/api/v1/namespaces/shop/pods/web-1': {
    metadata: { name: 'web-1', uid: 'pod-1', labels: { tier: 'critical' } },
  },
  '/api/v1/namespaces/shop': { metadata: { name: 'shop', labels: {} } },
  [`${ours}/shop/eventroutes`]: {
    metadata: {},
    items: [
      route('mine', 'shop', [
        { labels: { tier: 'critical' }, receiver: 'oncall' },
        { type: 'Normal', receiver: 'oncall' },
      ]),
    ],
  },
  [`${ours}/shop/eventreceivers/oncall`]: receiver('oncall', 'shop'),
};

describe('eventroute explain', () => {
  test('draws the tree of files with the reasons, the receivers and what they would get', async () => {
    const ended = await eventroute(
      ['explain', '-f', 'examples/quickstart', '--root-namespace', 'default', '--event', '-', '--render'],
      { input: JSON.stringify(event) },
    );
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(ended.out).toMatch(/^Warning BackOff of Pod\/web-1 in shop, occurrence 3\n/);
    expect(ended.out).toContain('✗ spec.drop[0]: type is Warning, the rule wants Normal');
    expect(ended.out).toContain('Receivers reached: default/archive, default/oncall');
    expect(ended.out).toMatch(
      /default\/oncall would get at oncall-webhook\.invalid:\n {2}POST https:\/\/oncall-webhook\.invalid\/url\n/,
    );
    expect(ended.out).toContain('"text": "[Warning] shop/web-1: Back-off restarting failed container"');
  });

  test('gives programs JSON', async () => {
    const ended = await eventroute(
      ['explain', '-f', 'examples/quickstart', '--root-namespace', 'default', '--event', '-', '-o', 'json'],
      { input: JSON.stringify([event, { ...event, type: 'Normal', reason: 'Pulled' }]) },
    );
    const [one, two] = JSON.parse(ended.out) as { deliveries: { receiver: string }[] }[];
    expect(one!.deliveries.map((delivery) => delivery.receiver)).toEqual([
      'default/archive',
      'default/oncall',
    ]);
    expect(two!.deliveries).toEqual([]);
  });

  test('explains an Event of the cluster by its routes, with the labels of its object, and reads no Secret for it', async () => {
    await using server = await startApiServer({
      ...cluster,
      [`${ours}/eventroute-system/eventroutes`]: { metadata: {}, items: [] },
    });
    const ended = await eventroute(['explain', '--event', 'shop/web.1', '--kubeconfig', server.kubeconfig]);
    expect(ended).toMatchObject({ code: 0, err: '' });
    expect(ended.out).toContain('✓ spec.match[0] matched → shop/oncall');
    expect(ended.out).toContain('✗ spec.match[1] → shop/oncall: type is Warning, the rule wants Normal');
    expect(ended.out).toContain('Receivers reached: shop/oncall');
    expect(server.requests.filter(({ url }) => url.includes('/secrets/'))).toEqual([]);
  });

  test('shows a user of one namespace theirs, and says in plain sentences what they may not see', async () => {
    await using server = await startApiServer({
      ...cluster,
      '/api/v1/namespaces/shop/pods/web-1': 'forbidden',
      [`${ours}/eventroute-system/eventroutes`]: 'forbidden',
    });
    const ended = await eventroute(['explain', '--event', 'shop/web.1', '--kubeconfig', server.kubeconfig]);
    expect(ended.code).toBe(0);
    expect(ended.out).toContain('No receiver is reached');
    expect(ended.err.trim().split('\n').sort()).toEqual([
      'You may not get Pod web-1: rules that ask for its labels, annotations or owners match nothing here',
      'You may not list EventRoutes in namespace eventroute-system: those are not shown',
    ]);
  });

  test.each([
    [
      'an event that is nowhere',
      ['explain', '-f', 'examples/quickstart', '--event', 'nowhere.jsonl'],
      2,
      /--event nowhere\.jsonl is neither a file/,
    ],
    ['no event', ['explain', '-f', 'examples/quickstart'], 2, /required option '--event <event>'/],
    [
      'a file without routes',
      ['explain', '-f', 'examples/quickstart/receivers.yaml', '--event', 'examples/quickstart/events.jsonl'],
      2,
      /holds no EventRoute/,
    ],
    [
      'a file that holds no Event',
      ['explain', '-f', 'examples/quickstart', '--event', 'crds/eventroutes.yaml'],
      1,
      /crds\/eventroutes\.yaml:\d+ is of kind CustomResourceDefinition/,
    ],
  ])('is refused for %s', async (_, args, code, err) => {
    const ended = await eventroute(args);
    expect(ended).toMatchObject({ code, out: '' });
    expect(ended.err).toMatch(err);
  });
});
