import { readColumn } from '../api/printer-column.ts';
import { type CustomResource, type ResourceKind } from '../api/resource.ts';

/** How a table is shown. */
export interface TableOptions {
  readonly now: Date;
  /** Also the columns that `kubectl get -o wide` shows. */
  readonly wide?: boolean;
}

/** Writes objects of a kind as `kubectl get -A` prints them. */
export function formatTable(
  kind: ResourceKind,
  objects: readonly CustomResource[],
  { now, wide = false }: TableOptions,
): string {
  const columns = kind.columns.filter(({ priority = 0 }) => wide || priority === 0);
  const header = ['NAMESPACE', 'NAME', ...columns.map(({ name }) => name.toUpperCase())];
  const rows = objects.map((object) => [
    object.metadata.namespace,
    `${kind.singular}/${object.metadata.name}`,
    ...columns.map((column) => readColumn(column, object, now)),
  ]);
  const widths = header.map((title, index) =>
    Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, index) => (index === cells.length - 1 ? cell : cell.padEnd(widths[index] ?? 0)))
      .join('   ')
      .trimEnd();
  return [header, ...rows].map(line).join('\n');
}
