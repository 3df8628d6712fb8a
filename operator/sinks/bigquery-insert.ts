import { DeliveryError, type Outgoing, sendInOrder } from '../sink-kit/index.ts';
import { type BigQueryApi } from './bigquery-client.ts';
import { eventColumns } from './bigquery-column.ts';
import { type ErrorProto, failureOfRow, RequestRefusal } from './bigquery-error.ts';
import { columnsOf } from './bigquery-layout.ts';
import { entryText, type RowPayload, rowText } from './bigquery-row.ts';
import { type EventTable, type TableState } from './bigquery-table.ts';
import { sendDividing } from './google-division.ts';

/** Limits of one request: https://cloud.google.com/bigquery/quotas#streaming_inserts */
const mostRows = 50_000;
export const mostBytes = 9_900_000;

type Batch = readonly Outgoing<RowPayload>[];

/** What a sink inserts with. */
export interface InsertOptions {
  readonly api: BigQueryApi;
  readonly table: EventTable;
  /** The path of the table below the project. */
  readonly path: string;
  readonly isOwnSchema: boolean;
  /** Somebody chose some of our columns: what the others hold is left away. */
  readonly ignoresUnknown: boolean;
}

/** Inserts the rows of a batch, by as few requests as BigQuery's limits allow; throws what failed, row by row. */
export async function insertRows(batch: Batch, options: InsertOptions, signal: AbortSignal): Promise<void> {
  const { table, isOwnSchema } = options;
  const wanted = isOwnSchema ? eventColumns : columnsOf(batch.map(({ payload }) => payload.row ?? {}));
  const state = await table.prepare(wanted, signal);
  const entries = new Map(
    batch.map(({ payload }) => [payload, entryText(payload.insertId, rowText(payload, state.columns))]),
  );
  const insert = (piece: Batch): Promise<void> => insertPiece(piece, { ...options, entries, state }, signal);
  await sendInOrder(
    batch,
    requestsOf(batch, entries).map((events) => ({ events, send: () => sendWhole(events, insert) })),
  );
}

function requestsOf(batch: Batch, entries: ReadonlyMap<RowPayload, string>): Batch[] {
  const requests: Outgoing<RowPayload>[][] = [];
  let bytes = 0;
  for (const outgoing of batch) {
    const size = Buffer.byteLength(entries.get(outgoing.payload) ?? '') + 1;
    const last = requests.at(-1);
    bytes += size;
    if (last === undefined || last.length >= mostRows || bytes > mostBytes) {
      requests.push([outgoing]);
      bytes = size;
    } else {
      last.push(outgoing);
    }
  }
  return requests;
}

/**
 * Sends one request, in pieces where it is refused as a whole. If then every row alone is refused in that way, it is the table that
 * is wrong and not the rows (a view, a table without columns), and somebody can mend it.
 */
async function sendWhole(events: Batch, insert: (piece: Batch) => Promise<void>): Promise<void> {
  try {
    await sendDividing(events, insert);
  } catch (error) {
    if (!(error instanceof DeliveryError)) throw error;
    const results = error.results ?? [error];
    if (!results.every((each) => isRefusal(each) || isRefusal(each?.cause))) throw error;
    throw DeliveryError.retry(error.message, 'Rejected', { cause: error });
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof RequestRefusal;
}

interface PieceOptions extends InsertOptions {
  readonly entries: ReadonlyMap<RowPayload, string>;
  readonly state: TableState;
}

async function insertPiece(piece: Batch, options: PieceOptions, signal: AbortSignal): Promise<void> {
  const { api, table, path, entries, state, ignoresUnknown } = options;
  const rows = piece.map(({ payload }) => entries.get(payload) ?? '').join(',');
  // Valid rows are stored although there are invalid ones beside them.
  const body = `{"skipInvalidRows":true,"ignoreUnknownValues":${ignoresUnknown},"rows":[${rows}]}`;
  try {
    const { insertErrors } = await api.call({ method: 'POST', path: `${path}/insertAll`, body, signal });
    throwRefused(insertErrors, piece.length, state.isSettling);
  } catch (error) {
    if (!(error instanceof DeliveryError) || error.reason !== 'TargetNotFound' || error.results !== undefined)
      throw error;
    // It was removed, or made a moment ago: the next attempt looks, and makes it anew if it has to.
    table.forget();
    throw state.isSettling
      ? DeliveryError.retry(
          `${error.message}; the table is new, and not known everywhere yet`,
          'TargetNotFound',
        )
      : error;
  }
}

function throwRefused(insertErrors: unknown, count: number, isSettling: boolean): void {
  if (!Array.isArray(insertErrors) || insertErrors.length === 0) return;
  const results = new Array<DeliveryError | undefined>(count).fill(undefined);
  for (const { index, errors } of insertErrors as { index?: number; errors?: readonly ErrorProto[] }[]) {
    // The first row is written as no index at all.
    results[index ?? 0] = failureOfRow(errors ?? [], isSettling);
  }
  const failures = results.filter((result) => result !== undefined);
  throw DeliveryError.partial(
    `${failures.length} of ${count} rows failed: ${failures[0]?.message ?? ''}`,
    results,
  );
}
