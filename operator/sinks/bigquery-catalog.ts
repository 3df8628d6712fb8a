import { DeliveryError } from '../sink-kit/index.ts';
import { type BigQueryApi } from './bigquery-client.ts';
import { clusterColumns, type Column, partitionColumn } from './bigquery-column.ts';

/** Which table, and how it is made where there is none. */
export interface TableConfig {
  readonly projectId: string;
  readonly dataset: string;
  readonly table: string;
  /** Where a dataset is made. */
  readonly location: string;
  readonly createDataset: boolean;
  readonly createTable: boolean;
  readonly partitionExpirationMs: number | undefined;
  /** The columns are our own ones; else whatever the user's layout gives. */
  readonly isOwnSchema: boolean;
}

/** The dataset and the table as BigQuery keeps them. Methods throw DeliveryErrors that are to be retried: what is wrong can be mended. */
export interface Catalog {
  /** The path of the table below the project. */
  readonly path: string;
  /** `project.dataset.table`, for people. */
  readonly name: string;
  /** Gives the columns of the table; undefined when it, or its dataset, does not exist. */
  readTable(signal: AbortSignal): Promise<readonly Column[] | undefined>;
  hasDataset(signal: AbortSignal): Promise<boolean>;
  /** Makes the table; gives `exists` when another was faster, `noDataset` when there is nowhere to make it. */
  createTable(columns: readonly Column[], signal: AbortSignal): Promise<'made' | 'exists' | 'noDataset'>;
  /** Makes the dataset, unless another was faster. */
  createDataset(signal: AbortSignal): Promise<void>;
  changeColumns(columns: readonly Column[], signal: AbortSignal): Promise<void>;
}

/** Creates the view of a sink on its dataset and table. */
export function createCatalog(api: BigQueryApi, config: TableConfig): Catalog {
  const { projectId, dataset, table, location } = config;
  const datasetPath = `/datasets/${encodeURIComponent(dataset)}`;
  const path = `${datasetPath}/tables/${encodeURIComponent(table)}`;
  const call = async (
    method: 'GET' | 'POST' | 'PATCH',
    where: string,
    { body, signal }: { body?: object; signal: AbortSignal },
  ): Promise<Readonly<Record<string, unknown>>> => {
    try {
      const text = body === undefined ? {} : { body: JSON.stringify(body) };
      return await api.call({ method, path: where, signal, ...text });
    } catch (error) {
      throw blameless(error);
    }
  };
  const find = (where: string, signal: AbortSignal) =>
    unlessFailed(call('GET', where, { signal }), isMissing, undefined);
  return {
    path,
    name: `${projectId}.${dataset}.${table}`,
    readTable: async (signal) => {
      const found = await find(path, signal);
      return found && columnsIn(found);
    },
    hasDataset: async (signal) => (await find(datasetPath, signal)) !== undefined,
    createTable: async (columns, signal) => {
      const body = {
        tableReference: { projectId, datasetId: dataset, tableId: table },
        description: 'Kubernetes Events, written by Eventroute.',
        schema: { fields: columns },
        ...partitioning(config),
      };
      const made = call('POST', `${datasetPath}/tables`, { body, signal }).then(() => 'made' as const);
      return unlessFailed(unlessFailed(made, isConflict, 'exists'), isMissing, 'noDataset');
    },
    createDataset: async (signal) => {
      const body = { datasetReference: { projectId, datasetId: dataset }, location };
      await unlessFailed(call('POST', '/datasets', { body, signal }), isConflict, undefined);
    },
    changeColumns: async (columns, signal) => {
      await call('PATCH', path, { body: { schema: { fields: columns } }, signal });
    },
  };
}

/** Rows of the user's own columns are partitioned by when they came in: nobody knows which column holds a time. */
function partitioning({ isOwnSchema, partitionExpirationMs }: TableConfig): object {
  return {
    timePartitioning: {
      type: 'DAY',
      ...(isOwnSchema && { field: partitionColumn }),
      ...(partitionExpirationMs !== undefined && { expirationMs: String(partitionExpirationMs) }),
    },
    ...(isOwnSchema && { clustering: { fields: clusterColumns } }),
  };
}

async function unlessFailed<T, U>(
  promise: Promise<T>,
  isExpected: (error: unknown) => boolean,
  instead: U,
): Promise<T | U> {
  try {
    return await promise;
  } catch (error) {
    if (isExpected(error)) return instead;
    throw error;
  }
}

/** No event is to blame for what a table or dataset is refused for. */
function blameless(error: unknown): unknown {
  if (!(error instanceof DeliveryError) || !error.permanent) return error;
  return DeliveryError.retry(error.message, error.reason, { cause: error });
}

function isMissing(error: unknown): boolean {
  return error instanceof DeliveryError && error.reason === 'TargetNotFound';
}

/** Another replica, or another receiver, was faster. */
function isConflict(error: unknown): boolean {
  return error instanceof DeliveryError && /answered 409\b/.test(error.message);
}

function columnsIn(table: Readonly<Record<string, unknown>>): readonly Column[] {
  const { fields } = (table.schema ?? {}) as { fields?: unknown };
  return Array.isArray(fields) ? (fields as Column[]) : [];
}
