import { existsSync, readFileSync } from 'node:fs';
import { type RequestOptions } from 'node:https';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';

import { KubeConfig, type User } from '@kubernetes/client-node';
import { parse } from 'yaml';

import { type Authorization, type Credentials } from './credentials.ts';
import { KubeError, toError } from './kube-error.ts';

const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';
const refreshPeriodMs = 10_000;

/** Where to look for the way to the API server. */
export interface KubeconfigOptions {
  /** The path of `--kubeconfig`; it wins over everything. */
  readonly kubeconfig?: string | undefined;
  /** A context of the kubeconfig other than its current one. */
  readonly context?: string | undefined;
  /** @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** @default the folder where Kubernetes mounts a Pod's ServiceAccount */
  readonly serviceAccountDirectory?: string;
  readonly home?: string;
}

const problem = (message: string, cause?: unknown): KubeError =>
  new KubeError(message, { failure: 'credentials', cause });

interface RawUser {
  readonly name?: string;
  readonly user?: { readonly tokenFile?: string };
}

// KubeConfig knows `token-file` and reads it once; kubectl's spelling is `tokenFile`, and it rotates.
function withTokenFiles(config: KubeConfig, text: string, directory: string): void {
  const raw = parse(text) as { users?: readonly RawUser[] } | null;
  const fileOf = new Map(raw?.users?.map(({ name, user }) => [name, user?.tokenFile]) ?? []);
  config.users = config.users.map((user): User => {
    const file = fileOf.get(user.name);
    if (!file || user.token) return user;
    return {
      ...user,
      authProvider: { name: 'tokenFile', config: { tokenFile: resolve(directory, file) } },
    };
  });
}

function readKubeconfig(path: string): KubeConfig {
  const config = new KubeConfig();
  try {
    const text = readFileSync(path, 'utf8');
    config.loadFromString(text);
    config.makePathsAbsolute(dirname(resolve(path)));
    withTokenFiles(config, text, dirname(resolve(path)));
  } catch (thrown) {
    throw problem(`cannot read kubeconfig ${path}: ${toError(thrown).message}`, thrown);
  }
  return config;
}

// As kubectl merges the files of KUBECONFIG: the first that names something wins.
function mergeInto(config: KubeConfig, other: KubeConfig): void {
  const add = <Entry extends { readonly name: string }>(ours: Entry[], theirs: Entry[]): Entry[] => [
    ...ours,
    ...theirs.filter(({ name }) => ours.every((entry) => entry.name !== name)),
  ];
  config.clusters = add(config.clusters, other.clusters);
  config.users = add(config.users, other.users);
  config.contexts = add(config.contexts, other.contexts);
  config.currentContext ||= other.currentContext;
}

function readKubeconfigs(list: string): KubeConfig {
  const paths = list.split(delimiter).filter((path) => path !== '');
  const [first, ...others] = paths.filter((path) => existsSync(path));
  if (first === undefined) {
    throw problem(`KUBECONFIG names ${paths.join(', ')}, which does not exist: correct or unset it`);
  }
  const config = readKubeconfig(first);
  for (const other of others) mergeInto(config, readKubeconfig(other));
  return config;
}

function readServiceAccount(
  directory: string,
  env: Readonly<Record<string, string | undefined>>,
): KubeConfig {
  const config = new KubeConfig();
  const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = env['KUBERNETES_SERVICE_PORT'] ?? '443';
  const namespaceFile = join(directory, 'namespace');
  config.loadFromOptions({
    clusters: [
      {
        name: 'inCluster',
        caFile: join(directory, 'ca.crt'),
        server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
        skipTLSVerify: false,
      },
    ],
    users: [
      {
        name: 'inCluster',
        authProvider: { name: 'tokenFile', config: { tokenFile: join(directory, 'token') } },
      },
    ],
    contexts: [
      {
        name: 'inCluster',
        cluster: 'inCluster',
        user: 'inCluster',
        namespace: existsSync(namespaceFile) ? readFileSync(namespaceFile, 'utf8').trim() : undefined,
      },
    ],
    currentContext: 'inCluster',
  });
  return config;
}

