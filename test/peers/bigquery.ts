import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { findFreePorts } from '../cluster/server.ts';
import { cachedFolder, run } from './kit/cache.ts';
import { createPeerFolder, startPeer } from './kit/peer-process.ts';

/** BigQuery as an emulator serves it, which keeps tables in DuckDB. */
export interface BigQueryPeer extends AsyncDisposable {
  readonly port: number;
  readonly projectId: string;
  readonly url: string;
  /** Runs a query and gives its rows, by Google's own client. */
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** The columns of a table. */
  columnsOf(dataset: string, table: string): Promise<readonly { name: string; type: string }[]>;
}

interface Metadata {
  readonly schema: { readonly fields: readonly { name: string; type: string }[] };
}

const projectId = 'p1';
const packages = ['bqemulator==1.4.0', 'numpy==2.4.6', 'duckdb-extension-spatial==1.5.5'] as const;
const [name] = packages;

/** Starts the emulator with no tables. */
export async function startBigQueryPeer(): Promise<BigQueryPeer> {
  const environment = await installEmulator();
  const home = await createPeerFolder('bigquery');
  const [port = 0, grpcPort = 0] = await findFreePorts(2);
  const url = `http://127.0.0.1:${port}`;
  await startPeer({
    name: 'the BigQuery emulator',
    binary: join(environment, 'bin/bqemulator'),
    args: [
      'start',
      ...['--rest-port', String(port), '--grpc-port', String(grpcPort)],
      ...['--ephemeral', '--project', projectId, '--log-level', 'warning'],
    ],
    env: { ...process.env, HOME: join(environment, 'home'), OTEL_SDK_DISABLED: 'true' },
    home,
    probe: async () => (await fetch(`${url}/bigquery/v2/projects/${projectId}/datasets`)).ok,
  });
  return {
    port,
    projectId,
    url,
    query: async (sql) => {
      const program = join(import.meta.dirname, 'bigquery/query.ts');
      const env = { METADATA_SERVER_DETECTION: 'none' };
      const printed = await run(process.execPath, [program, url, projectId], { input: sql, env });
      return JSON.parse(printed) as Record<string, unknown>[];
    },
    columnsOf: async (dataset, table) => {
      const response = await fetch(
        `${url}/bigquery/v2/projects/${projectId}/datasets/${dataset}/tables/${table}`,
      );
      return ((await response.json()) as Metadata).schema.fields;
    },
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  };
}

/** DuckDB would fetch its extension from the network, so the one of PyPI is put where it looks first. */
async function installEmulator(): Promise<string> {
  return cachedFolder(name.replace('==', '-'), async (folder) => {
    await run('python3', ['-m', 'venv', folder]);
    await run(join(folder, 'bin/pip'), ['install', '-q', '--disable-pip-version-check', ...packages]);
    const [python = ''] = await readdir(join(folder, 'lib'));
    const from = join(folder, 'lib', python, 'site-packages/duckdb_extension_spatial/extensions/v1.5.5');
    const machine = process.arch === 'arm64' ? 'linux_arm64' : 'linux_amd64';
    const to = join(folder, 'home/.duckdb/extensions/v1.5.5', machine);
    await mkdir(to, { recursive: true });
    await copyFile(join(from, 'spatial.duckdb_extension'), join(to, 'spatial.duckdb_extension'));
  });
}
