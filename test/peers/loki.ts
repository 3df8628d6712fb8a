import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { findFreePorts } from '../cluster/server.ts';
import { goProgram } from './kit/packages.ts';
import { createPeerFolder, startPeer } from './kit/peer-process.ts';
import { startTcpProxy, type TcpProxy } from './kit/tcp-proxy.ts';

/** An entry as Loki gives it to whoever asks. */
export interface LokiEntryRead {
  readonly timestamp: string;
  readonly line: string;
  /** The labels of the stream and the structured metadata. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A Loki that keeps what it takes. */
export interface Loki extends AsyncDisposable {
  readonly url: string;
  /** A way to it that can be cut. */
  readonly network: TcpProxy;
  /** All entries of a stream selector, the oldest first. */
  entries(selector: string, tenant?: string): Promise<LokiEntryRead[]>;
}

const version = '3.7.8';

/** Loki's own go.mod, as far as others see it: what it replaces holds for its own build only. */
const goMod = `module eventroute.dev/test/loki

go 1.26.5

require github.com/grafana/loki/v3 v${version}

replace (
	github.com/Azure/azure-sdk-for-go => github.com/Azure/azure-sdk-for-go v68.0.0+incompatible
	github.com/Azure/azure-storage-blob-go => github.com/MasslessParticle/azure-storage-blob-go v0.14.1-0.20240322194317-344980fda573
	github.com/gocql/gocql => github.com/grafana/gocql v0.0.0-20200605141915-ba5dc39ece85
	github.com/grafana/regexp => github.com/grafana/regexp v0.0.0-20240518133315-a468a5bfb3bc
	github.com/hashicorp/memberlist => github.com/grafana/memberlist v0.3.1-0.20251126142931-6f9f62ab6f86
	github.com/influxdata/go-syslog/v3 => github.com/leodido/go-syslog/v4 v4.3.0
	github.com/thanos-io/objstore => github.com/grafana/objstore v0.0.0-20250728171719-b5d3b766d1b0
)

exclude k8s.io/client-go v8.0.0+incompatible
`;

/** Without it the module would hold no package, and no requirement would be looked at. */
const main = `package main

import _ "github.com/grafana/loki/v3/pkg/loki"

func main() {}
`;

/** Builds Loki, this once for a machine, and gives the path of its program. */
export async function buildLoki(): Promise<string> {
  return goProgram(`loki-${version}`, { goMod, main, package: 'github.com/grafana/loki/v3/cmd/loki' });
}

/** Starts Loki with no entries; `limits` are added to its `limits_config`. */
export async function startLoki({
  tenants = false,
  limits = {},
}: { readonly tenants?: boolean; readonly limits?: Readonly<Record<string, unknown>> } = {}): Promise<Loki> {
  const binary = await buildLoki();
  const home = await createPeerFolder('loki');
  const [http = 0, grpc = 0] = await findFreePorts(2);
  const config = join(home.path, 'loki.json');
  await mkdir(join(home.path, 'data'));
  await writeFile(
    config,
    JSON.stringify(configuration(join(home.path, 'data'), { http, grpc, tenants, limits })),
  );
  const url = `http://127.0.0.1:${http}`;
  await startPeer({
    name: 'Loki',
    binary,
    args: [`-config.file=${config}`],
    home,
    probe: async () => (await fetch(`${url}/ready`)).ok,
  });
  const network = await startTcpProxy(http);
  return {
    url,
    network,
    entries: (selector, tenant) => readEntries(url, selector, tenant),
    async [Symbol.asyncDispose]() {
      await network.cut();
      await home[Symbol.asyncDispose]();
    },
  };
}

interface Places {
  readonly http: number;
  readonly grpc: number;
  readonly tenants: boolean;
  readonly limits: Readonly<Record<string, unknown>>;
}

/** YAML is a superset of JSON. */
function configuration(data: string, { http, grpc, tenants, limits }: Places): unknown {
  const address = '127.0.0.1';
  return {
    auth_enabled: tenants,
    server: {
      http_listen_address: address,
      http_listen_port: http,
      grpc_listen_address: address,
      grpc_listen_port: grpc,
      // An answer to the test goes through gRPC as a whole.
      grpc_server_max_recv_msg_size: 100_000_000,
      grpc_server_max_send_msg_size: 100_000_000,
      log_level: 'error',
    },
    common: {
      instance_addr: address,
      path_prefix: data,
      replication_factor: 1,
      ring: { instance_addr: address, kvstore: { store: 'inmemory' } },
      storage: { filesystem: { chunks_directory: `${data}/chunks`, rules_directory: `${data}/rules` } },
    },
    schema_config: {
      configs: [
        {
          from: '2024-01-01',
          store: 'tsdb',
          object_store: 'filesystem',
          schema: 'v13',
          index: { prefix: 'index_', period: '24h' },
        },
      ],
    },
    ingester: { lifecycler: { min_ready_duration: '0s' } },
    memberlist: { bind_addr: [address] },
    analytics: { reporting_enabled: false },
    limits_config: { max_entries_limit_per_query: 100_000, ...limits },
  };
}

interface QueryAnswer {
  readonly data: {
    readonly result: readonly {
      readonly stream: Readonly<Record<string, string>>;
      readonly values: readonly (readonly [string, string])[];
    }[];
  };
}

async function readEntries(url: string, selector: string, tenant?: string): Promise<LokiEntryRead[]> {
  const query = new URLSearchParams({
    query: selector,
    limit: '100000',
    direction: 'forward',
    start: String(Date.now() - 3 * 3_600_000) + '000000',
    end: String(Date.now() + 3_600_000) + '000000',
  });
  const response = await fetch(`${url}/loki/api/v1/query_range?${query.toString()}`, {
    headers: tenant === undefined ? {} : { 'x-scope-orgid': tenant },
  });
  if (!response.ok) throw new Error(`Loki answered ${response.status}: ${await response.text()}`);
  const { data } = (await response.json()) as QueryAnswer;
  return data.result
    .flatMap(({ stream, values }) => values.map(([timestamp, line]) => ({ timestamp, line, labels: stream })))
    .sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
}
