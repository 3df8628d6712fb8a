import { exporterJson } from '../../operator/event/exporter-json.ts';
import { type SinkEvent } from '../../operator/sink-kit/index.ts';
import loki from '../../operator/sinks/loki.ts';
import { openWritten, thrownBy } from '../sinks/contract.ts';
import { describeDelivery } from '../sinks/delivery-contract.ts';
import { noAbort, outgoing, sinkEvent } from '../sinks/sink-event.ts';
import { buildLoki, startLoki } from './loki.ts';
import { strangeEvents } from './strange-events.ts';

const documentOf = (event: SinkEvent): unknown => JSON.parse(exporterJson(event.event));
const hour = 3_600_000;

beforeAll(buildLoki, 1_800_000);

/** An event of some time ago, told from others by its message. */
function eventOf(message: string, agoMs = 0, namespace = 'shop'): SinkEvent {
  const time = new Date(Date.now() - agoMs).toISOString();
  return sinkEvent({
    metadata: { name: message, namespace, uid: `uid-${message.slice(0, 40)}` },
    involvedObject: { kind: 'Pod', namespace, name: 'web-1', uid: `pod-${namespace}` },
    message,
    firstTimestamp: time,
    lastTimestamp: time,
  });
}

const open = (written: Record<string, unknown>) => openWritten(loki, { written });
const messageIn = (line: string): string => (JSON.parse(line) as { message: string }).message;

