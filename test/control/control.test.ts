import { createServer, type AddressInfo, type Socket } from 'node:net';

import { startServer, type TestServer } from '../sink-kit/http-server.ts';
import { until } from '../kube/until.ts';
import { createActiveRig, createRig, podEvent, type Rig } from './rig.ts';

let rig: Rig;
let server: TestServer;
let answer: number;

/** Answers probes well and events with `answer`. */
beforeEach(async () => {
  answer = 200;
  server = await startServer((response, { method }) => {
    response.statusCode = method === 'POST' ? answer : 204;
    response.end();
  });
});

afterEach(async () => {
  await rig.control.stop({ graceMs: 0 });
  await server[Symbol.asyncDispose]();
});

const webhook = (more: Record<string, unknown> = {}, spec: Record<string, unknown> = {}) => ({
  sink: { webhook: { endpoint: `${server.url}/hook`, ...more } },
  ...spec,
});
const posts = () => server.requests.filter(({ method }) => method === 'POST');
const delivered = (count: number) => until(() => posts().length >= count, `${count} requests`);
/** Sends events and waits until the outcomes of all are known. */
const send = async (count = 1, fields: Parameters<typeof podEvent>[0] = {}) => {
  const pending = () => [...rig.control.receivers.all()].some((receiver) => receiver.tally().pending > 0);
  for (let index = 0; index < count; index += 1) rig.control.dispatch(podEvent(fields));
  await until(() => !pending(), 'the end of all deliveries');
};

describe('a receiver and a route', () => {
  beforeEach(async () => {
    rig = await createActiveRig();
    await rig.receiver('hook', webhook());
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
  });

  test('are ready as soon as they were judged', () => {
    expect(rig.ready('EventReceiver', 'hook')).toMatchObject({
      status: 'True',
      reason: 'Ready',
      observedGeneration: 1,
    });
    expect(rig.ready('EventRoute', 'all')).toMatchObject({ status: 'True', reason: 'Ready' });
    expect(rig.world.status('EventReceiver', 'hook')).toMatchObject({
      sink: 'webhook',
      endpoint: server.host,
    });
    expect(rig.world.status('EventRoute', 'all')).toMatchObject({ scope: 'Cluster', receiversReady: '1/1' });
  });

  test('count what they did, and write counters alone at most every ten seconds', async () => {
    for (let second = 0; second < 30; second += 1) {
      await send(1);
      await rig.clock.advance(1_000);
    }
    for (const id of ['EventReceiver root/hook', 'EventRoute root/all']) {
      // the first two also tell of conditions: judged, and then that deliveries succeed
      const times = rig.world.writes.filter((write) => write.id === id).map(({ atMs }) => atMs);
      const gaps = times.slice(2).map((atMs, index) => atMs - times[index + 1]!);
      expect(gaps.length).toBeGreaterThan(0);
      expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10_000);
    }
    await rig.clock.advance(11_000);
    expect(rig.world.status('EventReceiver', 'hook')).toMatchObject({ delivered: 30, failed: 0, pending: 0 });
    expect(rig.world.status('EventRoute', 'all')).toMatchObject({ matched: 30, delivered: 30, pending: 0 });
  });

  test('cause no write while nothing changes', async () => {
    const before = rig.world.writes.length;
    await rig.clock.advance(120_000);
    expect(rig.world.writes).toHaveLength(before);
  });

  test('write all counters when the operator stops', async () => {
    await send(2);
    await rig.control.stop({ graceMs: 1_000 });
    expect(rig.world.status('EventReceiver', 'hook')).toMatchObject({ delivered: 2 });
    expect(rig.world.status('EventRoute', 'all')).toMatchObject({ delivered: 2 });
  });

  test('write their last counters even while an older write is on its way', async () => {
    const { promise: slow, resolve } = Promise.withResolvers<undefined>();
    await send(1);
    rig.world.before = () => slow;
    await rig.clock.advance(11_000);
    await send(1);
    const stopped = rig.control.stop({ graceMs: 0 });
    rig.world.before = () => undefined;
    resolve(undefined);
    await stopped;
    expect(rig.world.status('EventReceiver', 'hook')).toMatchObject({ delivered: 2 });
  });

  test('tell that a system fails, with reason and count, and that it recovered, without losing an event', async () => {
    answer = 503;
    rig.control.dispatch(podEvent());
    await until(() => posts().length === 1, 'the first attempt');
    for (let attempt = 2; attempt <= 3; attempt += 1) {
      await rig.clock.settle();
      await rig.clock.advance(10_000);
      await delivered(attempt);
    }
    await until(() => rig.control.receivers.get('root/hook')!.tally().failed >= 3, 'three failures');
    await rig.clock.advance(1_000);
    expect(rig.ready('EventReceiver', 'hook')).toMatchObject({ status: 'False', reason: 'ServerError' });
    expect(rig.ready('EventReceiver', 'hook').message).toMatch(/The last \d attempts failed, 1 event waits/);
    expect(rig.ready('EventRoute', 'all')).toMatchObject({ status: 'False', reason: 'ReceiverNotReady' });
    expect(rig.world.status('EventRoute', 'all').receivers).toEqual([
      { name: 'root/hook', ready: false, reason: 'ServerError', pending: 1 },
    ]);

    answer = 200;
    await rig.clock.advance(300_000);
    await until(() => rig.control.receivers.get('root/hook')!.tally().pending === 0, 'the delivery');
    await rig.clock.advance(1_000);
    expect(rig.ready('EventReceiver', 'hook').status).toBe('True');
    expect(rig.ready('EventRoute', 'all').status).toBe('True');
    const told = rig.world.events.filter(({ id }) => id === 'EventReceiver root/hook');
    expect(told.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'Normal Ready',
      'Warning DeliveryFailing',
      'Normal DeliveryRecovered',
    ]);
  });

  test('keep to the law: what was received is delivered, dropped or pending', async () => {
    answer = 400;
    await send(2);
    answer = 200;
    await send(3);
    await rig.receiver('hook', webhook({}, { suspend: true }));
    rig.control.dispatch(podEvent());
    expect(rig.control.receivers.get('root/hook')!.tally()).toMatchObject({
      received: 6,
      delivered: 3,
      dropped: 2,
      pending: 1,
    });
    expect(await rig.metric('eventroute_unaccounted_events{')).toBe(0);
    expect(await rig.metric('eventroute_receiver_dropped_total{', 'Rejected')).toBe(2);
  });

  test('go on after a new revision without a loss, by the newest rules', async () => {
    await rig.route('all', { match: [{ receiver: 'hook', reason: 'Failed' }] });
    await send(1, { reason: 'BackOff' });
    await send(1, { reason: 'Failed' });
    expect(posts()).toHaveLength(1);
  });
});

