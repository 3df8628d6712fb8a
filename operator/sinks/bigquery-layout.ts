import { DeliveryError } from '../sink-kit/index.ts';
import { type Column, fit, isRecord, isRecordColumn } from './bigquery-column.ts';

type Row = Readonly<Record<string, unknown>>;

const longestName = 300;

/**
 * Makes names of columns out of the keys of a layout, as the exporter did: what is no letter, digit or underscore becomes an
 * underscore, and one comes before what does not begin with a letter. What is null is left away.
 * @throws DeliveryError (permanent, RenderFailed) when two keys become one name.
 */
export function nameColumns(document: Row): Record<string, unknown> {
  const entries = Object.entries(document).filter(([, value]) => value !== null && value !== undefined);
  const names = new Map<string, string>();
  for (const [key] of entries) {
    const name = columnName(key);
    // BigQuery does not tell upper from lower case in names.
    const taken = names.get(name.toLowerCase());
    if (taken !== undefined) {
      throw DeliveryError.permanent(
        `layout has the keys ${JSON.stringify(taken)} and ${JSON.stringify(key)}, which are one column in BigQuery`,
        'RenderFailed',
      );
    }
    names.set(name.toLowerCase(), key);
  }
  return Object.fromEntries(entries.map(([key, value]) => [columnName(key), value]));
}

function columnName(key: string): string {
  const name = key.replace(/[^A-Za-z0-9_]/g, '_').slice(0, longestName - 1);
  return /^[A-Za-z]/.test(name) ? name : `_${name}`;
}

/** The columns that rows need, where a table has none of these names: by the type of the first value of each. */
export function columnsOf(rows: readonly Row[]): Column[] {
  const columns = new Map<string, Column>();
  for (const row of rows) {
    for (const [name, value] of Object.entries(row)) {
      if (!columns.has(name.toLowerCase())) columns.set(name.toLowerCase(), { name, type: typeOf(value) });
    }
  }
  return [...columns.values()];
}

function typeOf(value: unknown): string {
  switch (typeof value) {
    case 'boolean':
      return 'BOOLEAN';
    case 'number':
      return Number.isSafeInteger(value) ? 'INTEGER' : 'FLOAT';
    case 'object':
      return 'JSON';
    default:
      return 'STRING';
  }
}

/** Brings a row into the form that the columns of a table want; what the table does not have stays as it is. */
export function adaptRow(row: Row, columns: ReadonlyMap<string, Column>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => {
      const column = columns.get(name.toLowerCase());
      if (column === undefined) return [name, value];
      return [name, isRecordColumn(column) ? withColumnNames(value) : fit(value, column)];
    }),
  );
}

function withColumnNames(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withColumnNames);
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(nameColumns(value)).map(([name, inner]) => [name, withColumnNames(inner)]),
  );
}
