import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { type ApiAnswer, type ApiRequest, type ApiServer, createApiServer } from './api-server.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { type CommandResult, runCommand } from './command.ts';
import { startEtcd } from './etcd.ts';
import { formatKubeconfig } from './kubeconfig.ts';
import { type Reaper, startReaper } from './reaper.ts';
import { startServer, waitUntilReady } from './server.ts';

/** How long the API server may take to end cleanly; with watches open it takes whatever it gets. */
const graceMs = 5_000;

/** A real API server with its controllers, on 127.0.0.1, for as long as this process lives. */
export interface Cluster extends AsyncDisposable {
  readonly url: string;
  /** The path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  /** A folder that goes when the cluster goes. */
  readonly folder: string;
  /** The path of each program that the cluster was made of. */
  readonly programs: Binaries;
  /** The environment in which `kubectl` and `helm` find their programs and this cluster. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs kubectl as a user types it, as the administrator. */
  kubectl(args: readonly string[], input?: string): Promise<CommandResult>;
  /** Runs helm as a user types it, as the administrator. */
  helm(args: readonly string[], input?: string): Promise<CommandResult>;
  /** Asks the API server directly, as the administrator: much cheaper than a kubectl. */
  request(path: string, request?: ApiRequest): Promise<ApiAnswer>;
  /** Writes a kubeconfig with a token of a ServiceAccount; resolves to its path. */
  tokenFor(serviceAccount: ServiceAccountName): Promise<string>;
  /** Lists what ServiceAccounts have asked of the API server so far. */
  serviceAccountRequests(): Promise<AuditedRequest[]>;
  /** Ends the API server: cleanly within five seconds, or with `abrupt` as a crash would. */
  stopApiServer(options?: { abrupt?: boolean }): Promise<void>;
  /** Starts the API server again at the same address, with the same data, and waits until it is ready. */
  startApiServer(): Promise<void>;
  restartApiServer(options?: { abrupt?: boolean }): Promise<void>;
  /** Makes every resourceVersion up to now too old to watch from. */
  compactEtcd(): Promise<void>;
  /** Ends everything and removes every file. */
  stop(): Promise<void>;
}

/** The full name of a ServiceAccount. */
export interface ServiceAccountName {
  readonly namespace: string;
  readonly name: string;
}

/** A request of a ServiceAccount, from the API server's audit log. */
export interface AuditedRequest {
  /** `system:serviceaccount:<namespace>:<name>`. */
  readonly user: string;
  readonly verb: string;
  readonly apiGroup: string;
  /** The resource, with its subresource: `eventroutes/status`; '' for paths such as `/version`. */
  readonly resource: string;
  readonly namespace: string;
  readonly path: string;
  /** The HTTP status of the answer. */
  readonly code: number;
}

/** How a cluster is started. */
export interface ClusterOptions {
  /** Hears what is being done, line by line. */
  readonly log?: (line: string) => void;
  /** Whether controllers run, which make Pods of Deployments and Events of what happens; on when left out. */
  readonly controllers?: boolean;
  /** Further flags of kube-apiserver. */
  readonly apiServerArgs?: readonly string[];
}

