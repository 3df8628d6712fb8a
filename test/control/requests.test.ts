import { type History } from '../../operator/control/history.ts';
import { type Occurrence } from '../../operator/event/occurrence.ts';
import { type RequestStatus } from '../../operator/status/request-status.ts';
import { until } from '../kube/until.ts';
import { startServer, type TestServer } from '../sink-kit/http-server.ts';
import { createRig, podEvent, type ObjectParts, type Rig } from './rig.ts';

/** What an API server holds, in order. */
class FakePast implements History {
  held: Occurrence[] = [];
  failures: Error[] = [];
  reads = 0;

  async replay({ after, signal, onOccurrence }: Parameters<History['replay']>[0]) {
    this.reads += 1;
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    const upTo = this.held.at(-1)?.position ?? '0';
    for (const occurrence of this.held.filter(({ position }) => this.compare(position, after) > 0)) {
      await Promise.resolve();
      signal.throwIfAborted();
      if ((await onOccurrence(occurrence)) === 'enough') return { upTo, reachesBack: true, isWhole: false };
    }
    return { upTo, reachesBack: true, isWhole: true };
  }

  compare(one: string, other: string): number {
    return Number(one) - Number(other);
  }
}

let rig: Rig;
let past: FakePast;
let server: TestServer;
let answer: number;
const rigs: Rig[] = [];

const findEvent = (key: { namespace: string; name: string }) =>
  Promise.resolve(
    past.held.find(({ event }) => event.namespace === key.namespace && event.name === key.name),
  );
const start = async (): Promise<Rig> => {
  rig = createRig({ history: past, findEvent, clusterName: 'test' });
  rigs.push(rig);
  await rig.control.activate();
  rig.control.follow('100000');
  return rig;
};

beforeEach(async () => {
  answer = 200;
  server = await startServer((response, { method }) => {
    response.statusCode = method === 'POST' ? answer : 204;
    response.end();
  });
  past = new FakePast();
  await start();
});

afterEach(async () => {
  for (const one of rigs.splice(0)) await one.control.stop({ graceMs: 0 });
  await server[Symbol.asyncDispose]();
});

const hook = (more: Record<string, unknown> = {}) => ({
  sink: { webhook: { endpoint: `${server.url}/hook` } },
  ...more,
});
const asked = '2026-01-01T00:00:00.500Z';
/** Writes an annotation of the receiver `hook`, as kubectl does: the specification stays. */
const annotate = (
  name: string,
  value: string,
  { spec = hook(), ...parts }: ObjectParts & { spec?: unknown } = {},
) =>
  rig.receiver('hook', spec, {
    generation: 1,
    annotations: { [`eventroute.dev/${name}`]: value },
    creationTimestamp: '2026-01-01T00:00:00Z',
    ...parts,
  });
