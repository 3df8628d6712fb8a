import { readFile } from 'node:fs/promises';

import { Pool } from 'undici';

import { type Cluster } from '../cluster/cluster.ts';

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** An answer of the API server, read as JSON. */
export interface JsonAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** A fast way to the API server for who asks it hundreds of times a second. */
export interface Api extends AsyncDisposable {
  /** Rejects when there is no answer within ten seconds. */
  ask(method: Method, path: string, body?: unknown): Promise<JsonAnswer>;
  /** Asks again until the API server answers with one of these statuses. */
  insist(method: Method, path: string, body?: unknown): Promise<JsonAnswer>;
}

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: Readonly<Record<string, string>> }[];
  readonly users: readonly { readonly user: { readonly token: string } }[];
}

const timeoutMs = 10_000;
const pauseMs = 150;

/** Opens connections to a cluster's API server as its administrator. */
export async function openApi({ kubeconfig, url }: Cluster): Promise<Api> {
  const config = JSON.parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig;
  const ca = Buffer.from(config.clusters[0]?.cluster['certificate-authority-data'] ?? '', 'base64');
  const authorization = `Bearer ${config.users[0]?.user.token ?? ''}`;
  const pool = new Pool(url, {
    connections: 32,
    allowH2: false,
    connect: { ca: ca.toString() },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  const ask: Api['ask'] = async (method, path, body) => {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const answer = await pool.request({
      method,
      path,
      headers: { authorization, 'content-type': type },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, body: readJson(text) };
  };
  return {
    ask,
    async insist(method, path, body) {
      for (;;) {
        const answer = await ask(method, path, body).catch(() => undefined);
        // a server that starts or ends refuses what it would take otherwise
        if (answer !== undefined && (answer.status < 300 || [404, 409, 422].includes(answer.status))) {
          return answer;
        }
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    },
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
