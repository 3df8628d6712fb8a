import { exporterJson } from '../../operator/event/exporter-json.ts';
import { type SinkDefinition, type SinkEvent } from '../../operator/sink-kit/index.ts';
import loki from '../../operator/sinks/loki.ts';
import splunk from '../../operator/sinks/splunk.ts';
import syslog from '../../operator/sinks/syslog.ts';
import webhook from '../../operator/sinks/webhook.ts';
import { createAuthority, issue } from '../sink-kit/certificates.ts';
import { openWritten, thrownBy } from '../sinks/contract.ts';
import { describeDelivery } from '../sinks/delivery-contract.ts';
import { noAbort, numberedEvent, outgoing } from '../sinks/sink-event.ts';
import { buildCollector, type CollectedRecord, type Collector, startCollector } from './opentelemetry.ts';
import { strangeEvents } from './strange-events.ts';

beforeAll(buildCollector, 900_000);

const documentOf = (event: SinkEvent): unknown => JSON.parse(exporterJson(event.event));

/** Waits until so many records are in the file, and reads them. */
async function collected(collector: Collector, count: number): Promise<CollectedRecord[]> {
  const untilMs = Date.now() + 10_000;
  let records = await collector.records();
  while (records.length < count && Date.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    records = await collector.records();
  }
  return records;
}

/** Sends events by a sink as it is configured. */
async function sendAll(
  definition: SinkDefinition,
  written: Record<string, unknown>,
  events: readonly SinkEvent[],
): Promise<void> {
  await using sink = await openWritten(definition, { written });
  await sink.check?.(noAbort);
  await sink.send(outgoing(sink, events), noAbort);
}

/** A collector as an end of the whole way; `keyOf` finds the idempotency key in a record. */
const start =
  (
    written: (collector: Collector) => Record<string, unknown>,
    keyOf: (record: CollectedRecord) => unknown,
    delivery: Record<string, unknown> = {},
  ) =>
  async () => {
    const collector = await startCollector();
    return {
      written: written(collector),
      delivery,
      arrived: async () => (await collector.records()).map((record) => String(keyOf(record))),
      goDown: async () => {
        await quietly();
        await collector.stop();
      },
      comeBack: () => collector.start(),
      [Symbol.asyncDispose]: () => collector[Symbol.asyncDispose](),
    };
  };

/** What is acknowledged at the moment of a stop may be lost there, which is not ours to test. */
const quietly = () => new Promise((resolve) => setTimeout(resolve, 2_000));

const microsecondsOf = (time: string | undefined): number => Math.round(Number(time) / 1_000);

describe('splunk and a collector', () => {
  const url = ({ ports }: Collector): string => `http://127.0.0.1:${ports.splunk}`;

  it.each([
    ['without acknowledgements', { ack: false, compression: 'None' }],
    ['compressed, with acknowledgements', { ack: true }],
  ])('keep every event whole, %s', async (_, fields) => {
    await using collector = await startCollector();
    const events = strangeEvents();

    await sendAll(
      splunk,
      {
        url: url(collector),
        token: 'B5A79AAD-D822-46CC-80D1-819F80D7BFB0',
        index: 'k8s',
        source: '{{ .ClusterName }}',
        sourcetype: 'kube:objects:events',
        fields: { kind: '{{ .InvolvedObject.Kind }}' },
        ...fields,
      },
      events,
    );

    const records = await collected(collector, events.length);
    expect(records.map(({ body }) => body)).toEqual(events.map(documentOf));
    records.forEach(({ attributes, resource, timeUnixNano }, index) => {
      expect(attributes).toEqual({ eventroute_key: events[index]?.key, kind: 'Pod' });
      expect(resource).toEqual({
        'com.splunk.hec.access_token': 'B5A79AAD-D822-46CC-80D1-819F80D7BFB0',
        'com.splunk.index': 'k8s',
        'com.splunk.source': 'prod',
        'com.splunk.sourcetype': 'kube:objects:events',
        'host.name': 'node-7',
      });
      expect(microsecondsOf(timeUnixNano)).toBe((events[index]?.time.getTime() ?? 0) * 1_000);
    });
  });

  it('lose no event for the sake of one that is refused', async () => {
    await using collector = await startCollector();
    await using sink = await openWritten(splunk, { written: { url: url(collector), token: 't' } });
    const batch = outgoing(
      sink,
      [1, 2, 3, 4].map((number) => numberedEvent(number)),
    );
    const bad = batch.map((each, index) =>
      index === 1 ? { ...each, payload: { ...each.payload, text: '{"event":""}' } } : each,
    );

    const error = await thrownBy(sink.send(bad, noAbort));

    expect(error.results?.map((result) => result?.reason)).toEqual([
      undefined,
      'Rejected',
      undefined,
      undefined,
    ]);
    const records = await collected(collector, 3);
    expect(records.map(({ body }) => (body as { message: string }).message)).toEqual([
      'message 1',
      'message 3',
      'message 4',
    ]);
  });
});

