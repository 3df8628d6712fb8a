/** What a key of a sink's block holds; `file` is the path of a file. */
export type KeyKind = 'text' | 'integer' | 'boolean' | 'texts' | 'textMap' | 'layout' | 'file';

/** The keys of a block of the exporter's, with what each holds; a table is a block inside of it. */
export interface KeyTable {
  readonly [key: string]: KeyKind | KeyTable;
}

const tls = {
  insecureSkipVerify: 'boolean',
  serverName: 'text',
  caFile: 'file',
  keyFile: 'file',
  certFile: 'file',
} as const;

const search = {
  hosts: 'texts',
  username: 'text',
  password: 'text',
  useEventID: 'boolean',
  deDot: 'boolean',
  index: 'text',
  indexFormat: 'text',
  type: 'text',
  tls,
  layout: 'layout',
} as const;

/**
 * Every sink of the exporter with its keys, in the order in which the exporter looks for them: of several in one receiver it
 * uses the first. Each key becomes the field of the same name, or with that name among its aliases, of our sink of the
 * same name, unless `sink-adjustments.ts` says otherwise.
 */
export const exporterSinks = {
  inMemory: {},
  pipe: { path: 'text', deDot: 'boolean', layout: 'layout' },
  webhook: { endpoint: 'text', tls, layout: 'layout', headers: 'textMap' },
  file: {
    path: 'text',
    layout: 'layout',
    deDot: 'boolean',
    maxsize: 'integer',
    maxage: 'integer',
    maxbackups: 'integer',
  },
  syslog: { network: 'text', address: 'text', tag: 'text' },
  stdout: { deDot: 'boolean', layout: 'layout' },
  elasticsearch: { ...search, cloudID: 'text', apiKey: 'text', headers: 'textMap' },
  kinesis: { streamName: 'text', region: 'text', layout: 'layout' },
  firehose: { deliveryStreamName: 'text', region: 'text', layout: 'layout', deDot: 'boolean' },
  opensearch: search,
  opsgenie: {
    apiKey: 'text',
    URL: 'text',
    priority: 'text',
    message: 'text',
    alias: 'text',
    description: 'text',
    tags: 'texts',
    details: 'textMap',
  },
  sqs: { queueName: 'text', region: 'text', layout: 'layout' },
  sns: { topicARN: 'text', region: 'text', layout: 'layout' },
  slack: {
    token: 'text',
    channel: 'text',
    message: 'text',
    color: 'text',
    footer: 'text',
    title: 'text',
    author_name: 'text',
    fields: 'textMap',
  },
  kafka: {
    topic: 'text',
    brokers: 'texts',
    layout: 'layout',
    clientId: 'text',
    compressionCodec: 'text',
    version: 'text',
    tls: {
      enable: 'boolean',
      caFile: 'file',
      certFile: 'file',
      keyFile: 'file',
      insecureSkipVerify: 'boolean',
    },
    sasl: { enable: 'boolean', username: 'text', password: 'text', mechanism: 'text' },
    avro: { schemaID: 'text', schema: 'text' },
  },
  pubsub: { gcloud_project_id: 'text', topic: 'text', create_topic: 'boolean' },
  opscenter: {
    title: 'text',
    description: 'text',
    source: 'text',
    category: 'text',
    severity: 'text',
    priority: 'text',
    notifications: 'texts',
    operationalData: 'textMap',
    relatedOpsItems: 'texts',
    tags: 'textMap',
    region: 'text',
  },
  teams: { endpoint: 'text', layout: 'layout', headers: 'textMap' },
  bigquery: {
    location: 'text',
    project: 'text',
    dataset: 'text',
    table: 'text',
    credentials_path: 'file',
    batch_size: 'integer',
    max_retries: 'integer',
    interval_seconds: 'integer',
    timeout_seconds: 'integer',
  },
  eventbridge: {
    detailType: 'text',
    details: 'layout',
    source: 'text',
    eventBusName: 'text',
    region: 'text',
  },
  loki: { url: 'text', streamLabels: 'textMap', layout: 'layout', tls, headers: 'textMap' },
  udp: { host: 'text', layout: 'layout' },
} as const satisfies Readonly<Record<string, KeyTable>>;

/** A kind of sink of the exporter's. */
export type ExporterSink = keyof typeof exporterSinks;

/** The kinds of sinks, in the exporter's order. */
export const exporterSinkNames = Object.keys(exporterSinks) as readonly ExporterSink[];

/** Slips of the exporter's own README. */
const misspellings: Readonly<Record<string, string>> = { kineis: 'kinesis', passsord: 'password' };

/**
 * Finds the key that was meant: the key itself, a slip of the exporter's README, or one that is told apart by capitals,
 * dashes and underscores alone.
 */
export function findKey(written: string, known: readonly string[]): string | undefined {
  if (known.includes(written)) return written;
  const slip = Object.hasOwn(misspellings, written) ? misspellings[written] : undefined;
  if (slip !== undefined && known.includes(slip)) return slip;
  return known.find((key) => plain(key) === plain(written));
}

function plain(key: string): string {
  return key.replaceAll(/[-_]/g, '').toLowerCase();
}