describe('the loki sink and Loki', () => {
  it('keep every event whole, once, however often it is sent', async () => {
    await using peer = await startLoki();
    await using sink = await open({ url: peer.url });
    const events = strangeEvents();
    const batch = outgoing(sink, events);

    await sink.check?.(noAbort);
    await sink.send(batch, noAbort);
    await sink.send(batch.slice(1, 4), noAbort);
    await sink.send(batch, noAbort);

    const entries = await peer.entries('{job="eventroute"}');
    expect(entries.map(({ line }) => JSON.parse(line) as unknown)).toEqual(events.map(documentOf));
    entries.forEach(({ timestamp, labels }, index) => {
      const { key, event, time } = events[index] as SinkEvent;
      expect(timestamp).toBe(`${time.getTime()}000000`);
      expect(labels).toEqual({
        job: 'eventroute',
        service_name: 'eventroute',
        eventroute_key: key,
        level: event.type === 'Warning' ? 'warn' : 'info',
        detected_level: event.type === 'Warning' ? 'warn' : 'info',
        object_kind: 'Pod',
        object_namespace: 'shop',
        object_name: 'web-1',
      });
    });
  });

  it('tell events of one moment and one text apart', async () => {
    await using peer = await startLoki();
    await using sink = await open({ url: peer.url, layout: { text: '{{ .Message }}' } });
    const time = new Date().toISOString();
    const events = ['a', 'b', 'c'].map((uid) =>
      sinkEvent({ metadata: { name: uid, namespace: 'shop', uid }, lastTimestamp: time }),
    );

    await sink.send(outgoing(sink, events), noAbort);

    const entries = await peer.entries('{job="eventroute"}');
    expect(entries.map(({ labels }) => labels.eventroute_key).sort()).toEqual(
      events.map(({ key }) => key).sort(),
    );
  });

  it('keep streams and tenants apart', async () => {
    await using peer = await startLoki({ tenants: true });
    await using nobody = await open({ url: peer.url });
    await using sink = await open({
      url: peer.url,
      tenantID: 'team-{{ .InvolvedObject.Namespace }}',
      streamLabels: { app: 'events', namespace: '{{ .InvolvedObject.Namespace }}', reason: '{{ .Reason }}' },
    });
    const events = [eventOf('1', 0, 'a'), eventOf('2', 0, 'b'), eventOf('3', 0, 'a')];

    await sink.check?.(noAbort);
    await sink.send(outgoing(sink, events), noAbort);
    const refusals = [
      await thrownBy(nobody.check?.(noAbort) ?? Promise.resolve()),
      await thrownBy(nobody.send(outgoing(nobody, events), noAbort)),
    ];

    const read = async (tenant: string) =>
      (await peer.entries('{app="events", reason="BackOff"}', tenant)).map(({ line, labels }) => [
        messageIn(line),
        labels.namespace,
      ]);
    expect((await read('team-a')).sort()).toEqual([
      ['1', 'a'],
      ['3', 'a'],
    ]);
    expect(await read('team-b')).toEqual([['2', 'b']]);
    for (const { reason, permanent, message } of refusals) {
      expect({ reason, permanent }).toEqual({ reason: 'Unauthorized', permanent: false });
      expect(message).toMatch(/no org id; set tenantID$/);
    }
  });

  it('lose no event for the sake of others that are too old, too new or too long', async () => {
    await using peer = await startLoki({ limits: { reject_old_samples_max_age: '1h' } });
    await using sink = await open({ url: peer.url });
    const events = [
      eventOf('good 1'),
      eventOf('old', 2 * hour),
      eventOf('good 2'),
      eventOf('new', -2 * hour),
      eventOf('good 3'),
      eventOf(`long ${'x'.repeat(262_144)}`),
    ];

    const error = await thrownBy(sink.send(outgoing(sink, events), noAbort));

    expect(error.results?.map((result) => result?.reason)).toEqual([
      undefined,
      'Rejected',
      undefined,
      'Rejected',
      undefined,
      'PayloadTooLarge',
    ]);
    expect(error.results?.[1]?.message).toMatch(/timestamp too old.*reject_old_samples_max_age/);
    expect(error.results?.[3]?.message).toMatch(/timestamp too new.*clocks/);
    expect(error.results?.[5]?.message).toMatch(/max entry size.*max_line_size/);
    const entries = await peer.entries('{job="eventroute"}');
    expect(entries.map(({ line }) => messageIn(line)).sort()).toEqual(['good 1', 'good 2', 'good 3']);
  });

  it('slow down together, and get a batch through that is larger than a second may bring', async () => {
    await using peer = await startLoki({
      limits: { ingestion_rate_mb: 0.002, ingestion_burst_size_mb: 0.003 },
    });
    await using sink = await open({ url: peer.url });
    const events = Array.from({ length: 8 }, (_, index) => eventOf(`event ${index}`));
    let left = outgoing(sink, events);

    const reasons = new Set<string>();
    for (let attempt = 0; left.length > 0 && attempt < 40; attempt += 1) {
      const error = await sink.send(left, noAbort).then(
        () => undefined,
        (thrown: unknown) => thrown as Awaited<ReturnType<typeof thrownBy>>,
      );
      const before = left;
      left = before.filter(
        (_, index) => error !== undefined && (error.results === undefined || error.results[index]),
      );
      if (error !== undefined) reasons.add(error.reason);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }

    expect(left).toHaveLength(0);
    expect([...reasons]).toEqual(['Throttled']);
    const entries = await peer.entries('{job="eventroute"}');
    expect(entries.map(({ line }) => messageIn(line)).sort()).toEqual(
      events.map(({ event }) => event.message),
    );
  });

  it.each([
    ['blocked', { block_ingestion_until: '2099-01-01T00:00:00Z' }, 'Forbidden', /answered 260.*blocked/],
    [
      'without structured metadata',
      { allow_structured_metadata: false },
      'InvalidConfig',
      /structuredMetadata: \{\}/,
    ],
    ['with few labels', { max_label_names_per_series: 1 }, 'InvalidConfig', /change streamLabels$/],
  ])('hold events back where Loki is %s', async (_, limits, reason, message) => {
    await using peer = await startLoki({ limits });
    await using sink = await open({ url: peer.url, streamLabels: { a: '1', b: '2' } });

    const error = await thrownBy(sink.send(outgoing(sink, [eventOf('1'), eventOf('2')]), noAbort));

    expect(error).toMatchObject({ reason, permanent: false });
    expect(error.message).toMatch(message);
    expect(await peer.entries('{a="1"}')).toEqual([]);
  });

  it('do without structured metadata', async () => {
    await using peer = await startLoki({ limits: { allow_structured_metadata: false } });
    await using sink = await open({ url: peer.url, structuredMetadata: {} });

    await sink.send(outgoing(sink, [eventOf('1')]), noAbort);

    expect((await peer.entries('{job="eventroute"}')).map(({ line }) => messageIn(line))).toEqual(['1']);
  });
});

describeDelivery('Loki', {
  sinkName: 'loki',
  start: async () => {
    const peer = await startLoki({ tenants: true });
    return {
      written: {
        url: `http://127.0.0.1:${peer.network.port}`,
        headersSecretRef: { name: 'loki' },
        streamLabels: { job: 'load', object: '{{ .InvolvedObject.Name }}' },
      },
      secrets: { loki: { 'X-Scope-OrgID': 'team-a' } },
      wrongSecrets: { loki: { 'X-Other': 'team-a' } },
      arrived: async () =>
        (await peer.entries('{job="load"}', 'team-a')).map(({ labels }) => labels.eventroute_key ?? ''),
      goDown: () => peer.network.cut(),
      comeBack: () => peer.network.mend(),
      [Symbol.asyncDispose]: () => peer[Symbol.asyncDispose](),
    };
  },
});
