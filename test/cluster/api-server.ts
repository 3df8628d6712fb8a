import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Reaper } from './reaper.ts';
import { findFreePorts, type Server, startServer, waitUntilReady } from './server.ts';

/** An answer of the API server. */
export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
  /** The body, read as JSON. */
  json(): unknown;
}

/** What is asked of the API server. */
export interface ApiRequest {
  readonly method?: string;
  readonly body?: unknown;
  /** The type of the body; `application/json` when left out. */
  readonly contentType?: string;
}

/** A kube-apiserver that can go away and come back at the same address. */
export interface ApiServer {
  readonly url: string;
  /** A bearer token of group system:masters. */
  readonly token: string;
  readonly paths: ApiServerPaths;
  /** Reads the PEM by which its certificate is checked. */
  certificateAuthority(): Promise<string>;
  /** Starts it and waits until it is ready. */
  start(): Promise<void>;
  stop(graceMs: number): Promise<void>;
  /** Asks it something as the administrator. */
  request(path: string, request?: ApiRequest): Promise<ApiAnswer>;
}

/** Where the API server's files are. */
export interface ApiServerPaths {
  readonly serviceAccountKey: string;
  readonly certificate: string;
  readonly auditLog: string;
}

/** What the API server is run with. */
export interface ApiServerOptions {
  readonly binary: string;
  readonly folder: string;
  readonly reaper: Reaper;
  readonly etcdUrl: string;
  /** Further flags. */
  readonly args: readonly string[];
}

// One line for each request of a ServiceAccount, so that tests can compare what RBAC grants with what is used.
const auditPolicy = JSON.stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [{ level: 'Metadata', userGroups: ['system:serviceaccounts'] }, { level: 'None' }],
});

/** Prepares a kube-apiserver on a free port of 127.0.0.1. */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { folder } = options;
  const [port = 0] = await findFreePorts(1);
  const url = `https://127.0.0.1:${port}`;
  const token = randomBytes(16).toString('hex');
  const paths = {
    serviceAccountKey: join(folder, 'service-account.key'),
    certificate: join(folder, 'certificates', 'apiserver.crt'),
    auditLog: join(folder, 'audit.log'),
  };
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(paths.serviceAccountKey, privateKey.export({ type: 'pkcs1', format: 'pem' }), {
    mode: 0o600,
  });
  await writeFile(join(folder, 'tokens.csv'), `${token},admin,1,system:masters\n`, { mode: 0o600 });
  await writeFile(join(folder, 'audit-policy.json'), auditPolicy);

  let server: Server | undefined;
  const certificateAuthority = (): Promise<string> => readFile(paths.certificate, 'utf8');
  const request = async (path: string, asked: ApiRequest = {}): Promise<ApiAnswer> =>
    ask(new URL(path, url), { ...asked, token, ca: await certificateAuthority() });
  // right after the start the namespace is made by the server itself, a moment after it calls itself ready
  const isReady = (): Promise<boolean> =>
    answers(request, '/readyz').then((ready) => ready && answers(request, '/api/v1/namespaces/default'));

  return {
    url,
    token,
    paths,
    certificateAuthority,
    request,
    async start() {
      if (server?.isRunning() === true) return;
      const args = apiServerArgs({ ...options, port, paths });
      server = await startOnPort({ ...options, args }, isReady);
    },
    async stop(graceMs) {
      await server?.stop(graceMs);
    },
  };
}

async function answers(request: ApiServer['request'], path: string): Promise<boolean> {
  return request(path).then(
    ({ status }) => status === 200,
    () => false,
  );
}

/** Starts on a port that was free a moment ago; somebody's outgoing connection may sit on it for a while. */
async function startOnPort(
  options: Parameters<typeof startServer>[0],
  probe: () => Promise<boolean>,
): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    const server = await startServer(options);
    try {
      await waitUntilReady(server, { name: 'kube-apiserver', probe, timeoutMs: 90_000 });
      return server;
    } catch (thrown) {
      await server.stop(0);
      const isTaken = thrown instanceof Error && thrown.message.includes('address already in use');
      if (!isTaken || attempt === 5) throw thrown;
      await sleep(1_000);
    }
  }
}

function apiServerArgs(options: ApiServerOptions & { port: number; paths: ApiServerPaths }): string[] {
  const { folder, paths } = options;
  return [
    `--etcd-servers=${options.etcdUrl}`,
    `--secure-port=${options.port}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    `--cert-dir=${join(folder, 'certificates')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${paths.serviceAccountKey}`,
    `--service-account-signing-key-file=${paths.serviceAccountKey}`,
    `--token-auth-file=${join(folder, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-cluster-ip-range=10.0.0.0/24',
    // no kubelet runs, so Pods need not wait for their ServiceAccount
    '--disable-admission-plugins=ServiceAccount',
    `--audit-policy-file=${join(folder, 'audit-policy.json')}`,
    `--audit-log-path=${paths.auditLog}`,
    ...options.args,
  ];
}

interface Ask extends ApiRequest {
  readonly token: string;
  readonly ca: string;
}

function ask(url: URL, { method = 'GET', body, contentType, token, ca }: Ask): Promise<ApiAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      url,
      {
        method,
        ca,
        agent: false,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': contentType ?? 'application/json' }),
        },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: incoming.statusCode ?? 0, text, json: () => JSON.parse(text) as unknown });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