/** Starts etcd, kube-apiserver and kube-controller-manager; builds them first where that was never done. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const log = options.log ?? (() => undefined);
  const binaries = await findBinaries({ log });
  const startedMs = Date.now();
  const folder = await mkdtemp(join(tmpdir(), 'eventroute-cluster-'));
  const reaper = startReaper(folder);
  try {
    const etcd = await startEtcd({ binary: binaries.etcd, folder, reaper });
    const api = await createApiServer({
      binary: binaries['kube-apiserver'],
      folder,
      reaper,
      etcdUrl: etcd.url,
      args: options.apiServerArgs ?? [],
    });
    await api.start();
    const kubeconfig = await writeKubeconfig(api, join(folder, 'admin.kubeconfig'), { token: api.token });
    if (options.controllers !== false) await startControllers({ binaries, folder, reaper, api, kubeconfig });
    log(`Started the API server at ${api.url} in ${((Date.now() - startedMs) / 1_000).toFixed(1)} s`);

    const env = commandEnv(binaries, kubeconfig);
    const stop = (): Promise<void> => reaper.finish();
    return {
      url: api.url,
      kubeconfig,
      folder,
      programs: binaries,
      env,
      kubectl: (args, input) => runCommand(binaries.kubectl, args, { env, input }),
      helm: (args, input) => runCommand(binaries.helm, args, { env, input }),
      request: (path, request) => api.request(path, request),
      tokenFor: (serviceAccount) => writeTokenKubeconfig(api, folder, serviceAccount),
      serviceAccountRequests: () => readAuditLog(api.paths.auditLog),
      stopApiServer: ({ abrupt = false } = {}) => api.stop(abrupt ? 0 : graceMs),
      startApiServer: () => api.start(),
      async restartApiServer({ abrupt = false } = {}) {
        await api.stop(abrupt ? 0 : graceMs);
        await api.start();
      },
      compactEtcd: () => etcd.compact(),
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (thrown) {
    await reaper.finish();
    throw thrown;
  }
}

function commandEnv(binaries: Binaries, kubeconfig: string): NodeJS.ProcessEnv {
  const folders = [dirname(binaries.kubectl), dirname(binaries.helm), process.env.PATH ?? ''];
  return { ...process.env, KUBECONFIG: kubeconfig, PATH: folders.join(delimiter) };
}

async function writeKubeconfig(
  api: ApiServer,
  path: string,
  options: { token: string; namespace?: string },
): Promise<string> {
  const certificateAuthority = await api.certificateAuthority();
  await writeFile(path, formatKubeconfig({ url: api.url, certificateAuthority, ...options }), {
    mode: 0o600,
  });
  return path;
}

async function writeTokenKubeconfig(
  api: ApiServer,
  folder: string,
  { namespace, name }: ServiceAccountName,
): Promise<string> {
  const answer = await api.request(`/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, {
    method: 'POST',
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 7_200 },
    },
  });
  if (answer.status !== 201) throw new Error(`no token for ${namespace}/${name}: ${answer.text}`);
  const { token } = (answer.json() as { status: { token: string } }).status;
  return writeKubeconfig(api, join(folder, `${namespace}.${name}.kubeconfig`), { token, namespace });
}

async function readAuditLog(path: string): Promise<AuditedRequest[]> {
  const lines = (await readFile(path, 'utf8')).split('\n').slice(0, -1); // the last one may be half written
  return lines.map((line) => {
    const { user, verb, objectRef = {}, requestURI, responseStatus } = JSON.parse(line) as AuditLine;
    const { apiGroup = '', resource = '', subresource, namespace = '' } = objectRef;
    return {
      user: user.username,
      verb,
      apiGroup,
      resource: subresource === undefined ? resource : `${resource}/${subresource}`,
      namespace,
      path: requestURI,
      code: responseStatus?.code ?? 0,
    };
  });
}

interface AuditLine {
  readonly user: { readonly username: string };
  readonly verb: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
  };
  readonly requestURI: string;
  readonly responseStatus?: { readonly code?: number };
}

interface ControllersOptions {
  readonly binaries: Binaries;
  readonly folder: string;
  readonly reaper: Reaper;
  readonly api: ApiServer;
  readonly kubeconfig: string;
}

async function startControllers(options: ControllersOptions): Promise<void> {
  const { api, kubeconfig, folder } = options;
  const server = await startServer({
    ...options,
    binary: options.binaries['kube-controller-manager'],
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--authentication-kubeconfig=${kubeconfig}`,
      `--authorization-kubeconfig=${kubeconfig}`,
      '--bind-address=127.0.0.1',
      '--secure-port=0', // nobody asks it anything
      '--leader-elect=false',
      `--service-account-private-key-file=${api.paths.serviceAccountKey}`,
      `--root-ca-file=${api.paths.certificate}`,
      `--cert-dir=${join(folder, 'controller-certificates')}`,
    ],
  });
  // the first thing that controllers put into a namespace tells that they run
  const probe = (): Promise<boolean> =>
    api.request('/api/v1/namespaces/default/configmaps/kube-root-ca.crt').then(
      ({ status }) => status === 200,
      () => false,
    );
  await waitUntilReady(server, { name: 'kube-controller-manager', probe, timeoutMs: 60_000 });
}
