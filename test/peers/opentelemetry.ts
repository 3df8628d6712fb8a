import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';

import { findFreePorts } from '../cluster/server.ts';
import { type Pair } from '../sink-kit/certificates.ts';
import { goProgram } from './kit/packages.ts';
import { createPeerFolder, startPeer } from './kit/peer-process.ts';

/** A log record as the collector has written it. */
export interface CollectedRecord {
  readonly body: unknown;
  readonly timeUnixNano: string | undefined;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly resource: Readonly<Record<string, unknown>>;
}

/** What can be set when a collector is started. */
export interface CollectorSettings {
  /** The value of the Authorization header that its webhook asks for. */
  readonly authorization?: string;
  /** Syslog over TLS alone, from clients that the authority has signed. */
  readonly tls?: { readonly authority: Pair; readonly server: Pair };
}

/** A collector that writes whatever it takes to a file. */
export interface Collector extends AsyncDisposable {
  readonly ports: Readonly<Record<Receiver, number>>;
  /** All records that were ever written, in order. */
  records(): Promise<CollectedRecord[]>;
  stop(): Promise<void>;
  /** Starts it again at the same ports, with these settings. */
  start(settings?: CollectorSettings): Promise<void>;
}

const receivers = ['splunk', 'loki', 'webhook', 'syslogTcp', 'syslogUdp'] as const;
type Receiver = (typeof receivers)[number];

const graceMs = 10_000;

/** Starts the collector with no records. */
export async function startCollector(settings: CollectorSettings = {}): Promise<Collector> {
  const binary = await buildCollector();
  const home = await createPeerFolder('opentelemetry');
  const free = await findFreePorts(receivers.length);
  const ports = Object.fromEntries(receivers.map((name, index) => [name, free[index]])) as Record<
    Receiver,
    number
  >;
  const output = join(home.path, 'records.jsonl');
  let server: Awaited<ReturnType<typeof startPeer>> | undefined;
  const start = async (present: CollectorSettings = {}): Promise<void> => {
    const config = join(home.path, 'collector.yaml');
    await writeFile(
      config,
      configuration({ ports, output, tls: await writeTls(home.path, present) }, present),
    );
    server = await startPeer({
      name: 'the OpenTelemetry collector',
      binary,
      args: ['--config', config],
      home,
      probe: async () =>
        (await Promise.all([ports.splunk, ports.loki, ports.webhook].map(listens))).every(Boolean),
    });
  };
  await start(settings);
  return {
    ports,
    start,
    stop: async () => server?.stop(graceMs),
    records: async () => recordsIn(await readFile(output, 'utf8').catch(() => '')),
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  };
}

/** Builds the collector, this once for a machine, and gives the path of its program. */
export async function buildCollector(): Promise<string> {
  const source = join(import.meta.dirname, 'opentelemetry');
  const [goMod, main] = await Promise.all([
    readFile(join(source, 'go.mod'), 'utf8'),
    readFile(join(source, 'main.go'), 'utf8'),
  ]);
  return goProgram('opentelemetry-collector-0.128.0', { goMod, main });
}

interface Places {
  readonly ports: Readonly<Record<Receiver, number>>;
  readonly output: string;
  readonly tls: string;
}

function configuration({ ports, output, tls }: Places, settings: CollectorSettings): string {
  const { authorization = 'Bearer any' } = settings;
  return `
extensions: { ack: {} }
receivers:
  splunk_hec:
    endpoint: 127.0.0.1:${ports.splunk}
    access_token_passthrough: true
    ack: { extension: ack, path: /services/collector/ack }
  loki:
    protocols: { http: { endpoint: "127.0.0.1:${ports.loki}" } }
    use_incoming_timestamp: true
  webhookevent:
    endpoint: 127.0.0.1:${ports.webhook}
    path: /hook
    required_header: { key: Authorization, value: ${authorization} }
  syslog/tcp:
    tcp: { listen_address: "127.0.0.1:${ports.syslogTcp}", max_log_size: 1MiB${tls} }
    enable_octet_counting: true
    protocol: rfc5424
  syslog/udp:
    udp: { listen_address: "127.0.0.1:${ports.syslogUdp}" }
    protocol: rfc5424
exporters:
  file: { path: ${output}, append: true, flush_interval: 50ms }
service:
  extensions: [ack]
  telemetry: { metrics: { level: none }, logs: { level: warn } }
  pipelines:
    logs: { receivers: [splunk_hec, loki, webhookevent, syslog/tcp, syslog/udp], exporters: [file] }
    metrics: { receivers: [splunk_hec], exporters: [file] }
`;
}

async function writeTls(folder: string, { tls }: CollectorSettings): Promise<string> {
  if (tls === undefined) return '';
  const files = { 'ca.crt': tls.authority.cert, 'tls.crt': tls.server.cert, 'tls.key': tls.server.key };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const path = (name: keyof typeof files): string => join(folder, name);
  return `, tls: { cert_file: ${path('tls.crt')}, key_file: ${path('tls.key')}, client_ca_file: ${path('ca.crt')} }`;
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

interface AnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values?: readonly AnyValue[] };
  readonly kvlistValue?: { readonly values?: readonly KeyValue[] };
}

interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

interface ExportedLogs {
  readonly resourceLogs?: readonly {
    readonly resource?: { readonly attributes?: readonly KeyValue[] };
    readonly scopeLogs?: readonly {
      readonly logRecords?: readonly {
        readonly timeUnixNano?: string;
        readonly body?: AnyValue;
        readonly attributes?: readonly KeyValue[];
      }[];
    }[];
  }[];
}

/** A last line that is being written is left for the next time. */
function recordsIn(text: string): CollectedRecord[] {
  const lines = text.split('\n').slice(0, -1);
  return lines.flatMap((line) =>
    ((JSON.parse(line) as ExportedLogs).resourceLogs ?? []).flatMap(({ resource, scopeLogs = [] }) =>
      scopeLogs
        .flatMap(({ logRecords = [] }) => logRecords)
        .map(({ timeUnixNano, body, attributes }) => ({
          body: valueOf(body),
          timeUnixNano,
          attributes: objectOf(attributes),
          resource: objectOf(resource?.attributes),
        })),
    ),
  );
}

function objectOf(pairs: readonly KeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, valueOf(value)]));
}

/** The collector writes null as a value of no kind. */
function valueOf(value: AnyValue = {}): unknown {
  if (value.kvlistValue !== undefined) return objectOf(value.kvlistValue.values);
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(valueOf);
  if (value.intValue !== undefined) return Number(value.intValue);
  return value.stringValue ?? value.doubleValue ?? value.boolValue ?? null;
}
