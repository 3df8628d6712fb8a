import { createHash } from 'node:crypto';

import {
  DeliveryError,
  type Encoded,
  encodePayload,
  type PayloadConfig,
  type SinkEvent,
} from '../sink-kit/index.ts';
import { type Column, eventColumns, fitRow, isRecord } from './bigquery-column.ts';
import { adaptRow, nameColumns } from './bigquery-layout.ts';

/** A row on its way. */
export interface RowPayload {
  /** What BigQuery tells repeats by. */
  readonly insertId: string;
  /** The row as JSON text, when it is the same whatever the table looks like. */
  readonly text?: string;
  /** The row of a layout, which has yet to be fitted to the table. */
  readonly row?: Readonly<Record<string, unknown>>;
}

/** BigQuery's limit for insertId, in characters. */
const longestId = 128;
/** `{"insertId":"","json":},` */
const framingBytes = 24;

/** Makes the row of an event: our own columns, or those of the layout. */
export function encodeRow(config: PayloadConfig, event: SinkEvent): Encoded<RowPayload> {
  const insertId = idOf(event.key);
  if (config.layout === undefined) {
    const text = writeRow(fitRow(ownDocument(config, event), eventColumns));
    return { payload: { insertId, text }, bytes: sizeOf(text) };
  }
  const document = config.layout.render(event, { deDot: config.deDot ?? false });
  if (!isRecord(document)) {
    throw DeliveryError.permanent('layout gives no object, so it has no columns', 'RenderFailed');
  }
  const row = nameColumns(document);
  // Objects travel as JSON texts in most tables, so that is how they are measured.
  const measured = Object.entries(row).map(
    ([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : value] as const,
  );
  return { payload: { insertId, row }, bytes: sizeOf(writeRow(Object.fromEntries<unknown>(measured))) };
}

/** Writes the JSON text of a row for a table with these columns. */
export function rowText({ text, row = {} }: RowPayload, columns: ReadonlyMap<string, Column>): string {
  return text ?? writeRow(adaptRow(row, columns));
}

/** Writes one entry of the list of rows of a request. */
export function entryText(insertId: string, text: string): string {
  return `{"insertId":${JSON.stringify(insertId)},"json":${text}}`;
}

function ownDocument(config: PayloadConfig, event: SinkEvent): Record<string, unknown> {
  const { key, number, time } = event;
  const data =
    config.deDot === true
      ? (JSON.parse(encodePayload(config, event)) as Record<string, unknown>)
      : event.event.data;
  return { ...data, time: time.toISOString(), idempotencyKey: key, occurrence: number };
}

function idOf(key: string): string {
  return key.length <= longestId ? key : createHash('sha256').update(key).digest('hex');
}

function sizeOf(text: string): number {
  return Buffer.byteLength(text) + longestId + framingBytes;
}

/** Half a surrogate pair, which JavaScript allows in texts, would make BigQuery refuse the whole request. */
function writeRow(row: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify(row);
  if (!text.includes('\\ud')) return text;
  return JSON.stringify(row, (_, value: unknown) =>
    typeof value === 'string' ? value.toWellFormed() : value,
  );
}
