import { type Occurrence } from '../../operator/event/occurrence.ts';
import { until } from '../kube/until.ts';
import { startServer, type TestServer } from '../sink-kit/http-server.ts';
import { FakeHistory } from './fake-history.ts';
import { createRig, podEvent, type ObjectParts, type Rig } from './rig.ts';

let rig: Rig;
let server: TestServer;
let history: FakeHistory;

beforeEach(async () => {
  history = new FakeHistory();
  server = await startServer((response, { method }) => {
    response.statusCode = method === 'POST' ? 200 : 204;
    response.end();
  });
});

afterEach(async () => {
  await rig.control.stop({ graceMs: 0 });
  await server[Symbol.asyncDispose]();
});

/** The receiver `hook` with a rate limit of 10 a minute. */
const hook = (more: object = {}): object => ({
  sink: {
    webhook: {
      endpoint: `${server.url}/hook`,
      layout: { key: '{{ .IdempotencyKey }}', text: '{{ .Message }}', routes: '{{ len .Routes }}' },
    },
  },
  delivery: { rateLimit: { events: 10, per: '1m' }, buffer: { maxEvents: 100 } },
  ...more,
});

/** Begins a life of the operator, in which the route `all` sends to `hook`. */
async function begin(parts: ObjectParts = {}, more: object = {}): Promise<void> {
  rig = createRig({ history });
  await rig.control.activate();
  await rig.receiver('hook', hook(more), parts);
  await rig.route('all', { match: [{ receiver: 'hook' }] });
  await rig.settle();
  rig.control.follow(history.events.at(-1)?.position ?? '0');
}

/** Lets Events happen, at the API server and live. */
function happen(count: number): Occurrence[] {
  return Array.from({ length: count }, () => {
    const occurrence = podEvent({ reason: 'BackOff' });
    history.events.push(occurrence);
    rig.control.dispatch(occurrence);
    return occurrence;
  });
}

const got = (): { key: string; text: string; routes: string }[] =>
  server.requests
    .filter(({ method }) => method === 'POST')
    .map(({ body }) => JSON.parse(body) as { key: string; text: string; routes: string });
const tally = () => {
  const found = rig.control.receivers.get('root/hook');
  if (found === undefined) throw new Error('there is no receiver');
  return found.tally();
};
const quiet = () => until(() => tally().pending === 0, 'the end of all deliveries');

describe('a receiver with a rate limit', () => {
  it('counts what was held back as dropped, and its summary as an event of no route', async () => {
    await begin();
    happen(60);
    await quiet();
    expect(got()).toHaveLength(10);
    await rig.clock.advance(61_000);
    await until(() => got().length === 11, 'the summary');
    await quiet();
    await rig.clock.advance(11_000);
    expect(got()[10]).toMatchObject({
      text: expect.stringMatching(
        /^50 events of .* were held back by the rate limit of 10 per 1m: 50 BackOff of Pod$/,
      ) as unknown,
      routes: '0',
    });
    expect(await rig.metric('eventroute_receiver_dropped_total', 'reason="RateLimited"')).toBe(50);
    expect(await rig.metric('eventroute_receiver_concurrency', 'receiver="hook"')).toBe(4);
    expect(await rig.metric('eventroute_unaccounted_events{')).toBe(0);
    const { status } = rig.world;
    expect(status('EventReceiver', 'hook')).toMatchObject({ delivered: 11, dropped: 50, pending: 0 });
    expect(status('EventRoute', 'all')).toMatchObject({ matched: 60, delivered: 10, pending: 0 });
  });

  it('lets its checkpoint pass what was held back: a later life does not send that', async () => {
    await begin();
    const last = happen(60).at(-1);
    await quiet();
    await rig.clock.advance(11_000);
    const { checkpoint } = rig.world.status('EventReceiver', 'hook');
    expect(checkpoint?.resourceVersion).toBe(last?.position);

    // the first life is not stopped: it crashed
    await begin({ status: { checkpoint } });
    await rig.clock.advance(5_000);
    expect([got().length, tally().received]).toEqual([10, 0]);
  });

  it('makes a few events and a summary of what came while it was suspended', async () => {
    await begin({}, { suspend: true });
    happen(500);
    await rig.clock.advance(600_000);
    expect(tally()).toMatchObject({ received: 100, pending: 100, dropped: 0 });
    await rig.receiver('hook', hook({ suspend: false }));
    await rig.settle();
    for (let second = 0; second < 130; second += 1) {
      await rig.clock.advance(1_000);
      await quiet();
    }
    const texts = got().filter(({ text }) => text.includes('held back'));
    const told = texts.reduce((sum, { text }) => sum + parseInt(text, 10), 0);
    expect(texts.length).toBeGreaterThan(0);
    expect(told + got().length - texts.length).toBe(500);
    expect(got().length).toBeLessThan(40);
    expect(await rig.metric('eventroute_unaccounted_events{')).toBe(0);
  });

  it('is told of what was held back before the operator stops', async () => {
    await begin();
    happen(25);
    await quiet();
    await rig.control.stop({ graceMs: 5_000 });
    expect(got().at(-1)?.text).toMatch(/^15 events /);
    expect(rig.world.status('EventReceiver', 'hook')).toMatchObject({
      delivered: 11,
      dropped: 15,
      pending: 0,
    });
  });
});
