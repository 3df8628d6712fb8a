import { exporterJson } from '../../operator/event/exporter-json.ts';
import { type SinkDefinition, type SinkEvent } from '../../operator/sink-kit/index.ts';
import syslogSink from '../../operator/sinks/syslog.ts';
import udpSink from '../../operator/sinks/udp.ts';
import { createAuthority, issue, type Pair } from '../sink-kit/certificates.ts';
import { openWritten, thrownBy } from '../sinks/contract.ts';
import { describeDelivery, type DeliveryPeer } from '../sinks/delivery-contract.ts';
import { noAbort, outgoing } from '../sinks/sink-event.ts';
import { fetchRsyslog, type Rsyslog, startRsyslog, type SyslogRecord } from './rsyslog.ts';
import { strangeEvents } from './strange-events.ts';

const syslog = syslogSink as unknown as SinkDefinition;
const udp = udpSink as unknown as SinkDefinition;
const documentOf = (event: SinkEvent): unknown => JSON.parse(exporterJson(event.event));
const keyIn = ({ structuredData }: SyslogRecord): string => /key="([^"]*)"/.exec(structuredData)?.[1] ?? '';

interface Identity {
  readonly authority: Pair;
  readonly server: Pair;
  readonly client: Pair;
}

async function createIdentity(name: string): Promise<Identity> {
  const authority = await createAuthority(name);
  return {
    authority,
    server: await issue(authority, ['127.0.0.1']),
    client: await issue(authority, ['eventroute']),
  };
}

let identity: Identity;

beforeAll(fetchRsyslog, 300_000);
beforeAll(async () => {
  identity = await createIdentity('Authority');
});

/** Waits until so much is in a file, and reads it. */
async function arrived<T>(read: () => Promise<T[]>, count: number): Promise<T[]> {
  const untilMs = Date.now() + 10_000;
  let found = await read();
  while (found.length < count && Date.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    found = await read();
  }
  return found;
}

async function sendAll(
  definition: SinkDefinition,
  written: Record<string, unknown>,
  events: readonly SinkEvent[],
): Promise<void> {
  await using sink = await openWritten(definition, { written });
  await sink.check?.(noAbort);
  await sink.send(outgoing(sink, events), noAbort);
}

const tlsOf = ({ authority, client }: Identity) => ({
  ca: authority.cert,
  cert: client.cert,
  key: client.key,
});

describe('syslog and rsyslog', () => {
  const ways: [string, (rsyslog: Rsyslog) => Record<string, unknown>][] = [
    ['udp', ({ ports }) => ({ network: 'udp', address: `127.0.0.1:${ports.udp}` })],
    ['tcp', ({ ports }) => ({ network: 'tcp', address: `127.0.0.1:${ports.tcp}` })],
    [
      'tcp, a line for each',
      ({ ports }) => ({ network: 'tcp', address: `127.0.0.1:${ports.tcp}`, framing: 'NonTransparent' }),
    ],
    ['tls', ({ ports }) => ({ network: 'tls', address: `127.0.0.1:${ports.tls}`, tls: tlsOf(identity) })],
    ['a socket of the machine', ({ socket }) => ({ network: 'unix', address: socket })],
  ];

  it.each(ways)('keep every event whole over %s', async (_, written) => {
    await using rsyslog = await startRsyslog(identity);
    const events = strangeEvents();

    await sendAll(syslog, written(rsyslog), events);

    const records = await arrived(() => rsyslog.records(), events.length);
    const byKey = new Map(records.map((record) => [keyIn(record), record]));
    expect([...byKey.keys()].sort()).toEqual(events.map(({ key }) => key).sort());
    for (const event of events) {
      const record = byKey.get(event.key) as SyslogRecord;
      const { type, reason } = event.event;
      expect(JSON.parse(record.message)).toEqual(documentOf(event));
      expect(new Date(record.time)).toEqual(event.time);
      expect(record).toMatchObject({
        pri: type === 'Warning' ? '132' : '134',
        host: 'node-7',
        tag: 'eventroute',
        messageId: reason,
        structuredData:
          `[eventroute@32473 key="${event.key}" cluster="prod" type="${type}" reason="${reason}" ` +
          `count="${event.number}" kind="Pod" namespace="shop" name="web-1"]`,
      });
    }
  });

  it('understand each other in the older form', async () => {
    await using rsyslog = await startRsyslog(identity);
    const events = strangeEvents();
    const written = {
      network: 'tcp',
      address: `127.0.0.1:${rsyslog.ports.tcp}`,
      format: 'RFC3164',
      tag: 'k8s',
      hostname: 'edge-1',
    };

    await sendAll(syslog, written, events);

    const records = await arrived(() => rsyslog.records(), events.length);
    expect(records.map(({ message }) => JSON.parse(message) as unknown)).toEqual(events.map(documentOf));
    expect(records.map(({ host, tag }) => [host, tag])).toEqual(events.map(() => ['edge-1', 'k8s']));
  });

  it('do not take each other for somebody else', async () => {
    const stranger = await createIdentity('Stranger');
    await using rsyslog = await startRsyslog(identity);
    const address = `127.0.0.1:${rsyslog.ports.tls}`;
    const failWith = (tls: Record<string, string>) =>
      thrownBy(sendAll(syslog, { network: 'tls', address, tls }, strangeEvents()));

    const failures = [
      await failWith({ ca: identity.authority.cert }),
      await failWith({ ...tlsOf(stranger), ca: identity.authority.cert }),
      await failWith({ ...tlsOf(identity), ca: stranger.authority.cert }),
    ];

    expect(failures.map(({ reason }) => reason)).toEqual(['TLSFailed', 'TLSFailed', 'TLSFailed']);
    expect(await rsyslog.records()).toEqual([]);
  });
});

