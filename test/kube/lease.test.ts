import { createApiClient, type KubeClient } from '../../operator/kube/api-client.ts';
import { createLeaderElection, type LeaderElection } from '../../operator/kube/lease.ts';
import { type Lease } from '../../operator/kube/lease-record.ts';
import { createFakeClock, type FakeClock } from '../fake-clock.ts';
import { type FaultServer, faults, startFaultServer } from './fault-server.ts';
import { createRecordingLog } from './recording-log.ts';
import { until } from './until.ts';

const leases = '/apis/coordination.k8s.io/v1/namespaces/system/leases';

describe('the leader election', () => {
  let server: FaultServer;
  let client: KubeClient;
  let clock: FakeClock;
  let told: string[];
  const running: LeaderElection[] = [];

  beforeEach(async () => {
    server = await startFaultServer();
    clock = createFakeClock();
    told = [];
    client = createApiClient({ credentials: server.credentials, log: createRecordingLog(), maxAttempts: 1 });
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((election) => election.stop()));
    client.close();
    await server.stop();
  });

  const join = (identity: string): LeaderElection => {
    const election = createLeaderElection({
      client,
      namespace: 'system',
      name: 'eventroute',
      identity,
      clock,
      random: () => 0,
      log: createRecordingLog(),
      onStartedLeading: () => void told.push(`${identity} starts`),
      onStoppedLeading: () => void told.push(`${identity} stops`),
    });
    running.push(election);
    void election.run();
    return election;
  };
  const lease = (): Lease['spec'] => (server.get(leases, 'eventroute') as Lease | undefined)?.spec;
  // Requests take real time: the clock is moved in small steps until something is so.
  const advanceUntil = async (condition: () => boolean, stepMs = 500): Promise<void> => {
    for (let step = 0; step < 400 && !condition(); step += 1) {
      await clock.advance(stepMs);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    expect(condition()).toBe(true);
  };

  it('takes a Lease that nobody made, and renews it', async () => {
    const one = join('one');
    await until(() => one.isLeader());
    expect(lease()).toMatchObject({ holderIdentity: 'one', leaseDurationSeconds: 15, leaseTransitions: 0 });
    expect(lease()?.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    const before = lease()?.renewTime;
    await advanceUntil(() => lease()?.renewTime !== before);
    expect(one.isLeader()).toBe(true);
    expect(told).toEqual(['one starts']);
  });

  it('lets one of two lead, and the other take over at once when the Lease is released', async () => {
    const one = join('one');
    await until(() => one.isLeader());
    const two = join('two');
    await advanceUntil(() => two.holder() === 'one');
    expect(two.isLeader()).toBe(false);

    await one.stop();
    expect(lease()?.holderIdentity).toBe('');
    await advanceUntil(() => two.isLeader());
    expect(lease()).toMatchObject({ holderIdentity: 'two', leaseTransitions: 1 });
    expect(told).toEqual(['one starts', 'one stops', 'two starts']);
  });

  it('takes a Lease over only when it saw it unchanged for its whole duration', async () => {
    // The dead leader's clock was an hour ahead: only what we see counts.
    server.put(leases, {
      metadata: { name: 'eventroute' },
      spec: { holderIdentity: 'dead', leaseDurationSeconds: 15, renewTime: '2026-01-01T01:00:00.000000Z' },
    });
    const two = join('two');
    await until(() => two.holder() === 'dead');
    const startMs = clock.now();
    await advanceUntil(() => two.isLeader());
    expect(clock.now() - startMs).toBeGreaterThanOrEqual(14_000);
  });

  it('stops leading before its Lease can have ended, when the API server does not answer', async () => {
    const one = join('one');
    await until(() => one.isLeader());
    const renewedMs = clock.now();
    server.failNext('other', faults.silence, 100);
    await advanceUntil(() => !one.isLeader());
    expect(clock.now() - renewedMs).toBeLessThan(15_000);
    expect(told).toEqual(['one starts', 'one stops']);
    server.heal();
  });

  it('does not lead by a timer that fires late', async () => {
    const one = join('one');
    await until(() => one.isLeader());
    jest.spyOn(clock, 'now').mockReturnValue(clock.now() + 10_001);
    expect(one.isLeader()).toBe(false);
  });

  it('goes on leading when somebody else only annotates the Lease', async () => {
    const one = join('one');
    await until(() => one.isLeader());
    const changed = server.put(leases, server.get(leases, 'eventroute')!);
    await advanceUntil(
      () => server.get(leases, 'eventroute')?.metadata.resourceVersion !== changed.metadata.resourceVersion,
    );
    expect(one.isLeader()).toBe(true);
    expect(told).toEqual(['one starts']);
  });

  it('stops when somebody else took the Lease by force', async () => {
    const one = join('one');
    await until(() => one.isLeader());
    const { metadata, spec } = server.get(leases, 'eventroute') as unknown as Lease;
    server.put(leases, { metadata, spec: { ...spec, holderIdentity: 'thief' } });
    await advanceUntil(() => !one.isLeader());
    expect(told).toEqual(['one starts', 'one stops']);
    expect(lease()?.holderIdentity).toBe('thief');
  });

  it('makes the Lease anew when it was deleted', async () => {
    const one = join('one');
    await until(() => one.isLeader());
    server.remove(leases, 'eventroute');
    await advanceUntil(() => lease()?.holderIdentity === 'one');
    expect(one.isLeader()).toBe(true);
  });

  it('leaves the Lease of another alone when it stops', async () => {
    const one = join('one');
    await until(() => one.isLeader());
    const two = join('two');
    await advanceUntil(() => two.holder() === 'one');
    await two.stop();
    expect(lease()?.holderIdentity).toBe('one');
  });
});