describe('loki and a collector', () => {
  it.each(['Gzip', 'None'])('keep every event whole with compression %s', async (compression) => {
    await using collector = await startCollector();
    const events = strangeEvents();

    await sendAll(
      loki,
      {
        url: `http://127.0.0.1:${collector.ports.loki}`,
        streamLabels: { job: 'events', type: '{{ .Type }}' },
        compression,
      },
      events,
    );

    const records = await collected(collector, events.length);
    const byKey = new Map(records.map((record) => [record.attributes.eventroute_key, record]));
    expect(byKey.size).toBe(events.length);
    for (const event of events) {
      const record = byKey.get(event.key);
      const { type } = event.event;
      expect(JSON.parse(String(record?.body))).toEqual(documentOf(event));
      expect(record?.timeUnixNano).toBe(`${event.time.getTime()}000000`);
      expect(record?.attributes).toEqual({
        job: 'events',
        type,
        eventroute_key: event.key,
        level: type === 'Warning' ? 'warn' : 'info',
        object_kind: 'Pod',
        object_namespace: 'shop',
        object_name: 'web-1',
      });
    }
  });
});

describe('webhook and a collector', () => {
  it.each([
    ['Event', (bodies: string[]) => bodies.map((body) => JSON.parse(body) as unknown)],
    ['JSONArray', (bodies: string[]) => bodies.flatMap((body) => JSON.parse(body) as unknown[])],
    [
      'NDJSON',
      (bodies: string[]) =>
        bodies.flatMap((body) => body.trimEnd().split('\n')).map((line) => JSON.parse(line) as unknown),
    ],
  ])('keep every event whole as %s', async (encoding, read) => {
    await using collector = await startCollector({ authorization: 'Bearer abc' });
    const events = strangeEvents();

    await sendAll(
      webhook,
      { endpoint: `http://127.0.0.1:${collector.ports.webhook}/hook`, bearer: { token: 'abc' }, encoding },
      events,
    );

    const records = await collected(collector, encoding === 'Event' ? events.length : 1);
    expect(read(records.map(({ body }) => String(body)))).toEqual(events.map(documentOf));
  });
});

