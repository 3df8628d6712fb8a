import {
  DeliveryError,
  type Encoded,
  encodePayload,
  type PayloadConfig,
  type SinkEvent,
  type TextTemplate,
} from '../sink-kit/index.ts';
import { type documentIDs } from './search-fields.ts';
import { createIndexName } from './search-index.ts';

/** An event rendered for an index. */
export interface SearchDocument {
  readonly index: string;
  /** The `_id`; undefined when the server is to choose it. */
  readonly id: string | undefined;
  /** The number of the occurrence where a repeat renews the document; undefined where it is one of its own. */
  readonly version: number | undefined;
  readonly pipeline: string;
  /** The document as JSON. */
  readonly source: string;
  /** What the event adds to a request. */
  readonly bytes: number;
  /** What a data stream gets as `@timestamp`; undefined when the document is to stay as it is. */
  readonly timestamp: Date | undefined;
  /** The idempotency key. */
  readonly key: string;
}

/** What decides about documents. */
export interface DocumentConfig extends PayloadConfig {
  readonly index?: TextTemplate;
  readonly indexFormat?: TextTemplate;
  readonly documentID?: (typeof documentIDs)[number];
  readonly useEventID?: boolean;
  readonly dataStream?: boolean;
  readonly pipeline?: TextTemplate;
}

/** Renders events into documents. */
export interface DocumentEncoder {
  readonly identity: (typeof documentIDs)[number];
  encode(event: SinkEvent): Encoded<SearchDocument>;
  /** The index of events of a time; undefined when it depends on more of an event than that. */
  indexAt(time: Date): string | undefined;
}

/** The action line without its values, the line ends, and an `@timestamp` that is put in later. */
const actionBytes = 150;

/**
 * Creates the encoder of a sink's documents.
 * @throws DeliveryError (permanent, InvalidConfig) for an index that can be none, and for fields that exclude each other.
 */
export function createDocumentEncoder(config: DocumentConfig): DocumentEncoder {
  const name = createIndexName(config);
  const identity = identityOf(config);
  const encode = (event: SinkEvent): Encoded<SearchDocument> => {
    const text = encodePayload(config, event);
    // The exporter's document has no such field; a layout may.
    const timestamp = config.layout !== undefined && hasTimestamp(text) ? undefined : event.time;
    const isStream = config.dataStream === true && timestamp !== undefined;
    const source = isStream ? withTimestamp(text, timestamp) : text;
    const index = name.nameFor(event);
    const pipeline = config.pipeline?.render(event).trim() ?? '';
    const bytes = Buffer.byteLength(source) + index.length + event.key.length + pipeline.length + actionBytes;
    const { id, version } = identityFor(identity, event);
    const payload = {
      index,
      id,
      version,
      pipeline,
      source,
      bytes,
      timestamp: config.dataStream === undefined ? timestamp : undefined,
      key: event.key,
    };
    return { payload, bytes };
  };
  return { identity, encode, indexAt: (time) => name.nameAt(time) };
}

/** Puts `@timestamp` in front of a document's own fields. */
export function withTimestamp(source: string, timestamp: Date): string {
  const field = `"@timestamp":"${timestamp.toISOString()}"`;
  return source === '{}' ? `{${field}}` : `{${field},${source.slice(1)}`;
}

function hasTimestamp(source: string): boolean {
  return (
    source.includes('"@timestamp"') &&
    Object.hasOwn(JSON.parse(source) as Record<string, unknown>, '@timestamp')
  );
}

function identityOf({ documentID, useEventID, dataStream }: DocumentConfig): DocumentEncoder['identity'] {
  const identity = documentID ?? (useEventID === true ? 'Event' : 'Occurrence');
  if (useEventID === true && identity !== 'Event') {
    throw invalid(`sets \`useEventID: true\` and \`documentID: ${identity}\`; keep one of them`);
  }
  if (identity === 'Event' && dataStream === true) {
    throw invalid(
      'renews one document for each Event (`documentID: Event` or `useEventID: true`), which a data stream does not ' +
        'allow; leave it out, or `dataStream`',
    );
  }
  return identity;
}

function identityFor(
  identity: DocumentEncoder['identity'],
  event: SinkEvent,
): Pick<SearchDocument, 'id' | 'version'> {
  if (identity === 'Generated') return { id: undefined, version: undefined };
  if (identity === 'Occurrence') return { id: event.key, version: undefined };
  return { id: event.event.uid === '' ? event.key : event.event.uid, version: event.number };
}

function invalid(message: string): DeliveryError {
  return DeliveryError.permanent(message, 'InvalidConfig');
}