describe('udp and rsyslog', () => {
  it('keep every event whole', async () => {
    await using rsyslog = await startRsyslog(identity);
    const events = strangeEvents();

    await sendAll(udp, { host: `127.0.0.1:${rsyslog.ports.plainUdp}` }, events);

    const datagrams = await arrived(() => rsyslog.datagrams(), events.length);
    expect(datagrams.map((text) => JSON.parse(text) as unknown)).toEqual(events.map(documentOf));
  });
});

/** What is on its way at the moment of a stop is lost by protocols without answers. */
const quietly = () => new Promise((resolve) => setTimeout(resolve, 2_000));

const outage = (rsyslog: Rsyslog): Pick<DeliveryPeer, 'goDown' | 'comeBack'> & AsyncDisposable => ({
  goDown: async () => {
    await quietly();
    await rsyslog.stop();
  },
  comeBack: () => rsyslog.start(),
  [Symbol.asyncDispose]: () => rsyslog[Symbol.asyncDispose](),
});

const secretOf = ({ authority, client }: Identity) => ({
  tls: { 'ca.crt': authority.cert, 'tls.crt': client.cert, 'tls.key': client.key },
});

describeDelivery('rsyslog over tcp', {
  sinkName: 'syslog',
  start: async () => {
    const rsyslog = await startRsyslog(identity);
    return {
      ...outage(rsyslog),
      written: { network: 'tcp', address: `127.0.0.1:${rsyslog.ports.tcp}` },
      arrived: async () => (await rsyslog.records()).map(keyIn),
    };
  },
});

describeDelivery('rsyslog over tls', {
  sinkName: 'syslog',
  unauthorized: 'TLSFailed',
  start: async () => {
    const next = await createIdentity('Next');
    const stranger = await createIdentity('Stranger');
    const rsyslog = await startRsyslog(identity);
    return {
      ...outage(rsyslog),
      written: {
        network: 'tls',
        address: `127.0.0.1:${rsyslog.ports.tls}`,
        tls: { secretRef: { name: 'tls' } },
      },
      secrets: secretOf(identity),
      wrongSecrets: secretOf({ ...identity, client: stranger.client }),
      rotate: async () => {
        await rsyslog.stop();
        await rsyslog.start(next);
        return secretOf(next);
      },
      arrived: async () => (await rsyslog.records()).map(keyIn),
    };
  },
});

describeDelivery('rsyslog over udp', {
  sinkName: 'udp',
  identify: ({ event }) => event.uid,
  start: async () => {
    const rsyslog = await startRsyslog(identity);
    return {
      ...outage(rsyslog),
      written: { host: `127.0.0.1:${rsyslog.ports.plainUdp}` },
      arrived: async () =>
        (await rsyslog.datagrams()).map(
          (text) => (JSON.parse(text) as { metadata: { uid: string } }).metadata.uid,
        ),
    };
  },
});
