import { until } from '../kube/until.ts';
import { startServer, type TestServer } from '../sink-kit/http-server.ts';
import { createActiveRig, podEvent, type Rig } from './rig.ts';

let rig: Rig;
let server: TestServer;

/** Refuses what is sent to /reject, and takes the rest. */
beforeEach(async () => {
  server = await startServer((response, { method, url }) => {
    response.statusCode = method === 'POST' && url === '/reject' ? 400 : 200;
    response.end();
  });
  rig = await createActiveRig();
});

afterEach(async () => {
  await rig.control.stop({ graceMs: 0 });
  await server[Symbol.asyncDispose]();
});

const webhook = (path: string, to?: string, more: Record<string, unknown> = {}) => ({
  sink: { webhook: { endpoint: `${server.url}/${path}` } },
  ...(to !== undefined && { delivery: { deadLetterRef: { name: to } } }),
  ...more,
});
const posted = (path: string) =>
  server.requests.filter(({ method, url }) => method === 'POST' && url === `/${path}`);
const tally = (name: string) => rig.control.receivers.get(`root/${name}`)!.tally();
const refs = (name: string) => rig.condition('EventReceiver', name, 'ResolvedRefs');
const pause = async (): Promise<void> => {
  await rig.settle();
  await rig.clock.advance(1_100);
};

describe('deadLetterRef', () => {
  test('sends what a system refuses to the other receiver, with the reason, and counts it', async () => {
    await rig.receiver('hook', webhook('reject', 'archive'));
    await rig.receiver('archive', webhook('archive'));
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
    rig.control.dispatch(podEvent());
    await until(() => tally('hook').deadLettered === 1, 'the dead letter');
    await rig.clock.advance(11_000);

    const [refused] = posted('reject');
    const [letter] = posted('archive');
    const document = JSON.parse(letter!.body) as { deadLetter: Record<string, unknown> };
    expect(document.deadLetter).toMatchObject({ reason: 'Rejected', attempts: 1, receiver: 'root/hook' });
    expect(document.deadLetter.message).toContain('400');
    expect({ ...document, deadLetter: undefined }).toEqual({
      ...JSON.parse(refused!.body),
      deadLetter: undefined,
    });
    expect(refused!.body).not.toContain('deadLetter');
    expect(letter!.headers['idempotency-key']).toBe(refused!.headers['idempotency-key']);
    expect(rig.world.status('EventReceiver', 'hook')).toMatchObject({
      deadLettered: 1,
      dropped: 0,
      pending: 0,
    });
    expect(rig.world.status('EventReceiver', 'archive')).toMatchObject({ delivered: 1 });
    expect(rig.world.status('EventRoute', 'all')).toMatchObject({ matched: 1, delivered: 0, pending: 0 });
    expect(await rig.metric('eventroute_receiver_dead_lettered_total{', 'receiver="hook"')).toBe(1);
    expect(await rig.metric('eventroute_unaccounted_events{', 'receiver="hook"')).toBe(0);
  });

  test('gives templates the reason, and nothing for an ordinary event', async () => {
    const text =
      '{{ if .DeadLetter.Reason }}{{ .DeadLetter.Reason }} {{ .DeadLetter.Attempts }} {{ .DeadLetter.Receiver }}{{ else }}{{ .DeadLetter.Receiver }}none{{ end }}';
    await rig.receiver('hook', webhook('reject', 'archive'));
    await rig.receiver('archive', {
      sink: { webhook: { endpoint: `${server.url}/archive`, layout: { text } } },
    });
    await rig.route('refused', { match: [{ reason: 'Bad', receiver: 'hook' }] });
    await rig.route('plain', { match: [{ reason: 'Good', receiver: 'archive' }] });
    await rig.settle();
    rig.control.dispatch(podEvent({ reason: 'Bad' }));
    await until(() => posted('archive').length === 1, 'the dead letter');
    rig.control.dispatch(podEvent({ reason: 'Good' }));
    await until(() => posted('archive').length === 2, 'the ordinary event');

    expect(posted('archive').map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { text: 'Rejected 1 root/hook' },
      { text: 'none' },
    ]);
  });

  test('to a receiver that is not there is told, and heals when it comes', async () => {
    await rig.receiver('hook', webhook('reject', 'archive'));
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
    expect(refs('hook')).toMatchObject({ status: 'False', reason: 'ReceiverNotFound' });
    expect(refs('hook').message).toContain('root/archive does not exist');
    rig.control.dispatch(podEvent());
    await until(() => tally('hook').dropped === 1, 'the drop');
    expect(tally('hook').droppedByReason).toEqual({ Rejected: 1 });

    await rig.receiver('archive', webhook('archive'));
    await pause();
    expect(rig.ready('EventReceiver', 'hook').reason).not.toBe('ReceiverNotFound');
    expect(refs('hook').status).toBe('True');
    rig.control.dispatch(podEvent());
    await until(() => tally('hook').deadLettered === 1, 'the dead letter');

    await rig.control.removeReceiver({ namespace: 'root', name: 'archive' });
    await pause();
    expect(refs('hook')).toMatchObject({ status: 'False', reason: 'ReceiverNotFound' });
  });

  test('of another namespace cannot be named', async () => {
    await rig.receiver('hook', webhook('reject', 'archive'));
    await rig.receiver('archive', webhook('archive'), { namespace: 'shop' });
    await pause();
    expect(refs('hook')).toMatchObject({ status: 'False', reason: 'ReceiverNotFound' });
  });

  test('that comes back to its receiver is refused, for all in the circle, until it is broken', async () => {
    await rig.receiver('a', webhook('reject', 'b'));
    await rig.receiver('b', webhook('reject', 'c'));
    await rig.receiver('c', webhook('archive', 'a'));
    await rig.receiver('self', webhook('archive', 'self'));
    await pause();
    for (const name of ['a', 'b', 'c', 'self']) {
      expect(refs(name)).toMatchObject({ status: 'False', reason: 'DeadLetterCycle' });
    }
    expect(refs('a').message).toContain('root/a -> root/b -> root/c -> root/a');
    expect(rig.world.events).toContainEqual(
      expect.objectContaining({ type: 'Warning', reason: 'DeadLetterCycle' }),
    );

    await rig.receiver('c', webhook('archive'));
    await pause();
    for (const name of ['a', 'b', 'c']) expect(refs(name).status).toBe('True');
  });

  test('to a suspended receiver keeps the event pending until that one goes on', async () => {
    await rig.receiver('hook', webhook('reject', 'archive'));
    await rig.receiver('archive', webhook('archive', undefined, { suspend: true }));
    await rig.route('all', { match: [{ receiver: 'hook' }] });
    await rig.settle();
    rig.control.dispatch(podEvent());
    await until(() => tally('archive').received === 1, 'the dead letter');
    expect(tally('hook')).toMatchObject({ pending: 1, deadLettered: 0, dropped: 0 });
    expect(refs('hook').status).toBe('True');

    await rig.receiver('archive', webhook('archive'));
    await until(() => tally('hook').deadLettered === 1, 'the delivery');
    expect(tally('hook').pending).toBe(0);
  });

  test('is needed for oversized: DeadLetter', async () => {
    await rig.receiver('hook', { ...webhook('archive'), delivery: { oversized: 'DeadLetter' } });
    await rig.settle();
    expect(rig.ready('EventReceiver', 'hook')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(rig.ready('EventReceiver', 'hook').message).toContain('spec.delivery.deadLetterRef is required');
  });
});
