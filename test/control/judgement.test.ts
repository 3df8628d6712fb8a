import { KubeError } from '../../operator/kube/kube-error.ts';
import { type History } from '../../operator/control/history.ts';
import { createRig, podEvent, type Rig } from './rig.ts';

const noHistory: History = {
  replay: () => Promise.resolve({ upTo: '0', reachesBack: true, isWhole: true }),
  compare: (one, other) => Number(one) - Number(other),
};
const unreachable = () => new KubeError('GET / got no answer', { failure: 'network' });
const forbidden = () => new KubeError('GET / answered 403', { failure: 'forbidden', status: 403 });

describe('an operator that begins while the API server is hard to reach', () => {
  let rig: Rig;
  afterEach(() => rig.control.stop({ graceMs: 0 }));

  /** A route of `shop` that sends to a receiver of the root namespace, which lets `shop` in by its labels. */
  const begin = async (more: Record<string, unknown> = {}) => {
    rig = createRig();
    rig.world.labels.set('shop', { team: 'a' });
    rig.world.secrets.set('root/sink', { url: 'http://127.0.0.1:9/hook' });
    const selector = { matchLabels: { team: 'a' } };
    await rig.receiver('hook', {
      sink: { webhook: { endpointSecretRef: { name: 'sink', key: 'url' } } },
      allowedRoutes: { namespaces: { from: 'Selector', selector } },
    });
    await rig.route('own', { match: [{ receiver: 'root/hook' }] }, { namespace: 'shop', ...more });
  };
  const received = () => rig.control.receivers.get('root/hook')?.tally().received;

  it.each(['namespace', 'secret'])('waits for the %s that decides who may send where', async (what) => {
    await begin();
    let isAway = true;
    rig.world.before = (asked) => {
      if (isAway && asked === what) throw unreachable();
    };
    let hasBegun = false;
    const activated = rig.control.activate().then(() => (hasBegun = true));
    for (let second = 0; second < 10; second += 1) await rig.clock.advance(1_000);
    expect(hasBegun).toBe(false);
    isAway = false;
    for (let second = 0; second < 10; second += 1) await rig.clock.advance(1_000);
    await activated;
    rig.control.dispatch(podEvent());

    expect(received()).toBe(1);
  });

  it('waits half a minute for what it may not know, as an API server that starts forbids everything', async () => {
    await begin();
    rig.world.before = (asked) => {
      if (asked === 'namespace') throw forbidden();
    };
    let hasBegun = false;
    const activated = rig.control.activate().then(() => (hasBegun = true));
    for (let second = 0; second < 29; second += 1) await rig.clock.advance(1_000);
    expect(hasBegun).toBe(false);
    for (let second = 0; second < 2; second += 1) await rig.clock.advance(1_000);

    await activated;
  });

  it('ends its wait when it is stopped', async () => {
    await begin();
    rig.world.before = () => {
      throw unreachable();
    };
    const activated = rig.control.activate();
    await rig.clock.advance(2_000);

    await rig.control.stop({ graceMs: 0 });

    await activated;
  });
});

describe('an operator that has begun', () => {
  it('saves at once where a receiver that never had a checkpoint is', async () => {
    const rig = createRig({ history: noHistory });
    await rig.receiver('hook', { sink: { webhook: { endpoint: 'http://127.0.0.1:9/hook' } } });
    await rig.control.activate();
    await rig.settle();
    rig.control.follow('17');
    await rig.clock.settle();

    expect(rig.world.status('EventReceiver', 'hook').checkpoint).toMatchObject({ resourceVersion: '17' });
    await rig.control.stop({ graceMs: 0 });
  });
});