describe('a bad new revision', () => {
  beforeEach(async () => {
    rig = await createActiveRig();
    await rig.receiver('hook', webhook());
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
  });

  afterEach(async () => {
    // whatever was wrong, the last good revisions still deliver
    const before = posts().length;
    await send(1);
    expect(posts()).toHaveLength(before + 1);
  });

  test('of a route, with a bad pattern, is told with its path and keeps the last good one running', async () => {
    await rig.route('all', { routes: [{ drop: [{ reason: '(' }], match: [{ receiver: 'hook' }] }] });
    await rig.settle();
    const { status, reason, message, observedGeneration } = rig.ready('EventRoute', 'all');
    expect({ status, reason, observedGeneration }).toEqual({
      status: 'False',
      reason: 'InvalidPattern',
      observedGeneration: 2,
    });
    expect(message).toMatch(/^spec\.routes\[0\]\.drop\[0\]\.reason .*\(generation 1 keeps running\)$/);
    expect(rig.world.events.at(-1)).toMatchObject({ type: 'Warning', reason: 'InvalidPattern' });
  });

  test('of a route, with an unknown field, suggests the one that was meant', async () => {
    await rig.route('all', { match: [{ reciever: 'hook' }] });
    await rig.settle();
    expect(rig.ready('EventRoute', 'all')).toMatchObject({ reason: 'InvalidSpec' });
    expect(rig.ready('EventRoute', 'all').message).toContain(
      'spec.match[0] has `reciever`; did you mean `receiver`?',
    );
  });

  test('of a route, with an unknown receiver, is told with the one that was meant', async () => {
    await rig.route('all', { match: [{ receiver: 'hok' }] });
    await rig.settle();
    expect(rig.ready('EventRoute', 'all')).toMatchObject({ status: 'False', reason: 'ReceiverNotFound' });
    expect(rig.ready('EventRoute', 'all').message).toBe(
      'spec.match[0].receiver names `hok`: there is no EventReceiver hok in namespace root; did you mean `hook`? (generation 1 keeps running)',
    );
    expect(rig.condition('EventRoute', 'all', 'Accepted').status).toBe('True');
  });

  test('of a receiver, with a bad template, is told with its path', async () => {
    await rig.receiver('hook', webhook({ layout: { text: '{{ .Message | nosuch }}' } }));
    await rig.settle();
    expect(rig.ready('EventReceiver', 'hook')).toMatchObject({ status: 'False', reason: 'InvalidTemplate' });
    expect(rig.ready('EventReceiver', 'hook').message).toMatch(
      /^spec\.sink\.webhook\.layout\.text .*generation 1 keeps running/,
    );
  });

  test('of a receiver, with two sinks, is refused', async () => {
    await rig.receiver('hook', { sink: { webhook: { endpoint: server.url }, stdout: {} } });
    await rig.settle();
    expect(rig.ready('EventReceiver', 'hook')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(rig.ready('EventReceiver', 'hook').message).toContain('it has webhook and stdout');
  });

  test('of a receiver, with a missing Secret, is told on ResolvedRefs and taken once the Secret is there', async () => {
    const { host } = server;
    await rig.receiver('hook', {
      sink: { webhook: { endpointSecretRef: { name: 'hook', key: 'url' }, headers: { 'x-new': 'yes' } } },
    });
    await rig.settle();
    expect(rig.condition('EventReceiver', 'hook', 'ResolvedRefs')).toMatchObject({
      status: 'False',
      reason: 'SecretNotFound',
    });
    expect(rig.condition('EventReceiver', 'hook', 'Accepted').status).toBe('True');
    await send(1);
    rig.world.secrets.set('root/hook', { url: `http://${host}/secret` });
    await rig.clock.advance(6_000);
    await until(() => rig.control.receivers.get('root/hook')!.running?.generation === 2, 'the new revision');
    await rig.settle();
    await send(1);
    expect(posts().at(-1)!.headers['x-new']).toBe('yes');
    expect(rig.ready('EventReceiver', 'hook').status).toBe('True');
  });

  test('of a receiver, with a delivery that contradicts itself, is refused and leaves the policy as it was', async () => {
    await rig.receiver('hook', webhook({}, { delivery: { retry: { initial: '10m', max: '1s' } } }));
    await rig.settle();
    expect(rig.ready('EventReceiver', 'hook')).toMatchObject({ reason: 'InvalidSpec' });
    expect(rig.ready('EventReceiver', 'hook').message).toContain('spec.delivery.retry.initial');
  });
});

describe('a first revision that is bad', () => {
  beforeEach(async () => {
    rig = await createActiveRig();
  });

  test('leaves what cannot be judged yet Unknown', async () => {
    await rig.receiver('bad', { sink: { webhook: {} } });
    await rig.route('bad', { match: [{ reason: '(', receiver: 'bad' }] });
    await rig.settle();
    expect(rig.ready('EventReceiver', 'bad')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(rig.ready('EventReceiver', 'bad').message).toBe(
      'spec.sink.webhook needs `endpoint` or `endpointSecretRef`',
    );
    for (const kind of ['EventReceiver', 'EventRoute'] as const) {
      expect(rig.condition(kind, 'bad', 'ResolvedRefs')).toMatchObject({
        status: 'Unknown',
        reason: 'Pending',
      });
      expect(rig.condition(kind, 'bad', 'Delivering')).toMatchObject({
        status: 'Unknown',
        reason: 'Pending',
      });
    }
  });

  test('of a route that names a missing receiver counts its events, and delivers once the receiver is there', async () => {
    await rig.route('all', { match: [{ receiver: 'late' }] });
    await rig.settle();
    rig.control.dispatch(podEvent());
    expect(await rig.metric('eventroute_events_discarded_total{', 'ReceiverNotFound')).toBe(1);
    await rig.receiver('late', webhook());
    await rig.settle();
    expect(rig.ready('EventRoute', 'all').status).toBe('True');
    await send(1);
    expect(posts()).toHaveLength(1);
  });

  test('of a receiver keeps the events that come until it is mended', async () => {
    await rig.receiver('hook', { sink: { webhook: { endpointSecretRef: { name: 'hook', key: 'url' } } } });
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
    rig.control.dispatch(podEvent());
    expect(rig.ready('EventReceiver', 'hook')).toMatchObject({ reason: 'SecretNotFound' });
    rig.world.secrets.set('root/hook', { url: server.url });
    await rig.clock.advance(6_000);
    await delivered(1);
  });

  test('whose Secret holds nonsense is opened again when the Secret was mended', async () => {
    rig.world.secrets.set('root/hook', { url: 'not a url' });
    await rig.receiver('hook', { sink: { webhook: { endpointSecretRef: { name: 'hook', key: 'url' } } } });
    await rig.settle();
    expect(rig.ready('EventReceiver', 'hook')).toMatchObject({ status: 'False', reason: 'InvalidConfig' });
    expect(rig.ready('EventReceiver', 'hook').message).not.toContain('not a url');
    rig.world.secrets.set('root/hook', { url: server.url });
    await rig.clock.advance(16_000);
    await until(() => rig.control.receivers.get('root/hook')!.running !== undefined, 'the sink');
    await rig.settle();
    expect(rig.ready('EventReceiver', 'hook').status).toBe('True');
  });

  test('of a local sink outside of the root namespace is refused with what to do', async () => {
    await rig.receiver('out', { sink: { stdout: {} } }, { namespace: 'shop' });
    await rig.settle();
    expect(rig.ready('EventReceiver', 'shop/out')).toMatchObject({
      status: 'False',
      reason: 'SinkNotAllowed',
    });
    expect(rig.ready('EventReceiver', 'shop/out').message).toContain('--allow-local-sinks shop');
  });
});

describe('grants', () => {
  beforeEach(async () => {
    rig = await createActiveRig();
    await rig.receiver('hook', webhook({}, { allowedRoutes: { namespaces: { from: 'All' } } }), {
      namespace: 'platform',
    });
    await rig.route('mine', { match: [{ receiver: 'platform/hook' }] }, { namespace: 'shop' });
    await rig.settle();
  });

  test('let routes of other namespaces in', async () => {
    await send(1);
    expect(posts()).toHaveLength(1);
    expect(rig.ready('EventRoute', 'shop/mine').status).toBe('True');
  });

  test('that are revoked stop deliveries at once, and are told', async () => {
    await rig.receiver('hook', webhook(), { namespace: 'platform' });
    await rig.settle();
    rig.control.dispatch(podEvent());
    expect(rig.ready('EventRoute', 'shop/mine')).toMatchObject({
      status: 'False',
      reason: 'RefNotPermitted',
    });
    expect(rig.world.status('EventRoute', 'shop/mine').receivers).toMatchObject([
      { reason: 'RefNotPermitted' },
    ]);
    expect(await rig.metric('eventroute_events_discarded_total{', 'RefNotPermitted')).toBe(1);
    expect(posts()).toHaveLength(0);
  });

  test('by labels follow the labels of the namespace within a minute', async () => {
    const selector = { matchLabels: { tier: 'gold' } };
    const spec = webhook({}, { allowedRoutes: { namespaces: { from: 'Selector', selector } } });
    await rig.receiver('hook', spec, { namespace: 'platform' });
    await rig.settle();
    expect(rig.ready('EventRoute', 'shop/mine')).toMatchObject({ reason: 'RefNotPermitted' });
    rig.world.labels.set('shop', { tier: 'gold' });
    await rig.clock.advance(62_000);
    expect(rig.ready('EventRoute', 'shop/mine').status).toBe('True');
  });

  test('that could not be judged for want of an answer are judged again soon', async () => {
    const selector = { matchLabels: { tier: 'gold' } };
    const spec = webhook({}, { allowedRoutes: { namespaces: { from: 'Selector', selector } } });
    rig.world.labels.set('shop', { tier: 'gold' });
    rig.world.before = (what) => {
      if (what === 'namespace') throw new Error('the API server is away');
    };
    await rig.receiver('hook', spec, { namespace: 'platform' });
    await rig
      .route('new', { match: [{ receiver: 'platform/hook' }] }, { namespace: 'shop' })
      .catch(() => undefined);
    await rig.settle();
    expect(rig.log.messages('warn')).toContain(
      'Failed to judge which receivers routes may use; trying again',
    );
    rig.world.before = () => undefined;
    await rig.clock.advance(7_000);
    expect(rig.ready('EventRoute', 'shop/new').status).toBe('True');
  });

  test('of a receiver that waits for its Secret hold already, so that events wait with it', async () => {
    await rig.receiver(
      'later',
      {
        sink: { webhook: { endpointSecretRef: { name: 'later', key: 'url' } } },
        allowedRoutes: { namespaces: { from: 'All' } },
      },
      { namespace: 'platform' },
    );
    await rig.route('mine', { match: [{ receiver: 'platform/later' }] }, { namespace: 'shop' });
    await rig.settle();
    rig.control.dispatch(podEvent());
    expect(rig.control.receivers.get('platform/later')!.tally().pending).toBe(1);
  });

  test('do not tell names of receivers in other namespaces', async () => {
    await rig.route('mine', { match: [{ receiver: 'platform/hok' }] }, { namespace: 'shop' });
    await rig.settle();
    expect(rig.ready('EventRoute', 'shop/mine').message).not.toContain('did you mean');
  });

  test('are asked for once a namespace, however many routes it has', async () => {
    const selector = { matchLabels: { tier: 'gold' } };
    const spec = webhook({}, { allowedRoutes: { namespaces: { from: 'Selector', selector } } });
    rig.world.labels.set('shop', { tier: 'gold' });
    await rig.receiver('hook', spec, { namespace: 'platform' });
    for (const name of ['a', 'b', 'c'])
      await rig.route(name, { match: [{ receiver: 'platform/hook' }] }, { namespace: 'shop' });
    await rig.settle();
    rig.world.asked.length = 0;
    await rig.clock.advance(61_000);
    expect(rig.world.asked).toEqual(['namespace shop']);
  });
});

describe('deletion', () => {
  beforeEach(async () => {
    rig = await createActiveRig();
    await rig.receiver('hook', webhook());
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
  });

  test('of a receiver that is used is told on the route, and its events are counted', async () => {
    await rig.control.removeReceiver({ namespace: 'root', name: 'hook' });
    await rig.settle();
    rig.control.dispatch(podEvent());
    expect(rig.ready('EventRoute', 'all')).toMatchObject({ status: 'False', reason: 'ReceiverNotFound' });
    expect(rig.world.status('EventRoute', 'all').receiversReady).toBe('0/1');
    expect(await rig.metric('eventroute_events_discarded_total{', 'ReceiverNotFound')).toBe(1);
  });

  test('does not keep a receiver of the same name waiting, and its counters begin anew', async () => {
    answer = 503;
    rig.control.dispatch(podEvent());
    await until(() => posts().length === 1, 'the first attempt');
    await rig.control.removeReceiver({ namespace: 'root', name: 'hook' });
    answer = 200;
    await rig.receiver('hook', webhook({ headers: { 'x-new': 'yes' } }), { generation: 1 });
    await rig.settle();
    expect(rig.control.receivers.get('root/hook')!.tally()).toMatchObject({ received: 0 });
    rig.control.dispatch(podEvent());
    await until(() => posts().some(({ headers }) => headers['x-new'] === 'yes'), 'the new receiver');
  });

  test('of a route ends its deliveries, and a new one of its name starts at zero', async () => {
    await send(1);
    await rig.control.removeRoute({ namespace: 'root', name: 'all' });
    rig.control.dispatch(podEvent());
    expect(posts()).toHaveLength(1);
    await rig.route('all', { match: [{ receiver: 'hook' }] }, { generation: 1 });
    await rig.settle();
    expect(rig.world.status('EventRoute', 'all')).toMatchObject({ matched: 0, delivered: 0 });
  });

  test('during a write leaves nothing behind', async () => {
    const { promise: slow, resolve } = Promise.withResolvers<undefined>();
    rig.world.before = (what) => (what === 'write EventReceiver root/hook' ? slow : undefined);
    await rig.receiver('hook', webhook({}, { suspend: true }));
    await rig.settle();
    await rig.control.removeReceiver({ namespace: 'root', name: 'hook' });
    resolve(undefined);
    await rig.settle();
    await rig.receiver('hook', webhook(), { generation: 1, status: { delivered: 7 } });
    await rig.settle();
    expect(rig.world.status('EventReceiver', 'hook')).toMatchObject({ delivered: 7 });
    expect(rig.world.events.filter(({ reason }) => reason === 'Suspended')).toHaveLength(0);
  });
});

describe('Secrets', () => {
  const bearer = { bearer: { tokenSecretRef: { name: 'hook', key: 'token' } } };

  beforeEach(async () => {
    rig = await createActiveRig();
    rig.world.secrets.set('root/hook', { token: 'first-token' });
    await rig.receiver('hook', webhook(bearer));
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
  });

  test('that are rotated are used within a minute', async () => {
    await send(1);
    rig.world.secrets.set('root/hook', { token: 'second-token' });
    const { sink } = rig.control.receivers.get('root/hook')!.running!;
    await rig.clock.advance(61_000);
    await until(() => rig.control.receivers.get('root/hook')!.running!.sink !== sink, 'the new sink');
    await send(1);
    expect(posts().map(({ headers }) => headers.authorization)).toEqual([
      'Bearer first-token',
      'Bearer second-token',
    ]);
  });

  test('that are rotated reach the revision that runs in place of a bad one', async () => {
    await rig.receiver('hook', { sink: {} });
    rig.world.secrets.set('root/hook', { token: 'second-token' });
    const { sink } = rig.control.receivers.get('root/hook')!.running!;
    await rig.clock.advance(61_000);
    await until(() => rig.control.receivers.get('root/hook')!.running!.sink !== sink, 'the new sink');
    await send(1);
    expect(posts().map(({ headers }) => headers.authorization)).toEqual(['Bearer second-token']);
    expect(rig.ready('EventReceiver', 'hook')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
  });

  test('that the system refuses are read again within seconds', async () => {
    answer = 401;
    rig.control.dispatch(podEvent());
    await until(() => rig.control.receivers.get('root/hook')!.tally().failed > 0, 'the refusal');
    rig.world.secrets.set('root/hook', { token: 'second-token' });
    const { sink } = rig.control.receivers.get('root/hook')!.running!;
    await rig.clock.advance(6_000);
    await until(() => rig.control.receivers.get('root/hook')!.running!.sink !== sink, 'the new sink');
  });

  test('that vanish leave the open sink in use, and are told', async () => {
    rig.world.secrets.delete('root/hook');
    await rig.clock.advance(62_000);
    expect(rig.ready('EventReceiver', 'hook')).toMatchObject({ status: 'False', reason: 'SecretNotFound' });
    await send(1);
    expect(posts()).toHaveLength(1);
  });

  test('of which only a CA certificate is used are read again too', async () => {
    rig.world.secrets.set('root/ca', { 'ca.crt': 'no certificate' });
    await rig.receiver('tls', webhook({ tls: { secretRef: { name: 'ca' } } }));
    rig.world.asked.length = 0;
    await rig.clock.advance(62_000);
    expect(rig.world.asked).toContain('secret root/ca');
  });

  test('are not read again because our own status write comes back as a change', async () => {
    rig.world.asked.length = 0;
    await rig.receiver('hook', webhook(bearer), { generation: 1, status: { delivered: 1 } });
    expect(rig.world.asked).toEqual([]);
  });

  test('are in no status, Event or log line, whatever the system answers', async () => {
    await server[Symbol.asyncDispose]();
    server = await startServer((response, { headers }) => {
      response.statusCode = 403;
      response.end(`no: ${JSON.stringify(headers)}`);
    });
    await rig.receiver('hook', webhook(bearer));
    rig.control.dispatch(podEvent());
    await until(() => rig.control.receivers.get('root/hook')!.tally().failed > 0, 'the refusal');
    await rig.clock.advance(11_000);
    const told = JSON.stringify([rig.world.writes, rig.world.events, rig.log.lines]);
    expect(rig.world.status('EventReceiver', 'hook').lastFailure).toMatchObject({ reason: 'Forbidden' });
    expect(told).toContain('***');
    expect(told).not.toContain('first-token');
  });
});

describe('spec.suspend', () => {
  beforeEach(async () => {
    rig = await createActiveRig();
    await rig.receiver('hook', webhook());
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
  });

  test('holds events back and lets them go afterwards', async () => {
    await rig.receiver('hook', webhook({}, { suspend: true }));
    rig.control.dispatch(podEvent());
    await rig.settle();
    expect(rig.ready('EventReceiver', 'hook')).toMatchObject({ status: 'False', reason: 'Suspended' });
    expect(rig.world.events).toContainEqual(expect.objectContaining({ type: 'Normal', reason: 'Suspended' }));
    expect(posts()).toHaveLength(0);
    await rig.receiver('hook', webhook());
    await delivered(1);
    await rig.settle();
    expect(rig.ready('EventReceiver', 'hook').status).toBe('True');
  });

  test('works on a receiver whose new configuration is refused', async () => {
    await rig.receiver('hook', {
      sink: { webhook: { endpointSecretRef: { name: 'gone', key: 'url' } } },
      suspend: true,
    });
    rig.control.dispatch(podEvent());
    await rig.settle();
    expect(rig.condition('EventReceiver', 'hook', 'Delivering')).toMatchObject({ reason: 'Suspended' });
    expect(rig.ready('EventReceiver', 'hook').message).not.toContain('keeps running');
    expect(rig.control.receivers.get('root/hook')!.tally().pending).toBe(1);
  });
});

describe('modes of a route', () => {
  beforeEach(async () => {
    rig = await createActiveRig();
    await rig.receiver('hook', webhook());
  });

  test('Shadow matches and counts, and sends nothing', async () => {
    await rig.route('all', { mode: 'Shadow', match: [{ receiver: 'hook' }] });
    await rig.settle();
    await send(2);
    await rig.clock.advance(11_000);
    expect(rig.ready('EventRoute', 'all')).toMatchObject({ status: 'True', reason: 'Shadow' });
    expect(rig.world.status('EventRoute', 'all')).toMatchObject({ matched: 2, delivered: 0 });
    expect(posts()).toHaveLength(0);
  });

  test('Suspend sends and counts nothing', async () => {
    await rig.route('all', { mode: 'Suspend', match: [{ receiver: 'hook' }] });
    await rig.settle();
    await send(2);
    await rig.clock.advance(11_000);
    expect(rig.ready('EventRoute', 'all')).toMatchObject({ status: 'False', reason: 'Suspended' });
    expect(rig.world.status('EventRoute', 'all')).toMatchObject({ matched: 0 });
  });

  test('two routes that name one receiver send an event once, and both count it', async () => {
    await rig.route('one', { match: [{ receiver: 'hook' }] });
    await rig.route('two', {
      match: [{ receiver: 'root/hook' }],
      routes: [{ match: [{ receiver: 'hook' }] }],
    });
    await rig.settle();
    await send(1);
    await rig.clock.advance(11_000);
    expect(posts()).toHaveLength(1);
    for (const name of ['one', 'two'])
      expect(rig.world.status('EventRoute', name)).toMatchObject({ matched: 1, delivered: 1 });
  });

  test('named nodes are counted, also those that nothing has reached', async () => {
    await rig.route('all', {
      routes: [
        { name: 'used', match: [{ receiver: 'hook' }] },
        { name: 'idle', drop: [{ type: 'Warning' }], match: [{ receiver: 'hook' }] },
        { name: '__proto__', match: [{ reason: 'Never', receiver: 'hook' }] },
      ],
    });
    await rig.settle();
    await send(1);
    await rig.clock.advance(11_000);
    expect(rig.world.status('EventRoute', 'all').nodes).toEqual([
      { name: 'used', matched: 1, dropped: 0 },
      { name: 'idle', matched: 0, dropped: 1 },
      { name: '__proto__', matched: 0, dropped: 0 },
    ]);
  });
});

describe('a standby', () => {
  test('opens, writes and reads nothing until it is activated, and then goes on from the newest counters', async () => {
    rig = createRig();
    const status = (delivered: number) => ({ delivered, matched: delivered, conditions: [] });
    const route = { match: [{ receiver: 'hook' }] };
    await rig.receiver('hook', webhook(), { generation: 1, status: status(10) });
    await rig.route('all', route, { generation: 1, status: status(10) });
    await rig.metrics.render(true);
    await rig.clock.advance(5_000);
    await rig.receiver('hook', webhook(), { generation: 1, status: status(20) });
    await rig.route('all', route, { generation: 1, status: status(20) });
    expect(server.requests).toHaveLength(0);
    expect(rig.world.writes).toHaveLength(0);

    await rig.control.activate();
    await send(1);
    await rig.clock.advance(11_000);
    expect(rig.world.status('EventReceiver', 'hook')).toMatchObject({ delivered: 21 });
    expect(rig.world.status('EventRoute', 'all')).toMatchObject({ matched: 21, delivered: 21 });
    expect(rig.ready('EventRoute', 'all').status).toBe('True');
  });

  test('that is stopped while it is activated begins nothing', async () => {
    rig = createRig();
    await rig.receiver('hook', webhook());
    const activated = rig.control.activate();
    await rig.control.stop({ graceMs: 0 });
    await activated;
    expect(rig.clock.timers).toBe(0);
    expect(rig.world.writes).toHaveLength(0);
  });

  test('does not wait for a receiver that is slow to open, and claims nothing about it', async () => {
    rig = createRig();
    rig.world.before = (what) => (what === 'secret' ? new Promise<void>(() => undefined) : undefined);
    await rig.receiver('slow', { sink: { webhook: { endpointSecretRef: { name: 'x', key: 'y' } } } });
    await rig.receiver('hook', webhook());
    await rig.route('all', { match: [{ receiver: 'hook' }, { receiver: 'slow' }] });
    const activated = rig.control.activate();
    await until(() => rig.control.receivers.get('root/hook')?.judgedGeneration === 1, 'the quick one');
    await rig.clock.advance(5_000);
    await activated;
    await rig.settle();
    expect(rig.ready('EventReceiver', 'hook').status).toBe('True');
    expect(rig.ready('EventRoute', 'all')).toMatchObject({ status: 'Unknown', reason: 'Pending' });
    expect(rig.world.events.filter(({ type }) => type === 'Warning')).toEqual([]);
  });
});

describe('health of a receiver', () => {
  test('is that of its check before anything was delivered, without a claim to be ready first', async () => {
    rig = await createActiveRig();
    const { url } = server;
    await server[Symbol.asyncDispose]();
    await rig.receiver('dead', { sink: { webhook: { endpoint: url } } });
    await rig.settle();
    expect(rig.ready('EventReceiver', 'dead')).toMatchObject({ status: 'False', reason: 'Unreachable' });
    expect(rig.world.events.map(({ reason }) => reason)).toEqual(['DeliveryFailing']);
    server = await startServer();
  });

  test('is asked for again after a new revision, whatever the one before delivered', async () => {
    rig = await createActiveRig();
    await rig.receiver('hook', webhook());
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
    await send(1);
    const other = await startServer();
    await other[Symbol.asyncDispose]();
    await rig.clock.advance(1_000);
    await rig.receiver('hook', { sink: { webhook: { endpoint: other.url } } });
    await rig.settle();
    expect(rig.ready('EventReceiver', 'hook')).toMatchObject({ status: 'False', reason: 'Unreachable' });
  });

  test('does not hold up the others when a check gets no answer', async () => {
    rig = await createActiveRig();
    const sockets: Socket[] = [];
    const mute = createServer((socket) => void sockets.push(socket));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as AddressInfo;
    const applied = rig.receiver('mute', { sink: { webhook: { endpoint: `https://127.0.0.1:${port}` } } });
    await until(() => sockets.length === 1, 'the check');
    await rig.clock.advance(1_100);
    await applied;
    await rig.receiver('bad', {});
    await rig.clock.advance(1_100);
    expect(rig.ready('EventReceiver', 'bad')).toMatchObject({ reason: 'InvalidSpec' });
    expect(rig.condition('EventReceiver', 'mute', 'Delivering')).toMatchObject({ reason: 'Idle' });
    for (const socket of sockets) socket.destroy();
    mute.close();
  });
});

describe('writes that fail', () => {
  test('are tried again with growing waits, and lose no transition', async () => {
    rig = await createActiveRig();
    const attempts: number[] = [];
    rig.world.before = (what) => {
      if (!what.startsWith('write')) return;
      attempts.push(rig.clock.now());
      throw new Error('the API server is away');
    };
    await rig.receiver('hook', webhook());
    await rig.clock.advance(20_000);
    expect(attempts.length).toBeGreaterThan(2);
    expect(attempts.length).toBeLessThan(8);
    rig.world.before = () => undefined;
    await rig.clock.advance(31_000);
    expect(rig.ready('EventReceiver', 'hook').status).toBe('True');
    expect(rig.world.events.map(({ reason }) => reason)).toEqual(['Ready']);
  });

  test('of a crowd of objects are made a few at a time', async () => {
    rig = await createActiveRig();
    let running = 0;
    let most = 0;
    rig.world.before = async (what) => {
      if (!what.startsWith('write')) return;
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    };
    for (let index = 0; index < 100; index += 1) await rig.route(`route-${index}`, {});
    await rig.clock.advance(50);
    await until(() => rig.world.writes.length >= 100, 'all writes');
    expect(most).toBeLessThanOrEqual(8);
  });
});

describe('batches', () => {
  test('are as large as the configuration of the sink suggests', async () => {
    rig = await createActiveRig();
    await rig.receiver('hook', webhook({ encoding: 'NDJSON' }));
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
    for (let index = 0; index < 5; index += 1) rig.control.dispatch(podEvent());
    await rig.clock.advance(1_500);
    await delivered(1);
    expect(posts()[0]!.body.trimEnd().split('\n')).toHaveLength(5);
  });
});
