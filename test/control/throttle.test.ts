import { type Occurrence } from '../../operator/event/occurrence.ts';
import { until } from '../kube/until.ts';
import { startServer, type TestServer } from '../sink-kit/http-server.ts';
import { FakeHistory } from './fake-history.ts';
import { createRig, podEvent, type ObjectParts, type Rig } from './rig.ts';

const minute = 60_000;
const perTen = { by: ['reason'], per: '10m' };

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

/** Begins a life of the operator, in which `hook` is a receiver and `all` a route that throttles to it. */
async function begin(parts: ObjectParts = {}): Promise<void> {
  rig = createRig({ history });
  await rig.control.activate();
  const layout = { key: '{{ .IdempotencyKey }}', folded: '{{ .FoldedOccurrences }}' };
  const spec = { sink: { webhook: { endpoint: `${server.url}/hook`, layout } } };
  await rig.receiver('hook', spec, parts);
  await rig.route('all', { match: [{ receiver: 'hook', throttle: perTen }] });
  await rig.settle();
  rig.control.follow(history.events.at(-1)?.position ?? '0');
}

/** Lets an Event happen, at the API server and live. */
function happen(reason = 'BackOff'): Occurrence {
  const occurrence = podEvent({ reason });
  history.events.push(occurrence);
  rig.control.dispatch(occurrence);
  return occurrence;
}

const got = (): unknown[] =>
  server.requests
    .filter(({ method }) => method === 'POST')
    .map(({ body }) => {
      const { key, folded } = JSON.parse(body) as { key: string; folded: string };
      return [key, folded];
    });
const tally = () => {
  const found = rig.control.receivers.get('root/hook');
  if (found === undefined) throw new Error('there is no receiver');
  return found.tally();
};
const quiet = () => until(() => tally().pending === tally().held, 'the end of all deliveries');

describe('a route that throttles', () => {
  it('sends the first event and then, for all others of the window, the last', async () => {
    await begin();
    const flood = Array.from({ length: 5 }, () => happen());
    const other = happen('Failed');
    await quiet();
    expect(got()).toEqual([
      [flood[0]?.key, '0'],
      [other.key, '0'],
    ]);
    expect(tally()).toMatchObject({ received: 6, delivered: 2, dropped: 3, held: 1, pending: 1 });
    expect(await rig.metric('eventroute_receiver_held')).toBe(1);
    await rig.clock.advance(10 * minute);
    await quiet();
    expect(got().at(-1)).toEqual([flood[4]?.key, '3']);
    await rig.clock.advance(11_000);
    expect(await rig.metric('eventroute_receiver_dropped_total', 'reason="Folded"')).toBe(3);
    expect(await rig.metric('eventroute_unaccounted_events{')).toBe(0);
    expect(rig.world.status('EventReceiver', 'hook')).toMatchObject({ delivered: 3, pending: 0 });
    expect(rig.world.status('EventRoute', 'all')).toMatchObject({ matched: 6, delivered: 3, pending: 0 });
  });

  it('throttles nothing for a rule of another route that sends at once', async () => {
    await begin();
    await rig.route('more', { match: [{ reason: 'BackOff', receiver: 'hook' }] });
    await rig.settle();
    happen();
    happen();
    await quiet();
    expect(got()).toHaveLength(2);
  });

  it('asks neither routes that send nothing nor routes that may not send', async () => {
    await begin();
    await rig.route('shadow', { mode: 'Shadow', match: [{ receiver: 'hook' }] });
    await rig.route('foreign', { match: [{ receiver: 'root/hook' }] }, { namespace: 'shop' });
    await rig.settle();
    happen();
    happen();
    await quiet();
    expect(got()).toHaveLength(1);
    expect(tally()).toMatchObject({ held: 1 });
  });

  it('sends what it held at its time, also when it was deleted meanwhile', async () => {
    await begin();
    happen();
    const held = happen();
    await quiet();
    await rig.control.removeRoute({ namespace: 'root', name: 'all' });
    await rig.clock.advance(10 * minute);
    await quiet();
    expect(got().at(-1)).toEqual([held.key, '0']);
  });

  it('begins new windows when its rule was changed', async () => {
    await begin();
    happen();
    await rig.route('all', { match: [{ receiver: 'hook', throttle: { ...perTen, per: '5m' } }] });
    await rig.settle();
    happen();
    await quiet();
    expect(got()).toHaveLength(2);
  });
});

describe('an event that is held', () => {
  it('comes again after a crash, because the checkpoint waits for it', async () => {
    await begin();
    happen();
    happen();
    await quiet();
    const held = happen();
    await rig.clock.advance(minute);
    const { checkpoint } = rig.world.status('EventReceiver', 'hook');
    expect(Number(checkpoint?.resourceVersion)).toBeLessThan(Number(held.position));
    expect(got()).toHaveLength(1);

    // the first life is not stopped: it crashed
    await begin({ status: { checkpoint } });
    await rig.clock.advance(5_000);
    await until(() => got().length === 2, 'what was held');
    expect(got().at(-1)).toEqual([held.key, '0']);
    await rig.clock.advance(30_000);
    expect(rig.world.status('EventReceiver', 'hook').checkpoint?.resourceVersion).toBe(held.position);
  });

  it('is sent before the operator stops, and does not come again', async () => {
    await begin();
    happen();
    happen();
    const held = happen();
    await rig.control.stop({ graceMs: 5_000 });
    expect(got().at(-1)).toEqual([held.key, '1']);
    const { checkpoint } = rig.world.status('EventReceiver', 'hook');
    expect(checkpoint?.resourceVersion).toBe(held.position);

    await begin({ status: { checkpoint } });
    await rig.clock.advance(5_000);
    expect(got()).toHaveLength(2);
  });

  it('is throttled when it is told again, as live events are', async () => {
    history.events.push(...Array.from({ length: 4 }, () => podEvent()));
    const first = Number(history.events[0]?.position);
    const time = '2026-01-01T00:00:00Z';
    await begin({ status: { checkpoint: { resourceVersion: String(first - 1), time } } });
    await rig.clock.advance(5_000);
    await until(() => got().length === 1, 'the first event');
    expect(tally()).toMatchObject({ received: 4, held: 1, dropped: 2 });
    happen();
    expect(tally()).toMatchObject({ received: 5, held: 1, dropped: 3 });
  });
});
