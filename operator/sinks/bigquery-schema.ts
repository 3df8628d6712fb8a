import { type Column, isRecordColumn } from './bigquery-column.ts';

/** Finds columns by their names; BigQuery does not tell upper from lower case in them. */
export function byName(columns: readonly Column[]): ReadonlyMap<string, Column> {
  return new Map(columns.map((column) => [column.name.toLowerCase(), column]));
}

/** Lists the columns, also those inside of others, that a table does not have: `metadata.labels`. */
export function missingColumns(columns: readonly Column[], wanted: readonly Column[], prefix = ''): string[] {
  const known = byName(columns);
  return wanted.flatMap((ours) => {
    const name = `${prefix}${ours.name}`;
    const theirs = known.get(ours.name.toLowerCase());
    if (theirs === undefined) return [name];
    return isRecordColumn(theirs) ? missingColumns(theirs.fields ?? [], ours.fields ?? [], `${name}.`) : [];
  });
}

/** Adds to a table's columns those that it does not have, nullable: rows of before have nothing in them. */
export function withMissing(columns: readonly Column[], wanted: readonly Column[]): Column[] {
  const known = byName(columns);
  const ours = byName(wanted);
  const grown = columns.map((column) => {
    const fields = ours.get(column.name.toLowerCase())?.fields;
    if (!isRecordColumn(column) || fields === undefined) return column;
    return { ...column, fields: withMissing(column.fields ?? [], fields) };
  });
  const added = wanted.filter(({ name }) => !known.has(name.toLowerCase()));
  return [
    ...grown,
    ...added.map((column) =>
      column.mode === 'REQUIRED' ? { ...column, mode: 'NULLABLE' as const } : column,
    ),
  ];
}

/**
 * Lists the columns that our rows cannot fit into, with what they are. Only what no value could fit into counts: a text goes into
 * most columns.
 */
export function conflictingColumns(
  columns: readonly Column[],
  wanted: readonly Column[],
  prefix = '',
): string[] {
  const known = byName(columns);
  return wanted.flatMap((ours) => {
    const theirs = known.get(ours.name.toLowerCase());
    if (theirs === undefined) return [];
    const name = `${prefix}${ours.name}`;
    if (!fits(ours, theirs)) return [`${name} is ${describe(theirs)} there and ${describe(ours)} here`];
    return isRecordColumn(ours) ? conflictingColumns(theirs.fields ?? [], ours.fields ?? [], `${name}.`) : [];
  });
}

function fits(ours: Column, theirs: Column): boolean {
  if ((ours.mode === 'REPEATED') !== (theirs.mode === 'REPEATED')) return false;
  if (isRecordColumn(ours) !== isRecordColumn(theirs)) return false;
  return theirs.type !== 'JSON' || ours.type === 'JSON';
}

function describe({ type, mode }: Column): string {
  return mode === 'REPEATED' ? `repeated ${type}` : type;
}
