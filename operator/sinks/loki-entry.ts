import {
  compileHeaders,
  DeliveryError,
  type Encoded,
  encodePayload,
  headerValue,
  type SinkEvent,
  type TextTemplate,
} from '../sink-kit/index.ts';
import { type LokiConfig } from './loki-config.ts';

/** An event rendered for Loki. */
export interface LokiEntry {
  /** Header fields that the event asks for. */
  readonly headers: Readonly<Record<string, string>>;
  /** The labels of its stream as JSON, in order of their names. */
  readonly stream: string;
  /** Nanoseconds since 1970. */
  readonly timestamp: bigint;
  /** The entry as JSON: time, line, structured metadata. */
  readonly text: string;
}

const defaultLabels = { job: 'eventroute' } as const;
/** Loki's default for max_label_value_length; longer values would have the entry refused. */
const longestLabelBytes = 2_048;
const nanosPerMilli = 1_000_000n;

/**
 * Creates the function that writes an event as an entry of a stream.
 * @throws DeliveryError (permanent, InvalidConfig) for a name that no label or header can have.
 */
export function createLokiEncoder(config: LokiConfig): (event: SinkEvent) => Encoded<LokiEntry> {
  Object.keys(config.streamLabels ?? {}).forEach(checkLabelName);
  const renderHeaders = compileHeaders(config.headers);
  return (event) => {
    const line = encodePayload(config, event);
    const metadata = metadataOf(config, event);
    const timestamp = nanosecondsOf(event);
    const parts = [`"${timestamp}"`, JSON.stringify(line)];
    if (Object.keys(metadata).length > 0) parts.push(JSON.stringify(metadata));
    const payload: LokiEntry = {
      headers: { ...renderHeaders(event), ...tenantOf(config, event) },
      stream: JSON.stringify(labelsOf(config, event)),
      timestamp,
      text: `[${parts.join(',')}]`,
    };
    return { payload, bytes: Buffer.byteLength(line) + sizeOf(metadata) };
  };
}

/** The header fields that every push has, whatever its events. */
export function constantHeaders({ headers = {}, tenantID }: LokiConfig): Record<string, string> {
  const values = Object.entries({ ...headers, ...(tenantID !== undefined && { 'x-scope-orgid': tenantID }) });
  return Object.fromEntries(
    values.flatMap(([name, { constant = '' }]) =>
      constant === '' ? [] : [[name, headerValue(name, constant, 'InvalidConfig')]],
    ),
  );
}

function checkLabelName(name: string): void {
  if (/^[A-Za-z_]\w*$/.test(name)) return;
  throw DeliveryError.permanent(
    `streamLabels has ${JSON.stringify(name)}: a label's name has letters, digits and underscores only, and no digit first`,
    'InvalidConfig',
  );
}

function labelsOf({ streamLabels = {} }: LokiConfig, event: SinkEvent): Record<string, string> {
  const labels = Object.entries(rendered(streamLabels, event))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, cutAt(value, longestLabelBytes)] as const);
  return labels.length === 0 ? defaultLabels : Object.fromEntries(labels);
}

function metadataOf({ structuredMetadata }: LokiConfig, event: SinkEvent): Record<string, string> {
  if (structuredMetadata !== undefined) return rendered(structuredMetadata, event);
  const { kind, namespace, name } = event.event.involvedObject;
  const metadata = {
    eventroute_key: event.key,
    level: event.event.type === 'Warning' ? 'warn' : 'info',
    object_kind: kind,
    object_namespace: namespace,
    object_name: name,
  };
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== ''));
}

/** Renders templates; an empty text counts as none. */
function rendered(
  templates: Readonly<Record<string, TextTemplate>>,
  event: SinkEvent,
): Record<string, string> {
  const entries = Object.entries(templates).map(
    ([name, template]) => [name, template.render(event).toWellFormed()] as const,
  );
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}

function tenantOf({ tenantID }: LokiConfig, event: SinkEvent): Record<string, string> {
  const tenant = tenantID?.render(event).trim() ?? '';
  return tenant === '' ? {} : { 'x-scope-orgid': headerValue('X-Scope-OrgID', tenant) };
}

/** An occurrence's time has whole milliseconds; where it comes from a finer field, that is told to the end. */
function nanosecondsOf({ event, time }: SinkEvent): bigint {
  const { series, eventTime } = event.data as {
    series?: { lastObservedTime?: unknown };
    eventTime?: unknown;
  };
  const millis = BigInt(time.getTime()) * nanosPerMilli;
  for (const text of [series?.lastObservedTime, eventTime]) {
    const micros = typeof text === 'string' ? /\.\d{3}(\d{3})Z$/.exec(text)?.[1] : undefined;
    if (micros !== undefined && Date.parse(text as string) === time.getTime()) {
      return millis + BigInt(micros) * 1_000n;
    }
  }
  return millis;
}

/** Loki counts the bytes of names and values, not those of the JSON around them. */
function sizeOf(metadata: Readonly<Record<string, string>>): number {
  return Object.entries(metadata).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value),
    0,
  );
}

function cutAt(text: string, limitBytes: number): string {
  if (Buffer.byteLength(text) <= limitBytes) return text;
  const bytes = Buffer.from(text);
  let end = limitBytes;
  // Bytes that begin with the bits 10 go on with a character.
  while (((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