describe('syslog and a collector', () => {
  const expectWhole = (records: readonly CollectedRecord[], events: readonly SinkEvent[]): void => {
    const byKey = new Map(records.map((record) => [keyInSyslog(record), record]));
    expect([...byKey.keys()].sort()).toEqual(events.map(({ key }) => key).sort());
    for (const event of events) {
      const { attributes, timeUnixNano } = byKey.get(event.key) as CollectedRecord;
      const { type, reason } = event.event;
      expect(JSON.parse(String(attributes.message))).toEqual(documentOf(event));
      expect(attributes).toMatchObject({
        appname: 'eventroute',
        hostname: 'node-7',
        msg_id: reason,
        facility: 16,
        priority: type === 'Warning' ? 132 : 134,
        structured_data: {
          'eventroute@32473': {
            key: event.key,
            cluster: 'prod',
            type,
            reason,
            count: String(event.number),
            kind: 'Pod',
            namespace: 'shop',
            name: 'web-1',
          },
        },
      });
      expect(timeUnixNano).toBe(`${event.time.getTime()}000000`);
    }
  };

  it.each(['tcp', 'udp'])('keep every event whole over %s', async (network) => {
    await using collector = await startCollector();
    const events = strangeEvents();
    const { syslogTcp, syslogUdp } = collector.ports;

    const port = network === 'tcp' ? syslogTcp : syslogUdp;
    await sendAll(syslog, { network, address: `127.0.0.1:${port}` }, events);

    expectWhole(await collected(collector, events.length), events);
  });

  it('keep every event whole over tls with certificates on both sides', async () => {
    const authority = await createAuthority('Authority');
    const stranger = await createAuthority('Stranger');
    const server = await issue(authority, ['127.0.0.1']);
    const client = await issue(authority, ['eventroute']);
    const other = await issue(stranger, ['eventroute']);
    await using collector = await startCollector({ tls: { authority, server } });
    const events = strangeEvents();
    const written = {
      network: 'tls',
      address: `127.0.0.1:${collector.ports.syslogTcp}`,
      tls: { ca: authority.cert, cert: client.cert, key: client.key },
    };
    const definition = syslog as unknown as SinkDefinition;
    const withTls = (tls: Record<string, string>) =>
      thrownBy(sendAll(definition, { ...written, tls }, events));

    await sendAll(definition, written, events);
    const failures = [
      await withTls({ ca: authority.cert }),
      await withTls({ ca: authority.cert, ...other }),
      await withTls({ ca: stranger.cert, ...client }),
    ];

    expectWhole(await collected(collector, events.length), events);
    expect(failures.map(({ reason }) => reason)).toEqual(['TLSFailed', 'TLSFailed', 'TLSFailed']);
  });
});

const keyInSyslog = ({ attributes }: CollectedRecord): string =>
  (attributes.structured_data as Record<string, { key: string }>)['eventroute@32473']?.key ?? '';

const splunkOf =
  (ack: boolean) =>
  ({ ports }: Collector) => ({ url: `http://127.0.0.1:${ports.splunk}`, token: 't', ack });

describeDelivery('a collector by splunk', {
  sinkName: 'splunk',
  start: start(splunkOf(false), ({ attributes }) => attributes.eventroute_key),
});

describeDelivery('a collector by splunk with acknowledgements', {
  sinkName: 'splunk',
  start: start(splunkOf(true), ({ attributes }) => attributes.eventroute_key, { ordering: 'None' }),
});

describeDelivery('a collector by loki', {
  sinkName: 'loki',
  start: start(
    ({ ports }) => ({
      url: `http://127.0.0.1:${ports.loki}`,
      streamLabels: { pod: '{{ .InvolvedObject.Name }}' },
    }),
    ({ attributes }) => attributes.eventroute_key,
  ),
});

describeDelivery('a collector by syslog', {
  sinkName: 'syslog',
  start: start(({ ports }) => ({ network: 'tcp', address: `127.0.0.1:${ports.syslogTcp}` }), keyInSyslog),
});

describeDelivery('a collector by webhook', {
  sinkName: 'webhook',
  identify: ({ event }) => event.uid,
  start: async () => {
    const first = 'first-t0ken-of-the-hook';
    const second = 'second-t0ken-of-the-hook';
    const collector = await startCollector({ authorization: `Bearer ${first}` });
    return {
      written: {
        endpoint: `http://127.0.0.1:${collector.ports.webhook}/hook`,
        bearer: { tokenSecretRef: { name: 'hook', key: 'token' } },
        encoding: 'JSONArray',
      },
      secrets: { hook: { token: first } },
      wrongSecrets: { hook: { token: 'wr0ng-t0ken-of-the-hook' } },
      arrived: async () =>
        (await collector.records()).flatMap(({ body }) =>
          (JSON.parse(String(body)) as { metadata: { uid: string } }[]).map(({ metadata }) => metadata.uid),
        ),
      goDown: async () => {
        await quietly();
        await collector.stop();
      },
      comeBack: () => collector.start({ authorization: `Bearer ${first}` }),
      rotate: async () => {
        await collector.stop();
        await collector.start({ authorization: `Bearer ${second}` });
        return { hook: { token: second } };
      },
      [Symbol.asyncDispose]: () => collector[Symbol.asyncDispose](),
    };
  },
});
