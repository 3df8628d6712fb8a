import { readColumn } from '../api/printer-column.ts';
import { type CustomResource, type ResourceKind } from '../api/resource.ts';
import { printable } from '../routing/drawing.ts';
import { type Meaning, type Paint } from './paint.ts';

/** How a table is shown. */
export interface TableOptions {
  readonly now: Date;
  /** Also the columns that `kubectl get -o wide` shows. */
  readonly wide?: boolean;
  /** Colours the column READY; by default nothing is coloured. */
  readonly paint?: Paint;
}

const meanings: Readonly<Record<string, Meaning>> = { True: 'good', False: 'bad', Unknown: 'doubtful' };

/** Writes objects of a kind as `kubectl get -A` prints them. */
export function formatTable(
  kind: ResourceKind,
  objects: readonly CustomResource[],
  { now, wide = false, paint = (text): string => text }: TableOptions,
): string {
  const columns = kind.columns.filter(({ priority = 0 }) => wide || priority === 0);
  const header = ['NAMESPACE', 'NAME', ...columns.map(({ name }) => name.toUpperCase())];
  const rows = objects.map((object) => [
    object.metadata.namespace,
    `${kind.singular}/${object.metadata.name}`,
    ...columns.map((column) => printable(readColumn(column, object, now))),
  ]);
  const widths = header.map((title, index) =>
    Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const ready = header.indexOf('READY');
  // colours take no room, so they come after the padding
  const pad = (cell: string, index: number): string => {
    const padded = index === header.length - 1 ? cell : cell.padEnd(widths[index] ?? 0);
    const meaning = index === ready ? meanings[cell] : undefined;
    return meaning === undefined ? padded : padded.replace(cell, () => paint(cell, meaning));
  };
  return [header, ...rows].map((row) => row.map(pad).join('   ').trimEnd()).join('\n');
}
