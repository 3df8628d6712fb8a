import { type MetricSources, type ReceiverSample } from '../../operator/telemetry/collected-metrics.ts';
import { createMetrics } from '../../operator/telemetry/metrics.ts';
import { readMetrics } from './open-metrics.ts';

const receiver: ReceiverSample = {
  namespace: 'shop',
  name: 'hook',
  sink: 'webhook',
  received: 10,
  delivered: 4,
  failed: 7,
  deadLettered: 1,
  droppedByReason: { Rejected: 2, QueueFull: 1 },
  pending: 2,
  held: 1,
  concurrency: 3,
  ready: true,
};
const route = { namespace: 'shop', name: 'all', matched: 10, dropped: 3, ready: false };

const spool = { isWorking: true, bytes: 4_096, evicted: 5 };
const allSources: MetricSources = { receivers: () => [receiver], routes: () => [route], spool: () => spool };

function createBusyMetrics(sources = allSources) {
  const metrics = createMetrics('1.2.3');
  metrics.connect(sources);
  metrics.eventReceived();
  metrics.eventDiscarded('TooOld');
  metrics.objectLookedUp('found');
  metrics.watchFailed('events', 'gone');
  metrics.attempted('webhook', 'failed', 1_500);
  metrics.setLeader(true);
  return metrics;
}

describe.each(['openMetrics', 'text'] as const)('metrics as %s', (format) => {
  const families = async () =>
    readMetrics(await createBusyMetrics().render(format === 'openMetrics'), format);
  const counterName = (name: string) => (format === 'openMetrics' ? name.replace(/_total$/, '') : name);

  test('are a page that a strict reader takes, each family with type and help', async () => {
    const page = await families();
    expect(page.size).toBeGreaterThan(20);
    for (const [name, { type, help, samples }] of page) {
      expect(`${name} ${type}`).toMatch(/ (counter|gauge|histogram|summary)$/);
      expect(`${name} ${help}`).toMatch(/ .{8,}/);
      if (name.startsWith('eventroute_')) expect(`${name}: ${samples.length > 0}`).toBe(`${name}: true`);
    }
  });

  test('show the counts of receivers and routes as they are', async () => {
    const page = await families();
    const valueOf = (name: string) => page.get(counterName(`eventroute_${name}`))?.samples[0];
    const labels = { receiver_namespace: 'shop', receiver: 'hook', sink: 'webhook' };
    expect(valueOf('receiver_received_total')).toMatchObject({ labels, value: 10 });
    expect(valueOf('receiver_delivered_total')).toMatchObject({ labels, value: 4 });
    expect(valueOf('receiver_failed_total')).toMatchObject({ labels, value: 7 });
    expect(valueOf('receiver_dropped_total')).toMatchObject({
      labels: { ...labels, reason: 'Rejected' },
      value: 2,
    });
    expect(valueOf('receiver_held')).toMatchObject({ labels, value: 1 });
    expect(valueOf('receiver_concurrency')).toMatchObject({ labels, value: 3 });
    expect(valueOf('unaccounted_events')).toMatchObject({ labels, value: 0 });
    expect(valueOf('spool_working')).toMatchObject({ value: 1 });
    expect(valueOf('spool_bytes')).toMatchObject({ value: 4_096 });
    expect(valueOf('spool_evicted_total')).toMatchObject({ value: 5 });
    expect(valueOf('route_ready')).toMatchObject({
      labels: { route_namespace: 'shop', route: 'all' },
      value: 0,
    });
    expect(valueOf('build_info')).toMatchObject({ labels: { version: '1.2.3' }, value: 1 });
  });
});

test('two scrapes at the same time show the same counts, not their sum', async () => {
  const metrics = createBusyMetrics();
  const pages = await Promise.all([metrics.render(true), metrics.render(true), metrics.render(false)]);
  for (const page of pages) expect(page).toMatch(/^eventroute_receiver_delivered_total\{.*\} 4$/m);
});

test('a receiver that is gone leaves no series behind', async () => {
  let receivers = [receiver];
  const metrics = createBusyMetrics({ receivers: () => receivers, routes: () => [] });
  expect(await metrics.render(true)).toContain('receiver="hook"');
  receivers = [];
  expect(await metrics.render(true)).not.toContain('receiver="hook"');
});

test('an event that is not accounted for is seen', async () => {
  const metrics = createBusyMetrics({ receivers: () => [{ ...receiver, received: 11 }], routes: () => [] });
  expect(await metrics.render(true)).toMatch(/^eventroute_unaccounted_events\{.*\} 1$/m);
});

test('metrics of the spool are left out where there is none', async () => {
  const page = await createBusyMetrics({ receivers: () => [], routes: () => [] }).render(true);
  expect(page).not.toMatch(/^eventroute_spool/m);
});
