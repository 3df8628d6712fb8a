/** The types of columns that we make; BigQuery also answers with their other names. */
type ColumnType = 'STRING' | 'INTEGER' | 'FLOAT' | 'BOOLEAN' | 'TIMESTAMP' | 'JSON' | 'RECORD';

/** A column as BigQuery's REST API writes it: https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#TableFieldSchema */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly mode?: 'NULLABLE' | 'REQUIRED' | 'REPEATED';
  readonly description?: string;
  readonly fields?: readonly Column[];
}

type JsonRecord = Readonly<Record<string, unknown>>;

const column =
  (type: ColumnType) =>
  (name: string, description?: string): Column => ({
    name,
    type,
    ...(description !== undefined && { description }),
  });
const text = column('STRING');
const integer = column('INTEGER');
const boolean = column('BOOLEAN');
const timestamp = column('TIMESTAMP');
const json = column('JSON');

function record(name: string, fields: readonly Column[], mode?: 'REPEATED'): Column {
  return { name, type: 'RECORD', fields, ...(mode !== undefined && { mode }) };
}

const ownerReferences = record(
  'ownerReferences',
  [
    text('apiVersion'),
    text('kind'),
    text('name'),
    text('uid'),
    boolean('controller'),
    boolean('blockOwnerDeletion'),
  ],
  'REPEATED',
);
const reference = [
  text('kind'),
  text('namespace'),
  text('name'),
  text('uid'),
  text('apiVersion'),
  text('resourceVersion'),
  text('fieldPath'),
];

/** By these the table is partitioned and clustered, so that a query reads what it asks for alone. */
export const partitionColumn = 'time';
export const clusterColumns = ['type', 'reason', 'clusterName'] as const;

/** The columns of a table of events: the exporter's document with its names, and before it what tells occurrences apart. */
export const eventColumns: readonly Column[] = [
  { ...timestamp(partitionColumn, 'When this occurrence of the event happened.'), mode: 'REQUIRED' },
  { ...text('idempotencyKey', 'The same for every copy of an occurrence.'), mode: 'REQUIRED' },
  integer('occurrence', 'How often the event had happened by then.'),
  record('metadata', [
    text('name'),
    text('generateName'),
    text('namespace'),
    text('selfLink'),
    text('uid'),
    text('resourceVersion'),
    integer('generation'),
    timestamp('creationTimestamp'),
    timestamp('deletionTimestamp'),
    integer('deletionGracePeriodSeconds'),
    json('labels'),
    json('annotations'),
    ownerReferences,
    { ...text('finalizers'), mode: 'REPEATED' },
  ]),
  text('reason'),
  text('message'),
  record('source', [text('component'), text('host')]),
  timestamp('firstTimestamp'),
  timestamp('lastTimestamp'),
  integer('count'),
  text('type'),
  timestamp('eventTime'),
  record('series', [integer('count'), timestamp('lastObservedTime')]),
  text('action'),
  record('related', reference),
  text('reportingComponent'),
  text('reportingInstance'),
  text('clusterName'),
  record('involvedObject', [
    ...reference,
    json('labels'),
    json('annotations'),
    ownerReferences,
    boolean('deleted'),
  ]),
];

/** Makes the row of a document: what columns name, in the form in which `insertAll` takes it; what is null is left away. */
export function fitRow(document: JsonRecord, columns: readonly Column[]): Record<string, unknown> {
  const fitted = columns.flatMap((each) => {
    const value = fit(document[each.name], each);
    return value === undefined ? [] : [[each.name, value] as const];
  });
  return Object.fromEntries(fitted);
}

/** Fits a value into a column. A JSON column takes its value as JSON text. */
export function fit(value: unknown, each: Column): unknown {
  if (value === undefined || value === null) return undefined;
  if (each.mode === 'REPEATED') {
    const items = Array.isArray(value) ? value : [value];
    return items.map((item) => fit(item, { ...each, mode: 'NULLABLE' })).filter((item) => item !== undefined);
  }
  if (each.type === 'JSON') return jsonText(value);
  if (isRecordColumn(each)) return isRecord(value) ? fitRow(value, each.fields ?? []) : undefined;
  return typeof value === 'object' ? JSON.stringify(value) : value;
}

/** A text that is JSON already, as `toJson` in a template makes it, is taken as what it stands for. */
function jsonText(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  try {
    JSON.parse(value);
    return value;
  } catch {
    return JSON.stringify(value);
  }
}

/** Tells whether a column holds further columns, by either of its type's names. */
export function isRecordColumn({ type }: Column): boolean {
  return type === 'RECORD' || type === 'STRUCT';
}

/** Tells whether a value is an object with keys. */
export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
