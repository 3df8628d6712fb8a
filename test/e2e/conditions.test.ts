import { eventually } from './eventually.ts';
import { rootNamespace } from './operator-process.ts';
import { endWorld, namespace, route, startWorld, webhookReceiver, type World } from './world.ts';

/** How long a user may wait for what only the operator can check. */
const promptMs = 2_000;

describe('conditions', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
    await world.apply(
      namespace('shop'),
      webhookReceiver('hook', `${world.webhook.url}/hook`),
      route('good', { match: [{ namespace: '^shop$', receiver: 'hook' }] }),
      {
        ...webhookReceiver('private', world.webhook.url),
        metadata: { name: 'private', namespace: 'default' },
      },
    );
    await world.condition('eventroutes', 'good', { type: 'Ready', status: 'True' });
  });
  afterAll(() => endWorld(world));

  const expectDelivery = async (name: string): Promise<void> => {
    await world.createEvent({ name, namespace: 'shop', reason: 'Proof' });
    await eventually(() => {
      const names = world.webhook.accepted('/hook').map(({ body }) => body.metadata.name);
      expect(names).toContain(name);
    });
  };

  it.each([
    {
      title: 'an unknown receiver',
      spec: { match: [{ namespace: '^none$', receiver: 'hok' }] },
      type: 'ResolvedRefs',
      reason: 'ReceiverNotFound',
      message: /spec\.match\[0\]\.receiver.*hok.*did you mean `hook`/,
    },
    {
      title: 'a receiver that lets nobody in',
      spec: { match: [{ namespace: '^none$', receiver: 'default/private' }] },
      type: 'ResolvedRefs',
      reason: 'RefNotPermitted',
      message: /default\/private.*allowedRoutes/,
    },
    {
      title: 'a bad pattern',
      spec: { match: [{ namespace: '^none$', message: 'a(b', receiver: 'hook' }] },
      type: 'Accepted',
      reason: 'InvalidPattern',
      message: /spec\.match\[0\]\.message/,
    },
    {
      title: 'a bad pattern in a deep child',
      spec: {
        routes: [{ routes: [{ routes: [{ routes: [{ routes: [{ drop: [{ kind: '[z-a]' }] }] }] }] }] }],
      },
      type: 'Accepted',
      reason: 'InvalidPattern',
      message: /spec\.routes\[0\]\.routes\[0\]\.routes\[0\]\.routes\[0\]\.routes\[0\]\.drop\[0\]\.kind/,
    },
    {
      title: 'a bad expression',
      spec: { match: [{ when: 'event.reason ==', receiver: 'hook' }] },
      type: 'Accepted',
      reason: 'InvalidExpression',
      message: /spec\.match\[0\]\.when/,
    },
  ])('tell of $title in a route within two seconds', async ({ title, spec, type, reason, message }) => {
    const name = title.replaceAll(' ', '-');
    await world.apply(route(name, spec));

    const told = { type, status: 'False', reason, timeoutMs: promptMs };
    const condition = await world.condition('eventroutes', name, told);
    const ready = await world.condition('eventroutes', name, { ...told, type: 'Ready' });

    expect(condition.message).toMatch(message);
    expect(ready.message).toBe(condition.message);
  });

  it.each([
    {
      title: 'a bad template',
      sink: { webhook: { endpoint: 'http://127.0.0.1:1', layout: { text: '{{ .Message | nope }}' } } },
      type: 'Accepted',
      reason: 'InvalidTemplate',
      message: /spec\.sink\.webhook\.layout\.text/,
    },
    {
      title: 'a missing secret',
      sink: { webhook: { endpointSecretRef: { name: 'nowhere', key: 'url' } } },
      type: 'ResolvedRefs',
      reason: 'SecretNotFound',
      message: /nowhere/,
    },
  ])('tell of $title in a receiver within two seconds', async ({ title, sink, type, reason, message }) => {
    const name = title.replaceAll(' ', '-');
    await world.apply({ ...webhookReceiver(name, ''), spec: { sink } });

    const told = { type, status: 'False', reason, timeoutMs: promptMs };
    const condition = await world.condition('eventreceivers', name, told);

    expect(condition.message).toMatch(message);
  });

  it('turn well within seconds once a missing Secret appears', async () => {
    const secret = { name: 'late', namespace: rootNamespace };
    await world.apply({
      ...webhookReceiver('late', ''),
      spec: { sink: { webhook: { endpointSecretRef: { name: 'late', key: 'url' } } } },
    });
    await world.condition('eventreceivers', 'late', {
      type: 'Ready',
      status: 'False',
      reason: 'SecretNotFound',
    });

    await world.apply({ apiVersion: 'v1', kind: 'Secret', metadata: secret, stringData: { address: 'x' } });
    await world.condition('eventreceivers', 'late', {
      type: 'Ready',
      status: 'False',
      reason: 'SecretKeyNotFound',
    });
    await world.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: secret,
      stringData: { url: world.webhook.url },
    });

    await world.condition('eventreceivers', 'late', { type: 'Ready', status: 'True' });
  });

  it('say that the last good revision of a route keeps delivering while a new one is bad', async () => {
    await world.apply(route('good', { match: [{ namespace: '^shop$', reason: '(', receiver: 'hook' }] }));

    const condition = await world.condition('eventroutes', 'good', {
      type: 'Accepted',
      status: 'False',
      reason: 'InvalidPattern',
      timeoutMs: promptMs,
    });

    expect(condition.message).toMatch(/generation \d+ keeps running/);
    await expectDelivery('during-bad-route');
    await world.apply(route('good', { match: [{ namespace: '^shop$', receiver: 'hook' }] }));
    await world.condition('eventroutes', 'good', { type: 'Ready', status: 'True' });
  });

  it('say that the last good revision of a receiver keeps delivering while a new one is bad', async () => {
    const bad = { webhook: { endpoint: `${world.webhook.url}/hook`, layout: { text: '{{ .Nope' } } };
    await world.apply({ ...webhookReceiver('hook', ''), spec: { sink: bad } });

    const condition = await world.condition('eventreceivers', 'hook', {
      type: 'Accepted',
      status: 'False',
      reason: 'InvalidTemplate',
      timeoutMs: promptMs,
    });

    expect(condition.message).toMatch(/generation \d+ keeps running/);
    await expectDelivery('during-bad-receiver');
    await world.apply(webhookReceiver('hook', `${world.webhook.url}/hook`));
    await world.condition('eventreceivers', 'hook', { type: 'Ready', status: 'True' });
  });

  it('of a route tell that a receiver was deleted, and that it came back', async () => {
    await world.apply(
      webhookReceiver('brief', `${world.webhook.url}/brief`),
      route('leans', { match: [{ namespace: '^none$', receiver: 'brief' }] }),
    );
    await world.condition('eventroutes', 'leans', { type: 'Ready', status: 'True' });

    await world.cluster.kubectl(['delete', 'eventreceiver', 'brief', '-n', rootNamespace]);
    await world.condition('eventroutes', 'leans', {
      type: 'ResolvedRefs',
      status: 'False',
      reason: 'ReceiverNotFound',
      timeoutMs: promptMs,
    });
    await world.apply(webhookReceiver('brief', `${world.webhook.url}/brief`));

    await world.condition('eventroutes', 'leans', { type: 'Ready', status: 'True', timeoutMs: promptMs });
  });

  it('stop routing when a route is deleted', async () => {
    await world.apply(route('going', { match: [{ namespace: '^shop$', receiver: 'brief' }] }));
    await world.condition('eventroutes', 'going', { type: 'Ready', status: 'True' });
    await world.cluster.kubectl(['delete', 'eventroute', 'going', '-n', rootNamespace]);

    await eventually(async () => {
      const name = `after-delete-${Date.now()}`;
      await expectDelivery(name); // by the route that is left
      expect(world.webhook.accepted('/brief').map(({ body }) => body.metadata.name)).not.toContain(name);
    });
  });

  it('are told by Events about our objects, which are not routed', async () => {
    const own = await eventually(async () => {
      const events = (await world.events(rootNamespace)).filter(
        ({ involvedObject }) => involvedObject.kind === 'EventRoute' && involvedObject.name === 'good',
      );
      expect(events.map(({ reason }) => reason)).toContain('InvalidPattern');
      return events;
    });

    expect(own.every(({ reportingComponent }) => reportingComponent === 'eventroute.dev/controller')).toBe(
      true,
    );
    const { stdout } = await world.cluster.kubectl(['describe', 'eventroute', 'good', '-n', rootNamespace]);
    expect(stdout).toMatch(/Warning +InvalidPattern/);
    await world.apply(route('everything', { match: [{ receiver: 'brief' }] }));
    await world.condition('eventroutes', 'everything', { type: 'Ready', status: 'True' });
    await world.apply(route('good', { match: [{ reason: '(', receiver: 'hook' }] }));
    await world.condition('eventroutes', 'good', { type: 'Ready', status: 'False' });
    await world.createEvent({ name: 'seen-by-everything', namespace: 'shop', reason: 'Proof' });
    const reached = await eventually(() => {
      const names = world.webhook
        .accepted('/brief')
        .filter(({ body }) => body.metadata.name === 'seen-by-everything');
      expect(names).toHaveLength(1);
      return world.webhook.accepted('/brief');
    });
    const kinds = reached.map(({ body }) => body.involvedObject.kind);
    expect(kinds).not.toContain('EventRoute');
  });

  it('refuse loopback to receivers of other namespaces', async () => {
    await world.apply(
      { ...webhookReceiver('sly', `${world.webhook.url}/sly`), metadata: { name: 'sly', namespace: 'shop' } },
      {
        ...route('sly', { match: [{ receiver: 'sly' }] }),
        metadata: { name: 'sly', namespace: 'shop' },
      },
    );
    await eventually(async () => {
      await world.createEvent({ name: `sly-${Date.now()}`, namespace: 'shop', reason: 'Sly' });
      const receiver = await world.read('eventreceivers', 'sly', 'shop');
      expect(JSON.stringify(receiver?.status)).toContain('AddressNotAllowed');
    });

    expect(world.webhook.requests.filter(({ path }) => path.startsWith('/sly'))).toEqual([]);
  });
});
