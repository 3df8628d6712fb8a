import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { maxAgeMs, withOptions } from '../../operator/cli/exporter-flags.ts';
import { withExporterMetrics } from '../../operator/cli/exporter-metrics.ts';
import { readContent } from '../../operator/cli/exporter-config.ts';
import { toFixedConfiguration } from '../../operator/cli/exporter-operator.ts';
import { createControl } from '../../operator/control/control.ts';
import { type Conversion } from '../../operator/exporter/conversion.ts';
import { createMetrics } from '../../operator/telemetry/metrics.ts';
import { podEvent } from '../control/rig.ts';
import { convert } from '../exporter/convert.ts';
import { createFakeClock } from '../fake-clock.ts';
import { createRecordingLog } from '../kube/recording-log.ts';
import { startServer } from '../sink-kit/http-server.ts';

/** Runs a conversion as the operator does, but for the API server. */
async function run(conversion: Conversion) {
  const log = createRecordingLog();
  const clock = createFakeClock();
  const fixed = toFixedConfiguration(conversion, log);
  const metrics = fixed.extend(createMetrics('test'));
  const control = createControl({
    world: fixed.world('root'),
    clock,
    random: () => 0.5,
    log,
    metrics,
    rootNamespace: 'root',
    localSinkNamespaces: [],
    addressGuard: () => undefined,
  });
  await fixed.start(control, 'root').synced;
  await control.activate();
  await clock.advance(100);
  return { log, clock, control, fixed, metrics };
}

describe('an exporter file instead of objects of the API server', () => {
  test('is delivered from, with its credentials, and the statuses go to the log', async () => {
    await using server = await startServer((response) => response.end());
    const conversion = await convert(
      `route: {match: [{reason: BackOff, receiver: My Hook}]}\nreceivers: [{name: My Hook, webhook: {endpoint: "${server.url}/x", headers: {X-API-KEY: hush}}}]\n`,
    );
    const { control, log, clock } = await run(conversion);
    control.dispatch(podEvent());
    control.dispatch(podEvent({ reason: 'Other' }));
    const tally = () => control.receivers.get('root/my-hook')!.tally();
    for (let turn = 0; turn < 200 && tally().delivered === 0; turn += 1) {
      await clock.advance(100);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(tally().delivered).toBe(1);
    await control.stop({ graceMs: 0 });
    const posts = server.requests.filter(({ method }) => method === 'POST');
    expect(posts.map(({ url, headers }) => [url, headers['x-api-key']])).toEqual([['/x', 'hush']]);
    const judged = log.lines.filter(({ message }) => message === 'Judged an object');
    expect(judged.map(({ fields }) => fields!.object)).toEqual(
      expect.arrayContaining(['EventReceiver root/my-hook', 'EventRoute root/exporter']),
    );
    expect(JSON.stringify(log.lines)).not.toContain('hush');
  }, 20_000);

  test('tells of a receiver that is not ready, once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'eventroute-exporter-'));
    const ca = join(folder, 'ca.crt');
    await writeFile(ca, 'no certificate');
    const conversion = await convert(
      `route: {match: [{receiver: hook}]}\nreceivers: [{name: hook, webhook: {endpoint: "https://127.0.0.1:1", tls: {caFile: ${ca}}}}]\n`,
      { readFile: readContent },
    );
    const { control, log, clock } = await run(conversion);
    await clock.advance(2_000);
    await control.stop({ graceMs: 0 });
    const warnings = log.lines.filter(
      ({ message, fields }) =>
        message === 'Found an object not ready' && String(fields!.object).includes('hook'),
    );
    expect(warnings).toHaveLength(1);
    expect(warnings[0]!.fields).toMatchObject({
      reason: 'InvalidConfig',
      detail: expect.stringContaining('holds no PEM certificate'),
    });
    await rm(folder, { recursive: true });
  }, 20_000);

  test('says what is watched, looked up and taken in', async () => {
    const conversion = await convert('namespace: shop\nomitLookup: true\n');
    const { fixed, control } = await run(conversion);
    expect(fixed).toMatchObject({ namespace: 'shop', omitsLookUp: true });
    const event = podEvent();
    expect([fixed.takes(event), fixed.takes(event)]).toEqual([true, false]);
    await control.stop({ graceMs: 0 });
  });
});

describe('the metrics of the exporter', () => {
  test.each([true, false])(
    'count beside our own under its names, as OpenMetrics: %s',
    async (openMetrics) => {
      const metrics = withExporterMetrics(createMetrics('test'), 'event_exporter_');
      metrics.eventReceived();
      metrics.eventReceived();
      metrics.eventDiscarded('TooOld');
      metrics.eventDiscarded('BeforeStart');
      metrics.watchFailed('events', 'gone');
      metrics.attempted('slack', 'failed', 5);
      metrics.attempted('slack', 'ok', 5);
      metrics.objectLookedUp('hit');
      metrics.objectLookedUp('found');
      metrics.objectLookedUp('timeout');
      const text = await metrics.render(openMetrics);
      const values = Object.fromEntries(
        [...text.matchAll(/^event_exporter_(\w+) (\d+)$/gm)].map(([, name, value]) => [name, Number(value)]),
      ) as Record<string, number>;
      expect(values).toEqual({
        events_sent: 2,
        events_discarded: 1,
        watch_errors: 1,
        send_event_errors: 1,
        kube_api_read_cache_hits: 1,
        kube_api_read_cache_misses: 1,
      });
      expect(text).toContain('eventroute_events_received_total 2');
      expect(text.endsWith('# EOF\n')).toBe(openMetrics);
    },
  );
});

describe('the flags of run with an exporter file', () => {
  const flags = {
    logLevel: 'info',
    logFormat: 'json',
    leaderElect: false,
    leaseName: 'eventroute',
    clusterName: '',
  } as const;
  const file = 'logLevel: error\nlogFormat: pretty\nclusterName: blue\nleaderElection: {enabled: true}\n';

  test('are what the file says', async () => {
    const { options } = await convert(file);
    expect(withOptions(flags, options, () => false)).toEqual({
      logLevel: 'error',
      logFormat: 'text',
      leaderElect: true,
      leaseName: 'kubernetes-event-exporter',
      clusterName: 'blue',
    });
    expect(maxAgeMs(flags, options)).toBe(5_000);
  });

  test('win over the file where they are given', async () => {
    const { options } = await convert(file);
    expect(withOptions(flags, options, () => true)).toEqual(flags);
    expect(maxAgeMs({ ...flags, maxEventAge: '1m' }, options)).toBe(60_000);
    expect(maxAgeMs(flags, undefined)).toBeUndefined();
  });
});
