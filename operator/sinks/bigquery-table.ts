import { DeliveryError } from '../sink-kit/index.ts';
import { unlessAborted } from './abortable.ts';
import { type Catalog, type TableConfig } from './bigquery-catalog.ts';
import { type Column, eventColumns } from './bigquery-column.ts';
import { byName, conflictingColumns, missingColumns, withMissing } from './bigquery-schema.ts';

/** A table as it is now. */
export interface TableState {
  /** By their names in lower case. */
  readonly columns: ReadonlyMap<string, Column>;
  /** We made the table, or added columns to it, a short while ago. */
  readonly isSettling: boolean;
}

/** The table that a sink writes to. */
export interface EventTable {
  /** Tells without side effects whether the table is there, or can be made; throws DeliveryError. */
  check(signal: AbortSignal): Promise<void>;
  /** Makes sure that the table is there and has these columns; throws DeliveryError, never a permanent one. */
  prepare(wanted: readonly Column[], signal: AbortSignal): Promise<TableState>;
  /** Looks at the table again before the next rows. */
  forget(): void;
}

/** For how long after a change BigQuery's streaming may not know of it: https://cloud.google.com/bigquery/docs/streaming-data-into-bigquery */
const settlingMs = 15 * 60_000;

/** Creates the table of a sink; nothing is asked yet. */
export function createEventTable(
  catalog: Catalog,
  config: TableConfig,
  now: () => number = Date.now,
): EventTable {
  return new PreparedTable(catalog, config, now);
}

class PreparedTable implements EventTable {
  readonly #catalog: Catalog;
  readonly #config: TableConfig;
  readonly #now: () => number;
  #columns: readonly Column[] | undefined;
  #changedAtMs = Number.NEGATIVE_INFINITY;
  /** One change after another: batches are sent side by side. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(catalog: Catalog, config: TableConfig, now: () => number) {
    this.#catalog = catalog;
    this.#config = config;
    this.#now = now;
  }

  async check(signal: AbortSignal): Promise<void> {
    const columns = await this.#catalog.readTable(signal);
    if (columns !== undefined) {
      this.#compare(columns);
      return;
    }
    const { createDataset, createTable } = this.#config;
    if (!createDataset && !(await this.#catalog.hasDataset(signal))) throw this.#missing('dataset');
    if (!createTable) throw this.#missing('table');
  }

  async prepare(wanted: readonly Column[], signal: AbortSignal): Promise<TableState> {
    const known = this.#columns;
    const isReady = known !== undefined && missingColumns(known, wanted).length === 0;
    const columns = isReady ? known : await this.#inTurn(wanted, signal);
    return { columns: byName(columns), isSettling: this.#now() - this.#changedAtMs < settlingMs };
  }

  forget(): void {
    this.#columns = undefined;
  }

  async #inTurn(wanted: readonly Column[], signal: AbortSignal): Promise<readonly Column[]> {
    const mine = this.#turn.then(async () => {
      signal.throwIfAborted();
      this.#columns = await this.#arrange(wanted, signal);
      return this.#columns;
    });
    this.#turn = mine.catch(() => undefined);
    return unlessAborted(() => mine, signal);
  }

  async #arrange(wanted: readonly Column[], signal: AbortSignal): Promise<readonly Column[]> {
    const columns =
      this.#columns ?? (await this.#catalog.readTable(signal)) ?? (await this.#create(wanted, signal));
    this.#compare(columns);
    const missing = missingColumns(columns, wanted);
    if (missing.length === 0) return columns;
    const complete = withMissing(columns, wanted);
    if (this.#config.createTable) {
      await this.#catalog.changeColumns(complete, signal);
      this.#changedAtMs = this.#now();
    } else if (!this.#config.isOwnSchema) {
      throw DeliveryError.retry(
        `table ${this.#catalog.name} has no column ${missing.slice(0, 5).join(', ')}: add it, leave it out of layout, or set ` +
          'createTable',
        'TargetNotFound',
      );
    }
    return complete;
  }

  async #create(columns: readonly Column[], signal: AbortSignal): Promise<readonly Column[]> {
    const { createTable, createDataset } = this.#config;
    const hasDataset = await this.#catalog.hasDataset(signal);
    if (!hasDataset && !createDataset) throw this.#missing('dataset');
    if (!createTable) throw this.#missing('table');
    if (!hasDataset) await this.#catalog.createDataset(signal);
    const outcome = await this.#catalog.createTable(columns, signal);
    this.#changedAtMs = this.#now();
    if (outcome === 'made') return columns;
    const existing = outcome === 'exists' ? await this.#catalog.readTable(signal) : undefined;
    if (existing !== undefined) return existing;
    throw DeliveryError.retry(
      `table ${this.#catalog.name} or its dataset was made a moment ago, and BigQuery does not know it everywhere yet`,
      'TargetNotFound',
    );
  }

  /** The exporter's own tables, say, have a column for each label that there ever was. */
  #compare(columns: readonly Column[]): void {
    const conflicts = this.#config.isOwnSchema ? conflictingColumns(columns, eventColumns) : [];
    if (conflicts.length === 0) return;
    throw DeliveryError.retry(
      `table ${this.#catalog.name} was made for other rows: ${conflicts.slice(0, 3).join('; ')}; name another table, or ` +
        'write its columns with layout',
      'InvalidConfig',
    );
  }

  #missing(what: 'dataset' | 'table'): DeliveryError {
    const { projectId, dataset } = this.#config;
    const says =
      what === 'table'
        ? `table ${this.#catalog.name} does not exist: create it, or set createTable`
        : `dataset ${projectId}.${dataset} does not exist: create it, or set createDataset`;
    return DeliveryError.retry(says, 'TargetNotFound');
  }
}