const posts = () => server.requests.filter(({ method }) => method === 'POST');
const keys = () => posts().map(({ headers }) => headers['idempotency-key']);
const tally = () => rig.control.receivers.get('root/hook')!.tally();
const status = () => rig.control.statuses.receiverStatus('root/hook')!;
const request = (name: string): RequestStatus => {
  const found = status().requests?.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no answer to ${name}`);
  return found;
};
const ended = (name: string) =>
  until(() => status().requests?.find((one) => one.name === name)?.state !== 'Running', `the end of ${name}`);
const isAccountedFor = () => {
  const { received, delivered, dropped, deadLettered, pending } = tally();
  return received === delivered + dropped + deadLettered + pending;
};

describe('send-test', () => {
  it('delivers one event about the receiver itself, and tells where it went and how long that took', async () => {
    await rig.receiver('hook', hook());
    await annotate('send-test', `${asked} by=alice`);
    await ended('send-test');
    await rig.settle();

    expect(request('send-test')).toMatchObject({
      state: 'Done',
      requestedAt: `${asked} by=alice`,
      events: 1,
    });
    expect(request('send-test').message).toMatch(
      new RegExp(`^delivered to webhook \\(${server.host}\\) in \\d+ ms$`),
    );
    const [post] = posts();
    expect(JSON.parse(post!.body)).toMatchObject({
      reason: 'Test',
      type: 'Normal',
      clusterName: 'test',
      reportingComponent: 'eventroute.dev/controller',
      involvedObject: { kind: 'EventReceiver', namespace: 'root', name: 'hook' },
      message: expect.stringContaining('asked for by alice at 2026-01-01T00:00:00Z') as string,
    });
    expect(tally()).toMatchObject({ received: 1, delivered: 1, pending: 0 });
    expect(rig.world.status('EventReceiver', 'hook').requests).toMatchObject([{ state: 'Done' }]);
  });

  it('is handled once, though the object changes, and again when it is asked for again', async () => {
    await rig.receiver('hook', hook());
    await annotate('send-test', asked);
    await ended('send-test');
    await annotate('send-test', asked);
    await rig.clock.advance(5_000);
    expect(posts()).toHaveLength(1);

    await annotate('send-test', '2026-01-01T00:00:09Z');
    await until(() => posts().length === 2, 'the second test');
    expect(new Set(keys()).size).toBe(2);
  });

  it('tells the failure after one attempt; the event is dropped, and no dead letter', async () => {
    answer = 503;
    await rig.receiver('hook', hook());
    await annotate('send-test', asked);
    await ended('send-test');
    await rig.clock.advance(60_000);

    expect(request('send-test')).toMatchObject({ state: 'Failed' });
    expect(request('send-test').message).toMatch(/^ServerError: .*503/);
    expect(posts()).toHaveLength(1);
    expect(tally()).toMatchObject({ received: 1, dropped: 1, pending: 0 });
    expect(status().deadLetters).toBeUndefined();
  });

  it('of a receiver that cannot be used fails with what is wrong with it', async () => {
    await rig.receiver('hook', { sink: { webhook: {} } });
    await annotate('send-test', asked, { spec: { sink: { webhook: {} } } });
    await ended('send-test');

    expect(request('send-test').state).toBe('Failed');
    expect(request('send-test').message).toMatch(/^InvalidSpec: .*endpoint/);
    expect(tally().received).toBe(0);
  });

  it('of a suspended receiver waits with its events, and says so', async () => {
    await rig.receiver('hook', hook({ suspend: true }));
    await annotate('send-test', asked);
    await rig.clock.advance(1_100);
    expect(request('send-test')).toMatchObject({ state: 'Running' });
    expect(request('send-test').message).toContain('spec.suspend is true');
    expect(isAccountedFor()).toBe(true);

    await annotate('send-test', asked, { spec: hook(), generation: 2 });
    await ended('send-test');
    expect(request('send-test').state).toBe('Done');
  });

  it('that was under way when the operator ended is begun again with the same key', async () => {
    const running = { name: 'send-test', requestedAt: asked, state: 'Running' };
    await annotate('send-test', asked, { status: { requests: [running] } });
    await ended('send-test');
    await start();
    await annotate('send-test', asked, { status: { requests: [running] } });
    await ended('send-test');
    expect(new Set(keys()).size).toBe(1);
    expect(posts()).toHaveLength(2);

    await start();
    await annotate('send-test', asked, { status: { requests: [{ ...running, state: 'Done' }] } });
    await rig.clock.advance(5_000);
    expect(posts()).toHaveLength(2);
    expect(request('send-test')).toMatchObject({ state: 'Done' });
  });

  it('that a copied manifest brings along is ignored', async () => {
    await annotate('send-test', '2025-12-31T00:00:00Z');
    await rig.clock.advance(5_000);

    expect(status().requests).toBeUndefined();
    expect(posts()).toHaveLength(0);
  });

  it.each([
    ['now', 'it begins with "now"'],
    ['2026-01-01T00:00:00Z please', 'it holds "please"'],
    ['', 'it begins with nothing'],
  ])('that reads `%s` is answered with what is wrong', async (value, why) => {
    await annotate('send-test', value);
    await ended('send-test');

    expect(request('send-test').message).toContain(why);
    expect(request('send-test').message).toContain('eventroute.dev/send-test must be TIME');
  });

  it('that is delivered while the operator stops is answered before it ends', async () => {
    await rig.receiver('hook', hook());
    await rig.settle();
    await annotate('send-test', asked);
    const stopping = rig.control.stop({ graceMs: 5_000 });
    await until(() => posts().length === 1, 'the test');
    await stopping;

    expect(rig.world.status('EventReceiver', 'hook').requests).toMatchObject([{ state: 'Done' }]);
  });

  it('is about an object with the labels of the receiver, and without its annotations', async () => {
    const layout = {
      owner: '{{ .InvolvedObject.Labels.owner }}',
      all: '{{ toJson .InvolvedObject.Annotations }}',
    };
    const spec = { sink: { webhook: { endpoint: `${server.url}/hook`, layout } } };
    await annotate('send-test', asked, { spec, labels: { owner: 'payments' } });
    await ended('send-test');

    expect(JSON.parse(posts()[0]!.body)).toEqual({ owner: 'payments', all: 'null' });
  });

  it('waits for the leader', async () => {
    rig = createRig({ history: past, findEvent });
    rigs.push(rig);
    await annotate('send-test', asked);
    await rig.clock.advance(5_000);
    expect(posts()).toHaveLength(0);

    await rig.control.activate();
    rig.control.follow('100000');
    await until(() => posts().length === 1, 'the test');
  });
});

describe('replay', () => {
  const fill = (count: number, time = '2026-01-01T00:00:00Z') => {
    for (let index = 0; index < count; index += 1) past.held.push(podEvent({ time }));
  };

  it('sends again what the routes of this moment send here since a time, with the same keys, and counts no match', async () => {
    fill(2, '2025-12-31T23:00:00Z');
    fill(3);
    past.held.push(podEvent({ reason: 'Other' }));
    await rig.receiver('hook', hook());
    await rig.route('all', { match: [{ reason: 'BackOff', receiver: 'hook' }] });
    await rig.settle();
    await annotate('replay', `${asked} since=2025-12-31T23:30:00Z`);
    await ended('replay');
    await rig.clock.advance(11_000);

    expect(request('replay')).toMatchObject({ state: 'Done', events: 3, message: '3 of 3 delivered' });
    expect(keys().sort()).toEqual(
      past.held
        .slice(2, 5)
        .map(({ key }) => key)
        .sort(),
    );
    expect(rig.world.status('EventRoute', 'all')).toMatchObject({ matched: 0, delivered: 0, pending: 0 });
    expect(tally()).toMatchObject({ received: 3, delivered: 3 });
  });

  it('takes a duration, and says how far the API server reaches back', async () => {
    await rig.receiver('hook', hook());
    await annotate('replay', `${asked} since=2h`);
    await ended('replay');

    expect(request('replay')).toMatchObject({ state: 'Done', events: 0 });
    expect(request('replay').message).toBe(
      'no Event since 2025-12-31T22:00:00.500Z goes to this receiver by the routes of this moment; the API server keeps Events for 1h',
    );
  });

  it('waits for room, leaves half of the buffer to live events, drops nothing and repeats nothing', async () => {
    answer = 503;
    fill(40);
    const spec = hook({
      delivery: {
        buffer: { maxEvents: 8, onFull: 'DropNewest' },
        retry: { initial: '1s', max: '1s', maxAge: '24h' },
      },
    });
    await rig.receiver('hook', spec);
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
    await annotate('replay', `${asked} since=1h`, { spec });
    await rig.clock.advance(3_000);
    expect(tally()).toMatchObject({ received: 4, pending: 4, dropped: 0 });
    expect(request('replay')).toMatchObject({ state: 'Running', events: 4 });
    expect(request('replay').message).toMatch(
      /^0 of 4 delivered, goes on reading; the last attempt failed: ServerError/,
    );
    const live = podEvent();
    rig.control.dispatch(live);
    expect(tally()).toMatchObject({ received: 5, dropped: 0 });

    answer = 200;
    const goOn = async () => {
      await rig.clock.advance(1_000);
      return request('replay').state !== 'Running';
    };
    for (let turn = 0; turn < 300 && !(await goOn()); turn += 1) await new Promise(setImmediate);
    expect(request('replay')).toMatchObject({ state: 'Done', events: 40, message: '40 of 40 delivered' });
    expect(tally()).toMatchObject({ received: 41, delivered: 41, dropped: 0, pending: 0 });
    const taken = server.requests.filter(({ method }) => method === 'POST').length;
    expect(taken).toBeGreaterThanOrEqual(41);
    expect(new Set(keys()).size).toBe(41);
  }, 30_000);

  it('is read again after a failure', async () => {
    fill(2);
    past.failures.push(new Error('the API server is away'));
    await rig.receiver('hook', hook());
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
    await annotate('replay', `${asked} since=1h`);
    await rig.clock.advance(1_100);
    expect(request('replay').message).toContain('could not be read: the API server is away');

    await rig.clock.advance(10_000);
    await ended('replay');
    expect(request('replay')).toMatchObject({ state: 'Done', events: 2 });
  });

  it('ends when its annotation is taken away', async () => {
    fill(2);
    await rig.receiver('hook', hook({ suspend: true }));
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
    await annotate('replay', `${asked} since=1h`);
    await rig.clock.advance(1_100);
    expect(request('replay')).toMatchObject({ state: 'Running', events: 2 });

    await rig.receiver('hook', hook({ suspend: true }), { generation: 1 });
    expect(request('replay')).toMatchObject({ state: 'Failed', events: 2 });
    expect(request('replay').message).toContain('withdrawn');
  });

  it('goes on where a part of the past ends, and leaves out what is told live', async () => {
    fill(6);
    const whole = past.replay.bind(past);
    // as a past in several pieces does: an early end tells of no more than the piece that it was in
    past.replay = async (retelling) => {
      const told = await whole(retelling);
      return told.isWhole ? told : { ...told, upTo: past.held[2]!.position };
    };
    past.held.push({ ...podEvent(), position: '100001' });
    const spec = hook({ delivery: { buffer: { maxEvents: 4 } } });
    await rig.receiver('hook', spec);
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
    await annotate('replay', `${asked} since=1h`, { spec });
    const goOn = async () => {
      await rig.clock.advance(1_000);
      return request('replay').state !== 'Running';
    };
    for (let turn = 0; turn < 300 && !(await goOn()); turn += 1) await new Promise(setImmediate);

    expect(request('replay')).toMatchObject({ state: 'Done', events: 6 });
    expect(past.reads).toBeGreaterThan(1);
    expect(new Set(keys())).toEqual(new Set(past.held.slice(0, 6).map(({ key }) => key)));
  });

  it('gives way to a newer one', async () => {
    fill(2, '2025-12-31T23:10:00Z');
    fill(1);
    await rig.receiver('hook', hook({ suspend: true }));
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
    await annotate('replay', `${asked} since=1h`);
    await rig.clock.advance(1_100);
    await annotate('replay', `${asked} since=10m`);
    await rig.clock.advance(1_100);

    expect(request('replay')).toMatchObject({
      requestedAt: `${asked} since=10m`,
      state: 'Running',
      events: 1,
    });
    expect(isAccountedFor()).toBe(true);
  });

  it('holds the checkpoint until its events have ended', async () => {
    fill(2);
    await rig.receiver('hook', hook({ suspend: true }));
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
    await annotate('replay', `${asked} since=1h`);
    await rig.clock.advance(1_100);
    rig.control.dispatch({ ...podEvent(), position: '100001' });

    expect(rig.control.receivers.get('root/hook')!.checkpoint()).toMatchObject({ position: '100000' });
  });

  it('without a since is answered with how it is written', async () => {
    await annotate('replay', asked);
    await ended('replay');
    expect(request('replay').message).toContain(
      'eventroute.dev/replay must be TIME since=TIME, or TIME since=DURATION (times such as 2026-01-31T12:00:00Z): it has no since=',
    );
  });
});

describe('dead letters', () => {
  const giveUp = async (count: number): Promise<Occurrence[]> => {
    const events = Array.from({ length: count }, () => podEvent());
    past.held.push(...events);
    for (const event of events) rig.control.dispatch(event);
    await until(() => tally().pending === 0, 'the end of all deliveries');
    return events;
  };
  const begin = async (spec = hook()) => {
    await rig.receiver('hook', spec);
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
    answer = 400;
  };

  it('are listed with their story, latest first, at most twenty; more are held', async () => {
    await begin();
    const events = await giveUp(25);
    await rig.clock.advance(11_000);

    const { deadLetters = [], deadLettersHeld } = rig.world.status('EventReceiver', 'hook');
    expect(deadLettersHeld).toBe(25);
    expect(deadLetters).toHaveLength(20);
    const last = events.at(-1)!;
    expect(deadLetters.find(({ key }) => key === last.key)).toMatchObject({
      event: `shop/${last.event.name}`,
      involvedObject: `Pod shop/${last.event.involvedObject.name}`,
      reason: 'Rejected',
      message: expect.stringContaining('400') as string,
      attempts: 1,
    });
  });

  it('are not those that a dead-letter receiver got, nor those that the buffer policy dropped', async () => {
    await rig.receiver('archive', { sink: { webhook: { endpoint: `${server.url}/archive` } } });
    await begin(hook({ delivery: { deadLetterRef: { name: 'archive' } } }));
    answer = 200;
    const refusing = await startServer((response) => {
      response.statusCode = 400;
      response.end();
    });
    const spec = {
      sink: { webhook: { endpoint: refusing.url } },
      delivery: { deadLetterRef: { name: 'archive' } },
    };
    await rig.receiver('hook', spec);
    await giveUp(1);
    expect(tally()).toMatchObject({ deadLettered: 1 });
    expect(status().deadLettersHeld).toBeUndefined();
    await refusing[Symbol.asyncDispose]();
  });

  it('that the dead-letter receiver gave up as well are held by the first alone, with both reasons', async () => {
    const to = { delivery: { deadLetterRef: { name: 'archive' } } };
    await rig.receiver('archive', { sink: { webhook: { endpoint: `${server.url}/archive` } } });
    await begin(hook(to));
    const [event] = await giveUp(1);

    expect(status().deadLetters).toMatchObject([{ key: event!.key, reason: 'Rejected' }]);
    expect(status().deadLetters![0]!.message).toContain('the dead-letter receiver root/archive gave it up');
    expect(rig.control.statuses.receiverStatus('root/archive')!.deadLettersHeld).toBeUndefined();

    answer = 200;
    await annotate('retry-dead-letters', asked, { spec: hook(to) });
    await ended('retry-dead-letters');
    expect(status().deadLettersHeld).toBeUndefined();
  });

  it('of a full buffer that drops are none', async () => {
    const spec = hook({ suspend: true, delivery: { buffer: { maxEvents: 1, onFull: 'DropOldest' } } });
    await rig.receiver('hook', spec);
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
    for (let index = 0; index < 3; index += 1) rig.control.dispatch(podEvent());

    expect(tally()).toMatchObject({ dropped: 2, pending: 1 });
    expect(status().deadLettersHeld).toBeUndefined();
  });

  it('are delivered again with their keys, and leave the list', async () => {
    await begin();
    const events = await giveUp(3);
    answer = 200;
    await annotate('retry-dead-letters', `${asked} ${events[0]!.key}`);
    await ended('retry-dead-letters');
    expect(request('retry-dead-letters')).toMatchObject({
      state: 'Done',
      events: 1,
      message: '1 of 1 delivered',
    });
    expect(keys().at(-1)).toBe(events[0]!.key);
    expect(status().deadLettersHeld).toBe(2);

    await annotate('retry-dead-letters', '2026-01-01T00:00:09Z');
    await ended('retry-dead-letters');
    expect(status().deadLettersHeld).toBeUndefined();
    expect(status().deadLetters).toBeUndefined();
    expect(tally()).toMatchObject({ received: 6, delivered: 3, dropped: 3 });
    expect(isAccountedFor()).toBe(true);
  });

  it('that are given up again stay, and the answer says why', async () => {
    await begin();
    await giveUp(2);
    await annotate('retry-dead-letters', asked);
    await ended('retry-dead-letters');

    expect(request('retry-dead-letters')).toMatchObject({ state: 'Failed', events: 2 });
    expect(request('retry-dead-letters').message).toMatch(
      /^0 of 2 delivered, 2 given up \(the last: Rejected: .*400/,
    );
    expect(status().deadLettersHeld).toBe(2);
  });

  it('of before a restart are read from the API server again, with their own keys', async () => {
    await begin();
    const [there, gone, other] = await giveUp(3);
    await rig.clock.advance(11_000);
    const { deadLetters } = rig.world.status('EventReceiver', 'hook');
    past.held = [there!, { ...other!, event: { ...other!.event, uid: 'another' } }];
    answer = 200;
    await start();
    server.requests.splice(0);
    await annotate('retry-dead-letters', asked, { status: { deadLetters } });
    await ended('retry-dead-letters');

    expect(gone).toBeDefined();
    expect(request('retry-dead-letters')).toMatchObject({ state: 'Failed', events: 1 });
    expect(request('retry-dead-letters').message).toBe(
      '1 of 1 delivered; 2 cannot be sent: the API server no longer holds their Events',
    );
    expect(keys()).toEqual([there!.key]);
    expect(status().deadLettersHeld).toBe(2);
  });

  it('are forgotten when asked for, by key or all', async () => {
    await begin();
    const events = await giveUp(3);
    await annotate('drop-dead-letters', `${asked} ${events[1]!.key} nothing`);
    await ended('drop-dead-letters');
    expect(request('drop-dead-letters')).toMatchObject({
      state: 'Failed',
      message: '1 forgotten; not of dead letters here: 1 of the keys',
    });
    expect(status().deadLettersHeld).toBe(2);

    await annotate('drop-dead-letters', '2026-01-01T00:00:09Z');
    expect(request('drop-dead-letters')).toMatchObject({ state: 'Done', message: '2 forgotten' });
    expect(status().deadLettersHeld).toBeUndefined();
  });

  it('are not held for a receiver that is gone', async () => {
    await begin();
    await giveUp(1);
    await rig.control.removeReceiver({ namespace: 'root', name: 'hook' });
    await rig.receiver('hook', hook());
    await rig.settle();

    expect(status().deadLettersHeld).toBeUndefined();
  });
});
