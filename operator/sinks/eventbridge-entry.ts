import { createHash } from 'node:crypto';

import {
  DeliveryError,
  encodePayload,
  type EventLayout,
  type PayloadConfig,
  type SinkEvent,
  type TextTemplate,
} from '../sink-kit/index.ts';

/** What an entry is made by. */
export interface EntryConfig extends PayloadConfig {
  readonly detailType: TextTemplate;
  readonly source: TextTemplate;
  readonly details?: EventLayout;
  readonly resources?: readonly TextTemplate[];
  readonly keyField?: string;
}

/** An event rendered for EventBridge, but for the bus. */
export interface EventBridgeEntry {
  readonly Time: Date;
  readonly Source: string;
  readonly DetailType: string;
  readonly Detail: string;
  readonly Resources: string[];
  readonly TraceHeader: string;
}

/** Limits of the texts (API reference of PutEvents and the pattern of events); what is over them fails the entry. */
const maxDetailTypeLength = 128;
const maxSourceLength = 256;
/** What a time counts for, as EventBridge measures entries (user guide, calculating the entry size). */
const timeBytes = 14;

/** Renders an event as an entry of PutEvents. */
export function renderEntry(config: EntryConfig, event: SinkEvent): EventBridgeEntry {
  const resources = (config.resources ?? []).map((template) => template.render(event).trim());
  return {
    Time: event.time,
    Source: required('source', config.source.render(event), maxSourceLength),
    DetailType: required('detailType', config.detailType.render(event), maxDetailTypeLength),
    Detail: detailOf(config, event),
    Resources: resources.filter((resource) => resource !== ''),
    TraceHeader: traceHeader(event),
  };
}

/** Measures an entry as EventBridge does. */
export function entryBytes({ Source, DetailType, Detail, Resources }: EventBridgeEntry): number {
  return [Source, DetailType, Detail, ...Resources].reduce(
    (sum, text) => sum + Buffer.byteLength(text),
    timeBytes,
  );
}

function required(field: string, text: string, maxLength: number): string {
  if (text === '') throw DeliveryError.permanent(`${field} is empty for this event`, 'RenderFailed');
  return text.slice(0, maxLength).toWellFormed();
}

function detailOf({ details, layout, deDot, keyField = '' }: EntryConfig, event: SinkEvent): string {
  const chosen = details ?? layout;
  const text = encodePayload(
    { ...(chosen !== undefined && { layout: chosen }), ...(deDot !== undefined && { deDot }) },
    event,
  );
  if (keyField === '') return text;
  const detail = JSON.parse(text) as object;
  if (Object.hasOwn(detail, keyField)) return text;
  // Put into the text, because numbers beyond 2^53 would not survive being written again.
  const separator = Object.keys(detail).length === 0 ? '' : ',';
  return `${text.slice(0, -1)}${separator}${JSON.stringify(keyField)}:${JSON.stringify(event.key)}}`;
}

/**
 * Makes a trace header in X-Ray's form out of the idempotency key, so that copies of an event share a trace: seconds of the
 * event's time and 96 bits of a hash.
 */
function traceHeader({ key, time }: SinkEvent): string {
  const seconds = Math.max(0, Math.floor(time.getTime() / 1_000)) % 0x1_0000_0000;
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 24);
  return `Root=1-${seconds.toString(16).padStart(8, '0')}-${hash}`;
}