function findConfig(options: KubeconfigOptions): KubeConfig {
  const { env = process.env, home = homedir() } = options;
  const directory = options.serviceAccountDirectory ?? serviceAccountDirectory;
  if (options.kubeconfig) return readKubeconfig(options.kubeconfig);
  if (env['KUBECONFIG']) return readKubeconfigs(env['KUBECONFIG']);
  if (env['KUBERNETES_SERVICE_HOST'] && existsSync(join(directory, 'token'))) {
    return readServiceAccount(directory, env);
  }
  const fallback = join(home, '.kube', 'config');
  if (existsSync(fallback)) return readKubeconfig(fallback);
  throw problem(
    `found no way to an API server: give --kubeconfig, set KUBECONFIG or create ${fallback}; ` +
      'in a Pod, let it mount its ServiceAccount token',
  );
}

function chooseContext(config: KubeConfig, wanted: string | undefined): void {
  const names = config.contexts.map(({ name }) => name).join(', ') || 'none';
  if (wanted) config.setCurrentContext(wanted);
  const current = config.getCurrentContext();
  if (!current) throw problem(`the kubeconfig has no current-context: choose one of its contexts (${names})`);
  if (!config.getContextObject(current)) {
    throw problem(`the kubeconfig has no context ${current}: choose one of its contexts (${names})`);
  }
  const cluster = config.getCurrentCluster();
  if (!cluster) throw problem(`the kubeconfig has no cluster for its context ${current}`);
  if (!/^https?:\/\//.test(cluster.server)) {
    throw problem(`the kubeconfig's cluster ${cluster.name} has no http or https URL as its server`);
  }
}

function load(options: KubeconfigOptions): KubeConfig {
  const config = findConfig(options);
  chooseContext(config, options.context);
  // KubeConfig refuses plain http otherwise, which is what `kubectl proxy` speaks.
  config.clusters = config.clusters.map((cluster) =>
    cluster.server.startsWith('http:') ? { ...cluster, skipTLSVerify: true } : cluster,
  );
  return config;
}

// A token file may end in a line break, which Node refuses in a header.
function trimmed(headers: RequestOptions['headers']): Authorization['headers'] {
  const entries = Object.entries(headers ?? {}) as [string, string | undefined][];
  return Object.fromEntries(entries.map(([name, value]) => [name, value?.trim()]));
}

// tls.connect takes an option that is there but undefined for a choice.
function given(options: RequestOptions): Partial<Authorization> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

async function authorize(config: KubeConfig): Promise<Authorization> {
  const options: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (thrown) {
    const user = config.getCurrentUser()?.name ?? 'none';
    throw problem(`cannot make credentials [user=${user}]: ${toError(thrown).message}`, thrown);
  }
  const { agent, auth, ca, cert, key, servername, rejectUnauthorized } = options;
  return {
    headers: {
      ...trimmed(options.headers),
      ...(auth ? { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` } : {}),
    },
    ...given({ ca, cert, key, servername, rejectUnauthorized }),
    ...(config.getCurrentCluster()?.proxyUrl && typeof agent === 'object' ? { agent } : {}),
  };
}

/**
 * Finds the way to the API server: `--kubeconfig`, KUBECONFIG, the Pod's ServiceAccount, then `~/.kube/config`.
 * Throws a KubeError that says what to do when there is none.
 */
export function loadCredentials(options: KubeconfigOptions = {}): Credentials {
  let config = load(options);
  let readAtMs = -Infinity;
  return {
    server: config.getCurrentCluster()?.server ?? '',
    namespace: config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    authorize: () => authorize(config),
    refresh() {
      if (performance.now() - readAtMs < refreshPeriodMs) return false;
      readAtMs = performance.now();
      config = load(options);
      return true;
    },
  };
}
