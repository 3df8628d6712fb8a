import { defineSink, DeliveryError, type Sink, withRedaction } from '../sink-kit/index.ts';
import { createCatalog } from './bigquery-catalog.ts';
import { createBigQueryApi } from './bigquery-client.ts';
import { bigqueryConfig } from './bigquery-config.ts';
import { insertRows, mostBytes } from './bigquery-insert.ts';
import { encodeRow, type RowPayload } from './bigquery-row.ts';
import { createEventTable } from './bigquery-table.ts';
import { readGoogleEndpoint } from './google-endpoint.ts';
import { chooseProject, createGoogleIdentity } from './google-identity.ts';

/** As many as `spec.delivery.batch.maxEvents` allows. */
const largestBatch = 10_000;
const secondMs = 1_000;

export default defineSink({
  summary: 'Inserts events as rows into a table of Google BigQuery.',
  config: bigqueryConfig,
  example: {
    projectId: 'my-project',
    dataset: 'kubernetes',
    table: 'events',
    location: 'EU',
    credentialsSecretRef: { name: 'bigquery', key: 'key.json' },
  },
  defaults: { maxEventBytes: mostBytes },
  defaultsFor: ({ batchSize = 500, intervalSeconds = 1, timeoutSeconds = 30 }) => ({
    batch: {
      maxEvents: Math.min(batchSize, largestBatch),
      maxBytes: 5_000_000,
      maxWaitMs: intervalSeconds * secondMs,
    },
    timeoutMs: timeoutSeconds * secondMs,
    maxEventBytes: mostBytes,
  }),
  async open(settings, context): Promise<Sink<RowPayload>> {
    const { createTable = true, createDataset = true, partitionExpiration } = settings;
    checkExpiration(partitionExpiration);
    const identity = await createGoogleIdentity(settings, 'bigquery', context);
    const projectId = chooseProject(settings.projectId, identity, 'projectId');
    const endpoint = readGoogleEndpoint(settings.endpoint, `bigquery.${identity.universe}`);
    const isOwnSchema = settings.layout === undefined;
    const tableConfig = {
      projectId,
      dataset: settings.dataset,
      table: settings.table,
      location: settings.location ?? 'US',
      createDataset,
      createTable,
      partitionExpirationMs: partitionExpiration,
      isOwnSchema,
    };
    const api = await createBigQueryApi({ endpoint, identity, projectId, tls: settings.tls, context });
    const catalog = createCatalog(api, tableConfig);
    const table = createEventTable(catalog, tableConfig);
    const ignoresUnknown = isOwnSchema && !createTable;
    const options = { api, table, path: catalog.path, isOwnSchema, ignoresUnknown };

    return withRedaction(
      {
        endpoint: endpoint.name,
        encode: (event) => encodeRow(settings, event),
        send: (batch, signal) => insertRows(batch, options, signal),
        check: (signal) => table.check(signal),
        close: () => api.close(),
      },
      identity.secrets,
    );
  },
});

/** BigQuery takes shorter ones and removes rows before anybody saw them. */
function checkExpiration(expirationMs: number | undefined): void {
  const hourMs = 3_600_000;
  if (expirationMs === undefined || expirationMs >= hourMs) return;
  throw DeliveryError.permanent('partitionExpiration is shorter than an hour', 'InvalidConfig');
}
